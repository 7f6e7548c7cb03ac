import type { CertificateRule } from '../rule.ts'

/** Without cRLSign the CA's CRLs cannot be verified with this certificate. */
export const caCrlSign: CertificateRule = {
  id: 'ca-crl-sign',
  source: 'RFC 5280 §4.2.1.3, §6.3.3 (f)',
  severity: 'note',
  check: ({ isCa, keyUsage }) => (isCa && !keyUsage?.includes('cRLSign') ? 'a CA without cRLSign' : undefined),
}
