/** Which of the inputs cannot go into a key store, or why one that came cannot be read. */
export type KeystoreErrorCode =
  | 'BadCertificate'
  | 'BadKey'
  | 'BadName'
  /** Of no use as a password, missing, or not the one that opens it. */
  | 'BadPassword'
  | 'ChainTooLong'
  /** The bytes are not what they should be, or more than is read. */
  | 'Malformed'
  /** Opening it would take more rounds of key derivation than are granted. */
  | 'TooExpensive'
  /** Encrypted or protected in a way that is not read here; the message names it. */
  | 'Unsupported'

/** The one class that everything in this folder throws. Messages name rules, never a password and never key material. */
export class KeystoreError extends Error {
  readonly code: KeystoreErrorCode

  constructor(code: KeystoreErrorCode, message: string) {
    super(message)
    this.name = 'KeystoreError'
    this.code = code
  }
}
