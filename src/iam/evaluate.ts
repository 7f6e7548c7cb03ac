/** The one evaluator for all grammars: explicit deny wins, default deny. */
import type { CompiledStatement } from './compile.ts'
import { compiledPolicy } from './compile.ts'
import type { RequestContext } from './context.ts'
import type { RequestResource, SegmentedResource } from './match.ts'
import { segmented } from './match.ts'
import type { Effect, Policy } from './policies/policy.ts'

/** A policy as it reaches a principal. */
export interface AttachedPolicy {
  readonly id: string
  readonly name: string
  readonly kind: 'system' | 'custom'
  /** Attached for one group of resources only, by either name or both: it is not there for any other resource. */
  readonly scope?: { readonly resourceGroupId?: string; readonly enterpriseProjectId?: string } | undefined
  readonly policy: Policy
}

export interface EvaluationRequest {
  /** Policies of the principal and its groups, in any grammar and order. */
  readonly policies: readonly AttachedPolicy[]
  /** All names of the operation over all grammars. Without any, nothing can be allowed. */
  readonly actions: readonly string[]
  readonly resource: RequestResource
  readonly context: RequestContext
  /** Limits of a role session. Absent: the session has none; an empty list allows nothing. */
  readonly sessionPolicies?: readonly AttachedPolicy[] | undefined
  /** Control policies of the organization. Absent: not a member; an empty list allows nothing. */
  readonly controlPolicies?: readonly AttachedPolicy[] | undefined
}

/** Spelled as RAM's `PolicyType` (RAM §3). An enterprise project is a resource group here. */
export type PolicyType =
  'ControlPolicy' | 'SessionPolicy' | 'AccountLevelIdentityBasedPolicy' | 'ResourceGroupLevelIdentityBasedPolicy'

/** The decision, and what decided; for `implicitDeny` the kind of policy that had the last word and said nothing. */
export interface Evaluation {
  readonly decision: 'allow' | 'explicitDeny' | 'implicitDeny'
  readonly policyType: PolicyType
  /** The name that matched; for `implicitDeny` the first name, the one missing. */
  readonly action?: string
  readonly policyId?: string
  readonly statementIndex?: number
  readonly sid?: string
}

interface Request {
  readonly lowered: readonly string[]
  readonly written: readonly string[]
  readonly resource: SegmentedResource
  readonly context: RequestContext
}

/**
 * Decides one request (RAM §3, Huawei IAM §2, §3, §5). Control policies, then session policies: each kind must allow.
 * Then the identity's: any Deny, before any Allow. A Deny that is attached to the resource's group denies also where an
 * account-wide policy allows. The account's root principal is not evaluated: do not ask.
 */
export function evaluate(request: EvaluationRequest): Evaluation {
  const { actions, policies, controlPolicies, sessionPolicies, context } = request
  const asked: Request = {
    lowered: actions.map((name) => name.toLowerCase()),
    written: actions,
    resource: segmented(request.resource),
    context,
  }
  if (controlPolicies) {
    const limit = decide(controlPolicies, 'ControlPolicy', asked)
    if (limit.decision !== 'allow') return limit
  }
  if (sessionPolicies) {
    const limit = decide(sessionPolicies, 'SessionPolicy', asked)
    if (limit.decision !== 'allow') return limit
  }
  const scoped = policies.filter(({ scope }) => scope !== undefined)
  if (scoped.length === 0) return decide(policies, 'AccountLevelIdentityBasedPolicy', asked)
  const unscoped = policies.filter(({ scope }) => scope === undefined)
  return (
    find(unscoped, 'Deny', 'AccountLevelIdentityBasedPolicy', asked) ??
    find(scoped, 'Deny', 'ResourceGroupLevelIdentityBasedPolicy', asked) ??
    find(unscoped, 'Allow', 'AccountLevelIdentityBasedPolicy', asked) ??
    find(scoped, 'Allow', 'ResourceGroupLevelIdentityBasedPolicy', asked) ??
    implicitDeny('ResourceGroupLevelIdentityBasedPolicy', asked)
  )
}

/** The basic decision over one set of policies (RAM §3). */
function decide(policies: readonly AttachedPolicy[], policyType: PolicyType, asked: Request): Evaluation {
  return (
    find(policies, 'Deny', policyType, asked) ??
    find(policies, 'Allow', policyType, asked) ??
    implicitDeny(policyType, asked)
  )
}

/** The first statement of this effect that applies, in the order of policies and statements. */
function find(
  policies: readonly AttachedPolicy[],
  effect: Effect,
  policyType: PolicyType,
  asked: Request,
): Evaluation | undefined {
  for (const attached of policies) {
    if (!inScope(attached, asked.context)) continue
    for (const statement of compiledPolicy(attached.policy)[effect]) {
      const action = applies(statement, asked)
      if (action === undefined) continue
      return {
        decision: effect === 'Deny' ? 'explicitDeny' : 'allow',
        policyType,
        action,
        policyId: attached.id,
        statementIndex: statement.index,
        ...(statement.sid === undefined ? {} : { sid: statement.sid }),
      }
    }
  }
  return undefined
}

function applies(statement: CompiledStatement, { lowered, written, resource, context }: Request): string | undefined {
  const action = statement.covers(lowered, written)
  if (action === undefined) return undefined
  if (statement.coversResource && !statement.coversResource(resource)) return undefined
  return statement.holds(context) ? action : undefined
}

/** A resource whose group is not known is in none: an unknown id and one of another account look the same. */
function inScope({ scope }: AttachedPolicy, context: RequestContext): boolean {
  if (!scope) return true
  const { resourceGroupId, enterpriseProjectId } = scope
  return (
    (resourceGroupId !== undefined && resourceGroupId === context.resourceGroupId) ||
    (enterpriseProjectId !== undefined && enterpriseProjectId === context.enterpriseProjectId)
  )
}

function implicitDeny(policyType: PolicyType, { written }: Request): Evaluation {
  const [action] = written
  return { decision: 'implicitDeny', policyType, ...(action === undefined ? {} : { action }) }
}
