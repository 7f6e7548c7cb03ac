import { equalBytes } from '../../bytes.ts'
import { nameConstraintsViolation } from '../../name-constraints-check.ts'
import { caFacts } from '../certificate-facts.ts'
import type { CertificateRule } from '../rule.ts'

/** The names keep the constraints of every CA above. A self-issued CA certificate is exempt (§6.1.3 (b)). */
export const nameConstraintsKept: CertificateRule = {
  id: 'name-constraints-kept',
  source: 'RFC 5280 §4.2.1.10, §6.1.3 (b), (c)',
  severity: 'forbid',
  check({ tbs, isCa, profile, subjectAltName = [] }) {
    const constraints = profile.chain.flatMap((ca) => caFacts(ca).nameConstraints ?? [])
    if (constraints.length === 0 || (isCa && equalBytes(tbs.subjectDer, tbs.issuerDer))) return undefined
    return nameConstraintsViolation(constraints, { subject: tbs.subject, altNames: subjectAltName })
  },
}
