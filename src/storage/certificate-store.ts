import type { SelectQueryBuilder } from 'kysely'
import type { Certificate, CertificateFilter, CertificateStore } from '../certificates/index.ts'
import { numberOfUuid, type Page, type PageRequest } from '../kernel/index.ts'
import { certificateLists } from './certificate-list.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, contains } from './sql.ts'

type Row = Omit<Schema['certificates'], 'seq'>

const certificateColumns = columnsOf<Row>()(
  'id',
  'number',
  'account_id',
  'version',
  'source',
  'gen_mode',
  'name',
  'issuer_id',
  'issuer_name',
  'common_name',
  'subject',
  'sans',
  'serial',
  'key_algorithm',
  'signature_hash',
  'not_before',
  'not_after',
  'certificate',
  'chain',
  'sealed_private_key',
  'sha256',
  'enterprise_project_id',
  'resource_group_id',
  'tags',
  'created_at',
  'revoked_at',
  'revocation_reason',
)

export const toCertificate = (row: Row): Certificate => ({
  id: row.id,
  number: row.number,
  accountId: row.account_id,
  version: row.version,
  source: row.source as Certificate['source'],
  genMode: row.gen_mode as Certificate['genMode'],
  name: row.name,
  issuerId: row.issuer_id,
  issuerName: row.issuer_name,
  commonName: row.common_name,
  subject: JSON.parse(row.subject) as Certificate['subject'],
  sans: JSON.parse(row.sans) as string[],
  serial: row.serial,
  keyAlgorithm: row.key_algorithm,
  signatureHash: row.signature_hash,
  notBefore: row.not_before,
  notAfter: row.not_after,
  certificate: row.certificate,
  chain: row.chain,
  sealedPrivateKey: row.sealed_private_key,
  sha256: row.sha256,
  enterpriseProjectId: row.enterprise_project_id,
  resourceGroupId: row.resource_group_id,
  tags: JSON.parse(row.tags) as Record<string, string>,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
  revocationReason: row.revocation_reason as Certificate['revocationReason'],
})

const toRow = (certificate: Certificate): Row => ({
  id: certificate.id,
  number: certificate.number,
  account_id: certificate.accountId,
  version: certificate.version,
  source: certificate.source,
  gen_mode: certificate.genMode,
  name: certificate.name,
  issuer_id: certificate.issuerId,
  issuer_name: certificate.issuerName,
  common_name: certificate.commonName,
  subject: JSON.stringify(certificate.subject),
  sans: JSON.stringify(certificate.sans),
  serial: certificate.serial,
  key_algorithm: certificate.keyAlgorithm,
  signature_hash: certificate.signatureHash,
  not_before: certificate.notBefore,
  not_after: certificate.notAfter,
  certificate: certificate.certificate,
  chain: certificate.chain,
  sealed_private_key: certificate.sealedPrivateKey,
  sha256: certificate.sha256,
  enterprise_project_id: certificate.enterpriseProjectId,
  resource_group_id: certificate.resourceGroupId,
  tags: JSON.stringify(certificate.tags),
  created_at: certificate.createdAt,
  revoked_at: certificate.revokedAt,
  revocation_reason: certificate.revocationReason,
})

// Creation order is the order of seq, which is also the tie-breaker of the others.
const sortColumns = {
  createdAt: 'seq',
  commonName: 'common_name',
  issuerName: 'issuer_name',
  notAfter: 'not_after',
} as const

