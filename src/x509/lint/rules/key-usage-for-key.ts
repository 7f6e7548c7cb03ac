import type { KeyUsage } from '../../extensions/index.ts'
import type { CertificateRule } from '../rule.ts'

const impossible: Record<string, readonly KeyUsage[]> = {
  rsa: ['keyAgreement', 'encipherOnly', 'decipherOnly'],
  ec: ['keyEncipherment', 'dataEncipherment'],
  ed25519: ['keyEncipherment', 'dataEncipherment', 'keyAgreement', 'encipherOnly', 'decipherOnly'],
}

/** What the key can do at all. encipherOnly and decipherOnly mean something beside keyAgreement only. */
export const keyUsageForKey: CertificateRule = {
  id: 'key-usage-for-key',
  source: 'RFC 3279 §2.3.1, RFC 5480 §3, RFC 5280 §4.2.1.3',
  severity: 'forbid',
  check({ tbs: { spki }, keyUsage = [] }) {
    const wrong = keyUsage.find((usage) => impossible[spki.kind.type]?.includes(usage))
    if (wrong) return `${wrong} with a key that is ${spki.kind.type}`
    const restricts = keyUsage.includes('encipherOnly') || keyUsage.includes('decipherOnly')
    return restricts && !keyUsage.includes('keyAgreement')
      ? 'encipherOnly or decipherOnly without keyAgreement'
      : undefined
  },
}
