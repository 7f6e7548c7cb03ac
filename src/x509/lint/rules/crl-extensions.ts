import { readIssuingDistributionPoint } from '../../extensions/index.ts'
import { oids } from '../../oids.ts'
import type { CrlRule } from '../rule.ts'

const known = new Set<string>([oids.crlNumber, oids.authorityKeyIdentifier, oids.issuingDistributionPoint])

/**
 * Each extension once and one that we write; issuingDistributionPoint "is a critical CRL extension" and never indirect
 * here.
 */
export const crlExtensions: CrlRule = {
  id: 'crl-extensions',
  source: 'RFC 5280 §5.2, §5.2.5',
  severity: 'forbid',
  check({ extensions }) {
    const seen = new Set<string>()
    for (const { oid, critical, value } of extensions) {
      if (seen.has(oid)) return `${oid} is there twice`
      seen.add(oid)
      if (!known.has(oid)) return `${oid} is not an extension that is written here`
      if (oid !== oids.issuingDistributionPoint) continue
      if (!critical) return 'issuingDistributionPoint is not critical'
      if (readIssuingDistributionPoint(value).indirect) return 'an indirect CRL'
    }
    return undefined
  },
}
