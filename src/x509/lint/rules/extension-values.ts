import { readNameConstraints } from '../../extensions/index.ts'
import { valueReader } from '../../extensions/extension.ts'
import { oids } from '../../oids.ts'
import type { CertificateFacts } from '../certificate-facts.ts'
import type { CertificateRule } from '../rule.ts'

/** Every extension that we know has a value of its type, and every other one is strict DER too. */
export const extensionValues: CertificateRule = {
  id: 'extension-values',
  source: 'RFC 5280 §4.2, X.690 §10',
  severity: 'forbid',
  check(facts) {
    for (const { oid, value } of facts.tbs.extensions) (readers.get(oid) ?? readOther)(facts, value)
    return undefined
  },
}

type Reader = (facts: CertificateFacts, value: Uint8Array) => unknown

const readers = new Map<string, Reader>([
  [oids.basicConstraints, (facts) => facts.basicConstraints],
  [oids.keyUsage, (facts) => facts.keyUsage],
  [oids.extendedKeyUsage, (facts) => facts.extendedKeyUsage],
  [oids.subjectAltName, (facts) => facts.subjectAltName],
  [oids.subjectKeyIdentifier, (facts) => facts.subjectKeyIdentifier],
  [oids.authorityKeyIdentifier, (facts) => facts.authorityKeyIdentifier],
  [oids.nameConstraints, (_, value) => readNameConstraints(value)],
  [oids.crlDistributionPoints, (facts) => facts.crlDistributionPoints],
  [oids.authorityInformationAccess, (facts) => facts.authorityInformationAccess],
])

const readOther: Reader = (_, value) => valueReader(value)
