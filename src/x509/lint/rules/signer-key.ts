import { signatureAlgorithms } from '../../algorithms.ts'
import type { CertificateRule } from '../rule.ts'

/** The algorithm is one of the key that will sign: the issuer's, or for a root its own. */
export const signerKey: CertificateRule = {
  id: 'signer-key',
  source: 'RFC 5280 §4.1.1.2',
  severity: 'forbid',
  check({ tbs, issuer, profile }) {
    const { keyType } = signatureAlgorithms[profile.signatureAlgorithm]
    const key = (issuer?.tbs ?? tbs).spki
    return key.keyType === keyType ? undefined : `${profile.signatureAlgorithm} with a key that is ${key.kind.type}`
  },
}
