import type { Runner, Clock } from '../kernel/index.ts'
import type { GuessBrake, Principals } from '../iam/index.ts'
import type { OperationDeps } from './operations.ts'

/** One HTTP request as every door gets it: nothing decoded, nothing guessed. */
export interface DoorRequest {
  method: string
  /** As on the request line: path and query, not decoded. */
  rawUrl: string
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[]
  body: Uint8Array
  /** From the socket, or what a trusted proxy says of it (client-address.ts). */
  sourceIp: string
  secureTransport: boolean
}

/** What a door found out about a call, for metrics and logs: names of ours only, nothing that a caller wrote. */
export interface CallFacts {
  door: string
  /** One of the names that the door knows; undefined when none of them was called. */
  operation?: string | undefined
  requestId?: string | undefined
  /** Undefined until somebody has been authenticated. */
  accountId?: string | undefined
  /** The code of the refusal, in the door's words. */
  refusal?: string | undefined
  /** Too fast, or too many wrong guesses: where the dialect's status does not say so. */
  throttled?: boolean | undefined
}

export interface DoorAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  /** Chunks that have to be waited for are asked for one by one, as the client takes them. */
  body: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>
  /** Stays here: never sent. */
  about?: CallFacts
  /** The connection ends without an answer (the emulator's faults). */
  hangUp?: boolean
}

/** How a door names its operations and words a refusal, for what stands before it (the emulator's faults). */
export interface Dialect {
  door: string
  /** All that it knows. */
  operations: ReadonlySet<string>
  /** What a request asks for, as far as it says; before anybody was authenticated. */
  operationOf(request: DoorRequest): string | undefined
  refuse(request: DoorRequest, refusal: Refused): DoorAnswer
}

/** A refusal as told from outside; `throttled` is the door's own answer to calls that are too fast. */
export type Refused = { status: number; code: string; message: string } | { throttled: { retryAfterMs: number } }

/** A dialect over the operations: authenticate, read, name errors, write. Never throws: a failure is an answer too. */
export type Door = (request: DoorRequest) => Promise<DoorAnswer>

/** Takes what a door cannot answer for: logged with the request id, while the caller gets a bare 500. */
export type ReportFailure = (failure: unknown, requestId: string) => void

/** What every signed door needs. */
export interface DoorParts {
  runner: Pick<Runner<OperationDeps>, 'run'>
  principals: Principals
  nonces: Nonces
  brake: Pick<GuessBrake, 'signatureRight' | 'signatureWrong'>
  wallClock: Clock
  report: ReportFailure
  /** Whether what nobody reads of a request is refused; absent but in the emulator. */
  strict?: (() => boolean) | undefined
}

export interface Nonces {
  remember(accessKeyId: string, nonce: string, timestampMs: number): RememberedNonce | Promise<RememberedNonce>
}

export interface RememberedNonce {
  verdict: 'fresh' | 'used' | 'full'
  /** Under which a write makes the nonce durable (see Principals.callerOf); undefined where all processes know it already. */
  hash: Uint8Array | undefined
}
