export * from './door.ts'
export * from './operations.ts'
export type { ProblemCode } from './problem-codes.ts'
