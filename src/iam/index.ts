export { brakeMemory, GuessBrake } from './brake.ts'
export type { BuiltinPolicy } from './builtin.ts'
export { builtinPolicies, builtinPolicy, keyRevealingActions } from './builtin.ts'
export type { RequestContext, Tags } from './context.ts'
export type { AttachedPolicy, Evaluation, EvaluationRequest, PolicyType } from './evaluate.ts'
export { evaluate } from './evaluate.ts'
export type { RequestResource } from './match.ts'
export { caUrn, certificateUrn, ramResource } from './match.ts'
export { parseHuawei11Policy } from './policies/huawei-1-1.ts'
export { parseHuawei50Policy } from './policies/huawei-5-0.ts'
export { parsePolicy } from './policies/parse.ts'
export type { Condition, Effect, Grammar, ParseOptions, Policy, PolicyLimits, Statement } from './policies/policy.ts'
export { defaultPolicyLimits, PolicyError } from './policies/policy.ts'
export { parseRamPolicy } from './policies/ram.ts'
export { SharedNonces, nonceMemory, type NonceAnswer } from './nonces.ts'
export {
  Principals,
  RightsGeneration,
  rightsMemory,
  type KeyPrincipal,
  type OpenSecret,
  type Principal,
} from './principals.ts'
export { iamProblems } from './problems.ts'
export { rateLimitMemory, SharedRateLimiter } from './rate-limit.ts'
export type * from './store.ts'
export * from './create-account.ts'
export * from './issue-token.ts'
export * from './manage-policies.ts'
export * from './manage-users.ts'
