import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Caller } from '../support/client.ts'
import type { Service } from '../support/service.ts'

const folder = fileURLToPath(new URL('huawei-python/', import.meta.url))
const python = `${folder}.venv/bin/python`

/** The folder's setup.sh leaves its list of requirements there when everything in it is installed. */
export const pythonClient = {
  installed: existsSync(`${folder}.venv/requirements.txt`),
  command: 'test/sdk/huawei-python/setup.sh',
}

/** What client.py prints of one call. */
export interface PythonAnswer {
  ok: boolean
  status: number | null
  requestId: string | null
  /** The JSON of the answer as received; null when there was none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body?: any
  /** What the client's own classes made of it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  model?: any
  code?: string | null
  message?: string
  /** Name of the client's exception. */
  class?: string
}

/** One process with the vendor's client in it, for any number of calls, one after the other. */
export interface PythonClient extends AsyncDisposable {
  /** `request` holds the fields of the client's request class, the body under `body`. */
  call(operation: string, request?: object, caller?: Caller, headers?: Record<string, string>): Promise<PythonAnswer>
  /** As `call`, and gives the answer's body. @throws Error when the call is refused */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  done(operation: string, request?: object): Promise<any>
}

const environmentOf = (service: Pick<Service, 'url' | 'credentials'>, caller: Caller = service.credentials) => ({
  ...process.env,
  CERTKEEP_TEST_ENDPOINT: service.url,
  CERTKEEP_TEST_ACCESS_KEY_ID: caller.accessKeyId,
  CERTKEEP_TEST_ACCESS_KEY_SECRET: caller.accessKeySecret,
})

/** @param domainId sends the credentials' account along as X-Domain-Id */
export function openPython(service: Pick<Service, 'url' | 'credentials'>, { domainId = false } = {}): PythonClient {
  const child = spawn(python, ['client.py', '--lines'], {
    cwd: folder,
    env: {
      ...environmentOf(service),
      ...(domainId ? { CERTKEEP_TEST_DOMAIN_ID: service.credentials.domainId } : {}),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`client.py ended: ${said}`))
      resolve()
    }),
  )
  const call: PythonClient['call'] = async (operation, request = {}, caller, headers) => {
    const line = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }))
    const credentials = caller && { accessKeyId: caller.accessKeyId, accessKeySecret: caller.accessKeySecret }
    child.stdin.write(`${JSON.stringify({ operation, request, credentials, headers })}\n`)
    return JSON.parse(await line) as PythonAnswer
  }
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

/** The vendor's documented sample as a program of its own. */
export function runSample(service: Service, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  return new Promise((resolve, reject) => {
    execFile(
      python,
      ['sample_delete_certificate_authority.py', ...args],
      { cwd: folder, env: environmentOf(service) },
      (error, stdout, stderr) => {
        const code = error ? error.code : 0
        if (typeof code === 'number' && stderr === '') resolve({ code, lines: stdout.trim().split('\n') })
        else reject(new Error(`the sample failed: ${stderr}`))
      },
    )
  })
}

export const subject = {
  common_name: 'SDK Root',
  country: 'CN',
  state: 'Sichuan',
  locality: 'Chengdu',
  organization: 'Example',
  organizational_unit: 'Tests',
}

/** Bodies as the vendor's documentation has them. */
export const aRoot = {
  type: 'ROOT',
  distinguished_name: subject,
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  validity: { type: 'YEAR', value: 20 },
}

export const aPendingCa = {
  type: 'SUBORDINATE',
  distinguished_name: { ...subject, common_name: 'SDK Pending' },
  key_algorithm: 'EC256',
}

export const aSubordinate = (issuerId: string, more: object = {}) => ({
  ...aPendingCa,
  distinguished_name: { ...subject, common_name: 'SDK Subordinate' },
  signature_algorithm: 'SHA256',
  validity: { type: 'YEAR', value: 10 },
  issuer_id: issuerId,
  ...more,
})

export const aLeaf = (issuerId: string, commonName = 'www.example.test') => ({
  issuer_id: issuerId,
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  distinguished_name: { common_name: commonName },
  validity: { type: 'DAY', value: 90 },
  extended_key_usage: { server_auth: true },
  subject_alternative_names: [{ type: 'DNS', value: commonName }],
})