function narrowed<Out>(
  query: SelectQueryBuilder<Schema, 'certificates', Out>,
  accountId: string,
  filter: CertificateFilter,
) {
  let narrow = query.where('account_id', '=', accountId).where('source', 'in', [...filter.sources])
  if (filter.state === 'revoked') narrow = narrow.where('revoked_at', 'is not', null)
  if (filter.state === 'expired') narrow = narrow.where('revoked_at', 'is', null).where('not_after', '<', filter.now)
  if (filter.state === 'valid') narrow = narrow.where('revoked_at', 'is', null).where('not_after', '>=', filter.now)
  if (filter.notAfterAbove !== undefined) narrow = narrow.where('not_after', '>', filter.notAfterAbove)
  if (filter.notAfterUpTo !== undefined) narrow = narrow.where('not_after', '<=', filter.notAfterUpTo)
  if (filter.resourceGroupId !== undefined) narrow = narrow.where('resource_group_id', '=', filter.resourceGroupId)
  if (filter.name !== undefined) narrow = narrow.where(contains('common_name', filter.name))
  const keyword = filter.keyword
  if (keyword !== undefined) {
    // The names stand in JSON, whose own signs are no part of any name.
    const names = /[[\]",\\]/.test(keyword) ? [] : [contains('sans', keyword)]
    narrow = narrow.where((where) => where.or([contains('common_name', keyword), ...names, contains('id', keyword)]))
  }
  return narrow
}

export function certificateStore(db: Database): CertificateStore {
  const find = db.query<{ accountId: string; id: string; number: number }>()((q, p) =>
    q
      .selectFrom('certificates')
      .selectAll()
      .where('number', '=', p.number)
      .where('id', '=', p.id)
      .where('account_id', '=', p.accountId),
  )
  const findByNumber = db.query<{ accountId: string; number: number }>()((q, p) =>
    q.selectFrom('certificates').selectAll().where('number', '=', p.number).where('account_id', '=', p.accountId),
  )
  const findIssued = db.query<{ accountId: string; issuerId: string; serial: string }>()((q, p) =>
    q
      .selectFrom('certificates')
      .selectAll()
      .where('issuer_id', '=', p.issuerId)
      .where('serial', '=', p.serial)
      .where('account_id', '=', p.accountId),
  )
  const named = db.query<{ accountId: string; name: string }>()((q, p) =>
    q.selectFrom('certificates').select('id').where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const insert = db.write<Row>()((q, p) =>
    q
      .insertInto('certificates')
      .values(bound(p, certificateColumns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).where('name', 'is not', null).doNothing()),
  )
  const replace = db.write<Row & { was: number }>()((q, p) =>
    q
      .updateTable('certificates')
      .set(
        bound(p, [
          'version',
          'revoked_at',
          'revocation_reason',
          'tags',
          'name',
          'enterprise_project_id',
          'resource_group_id',
        ]),
      )
      .where('number', '=', p.number)
      .where('version', '=', p.was),
  )
  const remove = db.write<{ number: number; version: number }>()((q, p) =>
    q.deleteFrom('certificates').where('number', '=', p.number).where('version', '=', p.version),
  )

  const seqs = certificateLists(db)

  /** Rows that went away since they were found are left out. */
  async function inOrder(accountId: string, found: readonly number[]): Promise<Certificate[]> {
    if (found.length === 0) return []
    const rows = await db.read((q) =>
      q.selectFrom('certificates').selectAll().where('seq', 'in', found).where('account_id', '=', accountId),
    )
    const bySeq = new Map(rows.map((row) => [row.seq, row]))
    return found.flatMap((seq) => bySeq.get(seq) ?? []).map(toCertificate)
  }

  /** Without the index, which is not there yet or too far behind: as long as the table is. */
  async function plainList(
    accountId: string,
    filter: CertificateFilter,
    { offset, limit }: PageRequest,
  ): Promise<Page<Certificate>> {
    const [count] = await db.read((q) =>
      narrowed(
        q.selectFrom('certificates').select((e) => e.fn.countAll<number>().as('total')),
        accountId,
        filter,
      ),
    )
    const order = filter.descending ? 'desc' : 'asc'
    const rows =
      limit === 0
        ? []
        : await db.read((q) =>
            narrowed(q.selectFrom('certificates').selectAll(), accountId, filter)
              .orderBy(sortColumns[filter.sortBy], order)
              .orderBy('seq', order)
              .limit(limit)
              .offset(offset),
          )
    return { rows: rows.map(toCertificate), total: Number(count!.total) }
  }
  const unrevoked = db.query<{ issuerId: string; after: number; now: number; rows: number }>()((q, p) =>
    q
      .selectFrom((e) =>
        e
          .selectFrom('certificates')
          .select(['seq', 'issuer_id', 'revoked_at', 'not_after'])
          .where('seq', '>', p.after)
          .orderBy('seq')
          .limit(p.rows)
          .as('page'),
      )
      .select((e) => [
        e.fn.max('seq').as('upTo'),
        e.fn
          .countAll<number>()
          .filterWhere('issuer_id', '=', p.issuerId)
          .filterWhere('revoked_at', 'is', null)
          .filterWhere('not_after', '>=', p.now)
          .as('count'),
      ]),
  )
  const markRevoked = db.write<{ issuerId: string; after: number; upTo: number; now: number; reason: string }>()(
    (q, p) =>
      q
        .updateTable('certificates')
        .set((e) => ({ revoked_at: p.now, revocation_reason: p.reason, version: e('version', '+', 1) }))
        .where('seq', '>', p.after)
        .where('seq', '<=', p.upTo)
        .where('issuer_id', '=', p.issuerId)
        .where('revoked_at', 'is', null)
        .where('not_after', '>=', p.now),
  )

  return {
    async find(accountId, id) {
      const number = numberOfUuid(id)
      if (Number.isNaN(number)) return undefined
      const row = await find.first({ accountId, id, number })
      return row && toCertificate(row)
    },
    async findByNumber(accountId, number) {
      const row = await findByNumber.first({ accountId, number })
      return row && toCertificate(row)
    },
    async findIssued(accountId, issuerId, serial) {
      const row = await findIssued.first({ accountId, issuerId, serial })
      return row && toCertificate(row)
    },
    async list(accountId, filter, page) {
      const found = await seqs(accountId, filter, page)
      if (!found) return plainList(accountId, filter, page)
      return { rows: await inOrder(accountId, found.rows), total: found.total }
    },
    nameIsTaken: async (accountId, name) => (await named.first({ accountId, name })) !== undefined,
    insert: (certificate, nameTaken) => insert(toRow(certificate), 1, nameTaken),
    replace: (was, next, changed) =>
      replace({ ...toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    async unrevokedOf(issuerId, after, now, rows) {
      const page = await unrevoked.first({ issuerId, after, now, rows })
      return page && page.upTo !== null ? { upTo: page.upTo, count: Number(page.count) } : undefined
    },
    markRevoked: (issuerId, after, upTo, now, reason) => markRevoked({ issuerId, after, upTo, now, reason }),
    remove: (certificate, changed) => remove({ number: certificate.number, version: certificate.version }, 1, changed),
  }
}
