import { equalBytes } from '../../bytes.ts'
import { readAuthorityKeyIdentifier } from '../../extensions/index.ts'
import { oids } from '../../oids.ts'
import { caFacts } from '../certificate-facts.ts'
import type { CrlRule } from '../rule.ts'

/** "Conforming CRL issuers MUST use the key identifier method, and MUST include this extension in all CRLs issued." */
export const crlAuthorityKeyIdentifier: CrlRule = {
  id: 'crl-authority-key-identifier',
  source: 'RFC 5280 §5.2.1',
  severity: 'forbid',
  check({ extensions, profile: { issuer } }) {
    const found = extensions.find(({ oid }) => oid === oids.authorityKeyIdentifier)
    if (!found) return 'absent'
    if (found.critical) return 'critical'
    const { keyIdentifier } = readAuthorityKeyIdentifier(found.value)
    const expected = caFacts(issuer).subjectKeyIdentifier
    return keyIdentifier && expected && equalBytes(keyIdentifier, expected)
      ? undefined
      : 'not the CA’s subject key identifier'
  },
}
