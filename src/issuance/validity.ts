import { day, hour, minute, problemsOf } from '../kernel/index.ts'

export interface ValidityRequest {
  /** A year is 12 calendar months, a month 31 days flat. */
  unit: 'year' | 'month' | 'day' | 'hour'
  amount: number
  /** Milliseconds since 1970; absent means now. */
  startFrom?: number | undefined
}

export interface Validity {
  notBefore: number
  notAfter: number
}

export const validityProblems = {
  ValidityInvalid: ({ reason }: { reason: string }) => `the validity is not possible: ${reason}`,
}

const problem = problemsOf(validityProblems)

/** How far in the past a validity may begin. */
const slack = 5 * minute

/** Certificates know whole seconds. */
const wholeSeconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000

/**
 * The validity in ms, whole seconds. @param maxYears 30 for a root, 20 for everything else.
 * @throws Problem ValidityInvalid
 */
export function validityOf({ unit, amount, startFrom }: ValidityRequest, now: number, maxYears: number): Validity {
  if (startFrom !== undefined && startFrom <= now - slack)
    throw problem('ValidityInvalid', { reason: 'it begins more than 5 minutes ago' })
  const notBefore = wholeSeconds(startFrom ?? now)
  const notAfter = unit === 'year' ? yearsAfter(notBefore, amount) : notBefore + amount * flat[unit]
  if (notAfter > yearsAfter(notBefore, maxYears))
    throw problem('ValidityInvalid', { reason: `it is longer than ${maxYears} years` })
  return { notBefore, notAfter }
}

const flat = { month: 31 * day, day, hour } as const

/** 29 February becomes 1 March in a year that has none. */
function yearsAfter(ms: number, years: number): number {
  const date = new Date(ms)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}
