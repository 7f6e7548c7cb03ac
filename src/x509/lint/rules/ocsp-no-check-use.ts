import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "a responder's certificate … by including the extension id-pkix-ocsp-nocheck": elsewhere it would switch revocation
 * off.
 */
export const ocspNoCheckUse: CertificateRule = {
  id: 'ocsp-no-check-use',
  source: 'RFC 6960 §4.2.2.2.1',
  severity: 'forbid',
  check: ({ kind, tbs }) =>
    kind !== 'ocspResponder' && tbs.extension(oids.ocspNoCheck) ? `ocsp-nocheck in a ${kind} certificate` : undefined,
}
