import type { CrlRule } from '../rule.ts'

/** "If present, … MUST be the integer value 1 (indicating a version 2 CRL)"; required with extensions. */
export const crlVersion: CrlRule = {
  id: 'crl-version',
  source: 'RFC 5280 §5.1.2.1',
  severity: 'forbid',
  check: ({ version }) => (version === 2 ? undefined : `version ${version}, not 2`),
}
