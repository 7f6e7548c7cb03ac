import { readDocument } from './document.ts'
import { limitsOf, readPolicyDocument } from './grammar.ts'
import { huawei11Rules } from './huawei-1-1.ts'
import { huawei50Rules } from './huawei-5-0.ts'
import type { ParseOptions, Policy } from './policy.ts'
import { PolicyError } from './policy.ts'
import { ramRules } from './ram.ts'

const grammars = [ramRules, huawei11Rules, huawei50Rules]

/**
 * Reads a policy of any grammar, told apart by its `Version`.
 * @param source JSON text, or the object it stands for
 * @throws PolicyError, and nothing else
 */
export function parsePolicy(source: string | object, options: ParseOptions = {}): Policy {
  const document = readDocument(source, limitsOf(options))
  const rules = grammars.find(({ version }) => version === document.Version)
  if (rules) return readPolicyDocument(rules, document, options)
  const versions = grammars.map(({ version }) => JSON.stringify(version)).join(', ')
  throw new PolicyError('/Version', `"Version" must be one of ${versions}.`)
}
