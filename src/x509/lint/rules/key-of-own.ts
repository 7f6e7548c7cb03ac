import { equalBytes } from '../../bytes.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "If the cA boolean is not asserted, then the certified public key MUST NOT be used to verify certificate
 * signatures": that of a CA above is.
 */
export const keyOfOwn: CertificateRule = {
  id: 'key-of-own',
  source: 'RFC 5280 §4.2.1.9',
  severity: 'forbid',
  check({ tbs, isCa, profile }) {
    if (isCa) return undefined
    return profile.chain.some((ca) => equalBytes(ca.tbs.spkiDer, tbs.spkiDer))
      ? 'the key is that of a CA above'
      : undefined
  },
}
