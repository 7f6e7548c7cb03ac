/** What a request is judged by, and under which name each grammar asks for it. */
import type { Grammar } from './policies/policy.ts'

/**
 * Facts about a request, neutral to grammars. An absent attribute means that the request has no such value (see
 * `conditions.ts` for what follows); every fact comes from the server, never from a parameter that says so.
 */
export interface RequestContext {
  /** Of the connection or a configured proxy: IPv4 or IPv6 text. */
  readonly sourceIp?: string | undefined
  /** Milliseconds since 1970, wall clock. */
  readonly currentTime: number
  readonly secureTransport: boolean
  /** False for calls with an access key: they have no second factor (RAM §2.3). */
  readonly mfaPresent: boolean
  /** Seconds since the second factor was shown. */
  readonly mfaAgeSeconds?: number | undefined
  readonly userId?: string | undefined
  readonly userName?: string | undefined
  /** Numeric account id of the RAM family. */
  readonly accountId?: string | undefined
  /** The same account as 32 hexadecimal digits, in Huawei's family. */
  readonly domainId?: string | undefined
  readonly accountName?: string | undefined
  readonly principalArn?: string | undefined
  readonly principalUrn?: string | undefined
  readonly principalTags?: Tags | undefined
  /** Of the addressed resource; absent when it is unknown or of another account, which must look the same. */
  readonly resourceTags?: Tags | undefined
  readonly requestTags?: Tags | undefined
  /** Tag keys in the request; derived from `requestTags` when absent. */
  readonly tagKeys?: readonly string[] | undefined
  /** Of the resource, or of the request for create and list; only for operations that support enterprise projects. */
  readonly enterpriseProjectId?: string | undefined
  readonly resourceGroupId?: string | undefined
  readonly projectName?: string | undefined
  readonly serviceName?: string | undefined
  /** Subject common name asked for in an issuing request. */
  readonly commonName?: string | undefined
  /** Further keys of a service by full name in lower case, such as `pca:keyalgorithm`. */
  readonly serviceAttributes?: Readonly<Record<string, string | readonly string[]>> | undefined
}

export type Tags = Readonly<Record<string, string>>

export type KeyType = 'string' | 'number' | 'date' | 'boolean' | 'address'

/** A single value: text, a number, milliseconds for a date, a boolean. */
export type Attribute = string | number | boolean

export interface ConditionKey {
  readonly type: KeyType
  /** A set of values: single-value operators need `ForAllValues:` or `ForAnyValue:`. */
  readonly multiValued?: true
  read(context: RequestContext): Attribute | readonly string[] | undefined
}

const currentTime: ConditionKey = { type: 'date', read: (context) => context.currentTime }
const sourceIp: ConditionKey = { type: 'address', read: (context) => context.sourceIp }
const mfaPresent: ConditionKey = { type: 'boolean', read: (context) => context.mfaPresent }

const keysOfBothHuawei: Record<string, ConditionKey> = {
  'g:currenttime': currentTime,
  'g:domainname': { type: 'string', read: (context) => context.accountName },
  'g:mfapresent': mfaPresent,
  'g:mfaage': { type: 'number', read: (context) => context.mfaAgeSeconds },
  'g:userid': { type: 'string', read: (context) => context.userId },
  'g:username': { type: 'string', read: (context) => context.userName },
}

/** RAM §2.3; Huawei IAM §2 (1.1) and §3.3 (5.0). Names are compared without case. */
const globalKeys: Record<Grammar, ReadonlyMap<string, ConditionKey>> = {
  'ram-1': new Map(
    Object.entries({
      'acs:sourceip': sourceIp,
      'acs:currenttime': currentTime,
      'acs:securetransport': { type: 'boolean', read: (context) => context.secureTransport },
      'acs:mfapresent': mfaPresent,
      'acs:principalarn': { type: 'string', read: (context) => context.principalArn },
      // there are no VPCs here: known, so that vendor policies load, and never present
      'acs:sourcevpc': { type: 'string', read: () => undefined },
    } satisfies Record<string, ConditionKey>),
  ),
  'huawei-1.1': new Map(
    Object.entries({
      ...keysOfBothHuawei,
      'g:projectname': { type: 'string', read: (context) => context.projectName },
      'g:servicename': { type: 'string', read: (context) => context.serviceName },
    } satisfies Record<string, ConditionKey>),
  ),
  'huawei-5.0': new Map(
    Object.entries({
      ...keysOfBothHuawei,
      'g:sourceip': sourceIp,
      'g:principalurn': { type: 'string', read: (context) => context.principalUrn },
      'g:principalaccount': { type: 'string', read: (context) => context.domainId },
      'g:enterpriseprojectid': { type: 'string', read: (context) => context.enterpriseProjectId },
      'g:tagkeys': { type: 'string', multiValued: true, read: tagKeysOf },
    } satisfies Record<string, ConditionKey>),
  ),
}

function tagKeysOf({ tagKeys, requestTags }: RequestContext): readonly string[] | undefined {
  return tagKeys ?? (requestTags && Object.keys(requestTags))
}

/** `name/<tag-key>`: the tag key keeps its case. */
const tagFamilies: Record<Grammar, Readonly<Record<string, (context: RequestContext) => Tags | undefined>>> = {
  'ram-1': {
    'acs:requesttag': (context) => context.requestTags,
    'acs:resourcetag': (context) => context.resourceTags,
  },
  'huawei-1.1': {},
  'huawei-5.0': {
    'g:requesttag': (context) => context.requestTags,
    'g:resourcetag': (context) => context.resourceTags,
    'g:principaltag': (context) => context.principalTags,
  },
}

const longestTagKey = 128

/** Keys with the prefix of a service are known by that; what the request does not carry is absent. */
const serviceKey = /^(pca|scm|yundun-cert|sts):[a-z][a-z0-9]{0,63}$/

/** The key of this name in this grammar, or undefined when it is unknown. */
export function conditionKey(grammar: Grammar, name: string): ConditionKey | undefined {
  const slash = name.indexOf('/')
  if (slash >= 0) {
    const family = name.slice(0, slash).toLowerCase()
    const tagKey = name.slice(slash + 1)
    if (tagKey === '' || tagKey.length > longestTagKey || !Object.hasOwn(tagFamilies[grammar], family)) return undefined
    const tags = tagFamilies[grammar][family]
    return tags && { type: 'string', read: (context) => own(tags(context), tagKey) }
  }
  const lower = name.toLowerCase()
  const known = globalKeys[grammar].get(lower)
  if (known) return known
  if (lower === 'pca:commonname') return { type: 'string', read: (context) => context.commonName }
  if (serviceKey.test(lower)) return { type: 'string', read: (context) => own(context.serviceAttributes, lower) }
  return undefined
}

/** Tag keys are chosen by users: `constructor` must not find what every object inherits. */
function own<T>(values: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined
}
