import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/** Debian keeps the server's programs out of the PATH. */
const binaries = globSync('/usr/lib/postgresql/*/bin/initdb').toSorted().at(-1)?.slice(0, -'/initdb'.length)

const inCi = !['', '0', 'false'].includes(process.env['CI'] ?? '')

/** Why tests on PostgreSQL cannot run here; in CI they fail instead. */
export const postgresIsMissing: string | undefined =
  inCi || process.env['CERTKEEP_TEST_POSTGRES'] !== undefined || binaries !== undefined
    ? undefined
    : 'there is no PostgreSQL: install Debian\'s "postgresql", or name a server in CERTKEEP_TEST_POSTGRES'

let started: Promise<string> | undefined

/**
 * The URL of a server for tests: CERTKEEP_TEST_POSTGRES, or a throw-away cluster that this thread starts once. A process
 * of its own keeps it and ends it when this thread ends, however it ends.
 */
function postgresServer(): Promise<string> {
  const named = process.env['CERTKEEP_TEST_POSTGRES']
  if (named !== undefined) return Promise.resolve(named)
  return (started ??= startCluster())
}

/** @returns the URL of a cluster of this caller alone: for tests that stop it, or fill its disk */
export async function startCluster(): Promise<string> {
  if (binaries === undefined) throw new Error('CI wants PostgreSQL, and there is none: apt-get install postgresql')
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'postgres-cluster.fixture.ts'), binaries], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...unprivileged(),
  })
  keeper.stdout.setEncoding('utf8')
  const said = await Promise.race([
    once(keeper.stdout, 'data').then(([url]) => String(url)),
    once(keeper, 'exit').then(([code]) => Promise.reject(new Error(`PostgreSQL did not start (${String(code)})`))),
  ])
  // Nothing of it keeps this thread from ending; when it has ended, the pipe closes, and the cluster goes.
  keeper.unref()
  ;(keeper.stdin as unknown as { unref(): void }).unref()
  ;(keeper.stdout as unknown as { unref(): void }).unref()
  return said.trim()
}

/** A schema of its own on the server of the tests, dropped at the end of the scope. */
export async function aPostgresSchema(): Promise<{ url: string } & AsyncDisposable> {
  const server = await postgresServer()
  const name = `test_${randomBytes(8).toString('hex')}`
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await run(`CREATE SCHEMA ${name}`)
  return {
    url: `${server}${server.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c search_path=${name}`)}`,
    [Symbol.asyncDispose]: () => run(`DROP SCHEMA ${name} CASCADE`),
  }
}

/** PostgreSQL does not run as root. */
function unprivileged(): { uid: number; gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {}
  const user = existsSync('/var/lib/postgresql') ? 'postgres' : 'nobody'
  const id = (of: '-u' | '-g') => Number(execFileSync('id', [of, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
