import { subjectEncodingProblem } from '../subject-encoding.ts'
import type { CertificateRule } from '../rule.ts'

/** DirectoryString as UTF8String or PrintableString, within the upper bounds of appendix A.1. */
export const subjectEncoding: CertificateRule = {
  id: 'subject-encoding',
  source: 'RFC 5280 §4.1.2.4, §4.1.2.6, appendix A.1',
  severity: 'forbid',
  check: ({ tbs }) => subjectEncodingProblem(tbs.subject),
}
