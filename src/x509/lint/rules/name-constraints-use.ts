import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/** "MUST be used only in a CA certificate … Conforming CAs MUST mark this extension as critical". */
export const nameConstraintsUse: CertificateRule = {
  id: 'name-constraints-use',
  source: 'RFC 5280 §4.2.1.10',
  severity: 'forbid',
  check({ isCa, kind, tbs }) {
    const constraints = tbs.extension(oids.nameConstraints)
    if (!constraints) return undefined
    if (!isCa) return `in a ${kind} certificate`
    return constraints.critical ? undefined : 'not critical'
  },
}
