/** Keeps a throw-away PostgreSQL cluster until stdin ends. Argument: the folder of the programs. Prints the URL when it is ready. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const binaries = process.argv[2]!
const folder = mkdtempSync(join(tmpdir(), 'certkeep-pg-'))
process.chdir(folder) // where this process was started may be closed to its user
const data = join(folder, 'data')

const made = spawnSync(
  join(binaries, 'initdb'),
  ['-D', data, '--no-sync', '--auth=trust', '--username=certkeep', '--encoding=UTF8', '--locale=C.UTF-8'],
  { encoding: 'utf8' },
)
if (made.status !== 0) {
  process.stderr.write(made.stderr)
  rmSync(folder, { recursive: true, force: true })
  process.exit(1)
}
const server = spawn(
  join(binaries, 'postgres'),
  // No crash of the machine is survived, which a test does not need; a crash of the server is.
  ['-D', data, '-k', folder, '-h', '', '-F', '-c', 'max_connections=200', '-c', 'log_min_messages=fatal'],
  { stdio: ['ignore', 'ignore', 'ignore'] },
)
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
