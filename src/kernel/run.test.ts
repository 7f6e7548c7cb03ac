import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import {
  entitlementsChanged,
  operation,
  Problem,
  problem,
  Refusal,
  Runner,
  type AccessDenial,
  type AuditFacts,
  type Caller,
  type Outcome,
  type Write,
} from './index.ts'

type Thing = { id: string; tags: Record<string, string> }
type Answer = { did: string }

/** A write that tells what it is when the world below commits it. */
const aWrite = (sql: string, otherwise?: Problem): Write => ({
  statement: { sql, parameters: [] },
  rows: 1,
  otherwise,
  guard: false,
})

const aCaller = (given: Partial<Caller> = {}): Caller => ({
  accountId: 'account',
  userId: 'user',
  userName: 'alice',
  accessKeyId: undefined,
  sourceIp: '192.0.2.1',
  secureTransport: true,
  door: 'test',
  requestId: 'request',
  stillEntitled: undefined,
  once: undefined,
  ...given,
})

const admitted = { writes: [aWrite('count')], facts: { approval: 'of somebody' } }

/** Everything around a runner, noting what happens in which order; single parts are replaced by `given`. */
function aWorld(given: Partial<World> = {}) {
  const events: string[] = []
  const sets: string[][] = []
  const world: World = {
    waitMs: 0,
    refusal: undefined,
    thing: { id: 'thing-1', tags: { team: 'blue' } },
    fails: () => undefined,
    guardedBy: undefined,
    refresh: (caller) => Promise.resolve(caller),
    run: () => Promise.resolve({ answer: { did: 'it' }, writes: [aWrite('act')], audit }),
    ...given,
  }
  const runner = new Runner<object>({
    deps: {},
    limiter: {
      take: (userId, name, perSecond) => {
        events.push(`limit ${userId} ${name} ${perSecond}`)
        return world.waitMs
      },
    },
    counters: { throttled: ({ userId }, name) => void events.push(`count ${userId} ${name}`) },
    authorizer: {
      refusal: (_caller, actions, resource) => {
        events.push(`may ${actions.join()} ${JSON.stringify(resource)}`)
        return world.refusal
      },
      refresh: (caller) => {
        events.push('refresh')
        return world.refresh(caller)
      },
    },
    trail: {
      done: (_caller, name, facts) =>
        aWrite(`audit done ${name} ${facts.objectId}${facts.facts ? ` ${JSON.stringify(facts.facts)}` : ''}`),
      refused: (_caller, name, facts, code) => aWrite(`audit refused ${name} ${facts?.objectId ?? '-'} ${code}`),
      tried: (_caller, name, facts, code) => aWrite(`audit tried ${name} ${facts?.objectId ?? '-'} ${code}`),
    },
    gate: {
      admit: (_caller, _name, act) => {
        events.push(`guard ${act.kind}`)
        return world.guardedBy ? Promise.reject(world.guardedBy) : Promise.resolve(admitted)
      },
      note: () => [],
    },
    committer: {
      commit: (writes) => {
        const set = writes.map(({ statement }) => statement.sql)
        events.push(`commit ${set.join(', ')}`)
        const problem = world.fails(writes)
        if (problem) return Promise.reject(problem)
        sets.push(set)
        return Promise.resolve()
      },
    },
  })
  const declared = operation<object>()<typeof input, Answer, Thing>({
    name: 'DoIt',
    summary: 'Does it',
    access: 'write',
    actions: ['test:do', 'test:it'],
    perSecond: 20,
    input,
    resource: {
      find: ({ id }) => {
        events.push(`find ${id}`)
        return Promise.resolve(world.thing)
      },
      attributes: ({ id }, thing) => ({ type: 'ca', id, tags: thing?.tags }),
      missing: ({ id }) => new Problem('ThingNotFound', `${id} does not exist`),
    },
    problems: [],
    run: (given, thing, _deps, caller) => {
      events.push(`run ${given.id} on ${thing.id}`)
      return world.run(caller)
    },
  })
  const call = (caller = aCaller(), read: () => unknown = () => ({ id: 'thing-1' })) =>
    runner.run(declared, caller, () => {
      events.push('read')
      return read() as { id: string }
    })
  return { runner, declared, call, events, sets, world }
}

