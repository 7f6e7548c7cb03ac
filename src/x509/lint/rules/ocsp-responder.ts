import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/** A responder's certificate has OCSPSigning and nothing else, and may sign. */
export const ocspResponder: CertificateRule = {
  id: 'ocsp-responder',
  source: 'RFC 6960 §4.2.2.2',
  severity: 'forbid',
  check({ kind, extendedKeyUsage = [], keyUsage }) {
    if (kind !== 'ocspResponder') return undefined
    if (extendedKeyUsage.length !== 1 || extendedKeyUsage[0] !== oids.ocspSigning)
      return 'purposes other than OCSPSigning alone'
    return keyUsage?.includes('digitalSignature') ? undefined : 'no digitalSignature'
  },
}
