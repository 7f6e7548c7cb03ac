export { Linted, LintError, lintCertificate, lintCrl, lintCsrInfo, lintStreamedCrl } from './lint.ts'
export type { LintedCrl, LintedCsrInfo, LintedTbs } from './lint.ts'
export type { LintFinding, Severity } from './rule.ts'
export type { CertificateKind, CertificateProfile, CrlProfile, CsrProfile } from './profile.ts'