const input = Type.Object({ id: Type.String({ maxLength: 10 }) }, { additionalProperties: false })
const audit: AuditFacts = { objectType: 'ca', objectId: 'thing-1' }

interface World {
  waitMs: number
  refusal: AccessDenial | undefined
  thing: Thing | undefined
  fails: (writes: readonly Write[]) => Error | undefined
  guardedBy: Error | undefined
  refresh: (caller: Caller) => Promise<Caller>
  run: (caller: Caller) => Promise<Outcome<Answer>>
}

describe('Runner: too fast → well formed → may → do → record → answer (design 4)', () => {
  test('a call that passes everything does each thing once, in this order', async () => {
    const { call, events } = aWorld()
    expect(await call()).toEqual({ did: 'it' })
    expect(events).toEqual([
      'limit user DoIt 20',
      'read',
      'find thing-1',
      'may test:do,test:it {"type":"ca","id":"thing-1","tags":{"team":"blue"}}',
      'run thing-1 on thing-1',
      'commit act, audit done DoIt thing-1',
    ])
  })

  test('too fast is said before the input is read; it is counted, and touches no database', async () => {
    const { call, events } = aWorld({ waitMs: 40 })
    await expect(call()).rejects.toMatchObject({ code: 'Throttled', details: { retryAfterMs: 40 } })
    expect(events).toEqual(['limit user DoIt 20', 'count user DoIt'])
  })

  test('an operation without a limit asks nobody', async () => {
    const { runner, declared, events } = aWorld({ waitMs: 40 })
    await runner.run({ ...declared, perSecond: undefined }, aCaller(), () => ({ id: 'thing-1' }))
    expect(events[0]).toBe('find thing-1')
  })

  test.each([
    [{ id: 7 }, 'id'],
    [{ id: 'far too long for an id' }, 'id'],
    [{}, 'input'],
    [{ id: 'a', more: true }, 'more'],
    ['text', 'input'],
  ])('input that is not well formed is refused before anything is looked up: %j', async (wrong, field) => {
    const { call, events } = aWorld()
    const refusal = { code: 'InputInvalid', details: { field, reason: expect.any(String) as string } }
    await expect(call(aCaller(), () => wrong)).rejects.toMatchObject(refusal)
    expect(events.slice(1)).toEqual(['read', 'commit audit refused DoIt - InputInvalid'])
  })

  test("a door's own error about the wire is thrown as it is, and recorded under its code", async () => {
    const { call, events } = aWorld()
    const wire = new WireError('MissingParameter')
    await expect(call(aCaller(), () => raise(wire))).rejects.toBe(wire)
    expect(events.slice(1)).toEqual(['read', 'commit audit refused DoIt - MissingId'])
  })

  test('a caller who may not is refused and nothing runs; the refusal is an entry of its own, design 8', async () => {
    const refusal: AccessDenial = { action: 'test:do', decision: 'explicitDeny' }
    const { call, events, sets } = aWorld({ refusal })
    await expect(call()).rejects.toMatchObject({ code: 'AccessDenied', details: refusal })
    expect(events).not.toContain('run thing-1 on thing-1')
    expect(sets).toEqual([['audit refused DoIt thing-1 AccessDenied']])
  })

  test('who may not hears the same whether or not it exists', async () => {
    const refusal: AccessDenial = { action: 'test:do', decision: 'implicitDeny' }
    const said = await Promise.all(
      [aWorld().world.thing, undefined].map(async (thing) => {
        const { call, sets } = aWorld({ refusal, thing })
        return [await call().catch(({ code, message, details }: Problem) => ({ code, message, details })), sets]
      }),
    )
    expect(said[1]).toEqual(said[0])
    expect(said[0]![0]).toMatchObject({ code: 'AccessDenied' })
  })

  test('what does not exist is judged without tags, and named missing only to who may', async () => {
    const { call, events, sets } = aWorld({ thing: undefined })
    await expect(call()).rejects.toMatchObject({ code: 'ThingNotFound' })
    expect(events).toContain('may test:do,test:it {"type":"ca","id":"thing-1"}')
    expect(sets).toEqual([['audit refused DoIt thing-1 ThingNotFound']])
  })

  describe('an operation that reveals a secret', () => {
    const far = { sourceIp: '192.0.2.1', secureTransport: false }

    test.each([
      { ...far, secureTransport: true },
      { ...far, sourceIp: '127.0.0.1' },
      { ...far, sourceIp: '127.9.9.9' },
      { ...far, sourceIp: '::1' },
      { ...far, sourceIp: '::ffff:127.0.0.1' },
    ])('answers over TLS and on loopback: %j', async (caller) => {
      const { runner, declared } = aWorld()
      const reveals = { ...declared, revealsSecret: true }
      expect(await runner.run(reveals, aCaller(caller), () => ({ id: 'thing-1' }))).toEqual({ did: 'it' })
    })

    test.each(['192.0.2.1', '128.0.0.1', '::ffff:192.0.2.1', '::2', '', '127.0.0.1.example.com', '10.127.0.0.1'])(
      'refuses plain HTTP from elsewhere, with nothing done (design 4): %j',
      async (sourceIp) => {
        const { runner, declared, events, sets } = aWorld()
        const call = runner.run({ ...declared, revealsSecret: true }, aCaller({ ...far, sourceIp }), () => ({
          id: 'thing-1',
        }))
        await expect(call).rejects.toMatchObject({ code: 'InsecureTransport' })
        expect(events.filter((event) => event.startsWith('run'))).toEqual([])
        expect(sets).toEqual([['audit refused DoIt thing-1 InsecureTransport']])
      },
    )

    test('tells that only to who may, and not whether the object exists', async () => {
      const denied = aWorld({ refusal: { action: 'test:do', decision: 'implicitDeny' } })
      const missing = aWorld({ thing: undefined })
      const codes = [denied, missing].map(async ({ runner, declared }) =>
        runner
          .run({ ...declared, revealsSecret: true }, aCaller(far), () => ({ id: 'thing-1' }))
          .catch(({ code }: Problem) => code),
      )
      expect(await Promise.all(codes)).toEqual(['AccessDenied', 'InsecureTransport'])
    })

    test('every other operation is open to plain HTTP', async () => {
      const { declared, call } = aWorld()
      expect(declared.revealsSecret).toBe(false)
      expect(await call(aCaller(far))).toEqual({ did: 'it' })
    })
  })

  test('an operation on no object is judged on the account, and run without one', async () => {
    const { runner, events } = aWorld()
    const make = operation<object>()({
      name: 'Make',
      summary: 'Makes one',
      access: 'write',
      actions: ['test:make'],
      input: Type.Object({}),
      problems: [],
      run: (_input, resource) => Promise.resolve({ answer: { resource } }),
    })
    expect(await runner.run(make, aCaller(), () => ({}))).toEqual({ resource: undefined })
    expect(events).toEqual(['may test:make {}'])
  })
})

