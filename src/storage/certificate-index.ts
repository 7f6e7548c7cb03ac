import type { Compilable, Kysely, RawBuilder } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** How many bits of a seq are the place in its block, by level. */
export const blockBits = [9, 16] as const

/** Written out in SQL: what both engines understand and the query builder has no words for. */
export const written =
  <Row>(statement: RawBuilder<Row>) =>
  (q: Kysely<Schema>): Compilable<Row> => ({ compile: () => statement.compile(q) })

/** How far the index goes: all certificates up to `seqTo` but those in certificate_changes, with their state at `judgedAt`. */
export interface IndexState {
  /** Rises with every step of the indexer. */
  version: number
  seqTo: number
  judgedAt: number
}

/** Reads the state. Before the first step there is none, and it goes nowhere. */
export function indexStateOf(db: Database): () => Promise<IndexState> {
  const query = db.query<object>()((q) =>
    q.selectFrom('certificate_index').select(['version', 'seq_to', 'judged_at']).where('id', '=', 1),
  )
  return async () => {
    const row = await query.first({})
    return { version: row?.version ?? 0, seqTo: row?.seq_to ?? 0, judgedAt: row?.judged_at ?? 0 }
  }
}
