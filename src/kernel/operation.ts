import type { Static, TSchema } from 'typebox'
import type { Write } from './commit.ts'
import type { Problem } from './problem.ts'

/** How an operation touches the world; read-only policies and the explorer go by it. */
export type Access = 'list' | 'read' | 'write'

/** What a policy may be told about the object of a call. All but `type` may be unknown: then conditions on it see nothing. */
export interface ResourceAttributes {
  /** The kind of thing in a resource name, or undefined where the operation names no resource. */
  type?: 'ca' | 'cert' | 'user' | 'group' | 'role' | 'policy' | undefined
  /** What stands in resource names: for users, groups, roles and policies their name. */
  id?: string | undefined
  /** Whose it is, by both names of the account, where that is not the caller's: `*` while it is not known. */
  owner?: { accountId: string; domainId: string } | undefined
  tags?: Readonly<Record<string, string>> | undefined
  requestTags?: Readonly<Record<string, string>> | undefined
  enterpriseProjectId?: string | undefined
  resourceGroupId?: string | undefined
  commonName?: string | undefined
}

/** Who calls, as the door established it. Nothing in here comes from an unsigned part of a request. */
export interface Caller {
  accountId: string
  /** The user behind the key or token; jobs of the service itself have the name of the job. */
  userId: string
  userName: string
  accessKeyId: string | undefined
  /** Of the connection; empty for jobs. */
  sourceIp: string
  secureTransport: boolean
  door: string
  requestId: string
  /** A condition of every write of this caller: nothing about its rights has changed since they were read. */
  stillEntitled: Write | undefined
  /** Present when the wire has a nonce: makes it durable together with the act, so that a replay after a crash is refused. */
  once: Write | undefined
  /** Asked for in what was signed: everything is checked, nothing is done. */
  dryRun?: boolean | undefined
}

/** What a guard can stop: ends, what takes the place of an end, and the weakening of guards themselves. */
export type GuardedKind =
  'deleteCa' | 'revokeCa' | 'disableCrl' | 'deleteCertificate' | 'revokeCertificate' | 'exportKeys' | 'weakenGuards'

/** An act as guards judge it. */
export interface GuardedAct {
  kind: GuardedKind
  /** The CA that it is about; undefined: guards of the account alone bind it. */
  caId: string | undefined
  /** What it is done to. */
  objectId: string
  /** Of the object as it was read, 0 where it has none. */
  version: number
  /** What a second person approves beside object, version and counts: the day, the disposition. */
  terms: Readonly<Record<string, unknown>>
}

/** What goes into the audit log beside who, when and which operation. Never a secret, never a private key. */
export interface AuditFacts {
  objectType: string
  objectId: string
  facts?: Readonly<Record<string, unknown>>
}

/** What `run` hands back: an answer, and the writes that must be durable before it may leave. */
export interface Outcome<Answer> {
  answer: Answer
  writes?: readonly Write[]
  /** Required when there are writes, and for reads that reveal a private key. */
  audit?: AuditFacts
  /** Called once the writes are durable: to hand work that fell due to the jobs at once. Must not throw. */
  afterwards?: () => void
}

export interface ResourceRule<Input, Resource, Deps> {
  /** Looks the object up as `account AND id`. Undefined is judged with no attributes, and named missing only to who may. */
  readonly find: (input: Input, deps: Deps, caller: Caller) => Promise<Resource | undefined>
  readonly attributes: (input: Input, resource: Resource | undefined) => ResourceAttributes
  /** What the caller hears when `find` found nothing; undefined where the operation makes something new. */
  readonly missing: ((input: Input) => Problem) | undefined
}

/** An operation, declared once as data; doors, policies, documents and the test matrix read the declaration. */
export interface Operation<Input, Resource, Answer, Deps> {
  readonly name: string
  readonly summary: string
  readonly access: Access
  /** The names of this operation in every policy grammar; a Deny on any denies, an Allow on any allows. Empty: every user of the account may. */
  readonly actions: readonly string[]
  /** Its answer holds a private key or a secret: never over plain HTTP, except on loopback. */
  readonly revealsSecret: boolean
  /** Calls a second for one user, where a cloud says so; undefined: not limited (Huawei's clients answer a 429 with minutes of sleep). */
  readonly perSecond: number | undefined
  readonly input: TSchema
  /** What the call is about; undefined for an operation that is judged on the account alone. */
  readonly resource: ResourceRule<Input, Resource, Deps> | undefined
  /** The act that guards may stop (deletion protection, a second person, caps); undefined where they have no say. */
  readonly guarded: ((input: Input, resource: Resource, deps: Deps) => GuardedAct | undefined) | undefined
  /** The codes that `run` may throw or its writes may end in. */
  readonly problems: readonly string[]
  readonly run: (input: Input, resource: Resource, deps: Deps, caller: Caller) => Promise<Outcome<Answer>>
}

interface Declaration<Schema extends TSchema, Resource, Answer, Deps> {
  name: string
  summary: string
  access: Access
  actions: readonly string[]
  revealsSecret?: boolean
  perSecond?: number
  input: Schema
  resource?: ResourceRule<Static<Schema>, Resource, Deps>
  guarded?: (input: Static<Schema>, resource: Resource, deps: Deps) => GuardedAct | undefined
  problems: readonly string[]
  run: (input: Static<Schema>, resource: Resource, deps: Deps, caller: Caller) => Promise<Outcome<Answer>>
}

/**
 * Declares an operation. `Deps` is what it needs of the rest, and is given first: `operation<Needs>()({ name: … })`.
 * An operation without `resource` gets `undefined` for it and is judged on the account.
 */
export function operation<Deps>() {
  return <Schema extends TSchema, Answer, Resource = undefined>(
    declared: Declaration<Schema, Resource, Answer, Deps>,
  ): Operation<Static<Schema>, Resource, Answer, Deps> => ({
    ...declared,
    revealsSecret: declared.revealsSecret ?? false,
    perSecond: declared.perSecond,
    resource: declared.resource,
    guarded: declared.guarded,
  })
}
