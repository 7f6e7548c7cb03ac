import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import type { Caller } from '../support/client.ts'
import type { Service } from '../support/service.ts'

const folder = fileURLToPath(new URL('alibaba-node/', import.meta.url))

export const nodeClients = {
  installed: existsSync(`${folder}node_modules/@alicloud/cas20200407/package.json`),
  command: 'npm ci --ignore-scripts, in test/sdk/alibaba-node',
}

/** What one of the client files prints of a call, see harness.mjs. */
export interface Outcome {
  ok: boolean
  status?: number
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body?: any
  code?: string
  statusCode?: number
  message?: string
  /** The error document, and what the client adds to it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  data?: any
  accessDeniedDetail?: Record<string, string>
  retryAfter?: number
}

/** One process with a vendor's client in it. */
export interface NodeClient extends AsyncDisposable {
  /** Calls do not wait for each other. */
  call(action: string, parameters?: object, caller?: Caller, headers?: Record<string, string>): Promise<Outcome>
  /** As `call`, again while calls come too fast, and gives the answer's body. @throws Error when the call is refused */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  done(action: string, parameters?: object): Promise<any>
}

const environmentOf = ({ url, credentials }: Pick<Service, 'url' | 'credentials'>) => ({
  ...process.env,
  CERTKEEP_TEST_ENDPOINT: url,
  CERTKEEP_TEST_ACCESS_KEY_ID: credentials.accessKeyId,
  CERTKEEP_TEST_ACCESS_KEY_SECRET: credentials.accessKeySecret,
})

/** @param client the name in its file's: `sdk3` for client-sdk3.mjs */
export function openNode(client: string, service: Service): NodeClient {
  const child = spawn(process.execPath, [`client-${client}.mjs`, '--lines'], {
    cwd: folder,
    env: environmentOf(service),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const waiting = new Map<number, { resolve: (outcome: Outcome) => void; reject: (error: Error) => void }>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, ...outcome } = JSON.parse(line) as Outcome & { id: number }
    waiting.get(id)?.resolve(outcome)
    waiting.delete(id)
  })
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const { reject } of waiting.values()) reject(new Error(`client-${client}.mjs ended: ${said}`))
      resolve()
    }),
  )
  let calls = 0
  const call: NodeClient['call'] = (action, parameters = {}, caller, headers) =>
    new Promise((resolve, reject) => {
      const id = ++calls
      waiting.set(id, { resolve, reject })
      const credentials = caller && { accessKeyId: caller.accessKeyId, accessKeySecret: caller.accessKeySecret }
      child.stdin.write(`${JSON.stringify({ id, action, parameters, credentials, headers })}\n`)
    })
  return {
    call,
    async done(action, parameters) {
      for (;;) {
        const outcome = await call(action, parameters)
        if (outcome.ok) return outcome.body
        if (outcome.code !== 'Throttling.User') throw new Error(`${action}: ${JSON.stringify(outcome)}`)
        await sleep(100)
      }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

/** What the vendor's sample prints for this certificate. */
export async function runSample(service: Service, certId: number): Promise<string> {
  const file = `${folder}sample-delete-user-certificate.mjs`
  const options = { cwd: folder, env: environmentOf(service) }
  return (await promisify(execFile)(process.execPath, [file, String(certId)], options)).stdout
}
