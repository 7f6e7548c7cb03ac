import type { CertificateRule } from '../rule.ts'

/** Verifiers fetch status over plain HTTP: with https they would need the status of another certificate first. */
export const statusUrlsPlainHttp: CertificateRule = {
  id: 'status-urls-plain-http',
  source: 'RFC 5280 §8, CABF BR §7.1.2.7.7',
  severity: 'note',
  check({ crlDistributionPoints: points, authorityInformationAccess: access }) {
    const other = [...(points ?? []), ...(access?.ocsp ?? []), ...(access?.caIssuers ?? [])].find(
      (url) => !/^http:/i.test(url),
    )
    return other && `${other.slice(0, 300)} is not plain http`
  },
}
