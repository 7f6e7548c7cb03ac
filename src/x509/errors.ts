/** What can be wrong with bytes or a specification, apart from the encoding itself (see DerErrorCode). */
export type X509ErrorCode =
  | 'BadAlgorithm'
  | 'BadCertificate'
  | 'BadCrl'
  | 'BadCsr'
  | 'BadExtension'
  | 'BadKey'
  | 'BadName'
  | 'BadOcspRequest'
  | 'BadPem'
  | 'BadSerial'
  | 'CrlSourceChanged'
  | 'EncryptedKey'
  | 'LintForbids'
  | 'TokenSpent'
  | 'UnsupportedAlgorithm'
  | 'WeakKey'

/** The encoding rule of X.690 that was broken, or the limit that was exceeded. */
export type DerErrorCode =
  | 'BadBitString'
  | 'BadBoolean'
  | 'BadInteger'
  | 'BadNull'
  | 'BadOid'
  | 'BadSetOrder'
  | 'BadString'
  | 'BadTag'
  | 'BadTime'
  | 'IndefiniteLength'
  | 'LengthTooLarge'
  | 'NonMinimalLength'
  | 'TooDeep'
  | 'TooLarge'
  | 'TooManyNodes'
  | 'TrailingBytes'
  | 'Truncated'
  | 'UnexpectedTag'

/** The one class that everything in this folder throws. Messages name positions and rules, never key material. */
export class X509Error<Code extends string = string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string) {
    super(message)
    this.name = new.target.name
    this.code = code
  }
}

/** The bytes are not strict DER (X.690 §10, §11) or exceed a limit. */
export class DerError extends X509Error<DerErrorCode> {}

/** `throw fail(code, message)`: well-formed DER with a meaning that is not acceptable. */
export function fail(code: X509ErrorCode, message: string): X509Error<X509ErrorCode> {
  return new X509Error(code, message)
}
