import { sql, type RawBuilder } from 'kysely'
import type { ProcessStore, Stage } from '../processes/index.ts'
import type { Database } from './database.ts'

/** The database's clock, ms since 1970. */
const databaseNow: RawBuilder<number> = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`

const keptAfterEndMs = 24 * 3_600_000

/** On PostgreSQL only: SQLite has one process. */
export function processStore(db: Database, emulatorClockKey: string): ProcessStore {
  const glance = db.query<{ clockKey: string }>()((q, p) =>
    q.selectNoFrom((e) => [
      databaseNow.as('now'),
      e
        .selectFrom('accounts')
        .select(sql<string>`coalesce(sum(iam_version), 0)::text`.as('rights'))
        .as('rights'),
      e.selectFrom('meta').select('value').where('key', '=', p.clockKey).as('clock'),
      e
        .selectFrom('processes')
        .select((f) => f.fn.countAll<number>().as('count'))
        .where('lease_until', '>', databaseNow)
        .as('processes'),
      e
        .selectFrom('keys')
        .select((f) => f.fn.countAll<number>().as('count'))
        .where('state', '=', sql.lit('condemned'))
        .as('condemned'),
    ]),
  )
  const hold = db.query<{ id: string; leaseMs: number }>()((q, p) =>
    q
      .insertInto('processes')
      .values({ id: p.id, started_at: databaseNow, lease_until: sql`${databaseNow} + ${p.leaseMs}` })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((e) => ({ lease_until: e.ref('excluded.lease_until') })),
      )
      .returning(databaseNow.as('now')),
  )
  // What it let pass in its last second still counts against the limits.
  const leave = db.query<{ id: string }>()((q, p) =>
    q
      .updateTable('processes')
      .set({ lease_until: sql<number>`${databaseNow} + 1000` })
      .where('id', '=', p.id),
  )
  const condemned = db.query<object>()((q) =>
    q
      .selectFrom('keys')
      .leftJoin('key_confirmations as c', 'c.key_id', 'keys.id')
      .where('keys.state', '=', sql.lit('condemned'))
      .select(['keys.id as keyId', 'c.process_id as processId', 'c.stage as stage'])
      .orderBy('keys.id'),
  )
  const confirm = db.query<{ keyId: string; id: string; stage: string }>()((q, p) =>
    q
      .insertInto('key_confirmations')
      .values({ key_id: p.keyId, process_id: p.id, stage: p.stage })
      .onConflict((conflict) => conflict.columns(['key_id', 'stage', 'process_id']).doNothing()),
  )
  const unconfirmed = db.query<{ keyId: string; stage: string }>()((q, p) =>
    q
      .selectFrom('processes')
      .select('id')
      .where('lease_until', '>', databaseNow)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('key_confirmations')
              .select('stage')
              .where('key_id', '=', p.keyId)
              .where('stage', '=', p.stage)
              .whereRef('process_id', '=', 'processes.id'),
          ),
        ),
      ),
  )
  const sweepConfirmations = db.query<object>()((q) =>
    q
      .deleteFrom('key_confirmations')
      .where('key_id', 'in', (e) => e.selectFrom('keys').select('id').where('state', '=', 'destroyed')),
  )
  const sweepProcesses = db.query<{ kept: number }>()((q, p) =>
    q.deleteFrom('processes').where('lease_until', '<', sql<number>`${databaseNow} - ${p.kept}`),
  )

  return {
    async glance() {
      const row = (await glance.first({ clockKey: emulatorClockKey }))!
      return {
        now: row.now,
        rights: row.rights!,
        emulatorClock: row.clock ?? undefined,
        processes: row.processes!,
        condemnedKeys: row.condemned!,
      }
    },
    hold: async (id, leaseMs) => (await hold.first({ id, leaseMs }))!.now,
    leave: async (id) => void (await leave.all({ id })),
    async condemned(id) {
      const keys = new Map<string, { keyId: string; confirmed: Stage[]; asked: Stage[] }>()
      for (const { keyId, processId, stage } of await condemned.all({})) {
        const key = keys.get(keyId) ?? { keyId, confirmed: [], asked: [] }
        keys.set(keyId, key)
        if (stage === null) continue
        key.asked.push(stage as Stage)
        if (processId === id) key.confirmed.push(stage as Stage)
      }
      return [...keys.values()]
    },
    confirm: async (keyId, id, stage) => void (await confirm.all({ keyId, id, stage })),
    unconfirmed: async (keyId, stage) => (await unconfirmed.all({ keyId, stage })).map(({ id }) => id),
    async sweep() {
      await sweepConfirmations.all({})
      await sweepProcesses.all({ kept: keptAfterEndMs })
    },
  }
}
