/**
 * Condition operators, once for all grammars.
 *
 * Values of one key are alternatives; keys and operators must all hold. A negated operator holds when none of the values
 * matches. A key that the request does not have: positive operators do not hold, negated ones do, `IfExists` always does,
 * `Null` says so (RAM §2.3, Huawei IAM §2 and §3.3). Sets: `ForAllValues:` every value of the request, `ForAnyValue:` at least
 * one, and never for an empty set.
 */
import { addressText, inBlock, parseAddress, parseBlock } from '../kernel/index.ts'
import type { Attribute, ConditionKey, KeyType, RequestContext } from './context.ts'
import { conditionKey } from './context.ts'
import { wildcardMatch } from './match.ts'
import type { Condition, Grammar } from './policies/policy.ts'
import { quoted } from './policies/policy.ts'

/**
 * Does the condition hold? Undefined when it cannot be decided: unknown operator or key, or a request value that is not what
 * the operator compares. The statement then counts as not met for Allow and as met for Deny.
 */
export type CompiledCondition = (context: RequestContext) => boolean | undefined

/** What is wrong with a condition, and with which part of it. */
export interface ConditionFlaw {
  readonly part: 'operator' | 'key' | number
  readonly sentence: string
}

/** How one kind of operator reads and compares. `P`: policy value as prepared once; `R`: request value as read. */
interface Comparison<P, R> {
  readonly type: KeyType
  readonly expects: string
  readonly wildcards?: true
  readonly fromPolicy: (text: string) => P | undefined
  readonly fromRequest: (value: Attribute, type: KeyType) => R | undefined
  readonly holds: (request: R, policy: P) => boolean
}

/** A comparison whose types stay inside: from policy values to "does one of them match this request value?". */
interface Operator {
  readonly type: KeyType
  readonly negated: boolean
  readonly wildcards: boolean
  readonly expects: string
  /** The index of a value that cannot be read, or the test. */
  prepare(
    values: readonly string[],
    type: KeyType,
  ): { unreadable: number } | { matches: (value: Attribute) => boolean | undefined }
}

function operator<P, R>(comparison: Comparison<P, R>, negated = false): Operator {
  return {
    type: comparison.type,
    negated,
    wildcards: comparison.wildcards ?? false,
    expects: comparison.expects,
    prepare(values, type) {
      const wanted: P[] = []
      for (const [index, text] of values.entries()) {
        const value = comparison.fromPolicy(text)
        if (value === undefined) return { unreadable: index }
        wanted.push(value)
      }
      return {
        matches(attribute) {
          const given = comparison.fromRequest(attribute, type)
          if (given === undefined) return undefined
          for (const value of wanted) if (comparison.holds(given, value)) return true
          return false
        },
      }
    },
  }
}

const text = (holds: (request: string, policy: string) => boolean): Comparison<string, string> => ({
  type: 'string',
  expects: 'text',
  fromPolicy: (value) => value,
  fromRequest: asText,
  holds,
})
const textWithoutCase: Comparison<string, string> = {
  ...text((request, policy) => request === policy),
  fromPolicy: (value) => value.toLowerCase(),
  fromRequest: (value, type) => asText(value, type).toLowerCase(),
}
const textLike: Comparison<string, string> = {
  ...text((request, policy) => wildcardMatch(policy, request, true)),
  wildcards: true,
}
const number = (holds: (request: number, policy: number) => boolean): Comparison<number, number> => ({
  type: 'number',
  expects: 'a decimal number such as "300"',
  fromPolicy: parseNumber,
  fromRequest: (value) => (typeof value === 'number' ? value : parseNumber(String(value))),
  holds,
})
const date = (holds: (request: number, policy: number) => boolean): Comparison<number, number> => ({
  type: 'date',
  expects: 'a time such as "2026-01-31T23:59:59Z"',
  fromPolicy: parseSeconds,
  fromRequest: (value) => (typeof value === 'number' ? Math.floor(value / 1000) : parseSeconds(String(value))),
  holds,
})
const boolean: Comparison<boolean, boolean> = {
  type: 'boolean',
  expects: '"true" or "false"',
  fromPolicy: parseBoolean,
  fromRequest: (value) => (typeof value === 'boolean' ? value : parseBoolean(String(value))),
  holds: (request, policy) => request === policy,
}
const address = {
  type: 'address',
  expects: 'an address or block such as "192.0.2.0/24"',
  fromPolicy: parseBlock,
  fromRequest: (value: Attribute) => parseAddress(String(value)),
  holds: inBlock,
} as const

