import { equalBytes } from '../../bytes.ts'
import { isEmptyName } from '../../names.ts'
import { caFacts } from '../certificate-facts.ts'
import type { CrlRule } from '../rule.ts'

/**
 * "The issuer field MUST contain a non-empty X.500 distinguished name": the CA's subject octet for octet; the CA may
 * sign CRLs.
 */
export const crlIssuer: CrlRule = {
  id: 'crl-issuer',
  source: 'RFC 5280 §5.1.2.3, §6.3.3 (f)',
  severity: 'forbid',
  check({ issuerDer, profile: { issuer } }) {
    if (isEmptyName(issuerDer)) return 'empty'
    if (!equalBytes(issuerDer, issuer.tbs.subjectDer)) return 'not the subject of the CA'
    const { keyUsage } = caFacts(issuer)
    return keyUsage && !keyUsage.includes('cRLSign') ? 'the CA must not sign CRLs' : undefined
  },
}
