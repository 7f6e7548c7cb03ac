import { Compile, type Validator } from 'typebox/compile'
import type { TSchema } from 'typebox'
import type { Committer, Write } from './commit.ts'
import { forDryRun, ReachedTheAct } from './dry-run.ts'
import type { AuditFacts, Caller, GuardedAct, Operation, Outcome, ResourceAttributes } from './operation.ts'
import { Problem, problem, Refusal, type AccessDenial } from './problem.ts'

/** Exact across all threads and processes. A call that is refused takes nothing from a database. */
export interface RateLimiter {
  /**
   * 0 when the call may pass and is counted; else the milliseconds until the next may. A refused call is not counted.
   * A promise only where a process has to ask the others first, which it does once for many calls.
   */
  take(userId: string, operationName: string, perSecond: number): number | Promise<number>
}

export interface Authorizer {
  /** Undefined when allowed. Pure in what it is given: the policies that were read with the caller. */
  refusal(caller: Caller, actions: readonly string[], resource: ResourceAttributes): AccessDenial | undefined
  /** Reads the caller's rights anew after they changed; throws a problem when the key, user or token is gone. */
  refresh(caller: Caller): Promise<Caller>
}

/** One entry of the audit log as a write, so that it shares the commit of the act. */
export interface AuditTrail {
  done(caller: Caller, operationName: string, facts: AuditFacts): Write
  refused(caller: Caller, operationName: string, facts: AuditFacts | undefined, code: string): Write
  /** A dry run; `code` is empty when everything would have been done, else why it would have been refused. */
  tried(caller: Caller, operationName: string, facts: AuditFacts | undefined, code: string): Write
}

/** What stands between a caller who may and an act that a guard may stop; the same for every door and every user. */
export interface Gatekeeper {
  /**
   * @returns conditions and notes that must share the commit of the act, and what the audit entry is to say besides.
   *   In a dry run nothing is written by this, and what it returns is not committed.
   * @throws Problem when a guard stops it
   */
  admit(caller: Caller, operationName: string, act: GuardedAct): Promise<Admission>
  /** What is to be remembered of a change of somebody's rights, for judging later who may approve. */
  note(caller: Caller, facts: AuditFacts): readonly Write[]
}

export interface Admission {
  writes: readonly Write[]
  facts: Readonly<Record<string, unknown>>
}

export interface Counters {
  throttled(caller: Caller, operationName: string): void
}

export interface RunnerParts<Deps> {
  deps: Deps
  limiter: RateLimiter
  authorizer: Authorizer
  gate: Gatekeeper
  trail: AuditTrail
  committer: Committer
  counters: Counters
}

/** Ends in the code that a guard on the caller's rights carries: the runner then reads them anew and tries once more. */
export const entitlementsChanged = new Problem('EntitlementsChanged', 'the rights of the caller changed meanwhile')

/** 127.0.0.0/8 and ::1; an IPv4 address may come written as IPv6. */
const isLoopback = (address: string): boolean => /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)

/** Undoes the set that it ends. */
const neverHolds = (otherwise: Problem): Write => ({
  statement: { sql: 'SELECT 1 WHERE 1 = 0', parameters: [] },
  rows: 1,
  otherwise,
  guard: true,
})

const maxAttempts = 4

/**
 * One call of one operation, in the order that design 4 gives: too fast → well formed → may → do → record → answer.
 * (Size limits, time, signature and nonce came before, at the door.)
 */
export class Runner<Deps> {
  private readonly parts: RunnerParts<Deps>
  private readonly validators = new WeakMap<TSchema, Validator>()

  constructor(parts: RunnerParts<Deps>) {
    this.parts = parts
  }

  /**
   * @param readInput turns the wire into the operation's input; runs after the rate limit and may throw the door's own
   *   error, which is recorded as a refusal like any other.
   * @throws Problem, or what `readInput` throws. Nothing was done then.
   */
  async run<Input, Resource, Answer>(
    operation: Operation<Input, Resource, Answer, Deps>,
    caller: Caller,
    readInput: () => Input,
  ): Promise<Answer> {
    const { limiter, counters, committer } = this.parts
    if (operation.perSecond !== undefined) {
      const taken = limiter.take(caller.userId, operation.name, operation.perSecond)
      const retryAfterMs = typeof taken === 'number' ? taken : await taken
      if (retryAfterMs > 0) {
        counters.throttled(caller, operation.name)
        throw problem('Throttled', { retryAfterMs })
      }
    }
    let seen: AuditFacts | undefined
    try {
      const input = readInput()
      if (caller.dryRun && operation.access !== 'write')
        throw problem('DryRunNotSupported', { operation: operation.name })
      this.check(operation.input, input)
      for (let attempt = 1, who = caller; ; attempt++) {
        try {
          return await this.attempt(operation, who, input, (facts) => (seen = facts))
        } catch (error) {
          if (error !== entitlementsChanged || attempt === maxAttempts) throw error
          who = await this.parts.authorizer.refresh(who)
        }
      }
    } catch (error) {
      const refusal = error === entitlementsChanged ? problem('ChangedMeanwhile') : error
      // A failure that is no refusal (a bug, a full disk) is the door's bare 500, and is logged there.
      if (refusal instanceof Refusal) await committer.commit([this.recordOf(caller, operation.name, seen, refusal)])
      throw refusal
    }
  }

