import type { CertificateRule } from '../rule.ts'

/**
 * "MUST be a positive integer … MUST NOT use serialNumber values longer than 20 octets"; at least 64 bits (CABF BR
 * §7.1).
 */
export const serialNumber: CertificateRule = {
  id: 'serial-number',
  source: 'RFC 5280 §4.1.2.2, CABF BR §7.1',
  severity: 'forbid',
  check({ tbs: { serialContents } }) {
    if (serialContents[0]! >= 0x80) return 'negative'
    if (serialContents.length > 20) return `${serialContents.length} octets; 20 are allowed`
    return serialContents.length < 8 ? 'shorter than 64 bits' : undefined
  },
}
