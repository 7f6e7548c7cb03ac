import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/** OCSPSigning makes a certificate answer for its issuer (RFC 6960 §4.2.2.2); anyExtendedKeyUsage contains it. */
export const leafExtendedKeyUsage: CertificateRule = {
  id: 'leaf-extended-key-usage',
  source: 'RFC 6960 §4.2.2.2, RFC 5280 §4.2.1.12',
  severity: 'forbid',
  check({ kind, extendedKeyUsage = [] }) {
    if (extendedKeyUsage.includes(oids.anyExtendedKeyUsage) && kind !== 'root' && kind !== 'subordinateCa') {
      return `anyExtendedKeyUsage in a ${kind} certificate`
    }
    return kind === 'leaf' && extendedKeyUsage.includes(oids.ocspSigning)
      ? 'OCSPSigning in a leaf certificate'
      : undefined
  },
}
