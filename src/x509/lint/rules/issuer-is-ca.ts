import { caFacts } from '../certificate-facts.ts'
import type { CertificateRule } from '../rule.ts'

/** "verify that cA is set to TRUE … verify that the keyCertSign bit is set" */
export const issuerIsCa: CertificateRule = {
  id: 'issuer-is-ca',
  source: 'RFC 5280 §6.1.4 (k), (n)',
  severity: 'forbid',
  check({ issuer }) {
    if (!issuer) return undefined
    const { basicConstraints, keyUsage } = caFacts(issuer)
    if (!basicConstraints?.ca) return 'the issuer is no CA'
    return keyUsage && !keyUsage.includes('keyCertSign') ? 'the issuer must not sign certificates' : undefined
  },
}
