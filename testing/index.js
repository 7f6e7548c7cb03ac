// @ts-check
// certkeep/testing: the emulator for Node test runners (docs/testing.md). Read by the Node of whoever tests, 20 or newer.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryOf } from '../bin/launch.js'
import { chooseNode } from '../bin/node.js'

/**
 * @typedef {import('./types.d.ts').Account} Account
 * @typedef {import('./types.d.ts').Credentials} Credentials
 */

/** @type {typeof import('./types.d.ts').startCertkeep} */
export async function startCertkeep(options = {}) {
  const { seed, strict = false, port = 0, timeoutMs = 30_000 } = options
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'certkeep-testing-')))
  const args = ['serve', '--emulate', '--data', dataFolder, '--port', String(port), '--workers', '1']

  // A test runner that ends without stop(): the service goes with its input, and its folder with us.
  const removeFolder = () => rmSync(dataFolder, { recursive: true, force: true })
  if (options.dataFolder === undefined) process.once('exit', removeFolder)
  /** @type {Awaited<ReturnType<typeof started>> | undefined} */
  let service
  const stop = async () => {
    await service?.stop()
    if (options.dataFolder !== undefined) return
    process.removeListener('exit', removeFolder)
    await rm(dataFolder, { recursive: true, force: true })
  }
  try {
    service = await started([...args, '--until-input-ends', ...(strict ? ['--strict'] : [])], timeoutMs)
    const first = JSON.parse(await readFile(join(dataFolder, 'first-credentials.json'), 'utf8'))
    const certkeep = controlled(service.url, accountOf(first), stop)
    if (seed) certkeep.seeded = await certkeep.seed(seed)
    return certkeep
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * @param {string} url
 * @param {Account} credentials
 * @param {() => Promise<void>} stop
 * @returns {import('./types.d.ts').Certkeep}
 */
function controlled(url, credentials, stop) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>} JSON, as the emulator's door writes it
   */
  async function control(method, path, body) {
    const response = await fetch(`${url}/emulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = /** @type {any} */ (await response.json())
    if (!response.ok) throw new Error(`certkeep: ${path}: ${answer.error}`)
    return answer
  }
  /** @param {object} [change] */
  const clock = async (change) => new Date((await control(change ? 'POST' : 'GET', 'clock', change)).now_ms)
  let accounts = 0
  return {
    url,
    endpoint: url.slice('http://'.length),
    credentials,
    seeded: undefined,
    async createAccount(name = `test-${process.pid}-${++accounts}`) {
      return accountOf(await control('POST', 'accounts', { name }))
    },
    seed: (seed) => control('POST', 'seed', seed),
    now: () => clock(),
    advance: (by) => clock(typeof by === 'number' ? { advance_seconds: by / 1_000 } : { advance: by }),
    setTime: (to) => clock({ set: to instanceof Date ? to.getTime() : to }),
    freeze: () => clock({ frozen: true }),
    thaw: () => clock({ frozen: false }),
    async fault({ delayMs, retryAfterMs, ...fault }) {
      await control('POST', 'faults', { ...fault, delay_ms: delayMs, retry_after_ms: retryAfterMs })
    },
    async clearFaults() {
      await control('DELETE', 'faults')
    },
    async strict(on) {
      await control('POST', 'strict', { strict: on })
    },
    async reset() {
      await control('POST', 'reset')
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * @param {Credentials} credentials
 * @returns {Account}
 */
const accountOf = (credentials) => ({ ...credentials, projectId: credentials.domainId })

/**
 * Runs `certkeep` until it says that it is ready.
 * @param {string[]} args
 * @param {number} timeoutMs
 */
async function started(args, timeoutMs) {
  const { node, why } = chooseNode({ good: 'running' })
  if (!node) throw new Error(why)
  const { stdin, ...child } = childOf(spawn(node.path, [entryOf(), ...args], { stdio: ['pipe', 'pipe', 'pipe'] }))
  const timer = setTimeout(() => child.kill(), timeoutMs)
  try {
    const url = await child.ready
    child.letGo()
    return {
      url,
      async stop() {
        child.hold()
        stdin.end()
        await child.ended
      },
    }
  } finally {
    clearTimeout(timer)
  }
}

/** @param {import('node:child_process').ChildProcessWithoutNullStreams} child */
function childOf(child) {
  let said = ''
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints = (complaints + chunk).slice(-4_000)))
  /** @type {Promise<string>} */
  const ready = new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk
      const url = /Emulator +(http:\/\/\S+)\/emulator\//.exec(said)?.[1]
      if (url && said.includes('Stop with Ctrl-C.')) {
        child.stdout.removeAllListeners('data').resume()
        resolve(url)
      }
    })
    child.on('error', reject)
    child.on('close', () => reject(new Error(`certkeep did not start: ${complaints || said || 'it said nothing'}`)))
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.stdin.on('error', () => undefined) // it ended before us
  const handles = /** @type {{ ref(): void, unref(): void }[]} */ (
    /** @type {unknown} */ ([child, child.stdin, child.stdout, child.stderr])
  )
  return {
    ready,
    ended,
    stdin: child.stdin,
    kill: () => child.kill('SIGKILL'),
    /** A test runner waits for no emulator that was forgotten. */
    letGo: () => handles.forEach((handle) => handle.unref()),
    hold: () => handles.forEach((handle) => handle.ref()),
  }
}
