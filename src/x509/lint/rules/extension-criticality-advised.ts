import { isUnderStandardArc } from '../../extensions/custom.ts'
import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * keyUsage "SHOULD" be critical, cRLDistributionPoints "SHOULD" not; a critical custom extension makes others reject
 * the certificate.
 */
export const extensionCriticalityAdvised: CertificateRule = {
  id: 'extension-criticality-advised',
  source: 'RFC 5280 §4.2, §4.2.1.3, §4.2.1.13',
  severity: 'note',
  check({ tbs }) {
    if (tbs.extension(oids.keyUsage)?.critical === false) return 'keyUsage is not critical'
    if (tbs.extension(oids.crlDistributionPoints)?.critical) return 'cRLDistributionPoints is critical'
    const custom = tbs.extensions.find(({ oid, critical }) => critical && !isUnderStandardArc(oid))
    return custom && `${custom.oid} is critical and unknown to verifiers`
  },
}