describe('Runner: what `run` hands back', () => {
  test('a read without writes commits nothing', async () => {
    const { call, sets } = aWorld({ run: () => Promise.resolve({ answer: { did: 'look' } }) })
    expect(await call()).toEqual({ did: 'look' })
    expect(sets).toEqual([])
  })

  test('a read with an audit entry commits the entry: reads of private keys are entries, design 8', async () => {
    const { call, sets } = aWorld({ run: () => Promise.resolve({ answer: { did: 'export' }, audit }) })
    await call()
    expect(sets).toEqual([['audit done DoIt thing-1']])
  })

  test.each([[[aWrite('act')]], [[]]])(
    'writes without an audit entry are a bug: nothing is committed',
    async (writes) => {
      const { call, events } = aWorld({ run: () => Promise.resolve({ answer: { did: 'it' }, writes }) })
      await expect(call()).rejects.toThrow('DoIt writes without an audit entry')
      expect(events.filter((event) => event.startsWith('commit'))).toEqual([])
    },
  )

  test('the conditions on the caller stand before the writes, the entry after them, all in one set', async () => {
    const { call, sets } = aWorld()
    await call(aCaller({ once: aWrite('nonce'), stillEntitled: aWrite('entitled') }))
    expect(sets).toEqual([['entitled', 'nonce', 'act', 'audit done DoIt thing-1']])
  })

  test('what is to happen afterwards happens once, after the commit and before the answer', async () => {
    const { call, events, world } = aWorld()
    world.run = () =>
      Promise.resolve({ answer: { did: 'it' }, writes: [], audit, afterwards: () => void events.push('afterwards') })
    await call()
    expect(events.slice(-2)).toEqual(['commit audit done DoIt thing-1', 'afterwards'])
  })

  test('nothing happens afterwards when the commit failed', async () => {
    const { call, events, world } = aWorld({ fails: (writes) => writes[0]!.otherwise })
    const changed = new Problem('CaChanged', 'changed')
    world.run = () =>
      Promise.resolve({
        answer: { did: 'it' },
        writes: [aWrite('act', changed)],
        audit,
        afterwards: () => void events.push('afterwards'),
      })
    await expect(call()).rejects.toBe(changed)
    expect(events).not.toContain('afterwards')
  })
})

