export { Linted, LintError, lintCertificate, lintCrl, lintCsrInfo } from './lint.ts'
export type { LintedCrl, LintedCsrInfo, LintedTbs } from './lint.ts'
export type { CertificateKind, CertificateProfile, CrlProfile, CsrProfile, LintFinding, Severity } from './rule.ts'
