import type { Runner, Clock } from '../kernel/index.ts'
import type { Principals } from '../iam/index.ts'
import type { OperationDeps } from './operations.ts'

/** One HTTP request as every door gets it: nothing decoded, nothing guessed. */
export interface DoorRequest {
  method: string
  /** As on the request line: path and query, not decoded. */
  rawUrl: string
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[]
  body: Uint8Array
  /** From the socket. */
  sourceIp: string
  secureTransport: boolean
}

export interface DoorAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array | readonly Uint8Array[]
}

/** A dialect over the operations: authenticate, read, name errors, write. Never throws: a failure is an answer too. */
export type Door = (request: DoorRequest) => Promise<DoorAnswer>

/** Takes what a door cannot answer for: logged with the request id, while the caller gets a bare 500. */
export type ReportFailure = (failure: unknown, requestId: string) => void

/** What every signed door needs. */
export interface DoorParts {
  runner: Pick<Runner<OperationDeps>, 'run'>
  principals: Principals
  nonces: Nonces
  wallClock: Clock
  report: ReportFailure
}

export interface Nonces {
  remember(accessKeyId: string, nonce: string, timestampMs: number): RememberedNonce | Promise<RememberedNonce>
}

export interface RememberedNonce {
  verdict: 'fresh' | 'used' | 'full'
  /** Under which a write makes the nonce durable (see Principals.callerOf); undefined where all processes know it already. */
  hash: Uint8Array | undefined
}