describe('Runner: refusals and failures', () => {
  test('a problem of the operation is recorded with its object, and thrown as it is', async () => {
    const forbids = new Problem('CaStateForbids', 'no')
    const { call, sets } = aWorld({ run: () => Promise.reject(forbids) })
    await expect(call()).rejects.toBe(forbids)
    expect(sets).toEqual([['audit refused DoIt thing-1 CaStateForbids']])
  })

  test('a write that did not hold is recorded as a refusal, apart from the act', async () => {
    const changed = new Problem('CaChanged', 'changed')
    const act = { answer: { did: 'it' }, writes: [aWrite('act', changed)], audit }
    const { call, sets } = aWorld({ run: () => Promise.resolve(act), fails: (writes) => writes[0]!.otherwise })
    await expect(call()).rejects.toBe(changed)
    expect(sets).toEqual([['audit refused DoIt thing-1 CaChanged']])
  })

  test('a failure of ours is no refusal: it is thrown as it is and not recorded', async () => {
    const bug = new TypeError('x is not a function')
    const { call, sets } = aWorld({ run: () => Promise.reject(bug) })
    await expect(call()).rejects.toBe(bug)
    expect(sets).toEqual([])
  })

  test('a refusal that cannot be recorded is not told as if it had been', async () => {
    const full = problem('Unavailable', { reason: 'the disk cannot be written' })
    const refusal: AccessDenial = { action: 'test:do', decision: 'implicitDeny' }
    const { call } = aWorld({ refusal, fails: () => full })
    await expect(call()).rejects.toBe(full)
  })

  test('a nonce that was used before: Replayed, nothing done, and it is no reason to try again', async () => {
    const replayed = problem('Replayed')
    const { call, events, sets } = aWorld({ fails: (writes) => writes[0]!.otherwise })
    await expect(call(aCaller({ once: aWrite('nonce', replayed) }))).rejects.toBe(replayed)
    expect(events).not.toContain('refresh')
    expect(sets).toEqual([['audit refused DoIt thing-1 Replayed']])
  })
})

