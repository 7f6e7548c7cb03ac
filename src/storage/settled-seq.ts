import { sql } from 'kysely'
import { written } from './certificate-index.ts'
import type { Database } from './database.ts'

/**
 * Up to which seq no certificate can come to light any more. SQLite has one writer, so that is the last there is.
 * PostgreSQL gives a seq before the commit, so a lower one may appear after a higher. But whoever has been given one
 * holds a lock on the table until they end: when all who held it after a seq had been given are gone, whatever is below
 * it is there, or never will be.
 */
export function settledSeqOf(db: Database): () => Promise<number> {
  if (db.engine === 'sqlite') {
    const last = db.query<object>()((q) =>
      written(sql<{ seq: number | null }>`SELECT max(seq) AS seq FROM certificates`)(q),
    )
    return async () => (await last.first({}))?.seq ?? 0
  }
  const given = db.query<object>()((q) =>
    written(
      sql<{
        seq: number | null
      }>`SELECT pg_sequence_last_value(pg_get_serial_sequence('certificates', 'seq')::regclass) AS seq`,
    )(q),
  )
  const writers = db.query<object>()((q) =>
    written(
      sql<{ id: string }>`SELECT virtualtransaction AS id FROM pg_locks WHERE locktype = 'relation'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND relation = 'certificates'::regclass AND mode = 'RowExclusiveLock' AND granted`,
    )(q),
  )
  let settled = 0
  let awaited: { seq: number; writers: ReadonlySet<string> } | undefined
  return async () => {
    const seq = (await given.first({}))?.seq ?? 0
    const now = new Set((await writers.all({})).map(({ id }) => id))
    // Two looks at most: those who wrote at the last one, and those who write now.
    if (awaited && awaited.writers.isDisjointFrom(now)) {
      settled = Math.max(settled, awaited.seq)
      awaited = undefined
    }
    if (now.size === 0) {
      settled = Math.max(settled, seq)
      awaited = undefined
    } else awaited ??= { seq, writers: now }
    return settled
  }
}
