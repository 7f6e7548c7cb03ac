import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/** "Conforming CAs MUST include this extension in all CA certificates … and MUST mark the extension as critical". */
export const caBasicConstraints: CertificateRule = {
  id: 'ca-basic-constraints',
  source: 'RFC 5280 §4.2.1.9',
  severity: 'forbid',
  check(facts) {
    if (!facts.isCa) return undefined
    return facts.basicConstraints?.ca && facts.extension(oids.basicConstraints)?.critical
      ? undefined
      : 'a CA without critical basicConstraints with cA TRUE'
  },
}
