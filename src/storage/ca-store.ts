import type { SelectQueryBuilder } from 'kysely'
import type { Ca, CaFilter, CaState, CaStore } from '../ca/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, contains, otherwiseBug } from './sql.ts'

type Row = Schema['cas']

export const toCa = (row: Row): Ca => ({
  id: row.id,
  accountId: row.account_id,
  version: row.version,
  state: row.state as CaState,
  type: row.type as Ca['type'],
  genMode: row.gen_mode as Ca['genMode'],
  listed: row.listed === 1,
  keyId: row.key_id,
  keyAlgorithm: row.key_algorithm as Ca['keyAlgorithm'],
  signatureHash: row.signature_hash as Ca['signatureHash'],
  subject: JSON.parse(row.subject) as Ca['subject'],
  issuerId: row.issuer_id,
  issuerName: row.issuer_name,
  pathLength: row.path_length,
  keyUsages: JSON.parse(row.key_usages) as string[],
  serial: row.serial,
  notBefore: row.not_before,
  notAfter: row.not_after,
  certificate: row.certificate,
  chain: row.chain,
  crl: JSON.parse(row.crl) as Ca['crl'],
  enterpriseProjectId: row.enterprise_project_id,
  tags: JSON.parse(row.tags) as Record<string, string>,
  createdAt: row.created_at,
  dueAt: row.due_at,
  deletion: row.deletion === null ? null : (JSON.parse(row.deletion) as Ca['deletion']),
  revokedAt: row.revoked_at,
  revocationReason: row.revocation_reason as Ca['revocationReason'],
})

/** All but crl_number, which belongs to the publication of CRLs and must not disturb the compare-and-swap on version. */
const toRow = (ca: Ca): Omit<Row, 'crl_number'> => ({
  id: ca.id,
  account_id: ca.accountId,
  version: ca.version,
  state: ca.state,
  type: ca.type,
  gen_mode: ca.genMode,
  listed: ca.listed ? 1 : 0,
  key_id: ca.keyId,
  key_algorithm: ca.keyAlgorithm,
  signature_hash: ca.signatureHash,
  common_name: String(ca.subject.commonName ?? ''),
  subject: JSON.stringify(ca.subject),
  issuer_id: ca.issuerId,
  issuer_name: ca.issuerName,
  path_length: ca.pathLength,
  key_usages: JSON.stringify(ca.keyUsages),
  serial: ca.serial,
  not_before: ca.notBefore,
  not_after: ca.notAfter,
  certificate: ca.certificate,
  chain: ca.chain,
  crl: JSON.stringify(ca.crl),
  enterprise_project_id: ca.enterpriseProjectId,
  tags: JSON.stringify(ca.tags),
  created_at: ca.createdAt,
  due_at: ca.dueAt,
  deletion: ca.deletion === null ? null : JSON.stringify(ca.deletion),
  revoked_at: ca.revokedAt,
  revocation_reason: ca.revocationReason,
})

const caColumns = columnsOf<Row>()(
  'id',
  'account_id',
  'version',
  'state',
  'type',
  'gen_mode',
  'listed',
  'key_id',
  'key_algorithm',
  'signature_hash',
  'common_name',
  'subject',
  'issuer_id',
  'issuer_name',
  'path_length',
  'key_usages',
  'serial',
  'not_before',
  'not_after',
  'certificate',
  'chain',
  'crl',
  'crl_number',
  'enterprise_project_id',
  'tags',
  'created_at',
  'due_at',
  'deletion',
  'revoked_at',
  'revocation_reason',
)

const sortColumns = {
  createdAt: 'created_at',
  commonName: 'common_name',
  type: 'type',
  notAfter: 'not_after',
} as const

function narrowed<Out>(query: SelectQueryBuilder<Schema, 'cas', Out>, accountId: string, filter: CaFilter) {
  let narrow = query
    .where('account_id', '=', accountId)
    .where('listed', '=', 1)
    .where('state', 'in', [...filter.states])
  if (filter.name !== undefined) narrow = narrow.where(contains('common_name', filter.name))
  if (filter.type !== undefined) narrow = narrow.where('type', '=', filter.type)
  if (filter.enterpriseProjectId !== undefined)
    narrow = narrow.where('enterprise_project_id', '=', filter.enterpriseProjectId)
  if (filter.expired === true) narrow = narrow.where('not_after', '<', filter.now)
  if (filter.expired === false)
    narrow = narrow.where((where) => where.or([where('not_after', 'is', null), where('not_after', '>=', filter.now)]))
  return narrow
}

/** What a guard on the CA's row holds on to. The number of its last CRL is no part of that. */
const theCa = ({ id }: { id: string }): string => `ca ${id}`

