import { problemsOf } from '../kernel/index.ts'
import { validityProblems } from './validity.ts'

export const issuanceProblems = {
  ...validityProblems,
  LintForbids: ({ findings }: { findings: string }) => `a certificate like this is not signed: ${findings}`,
  KeyRefused: ({ reason }: { reason: string }) => `the public key is not accepted: ${reason}`,
  RequestUnreadable: ({ what, reason }: { what: string; reason: string }) => `${what} cannot be read: ${reason}`,
  SerialTaken: () => 'the serial number has been used before; nothing was issued',
  SubjectInvalid: ({ reason }: { reason: string }) => `the subject is not valid: ${reason}`,
  KeyUnavailable: ({ reason }: { reason: string }) => `the signing key cannot be used: ${reason}`,
}

export const problem = problemsOf(issuanceProblems)
