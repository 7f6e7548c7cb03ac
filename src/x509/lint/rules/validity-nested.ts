import type { CertificateRule } from '../rule.ts'

/**
 * A certificate that outlives its issuer's cannot be verified to its end: the path is valid only while all of it is.
 */
export const validityNested: CertificateRule = {
  id: 'validity-nested',
  source: 'RFC 5280 §6.1.3 (a) (2)',
  severity: 'forbid',
  check({ tbs, issuer }) {
    if (!issuer) return undefined
    if (tbs.notBefore < issuer.tbs.notBefore) return 'begins before its issuer'
    return tbs.notAfter > issuer.tbs.notAfter ? 'ends after its issuer' : undefined
  },
}
