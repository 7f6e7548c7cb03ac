import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

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
export function postgresServer(): Promise<string> {
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

/** PostgreSQL does not run as root. */
function unprivileged(): { uid: number; gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {}
  const user = existsSync('/var/lib/postgresql') ? 'postgres' : 'nobody'
  const id = (of: '-u' | '-g') => Number(execFileSync('id', [of, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
