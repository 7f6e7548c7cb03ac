import { problemsOf } from '../kernel/index.ts'

export const auditProblems = {
  AuditEntryNotFound: ({ index }: { index: number }) => `the audit log has no entry ${index} that is yours to see`,
  AuditSizeUnknown: ({ size, now }: { size: number; now: number }) =>
    `the audit log has ${now} entries and not ${size} yet`,
}

export const problem = problemsOf(auditProblems)