const maxKnown = 256

export function caStore(db: Database): CaStore {
  const find = db.query<{ accountId: string; id: string }>()((q, p) =>
    q.selectFrom('cas').selectAll().where('id', '=', p.id).where('account_id', '=', p.accountId),
  )
  const findVersion = db.query<{ accountId: string; id: string }>()((q, p) =>
    q.selectFrom('cas').select('version').where('id', '=', p.id).where('account_id', '=', p.accountId),
  )
  /** As read before. A version is one state of the row for ever, so most often only that is read: a CA issues again and again. */
  const known = new Map<string, Ca>()
  const findById = db.query<{ id: string }>()((q, p) => q.selectFrom('cas').selectAll().where('id', '=', p.id))
  const holders = db.query<{ keyId: string }>()((q, p) =>
    q.selectFrom('cas').selectAll().where('key_id', '=', p.keyId).where('state', '!=', 'destroyed'),
  )
  const issuedBy = db.query<{ issuerId: string; after: string; limit: number }>()((q, p) =>
    q
      .selectFrom('cas')
      .selectAll()
      .where('issuer_id', '=', p.issuerId)
      .where('id', '>', p.after)
      .orderBy('id')
      .limit(p.limit),
  )
  const overKey = db.query<{ accountId: string; spki: Uint8Array }>()((q, p) =>
    q
      .selectFrom('keys')
      .innerJoin('cas', 'cas.key_id', 'keys.id')
      .selectAll('cas')
      .where('keys.spki_sha256', '=', p.spki)
      .where('cas.account_id', '=', p.accountId)
      .where('cas.state', '!=', 'destroyed')
      .orderBy('cas.id'),
  )
  const due = db.query<{ now: number }>()((q, p) =>
    q
      .selectFrom('cas')
      .selectAll()
      .where((where) =>
        where.or([
          where.and([where('state', '=', 'pendingDeletion'), where('due_at', '<=', p.now)]),
          where('state', '=', 'ending'),
        ]),
      ),
  )
  const insert = db.write<Row>()((q, p) => q.insertInto('cas').values(bound(p, caColumns)))
  const replace = db.write<Row & { was: number }>()(
    (q, p) =>
      q
        .updateTable('cas')
        .set(
          bound(
            p,
            caColumns.filter((column) => column !== 'crl_number'),
          ),
        )
        .where('id', '=', p.id)
        .where('version', '=', p.was),
    theCa,
  )
  const unchanged = db.query<{ id: string; version: number; state: string }>()(
    (q, p) =>
      q
        .selectFrom('cas')
        .select('id')
        .where('id', '=', p.id)
        .where('version', '=', p.version)
        .where('state', '=', p.state),
    theCa,
  )

  return {
    async find(accountId, id) {
      const last = known.get(id)
      if (last) {
        const now = await findVersion.first({ accountId, id })
        if (now?.version === last.version) return last
      }
      const row = await find.first({ accountId, id })
      const ca = row && toCa(row)
      if (known.size >= maxKnown) known.clear()
      if (ca) known.set(id, ca)
      return ca
    },
    async findById(id) {
      const row = await findById.first({ id })
      return row && toCa(row)
    },
    async list(accountId, filter, { offset, limit }) {
      const [count] = await db.read((q) =>
        narrowed(
          q.selectFrom('cas').select((e) => e.fn.countAll<number>().as('total')),
          accountId,
          filter,
        ),
      )
      const order = filter.descending ? 'desc' : 'asc'
      const rows =
        limit === 0
          ? []
          : await db.read((q) =>
              narrowed(q.selectFrom('cas').selectAll(), accountId, filter)
                .orderBy(sortColumns[filter.sortBy], (by) =>
                  filter.descending ? by.desc().nullsLast() : by.asc().nullsFirst(),
                )
                .orderBy('id', order)
                .limit(limit)
                .offset(offset),
            )
      return { rows: rows.map(toCa), total: Number(count!.total) }
    },
    holdersOfKey: async (keyId) => (await holders.all({ keyId })).map(toCa),
    issuedBy: async (issuerId, limit, after = '') => (await issuedBy.all({ issuerId, after, limit })).map(toCa),
    overKey: async (accountId, spki) => (await overKey.all({ accountId, spki })).map(toCa),
    due: async (now) => (await due.all({ now })).map(toCa),
    insert: (ca) => insert({ ...toRow(ca), crl_number: 0 }, 1, otherwiseBug),
    replace: (was, next, changed) =>
      replace({ ...toRow(next), version: was.version + 1, crl_number: 0, was: was.version }, 1, changed),
    unchanged: (ca, changed) => unchanged.guard({ id: ca.id, version: ca.version, state: ca.state }, changed),
  }
}
