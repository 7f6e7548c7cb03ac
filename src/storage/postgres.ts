import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
} from 'kysely'
import pg from 'pg'
import { problem } from '../kernel/index.ts'
import { databaseOver, type BoundStatement, type Database } from './database.ts'
import { PostgresCommitter } from './postgres-commit.ts'
import { isConnectionLost, storageError } from './postgres-errors.ts'
import type { Schema } from './schema.ts'

export interface PoolOptions {
  /** `postgres://…`; a schema of its own is named by `?options=-c%20search_path%3D<schema>`. */
  url: string
  /** How many connections at most. */
  size: number
  /** True for a start, which may wait for another start, or for a long migration. */
  patient?: boolean
  /** False for what may be lost with the server's last half second: see {@link postgresNonces}. */
  durable?: boolean
}

/** Longer waits are a fault of the server or of somebody who holds a lock, and the caller is told before their client gives up. */
const connectMs = 5_000
const timeouts = {
  lock_timeout: 10_000,
  statement_timeout: 30_000,
  /** Ours, for a server that is not heard of at all any more. */
  query_timeout: 35_000,
  /** A process that stands still in the middle of a commit loses its locks after so long. */
  idle_in_transaction_session_timeout: 10_000,
}

/** Connections of one thread. They are made when they are needed, and again after the server was away. */
export function openPool({ url, size, patient = false, durable = true }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    pipeline: true,
    connectionTimeoutMillis: connectMs,
    ...(patient ? {} : timeouts),
    keepAlive: true,
    application_name: 'certkeep',
    types: { getTypeParser },
    onConnect: (client) => void prepareSession(client, durable),
  })
  // A connection that is lost while nobody uses it: the pool has dropped it already.
  pool.on('error', () => undefined)
  return pool
}

/** By type: every number of ours is below 2^53; bytes come as the other engine gives them (`\x` and hex digits on the wire). */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [pg.types.builtins.INT8]: Number,
  [pg.types.builtins.BYTEA]: (text) => Uint8Array.fromHex(text.slice(2)),
}

const getTypeParser = ((oid: number, format: 'text') =>
  parsers[oid] ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser

/** A server, or a user of it, may be set to answer before the disk has the commit; what is told here must be true. */
async function prepareSession(client: pg.ClientBase, durable: boolean): Promise<void> {
  const wanted = durable
    ? `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`
    : `SET synchronous_commit = off`
  await client.query(wanted)
}

/** Compiles queries for PostgreSQL; it never runs one (see {@link postgresDatabase}). */
const postgresKysely = (): Kysely<Schema> =>
  new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new CompileOnly(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })

class CompileOnly extends DummyDriver {
  override acquireConnection(): Promise<DatabaseConnection> {
    return Promise.reject(new Error('this Kysely only compiles'))
  }
}

/** A {@link Database} on PostgreSQL: reads see every commit that returned, in whichever process, before the read. */
export function postgresDatabase(pool: pg.Pool): Database {
  const read = async ({ name, sql, parameters }: BoundStatement): Promise<unknown[]> => {
    const query = { text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) }
    try {
      return (await pool.query(query)).rows
    } catch (error) {
      if (!isConnectionLost(error)) throw storageError(error)
    }
    // The server went away or came back: once more, on a connection that is new.
    try {
      return (await pool.query(query)).rows
    } catch (error) {
      throw storageError(error)
    }
  }
  return databaseOver('postgres', postgresKysely(), read, new PostgresCommitter(pool))
}

/** Refuses a server that cannot hold what we write. @throws Problem Unavailable */
export async function checkServer(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ encoding: string; version: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num') AS version`,
  )
  const { encoding, version } = rows[0]!
  if (encoding !== 'UTF8') throw problem('Unavailable', { reason: `the database is encoded as ${encoding}, not UTF8` })
  if (Number(version) < 130_000) throw problem('Unavailable', { reason: 'the server is older than PostgreSQL 13' })
}
