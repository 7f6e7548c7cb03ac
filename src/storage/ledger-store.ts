import { sql } from 'kysely'
import { underCa, type Issuance, type IssuanceLedger } from '../issuance/index.ts'
import type { Database } from './database.ts'
import { ledgerCounts } from './ledger-counts.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

const issuanceColumns = columnsOf<Schema['issuances']>()(
  'ca_id',
  'serial',
  'kind',
  'not_after',
  'certificate_sha256',
  'spki_sha256',
  'issued_at',
)
const signingColumns = columnsOf<Schema['signings']>()(
  'id',
  'ca_id',
  'purpose',
  'serial',
  'tbs_sha256',
  'not_after',
  'created_at',
  'done',
)

export const toIssuance = (row: Schema['issuances']): Issuance => ({
  caId: row.ca_id,
  serial: row.serial,
  kind: row.kind as Issuance['kind'],
  notAfter: row.not_after,
  certificateSha256: row.certificate_sha256,
  spkiSha256: row.spki_sha256,
  issuedAt: row.issued_at,
})

export function issuanceLedger(db: Database): IssuanceLedger {
  const find = db.query<{ caId: string; serial: string }>()((q, p) =>
    q.selectFrom('issuances').selectAll().where('ca_id', '=', p.caId).where('serial', '=', p.serial),
  )
  const record = db.write<Schema['issuances']>()((q, p) =>
    q
      .insertInto('issuances')
      .values(bound(p, issuanceColumns))
      .onConflict((conflict) => conflict.columns(['ca_id', 'serial']).doNothing()),
  )
  const bars = db.query<{ spki: Uint8Array }>()((q, p) =>
    q
      .selectFrom('compromised_keys')
      .where('spki_sha256', '=', p.spki)
      .select(sql<'compromised' | 'caKey'>`'compromised'`.as('bar'))
      .unionAll(
        q
          .selectFrom('keys')
          .where('spki_sha256', '=', p.spki)
          .select(sql<'compromised' | 'caKey'>`'caKey'`.as('bar')),
      ),
  )
  const bar = db.write<{ spki: Uint8Array; at: number }>()((q, p) =>
    q
      .insertInto('compromised_keys')
      .values({ spki_sha256: p.spki, revoked_at: p.at })
      .onConflict((conflict) => conflict.column('spki_sha256').doNothing()),
  )
  const open = db.write<Schema['signings']>()((q, p) => q.insertInto('signings').values(bound(p, signingColumns)))
  const done = db.write<{ id: string }>()((q, p) => q.updateTable('signings').set({ done: 1 }).where('id', '=', p.id))
  const openSigning = db.query<{ caId: string; serial: string }>()((q, p) =>
    q
      .selectFrom('signings')
      .select('id')
      .where('ca_id', '=', p.caId)
      .where('purpose', '=', sql.lit('caCertificate'))
      .where('serial', '=', p.serial)
      .where('done', '=', 0),
  )
  const openSignings = db.query<{ caId: string; now: number }>()((q, p) =>
    q
      .selectFrom('signings')
      .leftJoin('revocations', (join) =>
        join.onRef('revocations.ca_id', '=', 'signings.ca_id').onRef('revocations.serial', '=', 'signings.serial'),
      )
      .where('signings.ca_id', '=', p.caId)
      .where('signings.purpose', '=', 'caCertificate')
      .where('signings.done', '=', 0)
      .where('signings.not_after', '>=', p.now)
      .select(['signings.serial as serial', 'signings.not_after as notAfter', 'revocations.revoked_at as revokedAt']),
  )
  // The kind is written out: the indexes are of these rows alone, which an engine must see when it prepares.
  const caChildren = db.query<{ caId: string; now: number; limit: number }>()((q, p) =>
    q
      .selectFrom('issuances')
      .leftJoin('revocations', (join) =>
        join.onRef('revocations.ca_id', '=', 'issuances.ca_id').onRef('revocations.serial', '=', 'issuances.serial'),
      )
      .where('issuances.ca_id', '=', p.caId)
      .where('issuances.kind', '=', sql.lit('ca'))
      .where('issuances.not_after', '>=', p.now)
      .orderBy('issuances.not_after')
      .orderBy('issuances.serial')
      .limit(p.limit)
      .select([
        'issuances.serial as serial',
        'issuances.not_after as notAfter',
        'issuances.spki_sha256 as spkiSha256',
        'revocations.revoked_at as revokedAt',
      ]),
  )
  const ofCaKey = db.query<{ spki: Uint8Array; now: number; limit: number }>()((q, p) =>
    q
      .selectFrom('issuances')
      .selectAll()
      .where('spki_sha256', '=', p.spki)
      .where('kind', '<>', sql.lit('leaf'))
      .where('not_after', '>=', p.now)
      .orderBy('serial')
      .limit(p.limit),
  )
  const counts = ledgerCounts(db)

  return {
    async find(caId, serial) {
      const row = await find.first({ caId, serial })
      return row && toIssuance(row)
    },
    signingIsOpen: async (caId, serial) => (await openSigning.first({ caId, serial })) !== undefined,
    async under(caId, now) {
      const [counted, open] = await Promise.all([counts.of(caId), openSignings.all({ caId, now })])
      const signings = open.map(({ notAfter, revokedAt }) => ({ notAfter, revoked: revokedAt !== null }))
      return underCa(counted, signings, now)
    },
    async caChildren(caId, now, limit) {
      const [issued, open] = await Promise.all([caChildren.all({ caId, now, limit }), openSignings.all({ caId, now })])
      return [...issued, ...open.map((each) => ({ ...each, spkiSha256: new Uint8Array(0) }))].slice(0, limit)
    },
    ofCaKey: async (spki, now, limit) => (await ofCaKey.all({ spki, now, limit })).map(toIssuance),
    async keyBar(spki) {
      const found = (await bars.all({ spki })).map(({ bar: reason }) => reason)
      return found.includes('compromised') ? 'compromised' : found[0]
    },
    barKey: (spki, at) => bar({ spki, at }),
    record: (issuance, traits, duplicate) => [
      record(
        {
          ca_id: issuance.caId,
          serial: issuance.serial,
          kind: issuance.kind,
          not_after: issuance.notAfter,
          certificate_sha256: issuance.certificateSha256,
          spki_sha256: issuance.spkiSha256,
          issued_at: issuance.issuedAt,
        },
        1,
        duplicate,
      ),
      // A root is nobody's child, and a responder ends with its CA.
      ...(issuance.kind === 'leaf' || issuance.kind === 'ca' ? [counts.issued(issuance, traits)] : []),
    ],
    open: (signing) =>
      open(
        {
          id: signing.id,
          ca_id: signing.caId,
          purpose: signing.purpose,
          serial: signing.serial,
          tbs_sha256: signing.tbsSha256,
          not_after: signing.notAfter,
          created_at: signing.createdAt,
          done: 0,
        },
        1,
        otherwiseBug,
      ),
    done: (id) => done({ id }, 1, otherwiseBug),
  }
}
