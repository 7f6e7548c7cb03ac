import type { GrammarRules } from './grammar.ts'
import { huaweiActionComplaint, huaweiResourceComplaint, readPolicy } from './grammar.ts'
import type { ParseOptions, Policy } from './policy.ts'

/** Huawei identity policy, Version "5.0" (Huawei IAM §3): Sid, exactly one of Action and NotAction, URNs. */
export const huawei50Rules: GrammarRules = {
  grammar: 'huawei-5.0',
  version: '5.0',
  sid: true,
  notAction: true,
  resourceRequired: false,
  loneStrings: false,
  actionComplaint: huaweiActionComplaint,
  resourceComplaint: huaweiResourceComplaint,
}

/** @throws PolicyError */
export function parseHuawei50Policy(source: string | object, options?: ParseOptions): Policy {
  return readPolicy(huawei50Rules, source, options)
}
