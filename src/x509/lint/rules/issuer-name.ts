import { equalBytes } from '../../bytes.ts'
import { isEmptyName } from '../../names.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "The issuer field MUST contain a non-empty distinguished name": the issuer's subject octet for octet, for a root its
 * own.
 */
export const issuerName: CertificateRule = {
  id: 'issuer-name',
  source: 'RFC 5280 §4.1.2.4, §6.1.3 (a) (4)',
  severity: 'forbid',
  check({ tbs, issuer, kind }) {
    if ((kind === 'root') !== (issuer === undefined)) return 'a root has no issuer above it, everything else has one'
    if (isEmptyName(tbs.issuerDer)) return 'empty'
    return equalBytes(tbs.issuerDer, (issuer?.tbs ?? tbs).subjectDer) ? undefined : 'not the subject of the issuer'
  },
}