const equal = <T>(request: T, policy: T): boolean => request === policy
const less = (request: number, policy: number): boolean => request < policy
const lessOrEqual = (request: number, policy: number): boolean => request <= policy
const greater = (request: number, policy: number): boolean => request > policy
const greaterOrEqual = (request: number, policy: number): boolean => request >= policy

const equalities = {
  StringEquals: operator(text(equal)),
  StringNotEquals: operator(text(equal), true),
  StringEqualsIgnoreCase: operator(textWithoutCase),
  StringNotEqualsIgnoreCase: operator(textWithoutCase, true),
}
const dateOrders = {
  DateLessThan: operator(date(less)),
  DateLessThanEquals: operator(date(lessOrEqual)),
  DateGreaterThan: operator(date(greater)),
  DateGreaterThanEquals: operator(date(greaterOrEqual)),
}
const addresses = {
  IpAddress: operator(address),
  NotIpAddress: operator(address, true),
}

/** RAM §2.3. Its sources know neither suffix nor prefix. */
const ramOperators: Record<string, Operator> = {
  ...equalities,
  StringLike: operator(textLike),
  StringNotLike: operator(textLike, true),
  NumericEquals: operator(number(equal)),
  NumericNotEquals: operator(number(equal), true),
  NumericLessThan: operator(number(less)),
  NumericLessThanEquals: operator(number(lessOrEqual)),
  NumericGreaterThan: operator(number(greater)),
  NumericGreaterThanEquals: operator(number(greaterOrEqual)),
  DateEquals: operator(date(equal)),
  DateNotEquals: operator(date(equal), true),
  ...dateOrders,
  Bool: operator(boolean),
  ...addresses,
}

/** Huawei IAM §2. */
const huaweiOperators: Record<string, Operator> = {
  ...equalities,
  StringMatch: operator(textLike),
  StringNotMatch: operator(textLike, true),
  StringStartWith: operator(text((request, policy) => request.startsWith(policy))),
  StringNotStartWith: operator(
    text((request, policy) => request.startsWith(policy)),
    true,
  ),
  StringEndWith: operator(text((request, policy) => request.endsWith(policy))),
  StringNotEndWith: operator(
    text((request, policy) => request.endsWith(policy)),
    true,
  ),
  NumberEquals: operator(number(equal)),
  NumberNotEquals: operator(number(equal), true),
  NumberLessThan: operator(number(less)),
  NumberLessThanEquals: operator(number(lessOrEqual)),
  NumberGreaterThan: operator(number(greater)),
  NumberGreaterThanEquals: operator(number(greaterOrEqual)),
  ...dateOrders,
  Bool: operator(boolean),
}

const operatorsOf: Record<Grammar, ReadonlyMap<string, Operator>> = {
  'ram-1': new Map(Object.entries(ramOperators)),
  'huawei-1.1': new Map(Object.entries(huaweiOperators)),
  // §3: addresses are our reading for g:SourceIp
  'huawei-5.0': new Map(Object.entries({ ...huaweiOperators, ...addresses })),
}

type Quantifier = 'ForAllValues' | 'ForAnyValue'

interface OperatorName {
  readonly quantifier?: Quantifier
  readonly base: string
  readonly ifExists: boolean
}

/** `[ForAllValues:|ForAnyValue:]Base[IfExists]`; for RAM the whole name is the base. */
function takeApart(grammar: Grammar, name: string): OperatorName {
  if (grammar === 'ram-1') return { base: name, ifExists: false }
  const colon = name.indexOf(':')
  const prefix = colon < 0 ? undefined : name.slice(0, colon)
  const rest = name.slice(colon + 1)
  const ifExists = rest.endsWith('IfExists')
  const base = ifExists ? rest.slice(0, -'IfExists'.length) : rest
  if (prefix === undefined) return { base, ifExists }
  return prefix === 'ForAllValues' || prefix === 'ForAnyValue'
    ? { quantifier: prefix, base, ifExists }
    : { base: name, ifExists }
}

/**
 * Compiles one condition of a statement, or says why it means nothing in this grammar. Refusing at creation and tolerating
 * at evaluation both rest on this one reading.
 */
