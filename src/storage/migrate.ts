import type { DatabaseSync } from 'node:sqlite'
import type { Pool } from 'pg'
import { initial } from './migrations/0001-initial.ts'
import { iam } from './migrations/0002-iam.ts'
import { processes } from './migrations/0003-processes.ts'
import { notices } from './migrations/0004-notices.ts'
import { lists } from './migrations/0005-lists.ts'
import { status } from './migrations/0006-status.ts'
import { auditLog } from './migrations/0007-audit-log.ts'
import { endOfLife } from './migrations/0008-end-of-life.ts'
import { guards } from './migrations/0009-guards.ts'
import type { MigrationStatement } from './migrations/statement.ts'

/** All migrations in order. A name is written into the database and never changes; a landed migration is never edited. */
export const migrations: readonly { name: string; statements: readonly MigrationStatement[] }[] = [
  { name: '0001-initial', statements: initial },
  { name: '0002-iam', statements: iam },
  { name: '0003-processes', statements: processes },
  { name: '0004-notices', statements: notices },
  { name: '0005-lists', statements: lists },
  { name: '0006-status', statements: status },
  { name: '0007-audit-log', statements: auditLog },
  { name: '0008-end-of-life', statements: endOfLife },
  { name: '0009-guards', statements: guards },
]

// Text is compared by its bytes, which is what SQLite does and does not depend on a locale.
const words = {
  sqlite: {
    INT8: 'INTEGER',
    TEXT: 'TEXT',
    BYTES: 'BLOB',
    WITHOUT_ROWID: 'WITHOUT ROWID',
    INTEGER_IDENTITY: 'INTEGER PRIMARY KEY',
  },
  postgres: {
    INT8: 'bigint',
    TEXT: 'text COLLATE "C"',
    BYTES: 'bytea',
    WITHOUT_ROWID: '',
    INTEGER_IDENTITY: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  },
} as const

/** The statement in an engine's own words. */
export const inWordsOf = (engine: keyof typeof words, statement: string): string =>
  statement.replace(
    /\b(?:INT8|TEXT|BYTES|WITHOUT_ROWID|INTEGER_IDENTITY)\b/g,
    (word) => words[engine][word as keyof (typeof words)['sqlite']],
  )

export const statementsFor = (engine: keyof typeof words, statements: readonly MigrationStatement[]): string[] =>
  statements
    .flatMap((statement) => (typeof statement === 'string' ? [statement] : statement[engine]))
    .map((statement) => inWordsOf(engine, statement))

/** The data was written by a later version, which may have changed what this one believes: nothing is touched. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
}

/** What is not applied yet. @throws SchemaTooNew */
function missing(applied: readonly string[]): typeof migrations {
  const unknown = applied.filter((name) => !migrations.some((migration) => migration.name === name))
  if (unknown.length > 0) throw new SchemaTooNew(`it holds ${unknown.join(', ')}, which this version does not know`)
  return migrations.filter(({ name }) => !applied.includes(name))
}

/**
 * Brings the schema up to date in one transaction under the engine's write lock: all of the missing migrations, or
 * none. @throws SchemaTooNew when the database names a migration that this version does not know.
 */
export function migrateSqlite(connection: DatabaseSync, now: number): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(
      'CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL)',
    )
    const applied = connection
      .prepare('SELECT name FROM migrations')
      .all()
      .map((row) => String(row['name']))
    for (const { name, statements } of missing(applied)) {
      for (const statement of statementsFor('sqlite', statements)) connection.exec(statement)
      connection.prepare('INSERT INTO migrations (name, applied_at) VALUES (?, ?)').run(name, now)
    }
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

/** Any number; the same for every version, so that no two of them migrate at once. */
const migrationLock = 4_921_077_180

/**
 * As {@link migrateSqlite}; of several processes at once one applies and the others find it done.
 * @param pool a patient one
 */
export async function migratePostgres(pool: Pool, now: number): Promise<void> {
  const connection = await pool.connect()
  try {
    await connection.query('BEGIN')
    await connection.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await connection.query(
      inWordsOf(
        'postgres',
        'CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, applied_at INT8 NOT NULL)',
      ),
    )
    const { rows } = await connection.query<{ name: string }>('SELECT name FROM migrations')
    for (const { name, statements } of missing(rows.map((row) => row.name))) {
      await connection.query(statementsFor('postgres', statements).join(';\n'))
      await connection.query('INSERT INTO migrations (name, applied_at) VALUES ($1, $2)', [name, now])
    }
    await connection.query('COMMIT')
    connection.release()
  } catch (error) {
    connection.release(true) // whatever it had begun ends with it
    throw error
  }
}
