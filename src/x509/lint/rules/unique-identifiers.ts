import type { CertificateRule } from '../rule.ts'

/** "CAs conforming to this profile MUST NOT generate certificates with unique identifiers." */
export const uniqueIdentifiers: CertificateRule = {
  id: 'unique-identifiers',
  source: 'RFC 5280 §4.1.2.8',
  severity: 'forbid',
  check: ({ tbs }) => (tbs.hasUniqueIds ? 'present' : undefined),
}
