import type { CertificateRule } from '../rule.ts'

/**
 * "If the cA boolean is not asserted, then the certified public key MUST NOT be used to verify certificate
 * signatures."
 */
export const leafNotCa: CertificateRule = {
  id: 'leaf-not-ca',
  source: 'RFC 5280 §4.2.1.9',
  severity: 'forbid',
  check: ({ isCa, kind, basicConstraints }) =>
    !isCa && basicConstraints?.ca ? `cA TRUE in a ${kind} certificate` : undefined,
}
