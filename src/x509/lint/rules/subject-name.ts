import type { CertificateRule } from '../rule.ts'

/** "If the subject is a CA …, then the subject field MUST be populated with a non-empty distinguished name". */
export const subjectName: CertificateRule = {
  id: 'subject-name',
  source: 'RFC 5280 §4.1.2.6',
  severity: 'forbid',
  check: ({ tbs, kind }) => (kind !== 'leaf' && tbs.subject.isEmpty ? `empty in a ${kind} certificate` : undefined),
}
