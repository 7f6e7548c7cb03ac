/** The service answered and refused, or failed. `code` is the problem's, as the operation declares it. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  /** HTTP status of the answer. */
  readonly status: number
  readonly code: string
  /** Undefined when what answered is no Certkeep. */
  readonly requestId: string | undefined
  /** What a dry run found. */
  readonly result: unknown

  constructor(status: number, code: string, message: string, requestId: string | undefined, result?: unknown) {
    super(message)
    this.status = status
    this.code = code
    this.requestId = requestId
    this.result = result
  }
}

/** No answer came: nobody listens there, the connection broke, or it took too long. A write may have happened. */
export class NotReachable extends Error {
  override readonly name = 'NotReachable'
}

/** There are no credentials, or they cannot be used. The message names places, never contents. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

/** The address of the service cannot be used, or not for this call. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}
