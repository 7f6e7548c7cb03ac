import pg from 'pg'
import { Problem, problem } from '../kernel/index.ts'

/** The connection ended after COMMIT was sent and before the answer came: the act happened, or it did not. */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown'
}

const sqlState = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError && typeof error.code === 'string' ? error.code : undefined

/** The server answered, and the session lives on: what it refused did not happen. */
export const isRefusal = (error: unknown): boolean => error instanceof pg.DatabaseError && error.severity === 'ERROR'

/** serialization_failure, deadlock_detected: the whole transaction may be tried again as it was. */
export const mayRepeat = (error: unknown): boolean => ['40001', '40P01'].includes(sqlState(error) ?? '')

/** There is no session any more, or there never was one. */
export const isConnectionLost = (error: unknown): boolean =>
  !isRefusal(error) && (sqlState(error) !== undefined || isSocketError(error))

/** pg has no class of its own for these. */
const isSocketError = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && typeof error.code === 'string') || /connection|timeout|client/i.test(error.message))

/** Whether it is the database, or the way to it, that failed: told apart from a bug of ours. */
export const isDatabaseFailure = (error: unknown): error is Error =>
  sqlState(error) !== undefined || isConnectionLost(error) || (error instanceof Problem && error.code === 'Unavailable')

/**
 * What the server could do later, if not now: resources (class 53), stops and starts (57P0x), time-outs, a standby that
 * has not taken over yet, an I/O error.
 */
const passing = /^(?:53...|57P0[1-5]|57014|55P03|25006|25P03|58030|08...)$/

/** A text with U+0000 in it: the one thing that this engine cannot hold and the other can. */
const unwritableText = '22021'

/** What the caller hears of a failed statement: something to be tried again, or a bug, which becomes a bare 500. */
export function storageError(error: unknown): Error {
  const state = sqlState(error)
  if (state === unwritableText)
    return problem('InputInvalid', { field: 'input', reason: 'must not contain the character U+0000' })
  if (state !== undefined && passing.test(state))
    return problem('Unavailable', { reason: `the database cannot do this now (${state})` })
  if (isConnectionLost(error)) return problem('Unavailable', { reason: 'the database cannot be reached' })
  return new Error(`storage: ${error instanceof Error ? error.message : String(error)}`)
}
