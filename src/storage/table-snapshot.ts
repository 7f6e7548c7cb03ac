import { DatabaseSync } from 'node:sqlite'
import type { Pool, PoolClient } from 'pg'
import type { SqlValue } from '../kernel/index.ts'

/**
 * All tables as they were at one instant, read while the service goes on. What is no part of the data is left out: leases,
 * nonces, and what lets somebody in for a while.
 */
export interface Snapshot {
  /** The migrations that the tables were made by. */
  readonly migrations: readonly string[]
  /** In an order in which every row comes after those that it refers to. */
  readonly tables: readonly string[]
  columns(table: string): Promise<string[]>
  /** Some thousand rows at a time, their values in the order of the columns. */
  rows(table: string): AsyncIterable<readonly (readonly SqlValue[])[]>
  close(): Promise<void>
}

const leftOut = new Set([
  'migrations',
  // Made of the certificates, by and by, wherever they come (0005-lists.ts).
  'certificate_index',
  'certificate_entries',
  'certificate_counts',
  'certificate_changes',
  'nonces',
  'tokens',
  'sessions',
  'processes',
  'key_confirmations',
  'rate_shares',
])
/** The index of texts has tables of its own on one of the engines. */
const isData = (name: string): boolean => !leftOut.has(name) && !name.startsWith('certificate_search')
const rowsAtOnce = 2_000

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** @param path of a database that may be in use */
export async function sqliteSnapshot(path: string): Promise<Snapshot> {
  const connection = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  const names = (sql: string): string[] =>
    connection
      .prepare(sql)
      .all()
      .map((row) => String(Object.values(row)[0]))
  try {
    connection.exec('BEGIN')
    // The first read of the transaction fixes what all later ones see.
    const migrations = names('SELECT name FROM migrations ORDER BY name')
    const tables = names(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    ).filter(isData)
    const refersTo = new Map(
      tables.map((table) => [table, new Set(names(`SELECT "table" FROM pragma_foreign_key_list(${literal(table)})`))]),
    )
    return {
      migrations,
      tables: inOrder(tables, refersTo),
      columns: (table) => Promise.resolve(names(`SELECT name FROM pragma_table_info(${literal(table)})`)),
      async *rows(table) {
        const statement = connection.prepare(`SELECT * FROM ${quoted(table)}`)
        statement.setReturnArrays(true)
        let page: SqlValue[][] = []
        for (const row of statement.iterate() as Iterable<unknown> as Iterable<SqlValue[]>) {
          page.push(row)
          if (page.length < rowsAtOnce) continue
          yield page
          page = []
        }
        if (page.length > 0) yield page
      },
      close: () => Promise.resolve(connection.close()),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** @param pool a patient one: reading may take longer than a request may */
export async function postgresSnapshot(pool: Pool): Promise<Snapshot> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const migrations = await names(client, 'SELECT name FROM migrations ORDER BY name')
    const tables = (
      await names(client, 'SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename')
    ).filter(isData)
    const { rows: references } = await client.query<{ of: string; to: string }>(
      `SELECT conrelid::regclass::text AS of, confrelid::regclass::text AS to FROM pg_constraint
       WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
    )
    const refersTo = new Map(
      tables.map((table) => [
        table,
        new Set(references.filter((reference) => reference.of === table).map(({ to }) => to)),
      ]),
    )
    return {
      migrations,
      tables: inOrder(tables, refersTo),
      columns: (table) =>
        names(
          client,
          `SELECT column_name FROM information_schema.columns
           WHERE table_schema = current_schema() AND table_name = ${literal(table)} ORDER BY ordinal_position`,
        ),
      async *rows(table) {
        await client.query(`DECLARE reading NO SCROLL CURSOR FOR SELECT * FROM ${quoted(table)}`)
        for (;;) {
          const { rows } = await client.query<SqlValue[]>({
            text: `FETCH ${rowsAtOnce} FROM reading`,
            rowMode: 'array',
          })
          if (rows.length === 0) break
          yield rows
        }
        await client.query('CLOSE reading')
      },
      close: () => Promise.resolve(client.release(true)),
    }
  } catch (error) {
    client.release(true)
    throw error
  }
}

const names = async (client: PoolClient, sql: string): Promise<string[]> =>
  (await client.query<string[]>({ text: sql, rowMode: 'array' })).rows.map(([name]) => name!)

/** Those first that the others refer to. */
function inOrder(tables: readonly string[], refersTo: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done: string[] = []
  const visit = (table: string): void => {
    if (done.includes(table)) return
    for (const other of refersTo.get(table) ?? []) if (other !== table && tables.includes(other)) visit(other)
    done.push(table)
  }
  for (const table of tables) visit(table)
  return done
}
