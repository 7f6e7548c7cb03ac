import type { CertificateRule } from '../rule.ts'

/** "this extension MUST appear in all conforming CA certificates" */
export const subjectKeyIdentifier: CertificateRule = {
  id: 'subject-key-identifier',
  source: 'RFC 5280 §4.2.1.2',
  severity: 'forbid',
  check({ isCa, subjectKeyIdentifier: identifier }) {
    if (!identifier) return isCa ? 'absent in a CA certificate' : undefined
    return identifier.length >= 1 && identifier.length <= 64 ? undefined : 'not 1 to 64 octets'
  },
}
