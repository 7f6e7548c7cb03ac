import { readCrlNumber } from '../../extensions/index.ts'
import { oids } from '../../oids.ts'
import type { CrlRule } from '../rule.ts'

/**
 * "CRL issuers conforming to this profile MUST include this extension in all CRLs and MUST mark this extension as
 * non-critical."
 */
export const crlNumber: CrlRule = {
  id: 'crl-number',
  source: 'RFC 5280 §5.2.3',
  severity: 'forbid',
  check({ extensions }) {
    const number = extensions.find(({ oid }) => oid === oids.crlNumber)
    if (!number) return 'absent'
    readCrlNumber(number.value)
    return number.critical ? 'critical' : undefined
  },
}