describe('Runner: rights that change during the call (design 4)', () => {
  const entitled = (version: number) => aWrite(`entitled ${version}`, entitlementsChanged)
  const caller = aCaller({ stillEntitled: entitled(1), once: aWrite('nonce') })
  const outdated = (current: number) => (writes: readonly Write[]) =>
    writes.find(({ statement }) => statement.sql.startsWith('entitled') && statement.sql !== `entitled ${current}`)
      ?.otherwise

  test('are read anew, judged anew, and the act is done once under the new ones', async () => {
    const refresh = (was: Caller) => Promise.resolve({ ...was, stillEntitled: entitled(2) })
    const { call, events, sets } = aWorld({ fails: outdated(2), refresh })
    expect(await call(caller)).toEqual({ did: 'it' })
    expect(events.filter((event) => /^(find|may|run|refresh)/.test(event)).map((event) => event.split(' ')[0])).toEqual(
      ['find', 'may', 'run', 'refresh', 'find', 'may', 'run'],
    )
    expect(events.filter((event) => event.startsWith('limit') || event === 'read')).toHaveLength(2)
    expect(sets).toEqual([['entitled 2', 'nonce', 'act', 'audit done DoIt thing-1']])
  })

  test('the operation runs for the caller as read anew', async () => {
    const refresh = (was: Caller) => Promise.resolve({ ...was, userName: 'renamed', stillEntitled: entitled(2) })
    const run = (by: Caller) => Promise.resolve({ answer: { did: by.userName }, writes: [], audit })
    const { call } = aWorld({ fails: outdated(2), refresh, run })
    expect(await call(caller)).toEqual({ did: 'renamed' })
  })

  test('a right that was taken meanwhile: AccessDenied, nothing done', async () => {
    const { call, sets, world } = aWorld({ fails: outdated(2) })
    world.refresh = (was) => {
      world.refusal = { action: 'test:do', decision: 'implicitDeny' }
      return Promise.resolve({ ...was, stillEntitled: entitled(2) })
    }
    await expect(call(caller)).rejects.toMatchObject({ code: 'AccessDenied' })
    expect(sets).toEqual([['audit refused DoIt thing-1 AccessDenied']])
  })

  test('a caller who is gone: the refusal says so', async () => {
    const gone = new Problem('CallerGone', 'gone')
    const { call, sets } = aWorld({ fails: outdated(2), refresh: () => Promise.reject(gone) })
    await expect(call(caller)).rejects.toBe(gone)
    expect(sets).toEqual([['audit refused DoIt thing-1 CallerGone']])
  })

  test('rights that keep changing: it gives up after a few tries and says that nothing was done', async () => {
    const { call, events, sets } = aWorld({ fails: outdated(2) })
    await expect(call(caller)).rejects.toMatchObject({ code: 'ChangedMeanwhile' })
    expect(events.filter((event) => event.startsWith('run'))).toHaveLength(4)
    expect(sets).toEqual([['audit refused DoIt thing-1 ChangedMeanwhile']])
  })
})

class WireError extends Refusal {
  readonly code = 'MissingId'
}

function raise(error: Error): never {
  throw error
}

describe('Runner: guards (design 3)', () => {
  const guarded = (world: ReturnType<typeof aWorld>, caller = aCaller()) =>
    world.runner.run(
      {
        ...world.declared,
        guarded: ({ id }) => ({ kind: 'deleteCa', caId: id, objectId: id, version: 1, terms: {} }),
      },
      caller,
      () => ({ id: 'thing-1' }),
    )

  test('what a guard demands shares the commit of the act, and what it found stands in the entry', async () => {
    const world = aWorld()
    await guarded(world)
    expect(world.events).toContain('guard deleteCa')
    expect(world.sets).toEqual([['count', 'act', 'audit done DoIt thing-1 {"approval":"of somebody"}']])
  })

  test('what a guard stops is refused with nothing done, and recorded', async () => {
    const guardedBy = new Problem('DeletionProtected', 'no')
    const world = aWorld({ guardedBy })
    await expect(guarded(world)).rejects.toBe(guardedBy)
    expect(world.sets).toEqual([['audit refused DoIt thing-1 DeletionProtected']])
  })

  test('who may not hears nothing of guards', async () => {
    const world = aWorld({ refusal: { action: 'test:do', decision: 'implicitDeny' } })
    await expect(guarded(world)).rejects.toMatchObject({ code: 'AccessDenied' })
    expect(world.events).not.toContain('guard deleteCa')
  })
})

