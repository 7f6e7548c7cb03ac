import type { ResourceAttributes } from '../kernel/index.ts'
import type { RequestContext } from './context.ts'
import { evaluate, type Evaluation } from './evaluate.ts'
import { caUrn, certificateUrn, ramResource, type RequestResource } from './match.ts'
import { principalNames, type Principal } from './principal.ts'
import type { Account } from './store.ts'

/** What is known of a call beside who makes it and what it is about. */
export interface RequestFacts {
  sourceIp: string | undefined
  secureTransport: boolean
  /** Milliseconds since 1970, wall clock. */
  currentTime: number
  /** Of a token that was asked for a project. */
  projectName?: string | undefined
  /** See {@link RequestContext}. */
  serviceAttributes?: Readonly<Record<string, string>> | undefined
}

/** Whether a principal may do what goes by these names, and what decides it. */
export function judge(
  principal: Principal,
  actions: readonly string[],
  resource: ResourceAttributes,
  facts: RequestFacts,
): Evaluation {
  return evaluate({
    policies: principal.policies,
    sessionPolicies: principal.session?.policies,
    actions,
    resource: resourceNames(principal.account, resource),
    context: contextOf(principal, facts, resource, actions),
  })
}

export function contextOf(
  principal: Principal,
  facts: RequestFacts,
  resource: ResourceAttributes = {},
  actions: readonly string[] = [],
): RequestContext {
  const { account, user } = principal
  const { arn, urn } = principalNames(principal)
  return {
    sourceIp: facts.sourceIp,
    currentTime: facts.currentTime,
    secureTransport: facts.secureTransport,
    mfaPresent: false,
    userId: user.id,
    userName: user.name,
    accountId: account.id,
    domainId: account.domainId,
    accountName: account.name,
    principalArn: arn,
    principalUrn: urn,
    principalTags: user.tags,
    projectName: facts.projectName,
    serviceName: serviceOf(actions),
    resourceTags: resource.tags,
    requestTags: resource.requestTags,
    enterpriseProjectId: resource.enterpriseProjectId,
    resourceGroupId: resource.resourceGroupId,
    commonName: resource.commonName,
    serviceAttributes: facts.serviceAttributes,
  }
}

/** `g:ServiceName` is a key of Huawei's, so its value is the service in the name that this family has for the operation. */
function serviceOf(actions: readonly string[]): string | undefined {
  const named = actions.find((action) => action.split(':').length === 3)
  return named?.slice(0, named.indexOf(':'))
}

/** Kinds of principals and policies, in both ways of writing. */
const iamTypes = {
  user: { ram: 'user', urn: 'user' },
  group: { ram: 'group', urn: 'group' },
  role: { ram: 'role', urn: 'agency' },
  policy: { ram: 'policy', urn: 'policy' },
} as const

function resourceNames(account: Account, { type, id, owner }: ResourceAttributes): RequestResource {
  const { accountId, domainId } = owner ?? { accountId: account.id, domainId: account.domainId }
  if (type === undefined) return { ram: ramResource(accountId) }
  if (type === 'ca') return { ram: ramResource(accountId), urn: caUrn(domainId, id) }
  if (type === 'cert') return { ram: ramResource(accountId), urn: certificateUrn(domainId, id) }
  const names = iamTypes[type]
  const name = id ?? '*'
  return { ram: `acs:ram:*:${accountId}:${names.ram}/${name}`, urn: `iam::${domainId}:${names.urn}:${name}` }
}