export function compileCondition(
  grammar: Grammar,
  condition: Condition,
  mostWildcards: number,
): CompiledCondition | ConditionFlaw {
  const { operator: operatorName, key: keyName, values } = condition
  const { quantifier, base, ifExists } = takeApart(grammar, operatorName)
  const isNull = base === 'Null' && grammar !== 'ram-1' && !quantifier && !ifExists
  const known = operatorsOf[grammar].get(base)
  if (!isNull && !known) return flaw('operator', `The operator ${quoted(operatorName)} is not known.`)
  const key = conditionKey(grammar, keyName)
  if (!key) return flaw('key', `The condition key ${quoted(keyName)} is not known.`)
  const variable = values.findIndex((value) => value.includes('${'))
  if (variable >= 0) return flaw(variable, 'Variables such as "${...}" are not part of this grammar.')
  if (!known) return nullCondition(key, values)

  if (known.type !== 'string' && key.type !== 'string' && known.type !== key.type)
    return flaw('key', `${quoted(operatorName)} cannot be used with ${quoted(keyName)}, which is of type ${key.type}.`)
  if (key.multiValued && !quantifier)
    return flaw('operator', `${quoted(keyName)} has several values: use "ForAllValues:" or "ForAnyValue:".`)
  if (known.wildcards) {
    const wild = values.findIndex((value) => wildcardsIn(value) > mostWildcards)
    if (wild >= 0) return flaw(wild, `A pattern may have at most ${mostWildcards} wildcards.`)
  }
  const prepared = known.prepare(values, key.type)
  if ('unreadable' in prepared) return flaw(prepared.unreadable, `${quoted(operatorName)} needs ${known.expects}.`)

  const { negated } = known
  const single = negated
    ? (value: Attribute) => not(prepared.matches(value))
    : (value: Attribute) => prepared.matches(value)
  return (context) => {
    const value = key.read(context)
    if (value === undefined) return ifExists || (negated && quantifier !== 'ForAnyValue')
    if (typeof value !== 'object') return single(value)
    if (value.length === 0 && ifExists) return true
    // without a prefix, a set counts as its values one by one: one may match, or, negated, none
    return quantifier === 'ForAllValues' || (!quantifier && negated) ? every(value, single) : some(value, single)
  }
}

function flaw(part: ConditionFlaw['part'], sentence: string): ConditionFlaw {
  return { part, sentence }
}

function nullCondition(key: ConditionKey, values: readonly string[]): CompiledCondition | ConditionFlaw {
  const unreadable = values.findIndex((value) => parseBoolean(value) === undefined)
  if (unreadable >= 0) return flaw(unreadable, `"Null" needs ${boolean.expects}.`)
  const wanted = new Set(values.map(parseBoolean))
  return (context) => {
    const value = key.read(context)
    return wanted.has(value === undefined || (typeof value === 'object' && value.length === 0))
  }
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value
}

/** One value that decides settles it; otherwise one that cannot be read leaves it open. */
function every(values: readonly string[], test: (value: string) => boolean | undefined): boolean | undefined {
  const results = values.map(test)
  return results.includes(false) ? false : results.includes(undefined) ? undefined : true
}

function some(values: readonly string[], test: (value: string) => boolean | undefined): boolean | undefined {
  const results = values.map(test)
  return results.includes(true) ? true : results.includes(undefined) ? undefined : false
}

/** `*` and `?` in a pattern. */
export function wildcardsIn(pattern: string): number {
  let count = 0
  for (const character of pattern) if (character === '*' || character === '?') count += 1
  return count
}

/** The written form of a typed value, as a policy would write it. */
function asText(value: Attribute, type: KeyType): string {
  if (type === 'date' && typeof value === 'number') return new Date(value).toISOString().replace(/\.\d{3}Z$/, 'Z')
  if (type === 'address') {
    const parsed = parseAddress(String(value))
    if (parsed) return addressText(parsed)
  }
  return String(value)
}

function parseNumber(value: string): number | undefined {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : undefined
}

function parseBoolean(value: string): boolean | undefined {
  const lower = value.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : undefined
}

/** ISO 8601 with time and zone, in whole seconds since 1970: the times on the wire have no fractions. */
function parseSeconds(value: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.exec(value)
  if (!found) return undefined
  const [, year, month, day, hour, minute, second = '00', zone = 'Z'] = found
  const local = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  const offset = zone === 'Z' ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  if (Number.isNaN(local) || Number(hour) > 23 || offset >= 24 * 60) return undefined
  // Date.parse turns 31 April into 1 May
  if (new Date(local).getUTCDate() !== Number(day)) return undefined
  return local / 1000 - (zone.startsWith('-') ? -offset : offset) * 60
}
