/** Which of the inputs cannot go into a key store. */
export type KeystoreErrorCode = 'BadCertificate' | 'BadKey' | 'BadName' | 'BadPassword' | 'ChainTooLong'

/** The one class that everything in this folder throws. Messages name rules, never a password and never key material. */
export class KeystoreError extends Error {
  readonly code: KeystoreErrorCode

  constructor(code: KeystoreErrorCode, message: string) {
    super(message)
    this.name = 'KeystoreError'
    this.code = code
  }
}
