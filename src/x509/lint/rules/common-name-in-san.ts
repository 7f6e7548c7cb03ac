import { dnsNameProblem } from '../../host-names.ts'
import { parseIp } from '../../ip.ts'
import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/** A common name that reads as a host is ignored by today's verifiers unless it is a subjectAltName too. */
export const commonNameInSan: CertificateRule = {
  id: 'common-name-in-san',
  source: 'CABF BR §7.1.4.3, RFC 9525 §2',
  severity: 'note',
  check({ kind, tbs, subjectAltName = [] }) {
    if (kind !== 'leaf') return undefined
    const known = new Set(subjectAltName.map((name) => ('value' in name ? name.value.toLowerCase() : '')))
    const missing = tbs.subject
      .all(oids.commonName)
      .find((name) => looksLikeHost(name) && !known.has(name.toLowerCase()))
    return missing && `${missing} is the common name but no subjectAltName`
  },
}

function looksLikeHost(name: string): boolean {
  return (name.includes('.') && !dnsNameProblem(name)) || parseIp(name) !== undefined
}
