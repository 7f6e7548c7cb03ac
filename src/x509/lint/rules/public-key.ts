import type { CertificateRule } from '../rule.ts'

/**
 * One of the key algorithms that we issue for, in its own encoding. Weak keys are refused when a request is accepted
 * (`checkKey`).
 */
export const publicKey: CertificateRule = {
  id: 'public-key',
  source: 'RFC 5280 §4.1.2.7, RFC 3279 §2.3.1, RFC 5480 §2.1.1',
  severity: 'forbid',
  check({ tbs: { spki } }) {
    return spki.algorithm ? undefined : `a key that is ${spki.kind.type} and no algorithm or size that is issued for`
  },
}
