import { BadRequest } from './bad-request.ts'
import type { Fault, FaultyAnswer } from './faults.ts'

/** Doors and their operations, by the names that faults may use. */
export type KnownOperations = Readonly<Record<string, ReadonlySet<string>>>

const names = [
  'door',
  'operation',
  'times',
  'skip',
  'delay_ms',
  'done',
  'status',
  'code',
  'message',
  'throttle',
  'retry_after_ms',
  'drop',
]
const maxCalls = 1_000_000
const maxDelayMs = 600_000

/**
 * A fault as its order describes it. What could never happen (an operation that no door knows, a name misspelt) is
 * refused: a test that waits for it would pass for the wrong reason. @throws BadRequest
 */
export function readFault(order: Readonly<Record<string, unknown>>, known: KnownOperations): Fault {
  const strange = Object.keys(order).find((name) => !names.includes(name))
  if (strange !== undefined) throw new BadRequest(`a fault has ${names.join(', ')}, and nothing else`)
  const door = text(order, 'door')
  if (door !== undefined && !Object.hasOwn(known, door))
    throw new BadRequest(`door: one of ${Object.keys(known).join(', ')} is wanted`)
  const operation = text(order, 'operation')
  const doors = door === undefined ? Object.values(known) : [known[door]!]
  if (operation !== undefined && doors.every((operations) => !operations.has(operation)))
    throw new BadRequest('operation: no such door knows an operation of this name')
  const instead = readAnswer(order)
  const delayMs = whole(order, 'delay_ms', 0, maxDelayMs) ?? 0
  if (!instead && delayMs === 0) throw new BadRequest('status and code, throttle, drop or delay_ms: one is wanted')
  return {
    door,
    operation,
    skip: whole(order, 'skip', 0, maxCalls) ?? 0,
    times: whole(order, 'times', 1, maxCalls) ?? 1,
    delayMs,
    done: flag(order, 'done'),
    instead,
  }
}

function readAnswer(order: Readonly<Record<string, unknown>>): FaultyAnswer | undefined {
  const status = whole(order, 'status', 400, 599)
  const throttle = flag(order, 'throttle')
  const drop = flag(order, 'drop')
  if ([status !== undefined, throttle, drop].filter(Boolean).length > 1)
    throw new BadRequest('status, throttle, drop: one at most is wanted')
  if (throttle) return { kind: 'throttle', retryAfterMs: whole(order, 'retry_after_ms', 0, maxDelayMs) ?? 1_000 }
  if (drop) return { kind: 'drop' }
  if (status === undefined) return undefined
  const code = text(order, 'code')
  if (code === undefined) throw new BadRequest('code: the error code of the cloud is wanted with a status')
  return { kind: 'refusal', status, code, message: text(order, 'message') ?? 'The emulator was told to answer so.' }
}

function text(order: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = order[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > 1_000)
    throw new BadRequest(`${name}: a text is wanted`)
  return value
}

function whole(order: Readonly<Record<string, unknown>>, name: string, min: number, max: number): number | undefined {
  const value = order[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new BadRequest(`${name}: a whole number from ${min} to ${max} is wanted`)
  return value
}

function flag(order: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = order[name] ?? false
  if (typeof value !== 'boolean') throw new BadRequest(`${name}: true or false is wanted`)
  return value
}
