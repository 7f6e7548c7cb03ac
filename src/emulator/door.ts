import { BadRequest } from './bad-request.ts'
import { durationOf } from './durations.ts'
import { callsLeft, type Fault, type SetFault } from './faults.ts'
import { readFault, type KnownOperations } from './read-fault.ts'
import { readSeed, type Seed } from './seed-input.ts'

/** What a person with a terminal may do to an emulated instance; nothing of it exists without `--emulate`. */
export interface EmulatorControls {
  clock(): Promise<{ now: number; frozen: boolean }>
  /** Moves, sets, freezes or thaws the domain clock; resolves when everything that fell due by it has been done. */
  setClock(change: ClockChange): Promise<{ now: number; frozen: boolean }>
  /** In the order in which they were set; those that are used up are gone. */
  faults(): Promise<readonly SetFault[]>
  addFault(fault: Fault): Promise<SetFault>
  clearFaults(): Promise<void>
  /** Whether doors refuse parameters that nobody reads. */
  strict(): boolean
  setStrict(strict: boolean): void
  /** Makes what a declaration says, or tells why not. */
  seed(seed: Seed): Promise<{ planted: unknown } | { refused: string }>
  /** The clock runs with the host's, no faults, strict as at the start; accounts and what they have stay. */
  reset(): Promise<void>
  /** A further account with an administrator, for tests of what two tenants see of each other. */
  createAccount(name: string): Promise<unknown>
}

export interface ClockChange {
  /** Milliseconds forward (or back). */
  advanceMs?: number | undefined
  /** An instant, ms since 1970. */
  setTo?: number | undefined
  frozen?: boolean | undefined
}

interface EmulatorRequest {
  method: string
  rawUrl: string
  rawHeaders: readonly string[]
  body: Uint8Array
}

interface EmulatorAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

const dayMs = 86_400_000
const farFuture = 253_402_300_799_000

/**
 * The control calls (docs/testing.md). No credentials: the listener is loopback only, and Host and Origin are
 * checked, so that no web page in a browser on this machine can move the clock.
 */
export function emulatorDoor(controls: EmulatorControls, known: KnownOperations) {
  const calls: Record<string, (body: Uint8Array) => Promise<EmulatorAnswer>> = {
    'GET /emulator/clock': async () => json(200, told(await controls.clock())),
    'POST /emulator/clock': async (body) => json(200, told(await controls.setClock(readChange(readObject(body))))),
    'GET /emulator/faults': async () => json(200, { faults: (await controls.faults()).map(shownFault) }),
    'POST /emulator/faults': async (body) =>
      json(201, shownFault(await controls.addFault(readFault(readObject(body), known)))),
    'DELETE /emulator/faults': async () => {
      await controls.clearFaults()
      return json(200, { faults: [] })
    },
    'GET /emulator/strict': async () => json(200, { strict: controls.strict() }),
    'POST /emulator/strict': async (body) => {
      const { strict } = readObject(body)
      if (typeof strict !== 'boolean') throw new BadRequest('strict: true or false is wanted')
      controls.setStrict(strict)
      return json(200, { strict })
    },
    'POST /emulator/seed': async (body) => {
      const done = await controls.seed(readSeed(readObject(body)))
      return 'refused' in done ? json(400, { error: done.refused }) : json(201, done.planted)
    },
    'POST /emulator/reset': async () => {
      await controls.reset()
      return json(200, told(await controls.clock()))
    },
    'POST /emulator/accounts': async (body) => {
      const { name } = readObject(body)
      if (typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name))
        throw new BadRequest('name: 1 to 32 of a-z, 0-9 and - are wanted')
      return json(201, await controls.createAccount(name))
    },
  }
  return async (request: EmulatorRequest): Promise<EmulatorAnswer> => {
    try {
      if (!fromHere(request)) return json(403, { error: 'Host or Origin is not loopback' })
      const call = `${request.method} ${request.rawUrl.split('?', 1)[0]}`
      const answer = Object.hasOwn(calls, call) ? calls[call] : undefined
      return answer ? await answer(request.body) : json(404, { error: 'there is nothing here' })
    } catch (error) {
      if (error instanceof BadRequest) return json(400, { error: error.message })
      return json(500, { error: error instanceof Error ? error.message : String(error) })
    }
  }
}

const shownFault = (fault: SetFault) => ({
  id: fault.id,
  door: fault.door,
  operation: fault.operation,
  left: callsLeft(fault),
  delay_ms: fault.delayMs,
  done: fault.done,
  answer: fault.instead,
})

const told = ({ now, frozen }: { now: number; frozen: boolean }) => ({
  now: new Date(now).toISOString(),
  now_ms: now,
  frozen,
})

const loopbackHost = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/

function fromHere({ rawHeaders }: EmulatorRequest): boolean {
  let host: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    const value = rawHeaders[at + 1]!
    if (name === 'host') host = value
    if (name === 'origin' && !loopbackHost.test(URL.parse(value)?.host ?? '')) return false
  }
  return host !== undefined && loopbackHost.test(host)
}

function readObject(body: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8') || '{}')
  } catch {
    throw new BadRequest('the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest('the body is not an object')
  return value as Record<string, unknown>
}

function readChange(body: Record<string, unknown>): ClockChange {
  const number = (name: string): number | undefined => {
    const value = body[name]
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadRequest(`${name}: a number is wanted`)
    return value
  }
  const days = number('advance_days')
  const seconds = number('advance_seconds')
  const advance = body['advance']
  const advanced = typeof advance === 'string' ? durationOf(advance) : undefined
  if (advance !== undefined && advanced === undefined)
    throw new BadRequest('advance: a duration such as 30d, 1d12h or -2h is wanted')
  const set = body['set']
  const setTo = set === undefined ? undefined : instantOf(set)
  if (setTo !== undefined && !(setTo >= 0 && setTo <= farFuture))
    throw new BadRequest('set: an ISO 8601 instant or ms since 1970 is wanted')
  const frozen = body['frozen']
  if (frozen !== undefined && typeof frozen !== 'boolean') throw new BadRequest('frozen: true or false is wanted')
  const advanceMs =
    days === undefined && seconds === undefined && advanced === undefined
      ? undefined
      : (days ?? 0) * dayMs + (seconds ?? 0) * 1_000 + (advanced ?? 0)
  if (advanceMs !== undefined && Math.abs(advanceMs) > 100_000 * dayMs) throw new BadRequest('that is too far')
  return { advanceMs, setTo, frozen }
}

/** NaN for what is neither a number nor the text of an instant. */
const instantOf = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN

const json = (status: number, value: unknown): EmulatorAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: `${JSON.stringify(value)}\n`,
})
