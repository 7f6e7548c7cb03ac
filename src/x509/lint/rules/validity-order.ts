import type { CertificateRule } from '../rule.ts'

/**
 * The validity is "the time interval … from notBefore through notAfter, inclusive": it has a first and a last instant.
 */
export const validityOrder: CertificateRule = {
  id: 'validity-order',
  source: 'RFC 5280 §4.1.2.5',
  severity: 'forbid',
  check: ({ tbs }) => (tbs.notBefore < tbs.notAfter ? undefined : 'notAfter is not after notBefore'),
}
