import type { CertificateRule } from '../rule.ts'

/** "A certificate MUST NOT include more than one instance of a particular extension." */
export const extensionsUnique: CertificateRule = {
  id: 'extensions-unique',
  source: 'RFC 5280 §4.2',
  severity: 'forbid',
  check({ tbs: { extensions } }) {
    const repeated = extensions.find((one, i) => extensions.findIndex(({ oid }) => oid === one.oid) !== i)
    return repeated && `${repeated.oid} is there twice`
  },
}
