import { isUnderStandardArc } from '../../extensions/custom.ts'
import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * Extensions of the standards that our builders write; the rest under their arcs means something that nobody here has
 * judged.
 */
const judged = new Set<string>([
  oids.subjectKeyIdentifier,
  oids.keyUsage,
  oids.subjectAltName,
  oids.basicConstraints,
  oids.nameConstraints,
  oids.crlDistributionPoints,
  oids.authorityKeyIdentifier,
  oids.extendedKeyUsage,
  oids.authorityInformationAccess,
  oids.ocspNoCheck,
])

/** A custom extension must not lie under an arc that verifiers give a meaning to. */
export const extensionsKnown: CertificateRule = {
  id: 'extensions-known',
  source: 'RFC 5280 §4.2',
  severity: 'forbid',
  check({ tbs: { extensions } }) {
    const unknown = extensions.find(({ oid }) => !judged.has(oid) && isUnderStandardArc(oid))
    return unknown && `${unknown.oid} lies under an arc of the standards`
  },
}
