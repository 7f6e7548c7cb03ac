import { signatureAlgorithms } from '../../algorithms.ts'
import type { CsrRule } from '../rule.ts'

/** The request is signed by the key inside, with an algorithm of that key. */
export const csrPublicKey: CsrRule = {
  id: 'csr-public-key',
  source: 'RFC 2986 §3, §4.2',
  severity: 'forbid',
  check({ info: { spki }, profile: { signatureAlgorithm } }) {
    if (!spki.algorithm) return `a key that is ${spki.kind.type} and no algorithm or size that is issued for`
    const { keyType } = signatureAlgorithms[signatureAlgorithm]
    return spki.keyType === keyType ? undefined : `${signatureAlgorithm} with a key that is ${spki.kind.type}`
  },
}
