import { uriProblem } from '../../host-names.ts'
import type { CertificateRule } from '../rule.ts'

/** Locations of CRL, OCSP and issuer are absolute URIs. */
export const statusUrls: CertificateRule = {
  id: 'status-urls',
  source: 'RFC 5280 §4.2.1.13, §4.2.2.1',
  severity: 'forbid',
  check({ crlDistributionPoints: points, authorityInformationAccess: access }) {
    if (points?.length === 0) return 'cRLDistributionPoints without a URL'
    if (access && access.ocsp.length + access.caIssuers.length === 0) return 'authorityInfoAccess without a URL'
    for (const url of [...(points ?? []), ...(access?.ocsp ?? []), ...(access?.caIssuers ?? [])]) {
      const problem = uriProblem(url)
      if (problem) return `${url.slice(0, 300)} ${problem}`
    }
    return undefined
  },
}
