import type { CrlRule } from '../rule.ts'

/**
 * "Conforming CRL issuers MUST include the nextUpdate field in all CRLs", after thisUpdate, both in the form for their
 * year.
 */
export const crlTimes: CrlRule = {
  id: 'crl-times',
  source: 'RFC 5280 §5.1.2.4, §5.1.2.5',
  severity: 'forbid',
  check({ thisUpdate, nextUpdate, timesInRightForm }) {
    if (nextUpdate === undefined) return 'no nextUpdate'
    if (nextUpdate <= thisUpdate) return 'nextUpdate is not after thisUpdate'
    return timesInRightForm ? undefined : 'UTCTime and GeneralizedTime are mixed up'
  },
}
