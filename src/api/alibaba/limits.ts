/** Bounds on what a caller may send to the Alibaba door before anything is known about them. */
export const limits = {
  /** Keys and certificates travel in queries (contract alibaba-wire §1). */
  requestTargetBytes: 64 * 1024,
  bodyBytes: 1024 * 1024,
  parameters: 1000,
  parameterNameChars: 256,
  headers: 200,
  /** Length of an id, a nonce, an action; tokens may be longer. */
  commonValueChars: 256,
  tokenChars: 16 * 1024,
  nestingDepth: 8,
  /** Strings to sign are repeated in refusals up to this length: percent-encoding twice multiplies a body by nine. */
  echoedChars: 64 * 1024,
} as const
