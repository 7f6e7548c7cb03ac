import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  DummyDriver,
  type DatabaseConnection,
} from 'kysely'
import type { Statement } from '../kernel/index.ts'
import { databaseOver, type Database } from './database.ts'
import type { Committer } from '../kernel/index.ts'
import type { Schema } from './schema.ts'

/** One write as it travels to the writer: its problem stays behind with whoever asked. */
export interface PlainWrite {
  readonly sql: string
  readonly parameters: Statement['parameters']
  readonly rows: number | 'any'
  readonly guard: boolean
}

/** What became of one set: durable; undone because write number `failed` did not hold; or undone by an error. */
export type SetResult = { held: true } | { held: false; failed: number } | { held: false; error: string }

/** The disk may or may not hold what was written. Nobody may be answered; the process has to end and read the disk anew. */
export class DurabilityUnknown extends Error {
  override readonly name = 'DurabilityUnknown'
}

/** Compiles queries for SQLite; it never runs one (see {@link sqliteDatabase}). */
export const sqliteKysely = (): Kysely<Schema> =>
  new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new CompileOnly(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })

class CompileOnly extends DummyDriver {
  override acquireConnection(): Promise<DatabaseConnection> {
    return Promise.reject(new Error('this Kysely only compiles'))
  }
}

const busyTimeoutMs = 5_000

/** A connection for reading, one for each thread; sees every commit that returned before the read. */
export class SqliteReader {
  private readonly connection: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.connection = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs })
    this.connection.exec('PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456')
  }

  all(statement: Statement): unknown[] {
    let prepared = this.statements.get(statement.sql)
    if (!prepared) {
      prepared = this.connection.prepare(statement.sql)
      if (this.statements.size >= 1_000) this.statements.clear()
      this.statements.set(statement.sql, prepared)
    }
    return prepared.all(...statement.parameters)
  }

  close(): void {
    this.connection.close()
  }
}

/**
 * Puts the database into WAL mode. Where two connections switch a new file at once, SQLite answers one of them "locked"
 * without asking the busy handler (it could not end otherwise), so this asks again.
 */
function writeAhead(connection: DatabaseSync): void {
  const pauseMs = 20
  for (let left = busyTimeoutMs / pauseMs; ; left--) {
    try {
      connection.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (left <= 0 || !/locked|busy/.test(messageOf(error))) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
}

/** The one connection that writes (design 7). Lives in the writer thread, or alone in a command on the data folder. */
export class SqliteWriter {
  readonly connection: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()

  /** @param checkpoints whether this connection also moves the log into the database; false when another thread does. */
  constructor(path: string, { checkpoints = true }: { checkpoints?: boolean } = {}) {
    this.connection = new DatabaseSync(path, { timeout: busyTimeoutMs })
    writeAhead(this.connection)
    this.connection.exec('PRAGMA synchronous = FULL')
    this.connection.exec('PRAGMA foreign_keys = ON')
    this.connection.exec('PRAGMA cache_size = -65536')
    if (!checkpoints) this.connection.exec('PRAGMA wal_autocheckpoint = 0')
  }

  /**
   * Group commit: all sets in one transaction, a savepoint each, one fsync. The results stand in the order of the sets;
   * none of them is true before this returns, and no transaction is open afterwards.
   * @throws DurabilityUnknown when an fsync or the commit itself failed on the disk
   */
  commitBatch(sets: readonly (readonly PlainWrite[])[]): SetResult[] {
    const allFailed = (error: unknown): SetResult[] => sets.map(() => ({ held: false, error: messageOf(error) }))
    try {
      this.run('BEGIN IMMEDIATE')
    } catch (error) {
      return allFailed(error)
    }
    const results: SetResult[] = []
    try {
      for (const set of sets) {
        const result = sets.length > 1 ? this.runInSavepoint(set) : this.runSet(set)
        // A full disk or an I/O error may have ended the whole transaction: then no set of this batch happened.
        if (!this.connection.isTransaction) return sets.map(() => undone(result))
        results.push(result)
      }
    } catch (error) {
      this.rollBack()
      if (error instanceof DurabilityUnknown) throw error
      return allFailed(error)
    }
    if (!results.some(({ held }) => held)) {
      this.rollBack()
      return results
    }
    try {
      this.run('COMMIT')
    } catch (error) {
      // The mark that makes a transaction count is written last. So it is not there when the transaction is still open,
      // nor when the disk had no room; SQLite has rolled back by itself then. Anything else may have come after the mark.
      if (!this.connection.isTransaction && !isDiskFull(error)) throw new DurabilityUnknown(messageOf(error))
      this.rollBack()
      return allFailed(error)
    }
    return results
  }

  close(): void {
    this.connection.close()
  }

  private runInSavepoint(set: readonly PlainWrite[]): SetResult {
    this.run('SAVEPOINT one_set')
    const result = this.runSet(set)
    if (this.connection.isTransaction) {
      if (!result.held) this.run('ROLLBACK TO one_set')
      this.run('RELEASE one_set')
    }
    return result
  }

  private runSet(set: readonly PlainWrite[]): SetResult {
    for (const [index, write] of set.entries()) {
      let rows: number
      try {
        const statement = this.prepare(write.sql)
        rows = write.guard
          ? statement.all(...write.parameters).length
          : Number(statement.run(...write.parameters).changes)
      } catch (error) {
        if (isFailedSync(error)) throw new DurabilityUnknown(messageOf(error))
        return { held: false, error: messageOf(error) }
      }
      if (write.rows !== 'any' && rows !== write.rows) return { held: false, failed: index }
    }
    return { held: true }
  }

  /** A transaction that cannot be ended would make every later commit fail: then the process has to begin anew. */
  private rollBack(): void {
    if (!this.connection.isTransaction) return
    try {
      this.run('ROLLBACK')
    } catch (error) {
      throw new DurabilityUnknown(messageOf(error))
    }
  }

  private run(sql: string): void {
    this.prepare(sql).run()
  }

  private prepare(sql: string): StatementSync {
    let prepared = this.statements.get(sql)
    if (!prepared) {
      prepared = this.connection.prepare(sql)
      // Each run also tells the last row's number, and FTS5's own are beyond what a JavaScript number holds: it would throw.
      prepared.setReadBigInts(true)
      this.statements.set(sql, prepared)
    }
    return prepared
  }
}

const undone = (cause: SetResult): SetResult =>
  'error' in cause ? cause : { held: false, error: 'the transaction was ended by the engine' }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const codeOf = (error: unknown): unknown => (error instanceof Error && 'errcode' in error ? error.errcode : undefined)

const isDiskFull = (error: unknown): boolean => codeOf(error) === 13 /* SQLITE_FULL */

/** After an fsync that failed, the next may succeed without the disk holding what the first was for. */
const isFailedSync = (error: unknown): boolean => [1_034, 1_290].includes(codeOf(error) as number) // SQLITE_IOERR_FSYNC, …_DIR_FSYNC

/** A {@link Database} on SQLite: reads on this thread's own connection, writes through `committer`. */
export function sqliteDatabase(reader: SqliteReader, committer: Committer): Database {
  return databaseOver('sqlite', sqliteKysely(), (statement) => Promise.resolve(reader.all(statement)), committer)
}
