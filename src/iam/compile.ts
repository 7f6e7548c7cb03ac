/** Policies made ready for evaluation, once per policy object. */
import type { CompiledCondition } from './conditions.ts'
import { compileCondition } from './conditions.ts'
import type { RequestContext } from './context.ts'
import type { SegmentedResource } from './match.ts'
import { nameList, resourceList } from './match.ts'
import type { Policy, Statement } from './policies/policy.ts'

export interface CompiledStatement {
  readonly index: number
  readonly sid: string | undefined
  /** The action name by which the statement covers the operation. `lowered` and `written` run in parallel. */
  covers(lowered: readonly string[], written: readonly string[]): string | undefined
  /** Undefined: every resource. */
  readonly coversResource: ((resource: SegmentedResource) => boolean) | undefined
  holds(context: RequestContext): boolean
}

export interface CompiledPolicy {
  readonly Allow: readonly CompiledStatement[]
  readonly Deny: readonly CompiledStatement[]
}

const compiled = new WeakMap<Policy, CompiledPolicy>()

/** Compiles at the first use; parsed policies are frozen, so the result stays true as long as the object lives. */
export function compiledPolicy(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy)
  if (known) return known
  const made = compile(policy)
  compiled.set(policy, made)
  return made
}

function compile({ grammar, statements }: Policy): CompiledPolicy {
  const sides = { Allow: [] as CompiledStatement[], Deny: [] as CompiledStatement[] }
  for (const [index, statement] of statements.entries()) {
    const { effect, sid, resources } = statement
    // what a lenient load could not understand must never widen an Allow
    if (effect === 'Allow' && statement.unknownElements) continue
    const conditions = statement.conditions
      .map((condition) => compileCondition(grammar, condition, Number.POSITIVE_INFINITY))
      .map((condition) => (typeof condition === 'function' ? condition : undecidable))
    sides[effect].push({
      index,
      sid,
      covers: coverage(statement, grammar === 'ram-1'),
      coversResource: resourceList(grammar, resources),
      holds: (context) => allHold(conditions, context, effect === 'Deny'),
    })
  }
  return sides
}

function undecidable(): undefined {
  return undefined
}

function allHold(conditions: readonly CompiledCondition[], context: RequestContext, undecided: boolean): boolean {
  for (const condition of conditions) if (!(condition(context) ?? undecided)) return false
  return true
}

/** Names are compared without case in all grammars (RAM §2.1, Huawei IAM §2; taken over for 5.0). */
function coverage({ actions }: Statement, questionMark: boolean): CompiledStatement['covers'] {
  const list = nameList(actions.patterns, { questionMark, ignoreCase: true })
  const listed = (lowered: readonly string[]): number => {
    for (let index = 0; index < lowered.length; index += 1) if (list.has(lowered[index] ?? '')) return index
    return -1
  }
  if (actions.listed === 'only') return (lowered, written) => written[listed(lowered)]
  // one listed name takes the whole operation out: its other names must not bring it back
  return (lowered, written) => (listed(lowered) < 0 ? written[0] : undefined)
}