  private async attempt<Input, Resource, Answer>(
    operation: Operation<Input, Resource, Answer, Deps>,
    caller: Caller,
    input: Input,
    see: (facts: AuditFacts) => void,
  ): Promise<Answer> {
    const { deps, authorizer, gate, trail, committer } = this.parts
    const resource = await operation.resource?.find(input, deps, caller)
    const attributes = operation.resource?.attributes(input, resource) ?? {}
    if (attributes.id !== undefined) see({ objectType: attributes.type ?? 'object', objectId: attributes.id })
    const denial = authorizer.refusal(caller, operation.actions, attributes)
    if (denial) throw problem('AccessDenied', denial)
    if (operation.revealsSecret && !caller.secureTransport && !isLoopback(caller.sourceIp))
      throw problem('InsecureTransport')
    if (resource === undefined && operation.resource?.missing) throw operation.resource.missing(input)

    if (caller.dryRun) return this.tried(operation, caller, input, resource as Resource, see)
    const { answer, writes, audit, afterwards } = await operation.run(input, resource as Resource, deps, caller)
    const act = operation.guarded?.(input, resource as Resource, deps)
    const admitted = act && (await gate.admit(caller, operation.name, act))
    if (writes !== undefined || audit !== undefined) {
      if (audit === undefined) throw new Error(`${operation.name} writes without an audit entry`)
      const facts = admitted ? { ...audit, facts: { ...audit.facts, ...admitted.facts } } : audit
      const set: Write[] = []
      if (caller.stillEntitled) set.push(caller.stillEntitled)
      if (caller.once) set.push(caller.once)
      set.push(...(admitted?.writes ?? []), ...(writes ?? []))
      if (operation.access === 'write') set.push(...gate.note(caller, audit))
      set.push(trail.done(caller, operation.name, facts))
      await committer.commit(set)
      afterwards?.()
    }
    return answer
  }

  /**
   * Everything that the act would do, undone: its writes are tried in a commit whose last condition never holds, so that names that are
   * taken and rows that changed are found as well. @throws Problem DryRunOperation, which carries the result; or as the act would
   */
  private async tried<Input, Resource, Answer>(
    operation: Operation<Input, Resource, Answer, Deps>,
    caller: Caller,
    input: Input,
    resource: Resource,
    see: (facts: AuditFacts) => void,
  ): Promise<never> {
    const deps = forDryRun(this.parts.deps)
    let outcome: Outcome<Answer> | undefined
    try {
      outcome = await operation.run(input, resource, deps, caller)
    } catch (error) {
      if (!(error instanceof ReachedTheAct)) throw error
    }
    const act = operation.guarded?.(input, resource, deps)
    const admitted = act && (await this.parts.gate.admit(caller, operation.name, act))
    const { objectType = '', objectId = '', facts = {} } = outcome?.audit ?? {}
    const result = { operation: operation.name, objectType, objectId, facts: { ...facts, ...admitted?.facts } }
    if (objectType !== '') see({ objectType, objectId, facts: result.facts })
    const done = problem('DryRunOperation', result)
    const set: Write[] = caller.stillEntitled ? [caller.stillEntitled] : []
    set.push(...(admitted?.writes ?? []), ...(outcome?.writes ?? []), neverHolds(done))
    await this.parts.committer.commit(set)
    throw new Error('a commit held that must not')
  }

  private recordOf(caller: Caller, operationName: string, seen: AuditFacts | undefined, { code }: Refusal): Write {
    const { trail } = this.parts
    if (!caller.dryRun) return trail.refused(caller, operationName, seen, code)
    return trail.tried(caller, operationName, seen, code === 'DryRunOperation' ? '' : code)
  }

  private check(schema: TSchema, input: unknown): void {
    let validator = this.validators.get(schema)
    if (!validator) {
      validator = Compile(schema) as unknown as Validator
      this.validators.set(schema, validator)
    }
    if (validator.Check(input)) return
    const [first] = validator.Errors(input)
    throw problem('InputInvalid', {
      field: first?.instancePath.slice(1).replaceAll('/', '.') || 'input',
      // An unknown member fails against the schema `false`, which says nothing to a person.
      reason:
        first?.keyword === 'boolean' ? 'is not a parameter of this operation' : (first?.message ?? 'is not valid'),
    })
  }
}
