import { isEmptyName } from '../../names.ts'
import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "If the subject field contains an empty sequence, then the issuing CA MUST include a subjectAltName extension that
 * is marked as critical."
 */
export const emptySubjectSan: CertificateRule = {
  id: 'empty-subject-san',
  source: 'RFC 5280 §4.2.1.6',
  severity: 'forbid',
  check({ tbs }) {
    if (!isEmptyName(tbs.subjectDer)) return undefined
    return tbs.extension(oids.subjectAltName)?.critical ? undefined : 'empty subject without a critical subjectAltName'
  },
}
