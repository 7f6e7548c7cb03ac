import { createHash } from 'node:crypto'
import { entitlementsChanged, minute, problem as kernelProblem } from '../kernel/index.ts'
import type { AccessDenial, Authorizer, Caller, Clock, ResourceAttributes } from '../kernel/index.ts'
import { judge } from './judge.ts'
import { sessionPrincipal, toPrincipal, type Principal } from './principal.ts'
import { problem } from './problems.ts'
import type { AccessKey, IamStore, Session } from './store.ts'

export interface KeyPrincipal {
  accessKeyId: string
  secret: Uint8Array
  /** False when the key or its user is disabled. */
  active: boolean
  principal: Principal
  /** Present for temporary keys: what has to come with them, and until when (by the wall clock). */
  temporary?: { tokenSha256: Uint8Array; expiresAt: number }
}

/** Opens what the secret of a key is sealed in. */
export interface OpenSecret {
  ofKey(key: AccessKey): Uint8Array
  ofSession(session: Session): Uint8Array
}

/** Told of each use of a permanent key, once its signature held. */
export type NoteUse = (accessKeyId: string, door: string) => void

/** Before the id of every temporary key (RAM §6). */
export const temporaryKeyPrefix = 'STS.'

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
  private readonly noteUse: NoteUse
  private readonly generation: RightsGeneration
  private readonly wallClock: Clock
  private readonly byKey = new Map<string, KeyPrincipal>()
  private readonly byToken = new Map<
    string,
    { principal: Principal; expiresAt: number; scope: string; issuedAt: number }
  >()
  private readonly ofCaller = new WeakMap<
    Caller,
    { principal: Principal; reread: () => Promise<Principal | undefined>; projectName: string | undefined }
  >()
  private remembered = -1

  constructor(parts: {
    store: IamStore
    openSecret: OpenSecret
    noteUse: NoteUse
    generation: RightsGeneration
    wallClock: Clock
  }) {
    this.store = parts.store
    this.openSecret = parts.openSecret
    this.noteUse = parts.noteUse
    this.generation = parts.generation
    this.wallClock = parts.wallClock
  }

  /** Undefined for an unknown id. Unknown ids are looked up each time: a new key works at once. */
  async byAccessKey(accessKeyId: string): Promise<KeyPrincipal | undefined> {
    const generation = this.freshen()
    const known = this.byKey.get(accessKeyId)
    if (known) return known
    const found = accessKeyId.startsWith(temporaryKeyPrefix)
      ? await this.temporary(accessKeyId)
      : await this.permanent(accessKeyId)
    if (found) this.remember(this.byKey, accessKeyId, found, generation)
    return found
  }

  /** The key is read once more after the version of the account that guards its writes: it may have changed before that. */
  private async permanent(accessKeyId: string): Promise<KeyPrincipal | undefined> {
    const owned = await this.store.accessKey(accessKeyId)
    const identity = owned && (await this.store.identity(owned.userId))
    const key = identity && (await this.store.accessKey(accessKeyId))
    if (!key) return undefined
    return {
      accessKeyId,
      secret: this.openSecret.ofKey(key),
      active: key.enabled && identity.user.enabled,
      principal: toPrincipal(identity),
    }
  }

  private async temporary(accessKeyId: string): Promise<KeyPrincipal | undefined> {
    const issued = await this.store.session(accessKeyId)
    if (!issued) return undefined
    const role = issued.roleId === null ? undefined : await this.store.roleIdentity(issued.roleId)
    const maker = await this.store.identity(issued.makerId)
    const acts = issued.roleId === null ? maker : role
    const session = maker && acts && (await this.store.session(accessKeyId))
    if (!session) return undefined
    return {
      accessKeyId,
      secret: this.openSecret.ofSession(session),
      active: maker.user.enabled,
      principal: sessionPrincipal(session, acts, maker),
      temporary: { tokenSha256: session.tokenHash, expiresAt: session.expiresAt },
    }
  }

  /** The principal of a key as of now: undefined when it is gone, disabled or over. */
  async rereadKey(accessKeyId: string): Promise<Principal | undefined> {
    const key = await this.byAccessKey(accessKeyId)
    if (!key?.active || (key.temporary && key.temporary.expiresAt <= this.wallClock.now())) return undefined
    return key.principal
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

  /**
   * @param request what the door knows of the call; `nonce` makes a replay of a write after a crash be refused,
   *   `projectName` is of the token's scope
   */
  callerOf(
    principal: Principal,
    reread: () => Promise<Principal | undefined>,
    request: Pick<Caller, 'accessKeyId' | 'sourceIp' | 'secureTransport' | 'door' | 'requestId'> & {
      nonce?: { hash: Uint8Array; timestampMs: number } | undefined
      projectName?: string | undefined
    },
  ): Caller {
    const { account, user, session } = principal
    const { nonce, projectName, ...rest } = request
    const { store } = this
    const entitled = () => this.entitled(principal)
    const caller: Caller = {
      ...rest,
      accountId: account.id,
      userId: user.id,
      userName: user.name,
      // Made when a write asks for them: most calls only read.
      get stillEntitled() {
        return entitled()
      },
      get once() {
        return nonce && store.rememberNonce(nonce.hash, nonce.timestampMs + 16 * minute, kernelProblem('Replayed'))
      },
    }
    this.ofCaller.set(caller, { principal, reread, projectName })
    if (rest.accessKeyId !== undefined && !session) this.noteUse(rest.accessKeyId, rest.door)
    return caller
  }

  /** Whom a door established as this caller. */
  principalOf(caller: Caller): Principal {
    return this.known(caller).principal
  }

  /** The user behind a caller, also of a temporary key, and whether they act through a role. */
  personOf(caller: Caller): { userId: string; throughRole: boolean } {
    const { user, session } = this.known(caller).principal
    return { userId: session?.makerId ?? user.id, throughRole: session?.role !== undefined }
  }

  refusal(caller: Caller, actions: readonly string[], resource: ResourceAttributes): AccessDenial | undefined {
    if (actions.length === 0) return undefined
    const { principal, projectName } = this.known(caller)
    const { sourceIp, secureTransport } = caller
    const facts = { sourceIp, secureTransport, projectName, currentTime: this.wallClock.now() }
    const decided = judge(principal, actions, resource, facts)
    if (decided.decision === 'allow') return undefined
    return { action: missingAction(caller, actions), decision: decided.decision, policyType: decided.policyType }
  }

  async refresh(caller: Caller): Promise<Caller> {
    const { reread, projectName } = this.known(caller)
    this.forgetAll() // another process may have made the change: the generation tells only of this one
    const principal = await reread()
    if (!principal) throw problem('CallerGone')
    const next: Caller = { ...caller, stillEntitled: this.entitled(principal) }
    this.ofCaller.set(next, { principal, reread, projectName })
    return next
  }

  /** A role in the hands of somebody of another account falls with either. */
  private entitled({ account, session }: Principal) {
    return this.store.unchangedSince([account, session?.makerAccount], entitlementsChanged)
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

/** The name that the caller's dialect has for it, so that they can write the policy that is missing. */
const missingAction = ({ door }: Caller, actions: readonly string[]): string =>
  (door === 'huawei' ? actions.find((action) => action.split(':').length === 3) : undefined) ?? actions[0]!
