import type { CrlRule } from '../rule.ts'

/**
 * "When there are no revoked certificates, the revoked certificates list MUST be absent"; each entry positive, timed,
 * with a reason or nothing.
 */
export const crlEntries: CrlRule = {
  id: 'crl-entries',
  source: 'RFC 5280 §5.1.2.6, §5.3.1',
  severity: 'forbid',
  check({ hasRevokedCertificates, entryCount, entryProblem }) {
    return hasRevokedCertificates && entryCount === 0 ? 'an empty list of revoked certificates' : entryProblem
  },
}
