import { signatureAlgorithms } from '../../algorithms.ts'
import { equalBytes } from '../../bytes.ts'
import type { CrlRule } from '../rule.ts'

/** "MUST contain the same algorithm identifier as the signatureAlgorithm field", and be one of the issuer's key. */
export const crlSignatureAlgorithm: CrlRule = {
  id: 'crl-signature-algorithm',
  source: 'RFC 5280 §5.1.2.2',
  severity: 'forbid',
  check({ signatureIdentifier, profile: { signatureAlgorithm, issuer } }) {
    const { identifier, keyType } = signatureAlgorithms[signatureAlgorithm]
    if (!equalBytes(signatureIdentifier, identifier)) return `not ${signatureAlgorithm} as the signer writes it`
    return issuer.tbs.spki.keyType === keyType ? undefined : `${signatureAlgorithm} with a key of another type`
  },
}
