import { oids } from '../../oids.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * "Conforming CAs MUST include this extension in certificates that contain public keys that are used to validate
 * digital signatures on other public key certificates or CRLs"; critical by CABF BR §7.1.2.10.7.
 */
export const caKeyUsage: CertificateRule = {
  id: 'ca-key-usage',
  source: 'RFC 5280 §4.2.1.3, §4.2.1.9',
  severity: 'forbid',
  check(facts) {
    if (!facts.isCa) return undefined
    return facts.keyUsage?.includes('keyCertSign') && facts.extension(oids.keyUsage)?.critical
      ? undefined
      : 'a CA without critical keyUsage with keyCertSign'
  },
}
