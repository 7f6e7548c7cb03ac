import type { DatabaseSync } from 'node:sqlite'
import { initial } from './migrations/0001-initial.ts'
import { notices } from './migrations/0003-notices.ts'

/** All migrations in order. A name is written into the database and never changes; a landed migration is never edited. */
export const migrations: readonly { name: string; statements: readonly string[] }[] = [
  { name: '0001-initial', statements: initial },
  { name: '0003-notices', statements: notices },
]

const words = {
  sqlite: { INT8: 'INTEGER', BYTES: 'BLOB', WITHOUT_ROWID: 'WITHOUT ROWID', INTEGER_IDENTITY: 'INTEGER PRIMARY KEY' },
  postgres: {
    INT8: 'bigint',
    BYTES: 'bytea',
    WITHOUT_ROWID: '',
    INTEGER_IDENTITY: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  },
} as const

/** The statement in an engine's own words. */
export const inWordsOf = (engine: keyof typeof words, statement: string): string =>
  statement.replace(
    /\b(?:INT8|BYTES|WITHOUT_ROWID|INTEGER_IDENTITY)\b/g,
    (word) => words[engine][word as keyof (typeof words)['sqlite']],
  )

/** The data was written by a later version, which may have changed what this one believes: nothing is touched. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
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
    const unknown = applied.filter((name) => !migrations.some((migration) => migration.name === name))
    if (unknown.length > 0) throw new SchemaTooNew(`it holds ${unknown.join(', ')}, which this version does not know`)
    for (const { name, statements } of migrations) {
      if (applied.includes(name)) continue
      for (const statement of statements) connection.exec(inWordsOf('sqlite', statement))
      connection.prepare('INSERT INTO migrations (name, applied_at) VALUES (?, ?)').run(name, now)
    }
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}
