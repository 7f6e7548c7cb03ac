import { createHash } from 'node:crypto'
import { entitlementsChanged, minute, problem as kernelProblem } from '../kernel/index.ts'
import type { AccessDenial, Authorizer, Caller, Clock, ResourceAttributes } from '../kernel/index.ts'
import { builtinPolicy } from './builtin.ts'
import { evaluate, type AttachedPolicy } from './evaluate.ts'
import { caUrn, certificateUrn, ramResource } from './match.ts'
import { parsePolicy } from './policies/parse.ts'
import { problem } from './problems.ts'
import type { Account, AccessKey, IamStore, Identity, User } from './store.ts'

/** Who calls and what they may, as read at one moment. */
export interface Principal {
  account: Account
  user: User
  policies: readonly AttachedPolicy[]
}

export interface KeyPrincipal {
  accessKeyId: string
  secret: Uint8Array
  /** False when the key or its user is disabled. */
  active: boolean
  principal: Principal
}

/** Opens what an access key's secret is sealed in. */
export type OpenSecret = (key: AccessKey) => Uint8Array

/**
 * One cell that every change of rights raises, shared by all threads: what a thread remembers of a principal holds only
 * while the cell stands where it stood before the reading began.
 */
export const rightsMemory = (): SharedArrayBuffer => new SharedArrayBuffer(4)

export class RightsGeneration {
  private readonly cell: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.cell = new Int32Array(memory)
  }

  current(): number {
    return Atomics.load(this.cell, 0)
  }

  /** After the commit of a change. */
  raise(): void {
    Atomics.add(this.cell, 0, 1)
  }
}

const maxRemembered = 10_000

/**
 * Principals by access key, token or user, remembered for as long as nothing changed; so a throttled call, or the
 * thousandth of a script, reads nothing from the database. Writes are guarded besides: see {@link Principals.callerOf}.
 */
export class Principals implements Authorizer {
  private readonly store: IamStore
  private readonly openSecret: OpenSecret
  private readonly generation: RightsGeneration
  private readonly wallClock: Clock
  private readonly byKey = new Map<string, KeyPrincipal>()
  private readonly byToken = new Map<
    string,
    { principal: Principal; expiresAt: number; scope: string; issuedAt: number }
  >()
  private readonly ofCaller = new WeakMap<
    Caller,
    { principal: Principal; reread: () => Promise<Principal | undefined> }
  >()
  private remembered = -1

  constructor(parts: { store: IamStore; openSecret: OpenSecret; generation: RightsGeneration; wallClock: Clock }) {
    this.store = parts.store
    this.openSecret = parts.openSecret
    this.generation = parts.generation
    this.wallClock = parts.wallClock
  }

  /** Undefined for an unknown id. Unknown ids are looked up each time: a new key works at once. */
  async byAccessKey(accessKeyId: string): Promise<KeyPrincipal | undefined> {
    const generation = this.freshen()
    const known = this.byKey.get(accessKeyId)
    if (known) return known
    const key = await this.store.accessKey(accessKeyId)
    const identity = key && (await this.store.identity(key.userId))
    if (!key || !identity) return undefined
    const found: KeyPrincipal = {
      accessKeyId,
      secret: this.openSecret(key),
      active: key.enabled && identity.user.enabled,
      principal: toPrincipal(identity),
    }
    this.remember(this.byKey, accessKeyId, found, generation)
    return found
  }

  /**
   * Undefined for a token that is unknown, expired (by the wall clock), or ended early because its user was disabled or
   * something about the user's password, keys or permissions changed.
   */
  async ofToken(token: string) {
    const generation = this.freshen()
    const hash = createHash('sha256').update(token).digest()
    const name = hash.toString('base64')
    let known = this.byToken.get(name)
    if (!known) {
      const issued = await this.store.token(hash)
      const identity = issued && (await this.store.identity(issued.userId))
      if (!issued || !identity || !identity.user.enabled || identity.user.version !== issued.userVersion)
        return undefined
      const { expiresAt, issuedAt, scope } = issued
      known = { principal: toPrincipal(identity), expiresAt, issuedAt, scope }
      this.remember(this.byToken, name, known, generation)
    }
    return known.expiresAt > this.wallClock.now() ? known : undefined
  }

