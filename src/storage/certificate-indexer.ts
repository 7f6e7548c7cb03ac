import { setTimeout as sleep } from 'node:timers/promises'
import { sql, type Compilable, type Kysely, type RawBuilder } from 'kysely'
import { monotonicClock, Problem, type Clock } from '../kernel/index.ts'
import { soonMs } from './certificate-classes.ts'
import { blockBits, indexStateOf, written, type IndexState } from './certificate-index.ts'
import type { Database, WriteOf } from './database.ts'
import { settledSeqOf } from './settled-seq.ts'
import type { Schema } from './schema.ts'

/** Certificates of one step: so long the writer is held up, and so much a list looks at beside the index. */
const usualRows = 128

/** How often it is looked whether there is something to do; so old a list's tail becomes. */
const idleMs = 250

const elsewhere = new Problem('IndexedElsewhere', 'another process has gone on with the index')

/** From one state of the index to the next. */
interface Step {
  was: number
  seqFrom: number
  seqTo: number
  judgedAt: number
  /** Certificates whose state changes end, or begin to end soon, between these times. */
  low: number
  high: number
  soonLow: number
  soonHigh: number
  soonAt: number
  lastChange: number
}

/**
 * Keeps what lists are made of (migrations/0005-lists.ts) close behind the certificates, in steps that are each one
 * commit. Any number of processes may do so at once: of two at the same step one does it.
 */
export class CertificateIndexer {
  private readonly db: Database
  private readonly domainClock: Clock
  private readonly state: () => Promise<IndexState>
  private readonly settledSeq: () => Promise<number>
  private readonly work: ReturnType<typeof workOf>
  private readonly writes: readonly WriteOf<Step>[]

  /** @param rows certificates of one step: more make it faster, and each step longer */
  constructor(db: Database, domainClock: Clock, rows = usualRows) {
    this.db = db
    this.domainClock = domainClock
    this.state = indexStateOf(db)
    this.settledSeq = settledSeqOf(db)
    this.work = workOf(db, rows)
    this.writes = stepOf(db)
  }

  /** One commit's worth of work. @returns false when nothing was left to do */
  async step(): Promise<boolean> {
    const state = await this.state()
    const settled = await this.settledSeq()
    const now = this.domainClock.now()
    const { seqTo, lastChange, lastEnd, lastSoon } = await this.work({
      seqFrom: state.seqTo,
      settled,
      low: Math.min(state.judgedAt, now),
      high: Math.max(state.judgedAt, now),
      soonLow: Math.min(state.judgedAt, now) + soonMs,
      soonHigh: Math.max(state.judgedAt, now) + soonMs,
    })
    const nothing = seqTo === null && lastChange === null && lastEnd === null && lastSoon === null
    if (nothing && state.version > 0) return false
    // A clock that was set back is followed at once: that is an emulator's.
    const forward = now >= state.judgedAt && state.version > 0
    const judgedAt = forward ? Math.min(now, (lastEnd ?? now) + 1, (lastSoon ?? now + soonMs) - soonMs) : now
    const [low, high] = [Math.min(state.judgedAt, judgedAt), Math.max(state.judgedAt, judgedAt)]
    const step: Step = {
      was: state.version,
      seqFrom: state.seqTo,
      seqTo: seqTo ?? state.seqTo,
      judgedAt,
      low,
      high,
      soonLow: low + soonMs,
      soonHigh: high + soonMs,
      soonAt: judgedAt + soonMs,
      lastChange: lastChange ?? 0,
    }
    try {
      await this.db.commit(this.writes.map((write, index) => (index === 0 ? write(step, 1, elsewhere) : write(step))))
    } catch (error) {
      if (error !== elsewhere) throw error
    }
    return !nothing
  }

  /**
   * Goes on by itself until the end of `stopped`. After a step it rests for longer than the step took, so that those
   * who write have the database for most of the time, and the more so the busier it is.
   * @param failed hears of a step that failed; it is tried again
   */
  async keepUp(stopped: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    while (!stopped.aborted) {
      const began = monotonicClock.now()
      const worked = await this.step().catch((error: unknown) => {
        failed(error)
        return false
      })
      const took = monotonicClock.now() - began
      await sleep(worked ? Math.min(idleMs, 2 * took) : idleMs, undefined, { signal: stopped }).catch(() => undefined)
    }
  }

  /** Steps until nothing is left to do. */
  async catchUp(): Promise<void> {
    while (await this.step());
  }
}

interface Window {
  seqFrom: number
  settled: number
  low: number
  high: number
  soonLow: number
  soonHigh: number
}

interface Work {
  /** The seq that a step of so many rows goes to. */
  seqTo: number | null
  lastChange: number | null
  /** The end of the last certificate that a step of so many rows sees expire, and of the last that it sees beginning to. */
  lastEnd: number | null
  lastSoon: number | null
}

/** What there is to do, by so many rows at a time. */
function workOf(db: Database, rows: number): (window: Window) => Promise<Work> {
  const most = sql.lit(rows)
  const query = db.query<Window>()((q, p) =>
    written(sql<Work>`SELECT
      (SELECT max(seq) FROM (SELECT seq FROM certificates
        WHERE seq > ${p.seqFrom} AND seq <= ${p.settled} ORDER BY seq LIMIT ${most}) AS tail) AS "seqTo",
      (SELECT max(id) FROM (SELECT id FROM certificate_changes ORDER BY id LIMIT ${most}) AS oldest) AS "lastChange",
      (SELECT max(not_after) FROM (SELECT not_after FROM certificates WHERE revoked_at IS NULL
        AND not_after >= ${p.low} AND not_after < ${p.high} ORDER BY not_after LIMIT ${most}) AS ended) AS "lastEnd",
      (SELECT max(not_after) FROM (SELECT not_after FROM certificates WHERE revoked_at IS NULL
        AND not_after > ${p.soonLow} AND not_after <= ${p.soonHigh} ORDER BY not_after LIMIT ${most}) AS ending) AS "lastSoon"`)(
      q,
    ),
  )
  return async (window) => (await query.first(window))!
}

