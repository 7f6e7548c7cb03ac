import { createHash } from 'node:crypto'
import pg from 'pg'

/** How the processes of one instance stand on the server, for as long as their sessions live. */
export interface PostgresStanding {
  /** Whether another database of this server (or schema) is served that goes back to the same first instance. */
  readonly anotherCopy: boolean
  /** Takes what only one process of the instance may have at a time; false while another has it. */
  take(what: string): Promise<boolean>
  release(): Promise<void>
}

const key = (text: string): number => createHash('sha256').update(text).digest().readInt32BE()

/**
 * Holds a lock in the name of the lineage, by which copies of one instance on the same server see each other: the server
 * ends it with the session, however the process ends. Locks are of one database, but all databases can see them.
 */
export async function standOnPostgres(url: string, lineage: string): Promise<PostgresStanding> {
  let client: pg.Client | undefined
  let anotherCopy = false
  let released = false

  async function connect(): Promise<pg.Client> {
    if (client) return client
    const fresh = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'certkeep standing' })
    const lost = () => {
      if (client === fresh) client = undefined
    }
    fresh.on('error', lost)
    fresh.on('end', lost)
    await fresh.connect()
    const { rows } = await fresh.query<{ place: string }>(
      `SELECT (SELECT oid FROM pg_database WHERE datname = current_database()) || '.' || current_schema()::regnamespace::oid AS place`,
    )
    const mine = key(rows[0]!.place)
    await fresh.query('SELECT pg_advisory_lock_shared($1::int, $2::int)', [key(lineage), mine])
    const others = await fresh.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
         AND classid::bigint = $1::bigint AND objid::bigint <> $2::bigint LIMIT 1`,
      [key(lineage) >>> 0, mine >>> 0],
    )
    anotherCopy = (others.rowCount ?? 0) > 0
    client = fresh
    return fresh
  }

  await connect()
  // A server that was away has forgotten the lock.
  const renewal = setInterval(() => void connect().catch(() => undefined), 5_000)
  renewal.unref()
  return {
    get anotherCopy() {
      return anotherCopy
    },
    async take(what) {
      if (released) return false
      const session = await connect()
      const { rows } = await session.query<{ taken: boolean }>(
        `SELECT pg_try_advisory_lock($1::int, $2::int) AS taken`,
        [key(what), key(lineage)],
      )
      return rows[0]!.taken
    },
    async release() {
      released = true
      clearInterval(renewal)
      await client?.end().catch(() => undefined)
    },
  }
}
