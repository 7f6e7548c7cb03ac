/** What all grammars have in common: the parsed form of a policy, its limits and the one error of this folder. */

/** RAM `Version` 1, Huawei fine-grained policy `Version` 1.1, Huawei identity policy `Version` 5.0. */
export type Grammar = 'ram-1' | 'huawei-1.1' | 'huawei-5.0'

export type Effect = 'Allow' | 'Deny'

/** A policy after parsing; deeply frozen, so that what was compiled from it stays true. */
export interface Policy {
  readonly grammar: Grammar
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly sid?: string
  readonly effect: Effect
  /** Patterns as written. With `listed: 'except'` (NotAction) the statement covers every operation but these. */
  readonly actions: { readonly listed: 'only' | 'except'; readonly patterns: readonly string[] }
  /** Absent: every resource. */
  readonly resources?: readonly string[]
  /** All must hold. Operator and key as written, also when a lenient load kept one that this version does not know. */
  readonly conditions: readonly Condition[]
  /** A lenient load met elements it does not know: an Allow never applies, a Deny applies as if they were not there. */
  readonly unknownElements?: readonly string[]
}

export interface Condition {
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

export interface PolicyLimits {
  /** Of the JSON text in UTF-8. */
  readonly bytes: number
  readonly statements: number
  /** Nesting of objects and arrays; a valid policy needs six. */
  readonly depth: number
  /** Entries of one Action, NotAction or Resource. */
  readonly patterns: number
  /** UTF-16 units of one pattern or condition value. It keeps wildcard matching linear in the matched text. */
  readonly patternLength: number
  /** `*` and `?` in one pattern. */
  readonly wildcards: number
  /** Values of one condition key. */
  readonly values: number
  /** Keys over all operators of one statement. */
  readonly conditions: number
}

export const defaultPolicyLimits: PolicyLimits = {
  bytes: 64 * 1024,
  statements: 100,
  depth: 8,
  patterns: 500,
  patternLength: 1024,
  wildcards: 20,
  values: 250,
  conditions: 50,
}

export interface ParseOptions {
  readonly limits?: Partial<PolicyLimits>
  /**
   * For policies that an earlier version accepted and stored. Unknown elements, operators and keys, and condition values that
   * cannot be read, are kept; in evaluation they count as "not met" for an Allow and as "met" for a Deny. Everything else
   * still throws, and whoever loads must then refuse the principal, never skip the policy.
   */
  readonly lenient?: boolean
}

/** Why a document is not a policy. `position` is a JSON pointer (RFC 6901) into the document, `''` the whole of it. */
export class PolicyError extends Error {
  readonly code = 'PolicyInvalid'
  readonly position: string

  constructor(position: string, sentence: string) {
    super(sentence)
    this.name = 'PolicyError'
    this.position = position
  }
}

/** One more step of a JSON pointer (RFC 6901 §3: `~` and `/` are escaped). */
export function below(position: string, step: string | number): string {
  return `${position}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Names in sentences are cut: they come from outside and may be long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 61)}...` : text)
}