  /** Not remembered: for logging in, and for reading a caller's rights anew. */
  async byUser(userId: string): Promise<Principal | undefined> {
    const identity = await this.store.identity(userId)
    return identity?.user.enabled ? toPrincipal(identity) : undefined
  }

  /** @param request what the door knows of the call; `nonce` makes a replay of a write after a crash be refused. */
  callerOf(
    principal: Principal,
    reread: () => Promise<Principal | undefined>,
    request: Pick<Caller, 'accessKeyId' | 'sourceIp' | 'secureTransport' | 'door' | 'requestId'> & {
      nonce?: { hash: Uint8Array; timestampMs: number } | undefined
    },
  ): Caller {
    const { account, user } = principal
    const { nonce, ...rest } = request
    const caller: Caller = {
      ...rest,
      accountId: account.id,
      userId: user.id,
      userName: user.name,
      stillEntitled: this.store.unchangedSince(account.id, account.iamVersion, entitlementsChanged),
      once: nonce && this.store.rememberNonce(nonce.hash, nonce.timestampMs + 16 * minute, kernelProblem('Replayed')),
    }
    this.ofCaller.set(caller, { principal, reread })
    return caller
  }

  refusal(caller: Caller, actions: readonly string[], resource: ResourceAttributes): AccessDenial | undefined {
    if (actions.length === 0) return undefined
    const { account, user, policies } = this.known(caller).principal
    const decided = evaluate({
      policies,
      actions,
      resource: {
        ram: ramResource(account.id),
        urn: urnOf(account, resource),
      },
      context: {
        sourceIp: caller.sourceIp,
        currentTime: this.wallClock.now(),
        secureTransport: caller.secureTransport,
        mfaPresent: false,
        userId: user.id,
        userName: user.name,
        accountId: account.id,
        domainId: account.domainId,
        accountName: account.name,
        principalArn: `acs:ram::${account.id}:user/${user.name}`,
        principalUrn: `iam::${account.domainId}:user:${user.name}`,
        resourceTags: resource.tags,
        requestTags: resource.requestTags,
        enterpriseProjectId: resource.enterpriseProjectId,
        resourceGroupId: resource.resourceGroupId,
        commonName: resource.commonName,
      },
    })
    if (decided.decision === 'allow') return undefined
    return { action: actions[0]!, decision: decided.decision, policyType: decided.policyType }
  }

  async refresh(caller: Caller): Promise<Caller> {
    const { reread } = this.known(caller)
    this.forgetAll() // another process may have made the change: the generation tells only of this one
    const principal = await reread()
    if (!principal) throw problem('CallerGone')
    const { account } = principal
    const next: Caller = {
      ...caller,
      stillEntitled: this.store.unchangedSince(account.id, account.iamVersion, entitlementsChanged),
    }
    this.ofCaller.set(next, { principal, reread })
    return next
  }

  private known(caller: Caller) {
    const known = this.ofCaller.get(caller)
    if (!known) throw new Error('a caller that no door has established')
    return known
  }

  private freshen(): number {
    const generation = this.generation.current()
    if (generation !== this.remembered) {
      this.forgetAll()
      this.remembered = generation
    }
    return generation
  }

  /** What was read while rights changed is used for this one call (whose writes are guarded), and not remembered. */
  private remember<Value>(map: Map<string, Value>, name: string, value: Value, generation: number): void {
    if (generation !== this.generation.current() || generation !== this.remembered) return
    if (map.size >= maxRemembered) map.clear()
    map.set(name, value)
  }

  private forgetAll(): void {
    this.byKey.clear()
    this.byToken.clear()
  }
}

function urnOf(account: Account, { type, id }: ResourceAttributes): string | undefined {
  if (type === undefined) return undefined
  return type === 'ca' ? caUrn(account.domainId, id) : certificateUrn(account.domainId, id)
}

function toPrincipal({ account, user, policyIds, policies }: Identity): Principal {
  const attached: AttachedPolicy[] = []
  for (const id of policyIds) {
    if (id.startsWith('system:')) {
      const policy = builtinPolicy(id.slice('system:'.length))
      if (policy) attached.push({ id, name: policy.name, kind: 'system', policy: policy.policy })
    }
  }
  for (const stored of policies)
    attached.push({
      id: stored.id,
      name: stored.name,
      kind: 'custom',
      policy: parsePolicy(stored.document, { lenient: true }),
    })
  return { account, user, policies: attached }
}
