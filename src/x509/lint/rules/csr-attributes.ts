import { oids } from '../../oids.ts'
import type { CsrRule } from '../rule.ts'

/** A challengePassword is a secret for the issuer and has no place in a document that is handed around. */
export const csrAttributes: CsrRule = {
  id: 'csr-attributes',
  source: 'RFC 2985 §5.4.1',
  severity: 'forbid',
  check: ({ info: { requested } }) =>
    requested.others.includes(oids.challengePassword) ? 'challengePassword is present' : undefined,
}
