import { execFileSync, spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Peer } from './cfssl.ts'

/**
 * `cfssl ocspserve` of Debian, with a file of pre-signed answers as `cfssl ocspdump` writes it: base64, one to a line.
 * It finds them by serial, so the answers may be ours.
 */
export async function startOcspserve(answers: AsyncIterable<Uint8Array>): Promise<Peer> {
  const responses = join(mkdtempSync(join(tmpdir(), 'certkeep-bench-ocspserve-')), 'responses')
  const file = createWriteStream(responses)
  for await (const answer of answers)
    if (!file.write(`${Buffer.from(answer).toString('base64')}\n`)) await once(file, 'drain')
  await new Promise((resolve) => file.end(resolve))
  const port = await freePort()
  const child = spawn(
    'cfssl',
    ['ocspserve', '-loglevel', '3', '-address', '127.0.0.1', '-port', String(port), '-responses', responses],
    { stdio: 'ignore' },
  )
  const address = `127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    if (
      await fetch(`http://${address}/`).then(
        () => true,
        () => false,
      )
    )
      break
    if (tries > 2_400) throw new Error('cfssl ocspserve does not answer') // it reads and checks every answer first
    await sleep(50)
  }
  return {
    address,
    version: execFileSync('cfssl', ['version'], { encoding: 'utf8' }).replace(/\s+/g, ' ').trim(),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
