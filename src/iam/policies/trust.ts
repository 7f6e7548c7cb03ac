import type { RequestContext } from '../context.ts'
import { evaluate } from '../evaluate.ts'
import { ramResource } from '../match.ts'
import { below, PolicyError, type ParseOptions, type Policy } from './policy.ts'
import { arrayAt, objectAt, readDocument, stringsAt, type JsonObject } from './document.ts'
import { limitsOf } from './grammar.ts'
import { parseRamPolicy } from './ram.ts'

/** Who may take a role: the statements of a policy, and for each the principals it is about. */
export interface TrustPolicy {
  readonly policy: Policy
  readonly principals: readonly (readonly string[])[]
}

export const assumeAction = 'sts:AssumeRole'

const maxPrincipals = 100
const kinds = ['RAM', 'Service', 'Federated']

/**
 * RAM §6: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::<account>:root"]}}]}`,
 * with conditions as in any policy of RAM. A principal is an account, a user or a role, by name and without wildcards.
 * Services and federated identities are read, so that documents of the cloud load; none of them can call here.
 * @throws PolicyError
 */
export function parseTrustPolicy(source: string | object, options: ParseOptions = {}): TrustPolicy {
  const limits = limitsOf(options)
  const { Statement: list, ...others } = readDocument(source, limits)
  const entries = arrayAt('/Statement', list, '"Statement"', limits.statements)
  const principals: (readonly string[])[] = []
  const statements = entries.map((entry, index) => {
    const position = below('/Statement', index)
    const { Principal: principal, Resource: resource, ...statement } = objectAt(position, entry, 'A statement')
    if (resource !== undefined)
      throw new PolicyError(below(position, 'Resource'), 'A trust policy is about its own role: it has no "Resource".')
    principals.push(principalsAt(below(position, 'Principal'), principal))
    return { ...statement, Resource: '*' }
  })
  return { policy: parseRamPolicy({ ...others, Statement: statements }, options), principals }
}

function principalsAt(position: string, value: unknown): readonly string[] {
  if (value === undefined) throw new PolicyError(position, 'A statement of a trust policy must have "Principal".')
  const byKind: JsonObject = objectAt(position, value, '"Principal"')
  const names: string[] = []
  for (const [kind, written] of Object.entries(byKind)) {
    const at = below(position, kind)
    if (!kinds.includes(kind)) throw new PolicyError(at, 'A principal is of kind "RAM", "Service" or "Federated".')
    for (const [index, name] of stringsAt(at, written, 'The principals', {
      most: maxPrincipals,
      longest: 256,
      lone: true,
    }).entries()) {
      if (kind === 'RAM' && !ramPrincipal.test(name)) throw new PolicyError(below(at, index), ramPrincipalForm)
      // A name of the other kinds must never be read as one of the first.
      names.push(kind === 'RAM' ? name : `${kind} ${name}`)
    }
  }
  if (names.length === 0) throw new PolicyError(position, '"Principal" must name somebody.')
  return names
}

const ramPrincipal = /^acs:ram::\d{1,20}:(?:root|(?:user|role)\/[A-Za-z0-9._@-]{1,64})$/
const ramPrincipalForm =
  'A principal is written "acs:ram::<account>:root", or with "user/<name>" or "role/<name>" in place of "root".'

/**
 * Whether the policy lets somebody take the role: explicit deny wins, default deny (RAM §3).
 * @param arn of the principal; who trusts an account's root trusts all in the account that its own policies let do it
 */
export function trusts({ policy, principals }: TrustPolicy, arn: string, context: RequestContext): boolean {
  const root = `acs:ram::${context.accountId}:root`
  const about = policy.statements.filter((_, index) => principals[index]!.some((name) => name === arn || name === root))
  const { decision } = evaluate({
    policies: [{ id: 'trust', name: 'trust', kind: 'custom', policy: { ...policy, statements: about } }],
    actions: [assumeAction],
    resource: { ram: ramResource('*') },
    context,
  })
  return decision === 'allow'
}
