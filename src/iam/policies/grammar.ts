/** One reader of policy documents, driven by a table of what each grammar allows. */
import { compileCondition, wildcardsIn } from '../conditions.ts'
import { isEverything } from '../match.ts'
import type { JsonObject } from './document.ts'
import { arrayAt, objectAt, readDocument, stringAt, stringsAt } from './document.ts'
import type { Condition, Effect, Grammar, ParseOptions, Policy, PolicyLimits, Statement } from './policy.ts'
import { below, defaultPolicyLimits, PolicyError, quoted } from './policy.ts'

export interface GrammarRules {
  readonly grammar: Grammar
  readonly version: string
  readonly sid: boolean
  readonly notAction: boolean
  readonly resourceRequired: boolean
  /** May Action and Resource be a lone string? */
  readonly loneStrings: boolean
  /** Why the text is no action pattern, or undefined when it is one. */
  readonly actionComplaint: (pattern: string) => string | undefined
  readonly resourceComplaint: (pattern: string) => string | undefined
}

/** Elements that are well known elsewhere: their refusal says why. */
const explained: Readonly<Record<string, string>> = {
  NotResource: '"NotResource" is not an element of this grammar: name the resources that are meant.',
  Principal: '"Principal" belongs to resource and trust policies, not to policies of an identity.',
  NotPrincipal: '"NotPrincipal" belongs to resource and trust policies, not to policies of an identity.',
}

interface Reading {
  readonly rules: GrammarRules
  readonly limits: PolicyLimits
  readonly lenient: boolean
}

/**
 * Reads a policy of one grammar.
 * @throws PolicyError with the position of the first thing that is wrong.
 */
export function readPolicy(rules: GrammarRules, source: string | object, options: ParseOptions = {}): Policy {
  const limits = limitsOf(options)
  return policyOf(readDocument(source, limits), { rules, limits, lenient: options.lenient ?? false })
}

/** For readers that look at `Version` before they know the grammar. */
export function readPolicyDocument(rules: GrammarRules, document: JsonObject, options: ParseOptions): Policy {
  return policyOf(document, { rules, limits: limitsOf(options), lenient: options.lenient ?? false })
}

export function limitsOf({ limits }: ParseOptions): PolicyLimits {
  return { ...defaultPolicyLimits, ...limits }
}

function policyOf(document: JsonObject, reading: Reading): Policy {
  const { rules, limits } = reading
  const { Version: version, Statement: list, ...others } = document
  if (version !== rules.version)
    throw new PolicyError('/Version', `"Version" must be ${JSON.stringify(rules.version)} in this grammar.`)
  for (const name of Object.keys(others)) refuseElement('', name, reading)
  const entries = arrayAt('/Statement', list, '"Statement"', limits.statements)
  const statements = entries.map((entry, index) => statementOf(below('/Statement', index), entry, reading))
  return Object.freeze({ grammar: rules.grammar, statements: Object.freeze(statements) })
}

function statementOf(position: string, entry: unknown, reading: Reading): Statement {
  const { rules, limits } = reading
  const statement = objectAt(position, entry, 'A statement')
  const known = new Set(['Effect', 'Action', 'Resource', 'Condition'])
  if (rules.sid) known.add('Sid')
  if (rules.notAction) known.add('NotAction')
  const unknownElements = Object.keys(statement).filter((name) => !known.has(name))
  for (const name of unknownElements) refuseElement(position, name, reading)

  const sid = known.has('Sid') && statement.Sid !== undefined ? sidAt(below(position, 'Sid'), statement.Sid) : undefined
  const effect = effectAt(below(position, 'Effect'), statement.Effect)
  const actions = actionsOf(position, statement, reading)
  const resources = resourcesOf(position, statement.Resource, reading)
  const conditions = conditionsAt(below(position, 'Condition'), statement.Condition, limits)
  if (!reading.lenient) for (const condition of conditions) checkCondition(position, condition, reading)

  return Object.freeze({
    ...(sid === undefined ? {} : { sid }),
    effect,
    actions,
    ...(resources === undefined ? {} : { resources: Object.freeze(resources) }),
    conditions: Object.freeze(conditions),
    ...(unknownElements.length === 0 ? {} : { unknownElements: Object.freeze(unknownElements) }),
  })
}

function refuseElement(position: string, name: string, { lenient }: Reading): void {
  if (lenient) return
  const why = Object.hasOwn(explained, name) ? explained[name] : undefined
  throw new PolicyError(below(position, name), why ?? `The element ${quoted(name)} is not known.`)
}

function sidAt(position: string, value: unknown): string {
  const sid = stringAt(position, value, '"Sid"', 128)
  if (sid === '') throw new PolicyError(position, '"Sid" must not be empty.')
  return sid
}

