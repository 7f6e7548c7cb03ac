import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Caller } from '../support/client.ts'
import type { Service } from '../support/service.ts'

type Server = Pick<Service, 'url' | 'credentials'>

/** What a program around a vendor's client prints of one call. */
export interface LineAnswer {
  ok: boolean
  status?: number
  requestId?: string
  /** What the client made of the answer. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body?: any
  /** Name of the client's exception or error type. */
  class?: string
  code?: string
  message?: string
  /** The error document, as far as the client shows it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  data?: any
}

/** One process with a vendor's client in it, for any number of calls, one after the other. */
export interface LineClient extends AsyncDisposable {
  /** `request` by the names of the wire. */
  call(operation: string, request?: object, caller?: Caller): Promise<LineAnswer>
  /** As `call`, and gives the answer's body. @throws Error when the call is refused */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  done(operation: string, request?: object): Promise<any>
}

/** A program and its first arguments. */
export type Command = readonly [string, ...string[]]

/** A vendor's client in some language, in a folder of its own beside this file, whose setup.sh installs it. */
export interface Language {
  name: string
  client: { installed: boolean; command: string }
  /** Starts the program that makes calls. */
  open(service: Server, ...args: string[]): LineClient
  /** Runs the vendor's sample to its end, whose exit status is 1 for a refusal. */
  sample(service: Server, ...args: string[]): Promise<{ code: number; said: string }>
}

export function language(name: string, folderName: string, commands: { client: Command; sample: Command }): Language {
  const folder = fileURLToPath(new URL(`${folderName}/`, import.meta.url))
  return {
    name,
    client: { installed: isSetUp(folder), command: `test/sdk/${folderName}/setup.sh` },
    open: (service, ...args) => openLines([...commands.client, ...args], folder, service),
    sample: (service, ...args) => runToEnd([...commands.sample, ...args], folder, service),
  }
}

/** Whether setup.sh has nothing left to do: what it made last was made from the files that are there now. */
function isSetUp(folder: string): boolean {
  const requirements = `${folder}requirements.txt`
  if (!existsSync(requirements)) return spawnSync(`${folder}setup.sh`, ['--check']).status === 0
  const installed = `${folder}.venv/requirements.txt`
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(requirements, 'utf8')
}

const environmentOf = ({ url, credentials }: Server) => ({
  ...process.env,
  CERTKEEP_TEST_ENDPOINT: url,
  CERTKEEP_TEST_ACCESS_KEY_ID: credentials.accessKeyId,
  CERTKEEP_TEST_ACCESS_KEY_SECRET: credentials.accessKeySecret,
})

function openLines([program, ...args]: Command, folder: string, service: Server): LineClient {
  const child = spawn(program, args, { cwd: folder, env: environmentOf(service), stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.once('error', (error) => (said += error.message))
  const waiting: { resolve: (answer: LineAnswer) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line) as LineAnswer),
  )
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${program} ended: ${said}`))
      resolve()
    }),
  )
  const call: LineClient['call'] = (operation, request = {}, caller) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      const credentials = caller && { accessKeyId: caller.accessKeyId, accessKeySecret: caller.accessKeySecret }
      child.stdin.write(`${JSON.stringify({ operation, request, credentials })}\n`)
    })
  return {
    call,
    async done(operation, request) {
      const answer = await call(operation, request)
      if (!answer.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`)
      return answer.body
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

function runToEnd(
  [program, ...args]: Command,
  folder: string,
  service: Server,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder, env: environmentOf(service) }, (error, stdout, stderr) => {
      const code = error ? error.code : 0
      if (code === 0 || code === 1) resolve({ code, said: stdout })
      else reject(new Error(`the sample failed: ${stderr}`))
    })
  })
}
