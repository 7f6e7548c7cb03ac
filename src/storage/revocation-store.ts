import { sql } from 'kysely'
import type { CrlRecord, Revocation, RevocationStore } from '../revocation/index.ts'
import type { Write } from '../kernel/index.ts'
import type { CrlEntry } from '../x509/index.ts'
import type { Database } from './database.ts'
import { ledgerCounts } from './ledger-counts.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

const revocationColumns = columnsOf<Schema['revocations']>()('ca_id', 'serial', 'revoked_at', 'reason', 'not_after')

const crlColumns = columnsOf<Schema['crls']>()(
  'ca_id',
  'number',
  'this_update',
  'next_update',
  'entries',
  'size',
  'sha256',
  'final',
)

const toRevocation = (row: Schema['revocations']): Revocation => ({
  caId: row.ca_id,
  serial: row.serial,
  revokedAt: row.revoked_at,
  reason: row.reason as Revocation['reason'],
  notAfter: row.not_after,
})

const toCrl = (row: Schema['crls']): CrlRecord => ({
  caId: row.ca_id,
  number: row.number,
  thisUpdate: row.this_update,
  nextUpdate: row.next_update,
  entries: row.entries,
  size: row.size,
  sha256: row.sha256,
  final: row.final === 1,
})

/** PostgreSQL does not guess what kind of value it is given in a list of columns. */
const asNumber = (value: number) => sql<number>`cast(${value} as bigint)`
const asText = (value: string) => sql<string>`cast(${value} as text)`

