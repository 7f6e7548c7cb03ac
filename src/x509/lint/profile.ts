import type { SignatureAlgorithmName } from '../algorithms.ts'
import type { Certificate } from '../certificate.ts'

/** What is being certified. Each kind permits what the others must not have. */
export type CertificateKind = 'root' | 'subordinateCa' | 'leaf' | 'ocspResponder'

export interface CertificateProfile {
  readonly kind: CertificateKind
  /** With which the signer will sign. */
  readonly signatureAlgorithm: SignatureAlgorithmName
  /**
   * The issuer's certificate, then its issuer's, as far as known up to the root. Empty for a root and for nothing
   * else.
   */
  readonly chain: readonly Certificate[]
}

export interface CrlProfile {
  readonly signatureAlgorithm: SignatureAlgorithmName
  /** The CA certificate whose key signs. */
  readonly issuer: Certificate
}

export interface CsrProfile {
  /** With which the signer will sign. */
  readonly signatureAlgorithm: SignatureAlgorithmName
}
