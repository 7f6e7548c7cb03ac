import { equalBytes } from '../../bytes.ts'
import { sequence, time } from '../../der/writer.ts'
import type { CertificateRule } from '../rule.ts'

/** "MUST always encode certificate validity dates through the year 2049 as UTCTime; … 2050 or later MUST be encoded as GeneralizedTime" */
export const validityEncoding: CertificateRule = {
  id: 'validity-encoding',
  source: 'RFC 5280 §4.1.2.5',
  severity: 'forbid',
  check({ tbs }) {
    const expected = sequence(time(tbs.notBefore), time(tbs.notAfter))
    return equalBytes(expected.subarray(2), tbs.validityDer) ? undefined : 'UTCTime and GeneralizedTime are mixed up'
  },
}
