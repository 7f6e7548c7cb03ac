import type { auditProblems } from '../audit/index.ts'
import type { caProblems } from '../ca/index.ts'
import type { certificateProblems } from '../certificates/index.ts'
import type { guardProblems } from '../guards/index.ts'
import type { iamProblems } from '../iam/index.ts'
import type { issuanceProblems } from '../issuance/index.ts'
import type { kernelProblems } from '../kernel/index.ts'
import type { revocationProblems } from '../revocation/index.ts'

/** Every problem of the core. Each door's table of wire errors covers all of them, or does not compile. */
export type ProblemCode =
  | keyof typeof kernelProblems
  | keyof typeof auditProblems
  | keyof typeof iamProblems
  | keyof typeof issuanceProblems
  | keyof typeof caProblems
  | keyof typeof certificateProblems
  | keyof typeof revocationProblems
  | keyof typeof guardProblems
