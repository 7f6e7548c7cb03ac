import { subjectEncodingProblem } from '../subject-encoding.ts'
import type { CsrRule } from '../rule.ts'

/** The subject of a request of ours is that of a CA: not empty, strings as a certificate wants them. */
export const csrSubject: CsrRule = {
  id: 'csr-subject',
  source: 'RFC 5280 §4.1.2.6',
  severity: 'forbid',
  check: ({ info: { subject } }) => (subject.isEmpty ? 'empty' : subjectEncodingProblem(subject)),
}
