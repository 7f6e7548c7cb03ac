import type { CsrInfo } from '../csr.ts'
import type { CertificateFacts } from './certificate-facts.ts'
import type { CrlFacts } from './crl-facts.ts'
import type { CsrProfile } from './profile.ts'

/** `forbid`: the bytes are not signed. `note`: they are, and the finding is kept. */
export type Severity = 'forbid' | 'note'

export interface LintFinding {
  readonly rule: string
  /** Clause that the rule guards. */
  readonly source: string
  readonly severity: Severity
  readonly detail: string
}

/**
 * One clause. `check` says in words what is wrong, or gives undefined. An X509Error that it throws (a value that
 * cannot be read) counts as a finding of the rule.
 */
export interface Rule<Subject> {
  readonly id: string
  readonly source: string
  readonly severity: Severity
  readonly check: (subject: Subject) => string | undefined
}

export interface CsrFacts {
  readonly info: CsrInfo
  readonly profile: CsrProfile
}

export type CertificateRule = Rule<CertificateFacts>
export type CrlRule = Rule<CrlFacts>
export type CsrRule = Rule<CsrFacts>
