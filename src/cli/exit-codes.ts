import { AddressError, CredentialsError, NotReachable, ServiceError } from '../client/index.ts'
import { NotVerified, UsageError } from './errors.ts'

export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  notReachable: 3,
  notPermitted: 4,
  notFound: 5,
  conflict: 6,
  dryRun: 7,
  notVerified: 8,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What `certkeep help exit-codes` says; docs/cli.md says the same. */
export const exitCodeTexts: Readonly<Record<ExitCode, string>> = {
  0: 'Done.',
  1: 'The service refused or failed, for a reason that has no code of its own; or a person declined.',
  2: 'Wrong usage: an option, argument or local file cannot be used. Nothing was sent.',
  3: 'The service cannot be reached, or gave no answer. A write may have been done.',
  4: 'Not authenticated or not permitted.',
  5: 'There is no such object or operation.',
  6: 'The state of the object forbids it: in the wrong state, taken, in use, or changed meanwhile.',
  7: 'A dry run: it would have been done. Nothing was done.',
  8: 'The audit log, or an export of it, does not verify: what is wrong is on standard output.',
}

/** Problems of these names say that what is there stands in the way, whatever status the door gives them. */
const conflicts =
  /(?:StateForbids|Taken|Changed|ChangedMeanwhile|Revoked|NotRevocable|StillValid|Unusable|KeyIsOutside|KeyDestroyed|Attached|Exists|InUse|NotEmpty|Limit)$/

/** The exit code for what a command ended with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError || error instanceof AddressError) return exitCodes.usage
  if (error instanceof NotVerified) return exitCodes.notVerified
  if (error instanceof NotReachable) return exitCodes.notReachable
  if (error instanceof CredentialsError) return exitCodes.notPermitted
  if (!(error instanceof ServiceError)) return exitCodes.refused
  const { status, code } = error
  if (code === 'DryRunOperation') return exitCodes.dryRun
  if (status === 401 || status === 403 || code === 'InsecureTransport') return exitCodes.notPermitted
  // A 404 with a code of ours; anything else that answers 404 is no Certkeep.
  if (code.endsWith('NotFound')) return exitCodes.notFound
  if (status === 409 || conflicts.test(code)) return exitCodes.conflict
  return exitCodes.refused
}