describe('Runner: dry runs (design 3)', () => {
  const dry = aCaller({ dryRun: true, once: aWrite('nonce'), stillEntitled: aWrite('entitled') })
  /** As a database does it: the last condition of a dry run never holds. */
  const undone: World['fails'] = (writes) =>
    writes.findLast(({ statement }) => statement.sql.includes('1 = 0'))?.otherwise

  test('everything is checked, its writes are tried and undone, and the entry is the only thing written', async () => {
    const { call, events, sets } = aWorld({ fails: undone })
    await expect(call(dry)).rejects.toMatchObject({
      code: 'DryRunOperation',
      details: { operation: 'DoIt', objectType: 'ca', objectId: 'thing-1', facts: {} },
    })
    expect(events).toContain('limit user DoIt 20')
    expect(events).toContain('commit entitled, act, SELECT 1 WHERE 1 = 0')
    expect(sets).toEqual([['audit tried DoIt thing-1 ']])
  })

  test('what would be refused is refused as it would be, and recorded as a dry run', async () => {
    const refused: [Partial<World>, string][] = [
      [{ refusal: { action: 'test:do', decision: 'implicitDeny' } }, 'AccessDenied'],
      [{ thing: undefined }, 'ThingNotFound'],
      [{ run: () => Promise.reject(new Problem('CaStateForbids', 'no')) }, 'CaStateForbids'],
      [{ fails: (writes) => (writes.length > 1 ? new Problem('NameTaken', 'taken') : undefined) }, 'NameTaken'],
    ]
    for (const [given, code] of refused) {
      const { call, sets } = aWorld({ fails: undone, ...given })
      await expect(call(dry)).rejects.toMatchObject({ code })
      expect(sets).toEqual([[`audit tried DoIt thing-1 ${code}`]])
    }
  })

  test('it is never answered like the act, even if a store undid nothing', async () => {
    const { call } = aWorld()
    await expect(call(dry)).rejects.toThrow('a commit held that must not')
  })

  test('nothing follows it, and no answer leaves', async () => {
    const { call, events, world } = aWorld({ fails: undone })
    world.run = () =>
      Promise.resolve({
        answer: { did: 'a secret' },
        writes: [],
        audit,
        afterwards: () => void events.push('afterwards'),
      })
    const refusal = await call(dry).catch((error: Problem) => error)
    expect(events).not.toContain('afterwards')
    expect(JSON.stringify([(refusal as Problem).message, (refusal as Problem).details])).not.toContain('a secret')
  })

  test('where an operation would make a key, sign or commit by itself, the dry run ends well before it', async () => {
    const did: string[] = []
    const act = (name: string) => () => Promise.resolve(void did.push(name))
    const deps = {
      keys: { generate: act('generate'), importKey: act('importKey'), sign: act('sign'), searchById: act('search') },
      committer: { commit: act('commit') },
    }
    for (const [part, name] of [
      ['keys', 'generate'],
      ['keys', 'importKey'],
      ['keys', 'sign'],
      ['committer', 'commit'],
    ] as const) {
      const { runner, declared } = aWorld({ fails: undone })
      const parts = (runner as unknown as { parts: { deps: object } }).parts
      parts.deps = deps
      const operation = {
        ...declared,
        run: async (_input: unknown, _thing: unknown, given: object) => {
          const { keys, ...rest } = given as typeof deps
          await keys.searchById()
          await ({ keys, ...rest }[part] as Record<string, () => Promise<void>>)[name]!()
          return { answer: { did: 'it' }, writes: [], audit }
        },
      }
      await expect(runner.run(operation, dry, () => ({ id: 'thing-1' }))).rejects.toMatchObject({
        code: 'DryRunOperation',
      })
    }
    expect(did).toEqual(['search', 'search', 'search', 'search'])
  })

  test('what only reads has none', async () => {
    const { runner, declared, events } = aWorld()
    await expect(runner.run({ ...declared, access: 'read' }, dry, () => ({ id: 'thing-1' }))).rejects.toMatchObject({
      code: 'DryRunNotSupported',
    })
    expect(events.filter((event) => event.startsWith('run'))).toEqual([])
  })
})
