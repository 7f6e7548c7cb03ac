import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../bin/certkeep.js', import.meta.url))

export interface Credentials {
  accountId: string
  accountName: string
  domainId: string
  userName: string
  password: string
  accessKeyId: string
  accessKeySecret: string
}

/** Kept from test to test: new data folders have nothing compiled yet. */
const compiled = join(tmpdir(), `certkeep-test-compiled-${process.getuid?.() ?? ''}`)

/** The real service as a user starts it: a process of its own, on a data folder and a port of its own. */
export interface Service extends AsyncDisposable {
  url: string
  /** Of the TLS listener; undefined without one. */
  tlsUrl: string | undefined
  /** Of the plain listener for verifiers; undefined without one. */
  pkiUrl: string | undefined
  /** Host and port, as SDKs want their endpoint. */
  endpoint: string
  dataFolder: string
  pid: number
  credentials: Credentials
  /** What it printed when it was ready. */
  banner: string
  /** Ends it as a user would, and resolves with its exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, and resolves when it is gone. */
  kill(): Promise<void>
  /** Resolves when the process has ended by itself. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** What it said on stderr. */
  log(): string
}

export interface ServiceOptions {
  emulate?: boolean
  dataFolder?: string
  port?: number
  workers?: number
  environment?: Record<string, string | undefined>
  /** Further words of the command line. */
  args?: readonly string[]
  /** Keeps the data folder when the service is disposed of: for a second start. */
  keep?: boolean
}

const ofThisProcess: string[] = []
process.once('exit', () => {
  for (const folder of ofThisProcess) rmSync(folder, { recursive: true, force: true })
})

/** A new folder, which goes with this process at the latest. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-test-'))
  ofThisProcess.push(folder)
  return folder
}

/** @throws Error with what the process said, when it ends before it is ready */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const { emulate = true, workers = 2, keep = false } = options
  const dataFolder = options.dataFolder ?? temporaryFolder()
  const child = spawn(
    process.execPath,
    [
      launcher,
      'serve',
      '--data',
      dataFolder,
      '--port',
      String(options.port ?? 0),
      '--workers',
      String(workers),
      ...(emulate ? ['--emulate'] : []),
      ...(options.args ?? []),
    ],
    {
      env: { NODE_COMPILE_CACHE: compiled, ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  const banner = await ready(child, () => log)
  const url = /http:\/\/[^/\s]+/.exec(banner)![0]
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return ended
  }
  return {
    url,
    tlsUrl: /https:\/\/[^/\s]+/.exec(banner)?.[0],
    pkiUrl: /for verifiers (http:\/\/[^/\s]+)/.exec(banner)?.[1],
    endpoint: url.slice('http://'.length),
    dataFolder,
    pid: child.pid!,
    banner,
    credentials: await readCredentials(join(dataFolder, 'first-credentials.json')),
    stop: async () => (await end('SIGTERM')).code,
    kill: async () => void (await end('SIGKILL')),
    ended,
    log: () => log,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      if (!keep) await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

export const readCredentials = async (path: string): Promise<Credentials> =>
  JSON.parse(await readFile(path, 'utf8')) as Credentials

function ready(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes('Stop with Ctrl-C.')) resolve(printed)
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code} before it was ready: ${log()}`)))
  })
}
