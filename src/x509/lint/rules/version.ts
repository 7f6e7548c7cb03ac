import type { CertificateRule } from '../rule.ts'

/** "When extensions are used, as expected in this profile, version MUST be 3" */
export const version: CertificateRule = {
  id: 'version',
  source: 'RFC 5280 §4.1.2.1',
  severity: 'forbid',
  check: ({ tbs }) => (tbs.version === 3 ? undefined : `version ${tbs.version}, not 3`),
}
