import type { CertificateRule } from '../rule.ts'

/** Without the extension a leaf may be used for anything, OCSP answers excepted. */
export const extendedKeyUsageAbsent: CertificateRule = {
  id: 'extended-key-usage-absent',
  source: 'RFC 5280 §4.2.1.12',
  severity: 'note',
  check: ({ kind, extendedKeyUsage }) =>
    kind === 'leaf' && !extendedKeyUsage ? 'a leaf without extendedKeyUsage' : undefined,
}
