import { equalBytes } from '../../bytes.ts'
import { caFacts } from '../certificate-facts.ts'
import type { CertificateFacts } from '../certificate-facts.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * pathLenConstraint "gives the maximum number of non-self-issued intermediate certificates that may follow this
 * certificate"
 */
export const pathLength: CertificateRule = {
  id: 'path-length',
  source: 'RFC 5280 §4.2.1.9, §6.1.4 (l), (m)',
  severity: 'forbid',
  check(facts) {
    let following = isCountedCa(facts) ? 1 : 0
    for (const ca of facts.profile.chain) {
      const { basicConstraints, isSelfIssued } = caFacts(ca)
      const allowed = basicConstraints?.pathLength
      if (allowed !== undefined && following > allowed) return `${following} CAs below one that allows ${allowed}`
      if (!isSelfIssued) following++
    }
    return undefined
  },
}

function isCountedCa({ kind, tbs }: CertificateFacts): boolean {
  return kind === 'subordinateCa' && !equalBytes(tbs.subjectDer, tbs.issuerDer)
}
