import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

const never = [
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.authorityInformationAccess,
  oids.ocspNoCheck,
] as const

/** "Conforming CAs MUST mark this extension as non-critical." */
export const extensionCriticality: CertificateRule = {
  id: 'extension-criticality',
  source: 'RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1; RFC 6960 §4.2.2.2.1',
  severity: 'forbid',
  check({ tbs }) {
    const wrong = never.find((oid) => tbs.extension(oid)?.critical)
    return wrong && `${wrong} is critical`
  },
}