function effectAt(position: string, value: unknown): Effect {
  if (value === 'Allow' || value === 'Deny') return value
  throw new PolicyError(position, '"Effect" must be "Allow" or "Deny".')
}

function actionsOf(position: string, statement: JsonObject, reading: Reading): Statement['actions'] {
  const { rules } = reading
  const both = rules.notAction && statement.NotAction !== undefined
  if ((statement.Action !== undefined) === both) {
    const wanted = rules.notAction ? 'exactly one of "Action" and "NotAction"' : '"Action"'
    throw new PolicyError(position, `A statement must have ${wanted}.`)
  }
  const name = both ? 'NotAction' : 'Action'
  const patterns = patternsAt(below(position, name), statement[name], `"${name}"`, reading, rules.actionComplaint)
  return Object.freeze({ listed: both ? 'except' : 'only', patterns: Object.freeze(patterns) })
}

function resourcesOf(position: string, value: unknown, reading: Reading): readonly string[] | undefined {
  if (value === undefined) {
    if (!reading.rules.resourceRequired) return undefined
    throw new PolicyError(position, 'A statement must have "Resource".')
  }
  return patternsAt(below(position, 'Resource'), value, '"Resource"', reading, reading.rules.resourceComplaint)
}

function patternsAt(
  position: string,
  value: unknown,
  what: string,
  { rules, limits }: Reading,
  complaint: (pattern: string) => string | undefined,
): readonly string[] {
  const patterns = stringsAt(position, value, what, {
    most: limits.patterns,
    longest: limits.patternLength,
    lone: rules.loneStrings,
  })
  for (const [index, pattern] of patterns.entries()) {
    const at = typeof value === 'string' ? position : below(position, index)
    if (wildcardsIn(pattern) > limits.wildcards)
      throw new PolicyError(at, `A pattern may have at most ${limits.wildcards} wildcards.`)
    const wrong = isEverything(pattern) ? undefined : complaint(pattern)
    if (wrong !== undefined) throw new PolicyError(at, wrong)
  }
  return patterns
}

function conditionsAt(position: string, value: unknown, limits: PolicyLimits): Condition[] {
  if (value === undefined) return []
  const conditions: Condition[] = []
  for (const [operator, keys] of Object.entries(objectAt(position, value, '"Condition"'))) {
    const operatorAt = below(position, operator)
    const pairs = Object.entries(objectAt(operatorAt, keys, 'A condition operator'))
    if (pairs.length === 0) throw new PolicyError(operatorAt, 'A condition operator must have at least one key.')
    for (const [key, written] of pairs) {
      const values = stringsAt(below(operatorAt, key), written, 'The values of a condition key', {
        most: limits.values,
        longest: limits.patternLength,
        lone: true,
      })
      conditions.push(Object.freeze({ operator, key, values: Object.freeze(values) }))
    }
  }
  if (conditions.length > limits.conditions)
    throw new PolicyError(position, `A statement may have at most ${limits.conditions} condition keys.`)
  return conditions
}

function checkCondition(position: string, condition: Condition, { rules, limits }: Reading): void {
  const flaw = compileCondition(rules.grammar, condition, limits.wildcards)
  if (typeof flaw === 'function') return
  const operatorAt = below(below(position, 'Condition'), condition.operator)
  if (flaw.part === 'operator') throw new PolicyError(operatorAt, flaw.sentence)
  const keyAt = below(operatorAt, condition.key)
  throw new PolicyError(flaw.part === 'key' ? keyAt : below(keyAt, flaw.part), flaw.sentence)
}

/** Huawei actions: `service:type:operation`, the type possibly empty, `*` in any part (Huawei IAM §2, §3). */
export function huaweiActionComplaint(pattern: string): string | undefined {
  const segments = pattern.split(':')
  if (!segments.every((segment) => /^[A-Za-z0-9*_.-]*$/.test(segment)))
    return 'An action may hold letters, digits, "_", ".", "-" and the wildcard "*".'
  const [service, , operation] = segments
  if (segments.length === 3 && service !== '' && operation !== '') return undefined
  // names of the other family have two segments; they are names of the same operations here
  const short = segments.length === 2 && service !== '' && (pattern.endsWith('*') || /^yundun-cert:./i.test(pattern))
  return short ? undefined : 'An action is written "service:type:operation".'
}

/** Huawei resources: `service:region:account:type:path`, `*` in any part, colons in the path (Huawei IAM §2, §3.1). */
export function huaweiResourceComplaint(pattern: string): string | undefined {
  if (pattern.includes('?')) return 'The only wildcard in a resource is "*".'
  const [service, , account, type, ...path] = pattern.split(':')
  if (service && account && type && path.length > 0 && path.join(':') !== '') return undefined
  return 'A resource is "*" or written "service:region:account:type:path".'
}
