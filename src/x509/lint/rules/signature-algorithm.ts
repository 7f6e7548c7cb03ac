import { signatureAlgorithms } from '../../algorithms.ts'
import { equalBytes } from '../../bytes.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "This field MUST contain the same algorithm identifier as the signatureAlgorithm field": the one that the signer
 * will write.
 */
export const signatureAlgorithm: CertificateRule = {
  id: 'signature-algorithm',
  source: 'RFC 5280 §4.1.2.3, RFC 4055 §5, RFC 5758 §3.2',
  severity: 'forbid',
  check({ tbs, profile }) {
    const expected = signatureAlgorithms[profile.signatureAlgorithm].identifier
    return equalBytes(tbs.signatureIdentifier, expected)
      ? undefined
      : `not ${profile.signatureAlgorithm} as the signer writes it`
  },
}
