import { tags } from '../../der/tags.ts'
import { isUtcTime } from '../../der/time.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "MUST always encode certificate validity dates through the year 2049 as UTCTime; … 2050 or later MUST be encoded as
 * GeneralizedTime"
 */
export const validityEncoding: CertificateRule = {
  id: 'validity-encoding',
  source: 'RFC 5280 §4.1.2.5',
  severity: 'forbid',
  check({ tbs: { notBefore, notAfter, validityDer } }) {
    const first = validityDer[0] === tags.utcTime
    const last = validityDer[2 + validityDer[1]!] === tags.utcTime
    return first === isUtcTime(notBefore) && last === isUtcTime(notAfter)
      ? undefined
      : 'UTCTime and GeneralizedTime are mixed up'
  },
}