export function revocationStore(db: Database): RevocationStore {
  const find = db.query<{ caId: string; serial: string }>()((q, p) =>
    q.selectFrom('revocations').selectAll().where('ca_id', '=', p.caId).where('serial', '=', p.serial),
  )
  const record = db.write<Schema['revocations']>()((q, p) =>
    q
      .insertInto('revocations')
      .values(bound(p, revocationColumns))
      .onConflict((conflict) => conflict.columns(['ca_id', 'serial']).doNothing()),
  )
  const changed = db.write<{ caId: string }>()((q, p) =>
    q
      .insertInto('revocation_changes')
      .values({ ca_id: p.caId, changes: 1 })
      .onConflict((conflict) =>
        conflict.column('ca_id').doUpdateSet((e) => ({ changes: e('revocation_changes.changes', '+', 1) })),
      ),
  )
  const changes = db.query<object>()((q) => q.selectFrom('revocation_changes').selectAll())
  const counts = ledgerCounts(db)
  const revocable = db.query<{ caId: string; after: string; now: number; limit: number }>()((q, p) =>
    q
      .selectFrom('issuances')
      .leftJoin('revocations', (join) =>
        join.onRef('revocations.ca_id', '=', 'issuances.ca_id').onRef('revocations.serial', '=', 'issuances.serial'),
      )
      .where('issuances.ca_id', '=', p.caId)
      .where('issuances.serial', '>', p.after)
      .where('issuances.not_after', '>=', p.now)
      .where('issuances.kind', 'in', ['leaf', 'ca'])
      .where('revocations.serial', 'is', null)
      .orderBy('issuances.serial')
      .limit(p.limit)
      .select('issuances.serial as serial'),
  )
  const recordRange = db.write<{ caId: string; from: string; upTo: string; now: number; reason: string }>()((q, p) =>
    q
      .insertInto('revocations')
      .columns([...revocationColumns])
      .expression((e) =>
        e
          .selectFrom('issuances')
          .where('ca_id', '=', p.caId)
          .where('serial', '>=', p.from)
          .where('serial', '<=', p.upTo)
          .where('not_after', '>=', p.now)
          .where('kind', 'in', ['leaf', 'ca'])
          .select(['ca_id', 'serial', asNumber(p.now).as('revoked_at'), asText(p.reason).as('reason'), 'not_after']),
      )
      .onConflict((conflict) => conflict.columns(['ca_id', 'serial']).doNothing()),
  )
  const recordSignings = db.write<{ caId: string; now: number; reason: string }>()((q, p) =>
    q
      .insertInto('revocations')
      .columns([...revocationColumns])
      .expression((e) =>
        e
          .selectFrom('signings')
          .where('ca_id', '=', p.caId)
          .where('purpose', '=', 'caCertificate')
          .where('done', '=', 0)
          .where('not_after', '>=', p.now)
          .select(['ca_id', 'serial', asNumber(p.now).as('revoked_at'), asText(p.reason).as('reason'), 'not_after']),
      )
      .onConflict((conflict) => conflict.columns(['ca_id', 'serial']).doNothing()),
  )
  const entries = db.query<{ caId: string; after: string; expires: number; limit: number }>()((q, p) =>
    q
      .selectFrom('revocations')
      .selectAll()
      .where('ca_id', '=', p.caId)
      .where('serial', '>', p.after)
      .where('not_after', '>', p.expires)
      .orderBy('serial')
      .limit(p.limit),
  )
  const crlEntries = db.query<{ caId: string; after: string; expires: number; limit: number }>()((q, p) =>
    q
      .selectFrom('revocations')
      .select(['serial as serialHex', 'revoked_at as revokedAt', 'reason'])
      .where('ca_id', '=', p.caId)
      .where('serial', '>', p.after)
      .where('not_after', '>', p.expires)
      .orderBy('serial')
      .limit(p.limit),
  )
  const lastNumber = db.query<{ caId: string }>()((q, p) =>
    q.selectFrom('cas').select('crl_number').where('id', '=', p.caId),
  )
  const takeNumber = db.write<{ caId: string; last: number; next: number }>()((q, p) =>
    q.updateTable('cas').set({ crl_number: p.next }).where('id', '=', p.caId).where('crl_number', '=', p.last),
  )
  // Of two publishers at once the second looks when the first is done: neither would see the other's row.
  const publish = db.write<Schema['crls']>()(
    (q, p) => q.insertInto('crls').values(bound(p, crlColumns)),
    (p) => `crls ${p.ca_id}`,
  )
  const after = db.query<{ caId: string; number: number; predecessor: number }>()((q, p) =>
    q
      .selectFrom('crls')
      .select('number')
      .where('ca_id', '=', p.caId)
      .where((where) =>
        where.or([where('number', '>=', p.number), where('number', '>', p.predecessor), where('final', '=', 1)]),
      ),
  )
  const part = db.write<Schema['crl_parts']>()((q, p) =>
    q.insertInto('crl_parts').values(bound(p, ['ca_id', 'number', 'part', 'bytes'])),
  )
  const latest = db.query<{ caId: string }>()((q, p) =>
    q.selectFrom('crls').selectAll().where('ca_id', '=', p.caId).orderBy('number', 'desc').limit(1),
  )
  const onePart = db.query<{ caId: string; number: number; part: number }>()((q, p) =>
    q
      .selectFrom('crl_parts')
      .select('bytes')
      .where('ca_id', '=', p.caId)
      .where('number', '=', p.number)
      .where('part', '=', p.part),
  )
  const stale = db.query<{ caId: string; below: number; except: number }>()((q, p) =>
    q
      .selectFrom('crl_parts')
      .select((e) => ['number', e.fn.max('part').as('lastPart')])
      .where('ca_id', '=', p.caId)
      .where('number', '<', p.below)
      .where('number', '!=', p.except)
      .groupBy('number'),
  )
  const dropCrls = db.write<{ caId: string; below: number }>()((q, p) =>
    q.deleteFrom('crls').where('ca_id', '=', p.caId).where('number', '<', p.below),
  )
  const dropParts = db.write<{ caId: string; number: number; part: number }>()((q, p) =>
    q.deleteFrom('crl_parts').where('ca_id', '=', p.caId).where('number', '=', p.number).where('part', '<', p.part),
  )

  return {
    async find(caId, serial) {
      const row = await find.first({ caId, serial })
      return row && toRevocation(row)
    },
    record: (revocation, already) => [
      counts.revoked(revocation.caId, revocation.serial, revocation.serial, 0),
      record(
        {
          ca_id: revocation.caId,
          serial: revocation.serial,
          revoked_at: revocation.revokedAt,
          reason: revocation.reason,
          not_after: revocation.notAfter,
        },
        1,
        already,
      ),
      changed({ caId: revocation.caId }),
    ],
    changes: async () => new Map((await changes.all({})).map((row) => [row.ca_id, row.changes])),
    revocable: async (caId, after, now, limit) =>
      (await revocable.all({ caId, after, now, limit })).map(({ serial }) => serial),
    recordRange: ({ caId, from, upTo, now, reason }) => [
      counts.revoked(caId, from, upTo, now),
      recordRange({ caId, from, upTo, now, reason }),
      changed({ caId }),
    ],
    recordOpenSignings: (caId, now, reason) => [recordSignings({ caId, now, reason }), changed({ caId })],
    entries: async (caId, after, expires, limit) =>
      (await entries.all({ caId, after, expires, limit })).map(toRevocation),
    crlEntries: (caId, after, expires, limit) => crlEntries.all({ caId, after, expires, limit }) as Promise<CrlEntry[]>,
    lastCrlNumber: async (caId) => (await lastNumber.first({ caId }))?.crl_number ?? 0,
    takeCrlNumber: (caId, last, next, taken) => takeNumber({ caId, last, next }, 1, taken),
    stagePart: (caId, number, { part: index, bytes }) =>
      part({ ca_id: caId, number, part: index, bytes }, 1, otherwiseBug),
    publish: (crl, parts, superseded, predecessor) => {
      const writes: Write[] = [
        after.guard({ caId: crl.caId, number: crl.number, predecessor: predecessor ?? -1 }, superseded, 0),
        publish(
          {
            ca_id: crl.caId,
            number: crl.number,
            this_update: crl.thisUpdate,
            next_update: crl.nextUpdate,
            entries: crl.entries,
            size: crl.size,
            sha256: crl.sha256,
            final: crl.final ? 1 : 0,
          },
          1,
          otherwiseBug,
        ),
        ...parts.map(({ part: index, bytes }) =>
          part({ ca_id: crl.caId, number: crl.number, part: index, bytes }, 1, otherwiseBug),
        ),
      ]
      if (predecessor !== undefined) writes.push(dropCrls({ caId: crl.caId, below: predecessor }))
      return writes
    },
    async latestCrl(caId) {
      const row = await latest.first({ caId })
      return row && toCrl(row)
    },
    crlPart: async (caId, number, index) => (await onePart.first({ caId, number, part: index }))?.bytes,
    staleParts: (caId, below, except) => stale.all({ caId, below, except }),
    dropParts: (caId, number, index) => dropParts({ caId, number, part: index }),
  }
}
