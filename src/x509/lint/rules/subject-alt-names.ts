import { generalNameProblem, generalNameText } from '../../general-names.ts'
import type { CertificateRule } from '../rule.ts'

/**
 * Each name in "preferred name syntax", as a Mailbox, as an absolute URI, or of 4 or 16 octets; no forms that nobody
 * validated.
 */
export const subjectAltNames: CertificateRule = {
  id: 'subject-alt-names',
  source: 'RFC 5280 §4.2.1.6',
  severity: 'forbid',
  check({ subjectAltName = [] }) {
    for (const name of subjectAltName) {
      const problem = generalNameProblem(name)
      if (problem) return `${generalNameText(name)} ${problem}`
    }
    return undefined
  },
}
