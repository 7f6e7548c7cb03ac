/**
 * Keeps a throw-away PostgreSQL cluster until stdin ends. Arguments: the folder of the programs, `fsync` or
 * `no-fsync`. Prints the URL when it is ready.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const [binaries = '', fsync = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'certkeep-pg-'))
process.chdir(folder) // where this process was started may be closed to its user
const data = join(folder, 'data')

// A locale that orders letters otherwise than bytes, as those of most servers do.
const locale = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US']
const made = spawnSync(
  join(binaries, 'initdb'),
  ['-D', data, '--no-sync', '--auth=trust', '--username=certkeep', ...locale],
  { encoding: 'utf8' },
)
if (made.status !== 0) {
  process.stderr.write(made.stderr)
  rmSync(folder, { recursive: true, force: true })
  process.exit(1)
}
const settings = [`--fsync=${fsync === 'fsync' ? 'on' : 'off'}`, '--max_connections=200', '--deadlock_timeout=50ms']
const server = spawn(join(binaries, 'postgres'), ['-D', data, '-k', folder, '-h', '', ...settings], { stdio: 'ignore' })
const url = `postgresql://certkeep@/postgres?host=${encodeURIComponent(folder)}`
let ending = false
const end = () => {
  ending = true
  server.kill('SIGQUIT') // at once
}
server.once('exit', (code) => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(ending ? 0 : (code ?? 1))
})
process.stdin.resume()
process.stdin.once('end', end)
process.once('SIGTERM', end)

for (;;) {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    await client.end()
    break
  } catch {
    await sleep(50)
  }
}
process.stdout.write(`${url}\n`)
