import type { CertificateRule } from '../rule.ts'

/** keyCertSign needs cA; cRLSign is for those who issue CRLs. */
export const leafKeyUsage: CertificateRule = {
  id: 'leaf-key-usage',
  source: 'RFC 5280 §4.2.1.3, §4.2.1.9',
  severity: 'forbid',
  check({ isCa, kind, keyUsage = [] }) {
    const wrong = isCa ? undefined : keyUsage.find((usage) => usage === 'keyCertSign' || usage === 'cRLSign')
    return wrong && `${wrong} in a ${kind} certificate`
  },
}
