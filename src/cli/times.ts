import { day, hour, minute } from '../kernel/index.ts'
import { UsageError } from './errors.ts'

const month = 30.44 * day
const year = 365.25 * day
/** How long, up to which it is said in this unit. */
const steps: readonly (readonly [below: number, unit: number, name: string])[] = [
  [90 * minute, minute, 'min'],
  [48 * hour, hour, 'h'],
  [90 * day, day, 'd'],
  [24 * month, month, 'mo'],
  [Number.POSITIVE_INFINITY, year, 'y'],
]

/** `in 89 d`, `5 min ago`, `now`: how far an instant is from now (both ms since 1970). */
export function relative(at: number, now: number): string {
  const distance = Math.abs(at - now)
  if (distance < minute) return 'now'
  const [, unit, name] = steps.find(([below]) => distance < below)!
  const amount = `${Math.round(distance / unit)} ${name}`
  return at > now ? `in ${amount}` : `${amount} ago`
}

/** The UTC day and how far it is, for lists; `-` for no date. */
export const dateCell = (at: number | null | undefined, now: number): string =>
  at === null || at === undefined ? '-' : `${new Date(at).toISOString().slice(0, 10)} (${relative(at, now)})`

/** The UTC minute and how far it is; `-` for no date. */
export const timeCell = (at: number | null | undefined, now: number): string =>
  at === null || at === undefined
    ? '-'
    : `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z (${relative(at, now)})`

export interface Validity {
  unit: 'year' | 'month' | 'day' | 'hour'
  amount: number
}

const validityUnits: Readonly<Record<string, Validity['unit']>> = { y: 'year', mo: 'month', d: 'day', h: 'hour' }

/** `10y`, `6mo`, `90d`, `12h`. A month is 31 days. @throws UsageError */
export function readValidity(text: string): Validity {
  const [, amount, unit] = /^(\d{1,9})(y|mo|d|h)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined || Number(amount) === 0)
    throw new UsageError(`${JSON.stringify(text)} is not a validity: write 10y, 6mo, 90d or 12h`)
  return { unit: validityUnits[unit]!, amount: Number(amount) }
}

const secondsIn: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 }

/** `8d`, `1d12h`, `90m`, `-2h` in seconds. @throws UsageError */
export function readDuration(text: string): number {
  const [, sign, parts] = /^(-?)((?:\d{1,9}[wdhms])+)$/.exec(text) ?? []
  if (parts === undefined)
    throw new UsageError(`${JSON.stringify(text)} is not a duration: write 8d, 36h, 90m, 30s or 1d12h`)
  let seconds = 0
  for (const [, amount, unit] of parts.matchAll(/(\d+)([wdhms])/g)) seconds += Number(amount) * secondsIn[unit!]!
  return sign === '-' ? -seconds : seconds
}
