import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Pool } from 'pg'
import type { SqlValue } from '../kernel/index.ts'
import { migrateSqlite, migrateWithin, migrationLock } from './migrate.ts'

/** Fills an empty database with the rows of a backup, in one transaction: before {@link Loading.finish} returns there is nothing. */
export interface Loading {
  /** Rows of one table, in the order in which the snapshot gave the tables. */
  insert(table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void>
  /** Writes single values beside what was loaded. */
  setMeta(key: string, value: string): Promise<void>
  /** Brings the schema up to this version's, and makes it all durable. */
  finish(): Promise<void>
  abandon(): Promise<void>
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const insertText = (table: string, columns: readonly string[]): string =>
  `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')})`

/**
 * Into a file that is not there yet. Nothing of it is durable, or safe from a crash, before it is finished: who loads
 * begins anew with another file.
 * @param migrations those that the rows were written under
 * @throws SchemaTooNew
 */
export function loadSqlite(path: string, migrations: readonly string[], now: number): Loading {
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF')
  migrateSqlite(connection, now, migrations)
  connection.exec('BEGIN')
  let current: { text: string; statement: StatementSync } | undefined
  const filled = new Set<string>()
  return {
    insert(table, columns, rows) {
      const text = `${insertText(table, columns)} VALUES (${columns.map(() => '?').join(', ')})`
      if (current?.text !== text) current = { text, statement: connection.prepare(text) }
      // What a migration put there is in the backup too, as it was by then.
      if (!filled.has(table)) connection.exec(`DELETE FROM ${quoted(table)}`)
      filled.add(table)
      for (const row of rows) current.statement.run(...row)
      return Promise.resolve()
    },
    setMeta(key, value) {
      connection.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value)
      return Promise.resolve()
    },
    finish() {
      connection.exec('COMMIT')
      migrateSqlite(connection, now)
      connection.close()
      return Promise.resolve()
    },
    abandon() {
      connection.close()
      return Promise.resolve()
    },
  }
}

/**
 * As {@link loadSqlite}, into a database (or schema) without tables.
 * @param pool a patient one
 * @throws Error when there are tables
 */
export async function loadPostgres(pool: Pool, migrations: readonly string[], now: number): Promise<Loading> {
  const client = await pool.connect()
  const types = new Map<string, string>()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await migrateWithin(client, now, migrations)
    const { rows } = await client.query<{ name: string; type: string }>(
      `SELECT table_name || '.' || column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = current_schema()`,
    )
    for (const { name, type } of rows) types.set(name, type)
  } catch (error) {
    client.release(true)
    throw error
  }
  const filled = new Set<string>()
  return {
    async insert(table, columns, rows) {
      if (!filled.has(table)) await client.query(`DELETE FROM ${quoted(table)}`)
      filled.add(table)
      const arrays = columns.map((column, index) => {
        const type = types.get(`${table}.${column}`)
        if (type === undefined) throw new Error(`there is no column ${column} in ${table}`)
        return { type, values: rows.map((row) => asParameter(row[index]!)) }
      })
      await client.query(
        `${insertText(table, columns)} OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays
          .map(({ type }, index) => `$${index + 1}::${type}[]`)
          .join(', ')})`,
        arrays.map(({ values }) => values),
      )
    },
    async setMeta(key, value) {
      await client.query(
        'INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        [key, value],
      )
    },
    async finish() {
      await migrateWithin(client, now)
      const { rows: identities } = await client.query<{ table: string; column: string }>(
        `SELECT table_name AS table, column_name AS column FROM information_schema.columns
         WHERE table_schema = current_schema() AND is_identity = 'YES'`,
      )
      for (const { table, column } of identities)
        await client.query(
          `SELECT setval(pg_get_serial_sequence($1, $2), (SELECT coalesce(max(${quoted(column)}), 0) + 1 FROM ${quoted(table)}), false)`,
          [quoted(table), column],
        )
      await client.query('COMMIT')
      client.release()
    },
    async abandon() {
      client.release(true)
      return Promise.resolve()
    },
  }
}

/** In an array the driver writes numbers and text as they are, and bytes as the server reads them. */
const asParameter = (value: SqlValue): SqlValue | Buffer =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
