import type { GrammarRules } from './grammar.ts'
import { readPolicy } from './grammar.ts'
import type { ParseOptions, Policy } from './policy.ts'

/**
 * RAM policy language, Version "1" (RAM §2).
 *   policy    = { "Version": "1", "Statement": [ statement, … ] }
 *   statement = { "Effect", "Action" | "NotAction", "Resource", "Condition"? }
 */
export const ramRules: GrammarRules = {
  grammar: 'ram-1',
  version: '1',
  sid: false,
  notAction: true,
  resourceRequired: true,
  loneStrings: true,

  /** `<ram-code>:<operation>` with `*` and `?` (§2.1). More segments are names of the other family for the same operations. */
  actionComplaint(pattern) {
    const segments = pattern.split(':')
    const wellFormed = segments.length >= 2 && segments.every((segment) => /^[A-Za-z0-9*?_.-]*$/.test(segment))
    if (wellFormed && segments[0] !== '' && segments.at(-1) !== '') return undefined
    return 'An action is written "<service>:<operation>", with the wildcards "*" and "?".'
  },

  /** `acs:<ram-code>:<region>:<account>:<relative-id>` (§2.2). */
  resourceComplaint(pattern) {
    const [scheme, service, , , ...relativeId] = pattern.split(':')
    if (scheme === 'acs' && service && relativeId.length > 0 && relativeId.join(':') !== '') return undefined
    return 'A resource is "*" or written "acs:<service>:<region>:<account>:<relative-id>".'
  },
}

/** @throws PolicyError */
export function parseRamPolicy(source: string | object, options?: ParseOptions): Policy {
  return readPolicy(ramRules, source, options)
}