const taken = sql`(SELECT seq FROM certificate_changes WHERE taken = 1)`

/**
 * The statements of a step, in their order. What is to be looked at anew is marked first, so that each of them speaks
 * of the same certificates whatever is committed meanwhile; the counts are taken from and added to as the entries say.
 */
function stepOf(db: Database): WriteOf<Step>[] {
  const write = (build: (p: Step) => RawBuilder<unknown>) =>
    db.write<Step>()((q: Kysely<Schema>, p: Step): Compilable<unknown> => written(build(p))(q))
  const searched = db.engine === 'sqlite'
  return [
    write(
      (p) => sql`INSERT INTO certificate_index (id, version, seq_to, judged_at) VALUES (1, 1, ${p.seqTo}, ${p.judgedAt})
        ON CONFLICT (id) DO UPDATE SET version = certificate_index.version + 1, seq_to = excluded.seq_to,
        judged_at = excluded.judged_at WHERE certificate_index.version = ${p.was}`,
    ),
    write((p) => sql`UPDATE certificate_changes SET taken = 1 WHERE id <= ${p.lastChange}`),
    write(
      (p) => sql`INSERT INTO certificate_changes (account_id, seq, taken)
        SELECT account_id, seq, 1 FROM certificates WHERE seq > ${p.seqFrom} AND seq <= ${p.seqTo}`,
    ),
    write(
      (p) => sql`INSERT INTO certificate_changes (account_id, seq, taken)
        SELECT account_id, seq, 1 FROM certificates WHERE revoked_at IS NULL AND not_after >= ${p.low}
        AND not_after < ${p.high} AND seq <= ${p.seqFrom}`,
    ),
    write(
      (p) => sql`INSERT INTO certificate_changes (account_id, seq, taken)
        SELECT account_id, seq, 1 FROM certificates WHERE revoked_at IS NULL AND not_after > ${p.soonLow}
        AND not_after <= ${p.soonHigh} AND seq <= ${p.seqFrom}`,
    ),
    write(() => counted(-1)),
    // A certificate's text never changes, so the search forgets only what is gone and learns only what is new.
    ...(searched ? [write(() => sql`DELETE FROM certificate_search WHERE rowid IN (${gone(sql`e.seq`)})`)] : []),
    write(() => sql`DELETE FROM certificate_entries WHERE seq IN (${gone(sql`e.seq`)})`),
    ...(searched
      ? [
          write(
            (p) => sql`INSERT INTO certificate_search (rowid, common_name, sans, id)
              SELECT c.seq, lower(c.common_name), lower(c.sans), c.id FROM certificates c
              WHERE c.seq IN ${taken} AND c.seq <= ${p.seqTo}
              AND NOT EXISTS (SELECT 1 FROM certificate_entries e WHERE e.seq = c.seq)`,
          ),
        ]
      : []),
    write(
      (p) => sql`INSERT INTO certificate_entries
        (seq, id, account_id, class, resource_group_id, common_name, issuer_name, not_after, sans)
        SELECT seq, id, account_id,
          CASE source WHEN 'uploaded' THEN 4 ELSE 0 END + CASE WHEN revoked_at IS NOT NULL THEN 3
            WHEN not_after < ${p.judgedAt} THEN 2 WHEN not_after <= ${p.soonAt} THEN 1 ELSE 0 END,
          resource_group_id, common_name, issuer_name, not_after, sans
        FROM certificates WHERE seq IN ${taken} AND seq <= ${p.seqTo}
        ON CONFLICT (seq) DO UPDATE SET class = excluded.class, resource_group_id = excluded.resource_group_id`,
    ),
    write(() => counted(1)),
    write(() => sql`DELETE FROM certificate_counts WHERE n = 0`),
    write(() => sql`DELETE FROM certificate_changes WHERE taken = 1`),
  ]
}

/** Entries of certificates that are not there any more, or whose place another certificate has taken. */
const gone = (column: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`SELECT ${column} FROM certificate_entries e WHERE e.seq IN ${taken}
    AND NOT EXISTS (SELECT 1 FROM certificates c WHERE c.seq = e.seq AND c.id = e.id)`

/** Adds the entries that were taken to the counts, or takes them away. */
function counted(sign: 1 | -1): RawBuilder<unknown> {
  const counts = (part: RawBuilder<unknown>, level: 0 | 1) =>
    sql`SELECT account_id, ${part} AS part, ${sql.lit(level)} AS level, seq >> ${sql.lit(blockBits[level])} AS block, class,
      ${sql.lit(sign)} * count(*) AS n FROM certificate_entries WHERE seq IN ${taken} GROUP BY 1, 2, 3, 4, 5`
  const [all, group] = [sql`''`, sql`':' || resource_group_id`]
  return sql`INSERT INTO certificate_counts (account_id, part, level, block, class, n)
    SELECT * FROM (${counts(all, 0)} UNION ALL ${counts(all, 1)}
      UNION ALL ${counts(group, 0)} UNION ALL ${counts(group, 1)}) AS changed WHERE true
    ON CONFLICT (account_id, part, level, block, class) DO UPDATE SET n = certificate_counts.n + excluded.n`
}
