/** Something was refused and nothing was done; `code` names why, for the audit log. Dialects have refusals of their own. */
export abstract class Refusal extends Error {
  abstract readonly code: string
}

/**
 * The one error type of the core. A problem is a value: a code from a module's catalogue and the facts behind it.
 * Each door translates codes into its own dialect (api/<cloud>/errors.ts); nothing in the core knows a status or a wire code.
 */
export class Problem extends Refusal {
  override readonly name = 'Problem'
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    // A value, made with every write in case it does not hold: where it was made tells nothing, and a stack costs microseconds.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.details = details
  }
}

type Catalogue = Record<string, (details: never) => string>

type Details<Text> = Text extends (details: infer D) => string ? D : never

/** The arguments of a problem: the details may be left out where the catalogue's text needs none. */
type Arguments<C extends Catalogue, K extends keyof C> =
  Parameters<C[K]> extends [] ? [details?: Readonly<Record<string, unknown>>] : [details: Details<C[K]>]

/**
 * Turns a module's catalogue (code → text) into its constructor of problems. A code that is not in the catalogue, or
 * details that its text cannot be made of, do not compile.
 */
export function problemsOf<C extends Catalogue>(catalogue: C) {
  return <K extends keyof C & string>(code: K, ...[details]: Arguments<C, K>): Problem => {
    const text = catalogue[code] as (details: unknown) => string
    return new Problem(code, text(details), (details ?? {}) as Record<string, unknown>)
  }
}

/** What any operation may answer, whatever it does. The runner throws these itself; no operation lists them. */
export const kernelProblems = {
  AccessDenied: ({ action }: AccessDenial) => `the caller has no permission for ${action}`,
  Throttled: ({ retryAfterMs }: { retryAfterMs: number }) => `too many calls; the next may come in ${retryAfterMs} ms`,
  InputInvalid: ({ field, reason }: { field: string; reason: string }) => `${field}: ${reason}`,
  InsecureTransport: () => 'private keys are not given out over plain HTTP, except on the machine itself',
  Replayed: () => 'this signed request has been used before',
  Unavailable: ({ reason }: { reason: string }) => `the service cannot do this at the moment: ${reason}`,
  ChangedMeanwhile: () => 'the object was changed by somebody else at the same moment; nothing was done',
  DryRunOperation: ({ operation }: DryRunResult) =>
    `${operation} would have been done; this was a dry run, and nothing was done`,
  DryRunNotSupported: ({ operation }: { operation: string }) =>
    `${operation} changes nothing, so it has no dry run; nothing was done`,
}

/** What a dry run found: every check passed. Never a secret, and never the answer. */
export interface DryRunResult {
  operation: string
  objectType: string
  objectId: string
  /** What the audit entry of the act would say of it; empty where that shows only in doing it (a key, a signature). */
  facts: Readonly<Record<string, unknown>>
}

/** What a door may tell of a refusal: the action that is missing and how the decision came about, never what exists. */
export interface AccessDenial {
  action: string
  decision: 'explicitDeny' | 'implicitDeny'
  policyType?: string | undefined
}

export const problem = problemsOf(kernelProblems)
