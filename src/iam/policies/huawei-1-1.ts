import type { GrammarRules } from './grammar.ts'
import { huaweiActionComplaint, huaweiResourceComplaint, readPolicy } from './grammar.ts'
import type { ParseOptions, Policy } from './policy.ts'

/** Huawei fine-grained policy, Version "1.1" (Huawei IAM §2): neither Sid nor NotAction; actions always in an array. */
export const huawei11Rules: GrammarRules = {
  grammar: 'huawei-1.1',
  version: '1.1',
  sid: false,
  notAction: false,
  resourceRequired: false,
  loneStrings: false,
  actionComplaint: huaweiActionComplaint,
  resourceComplaint: huaweiResourceComplaint,
}

/** @throws PolicyError */
export function parseHuawei11Policy(source: string | object, options?: ParseOptions): Policy {
  return readPolicy(huawei11Rules, source, options)
}
