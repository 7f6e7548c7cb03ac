import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { entitlementsChanged, minute, type Caller, type Write } from '../kernel/index.ts'
import { Principals, RightsGeneration, rightsMemory } from './principals.ts'
import type { AccessKey, Account, IamStore, Identity, IssuedToken, StoredPolicy, User } from './store.ts'

const start = Date.UTC(2026, 10, 21)

const aWrite = (sql: string, parameters: Write['statement']['parameters'], otherwise: Write['otherwise']): Write => ({
  statement: { sql, parameters },
  rows: 1,
  otherwise,
  guard: sql === 'unchangedSince',
})

const hashOf = (token: string) => createHash('sha256').update(token).digest()

const allowing = (action: string, more: object = {}): string =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: [action], Resource: '*', ...more }] })

const request = { accessKeyId: 'LTAI1', sourceIp: '192.0.2.1', secureTransport: true, door: 'alibaba', requestId: 'r' }

/** Principals over a store in memory that notes what is read of it. */
function aWorld() {
  const account: Account = {
    id: '1234567890123456',
    domainId: 'd0'.repeat(16),
    name: 'ours',
    iamVersion: 1,
    createdAt: 0,
  }
  const user: User = {
    id: 'a1'.repeat(16),
    accountId: account.id,
    decimalId: '2000000000000000',
    name: 'alice',
    passwordHash: null,
    enabled: true,
    createdAt: 0,
    createdBy: null,
    version: 1,
    tags: {},
  }
  const key: AccessKey = {
    id: 'LTAI1',
    accountId: account.id,
    userId: user.id,
    sealedSecret: Uint8Array.of(1, 2, 3),
    enabled: true,
    createdAt: 0,
    version: 1,
  }
  const token: IssuedToken = {
    hash: hashOf('token'),
    accountId: account.id,
    userId: user.id,
    userVersion: 1,
    scope: '{"project":"x"}',
    issuedAt: start,
    expiresAt: start + 60 * minute,
  }
  const policy: StoredPolicy = {
    id: 'policy-1',
    accountId: account.id,
    name: 'mine',
    grammar: 'ram-1',
    document: allowing('test:do'),
    createdAt: 0,
    version: 1,
    defaultVersion: 1,
    lastVersion: 1,
  }
  const world = {
    account,
    user: user as User | undefined,
    keys: [key],
    tokens: [token],
    attachments: [{ policyId: 'policy-1', scope: null }] as Identity['attachments'],
    policies: [policy],
    reads: [] as string[],
    uses: [] as string[],
    /** Called between the reading of an identity and its return. */
    meanwhile: (): unknown => undefined,
  }
  const store: Pick<IamStore, 'accessKey' | 'identity' | 'token' | 'unchangedSince' | 'rememberNonce'> = {
    accessKey(id) {
      world.reads.push(`key ${id}`)
      return Promise.resolve(world.keys.find((each) => each.id === id))
    },
    identity(userId) {
      world.reads.push('identity')
      const { account, user, attachments, policies } = world
      const found: Identity | undefined = user?.id === userId ? { account, user, attachments, policies } : undefined
      world.meanwhile()
      return Promise.resolve(found)
    },
    token(hash) {
      world.reads.push('token')
      return Promise.resolve(world.tokens.find((each) => Buffer.compare(each.hash, hash) === 0))
    },
    unchangedSince: ([{ id, iamVersion }], changed) => aWrite('unchangedSince', [id, iamVersion], changed),
    rememberNonce: (hash, expiresAt, used) => aWrite('rememberNonce', [hash, expiresAt], used),
  }
  const memory = rightsMemory()
  const clock = { at: start, now: () => clock.at }
  const principals = new Principals({
    store: store as IamStore,
    openSecret: {
      ofKey: ({ sealedSecret }) => sealedSecret.toReversed(),
      ofSession: ({ sealedSecret }) => sealedSecret.toReversed(),
    },
    noteUse: (accessKeyId) => world.uses.push(accessKeyId),
    generation: new RightsGeneration(memory),
    wallClock: clock,
  })
  return { ...world, world, principals, clock, rights: new RightsGeneration(memory), user, key, token }
}

describe('Principals.byAccessKey', () => {
  test('an id that is known gives its secret, user, account and policies', async () => {
    const { principals, account, user } = aWorld()
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({
      accessKeyId: 'LTAI1',
      secret: Uint8Array.of(3, 2, 1),
      active: true,
      principal: { account, user, policies: [{ id: 'policy-1', name: 'mine', kind: 'custom' }] },
    })
  })

  test('is read once for as long as no rights change', async () => {
    const { principals, reads } = aWorld()
    const first = await principals.byAccessKey('LTAI1')
    expect(await principals.byAccessKey('LTAI1')).toBe(first)
    expect(reads).toEqual(['key LTAI1', 'identity', 'key LTAI1'])
  })

  test('an unknown id is looked up each time: a new key works at once', async () => {
    const { principals, world, key } = aWorld()
    expect(await principals.byAccessKey('LTAI2')).toBeUndefined()
    world.keys = [key, { ...key, id: 'LTAI2' }]
    expect(await principals.byAccessKey('LTAI2')).toMatchObject({ accessKeyId: 'LTAI2' })
  })

  test('a key without its user is no key', async () => {
    const { principals, world } = aWorld()
    world.user = undefined
    expect(await principals.byAccessKey('LTAI1')).toBeUndefined()
  })

  test('a key that is disabled is known and not active, once another thread has raised the generation', async () => {
    const { principals, world, key, rights } = aWorld()
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: true })
    world.keys = [{ ...key, enabled: false }]
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: true })
    rights.raise()
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })

  test('a key that is disabled while its user is being read is not active', async () => {
    const { principals, world, key } = aWorld()
    world.meanwhile = () => (world.keys = [{ ...key, enabled: false }])
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })

  test('a key of a disabled user is not active', async () => {
    const { principals, world, user, rights } = aWorld()
    await principals.byAccessKey('LTAI1')
    world.user = { ...user, enabled: false }
    rights.raise()
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })

  test('what was read while rights changed is used for this call and not remembered', async () => {
    const { principals, world, user, rights } = aWorld()
    world.meanwhile = () => {
      world.meanwhile = () => {}
      world.user = { ...user, enabled: false }
      rights.raise()
    }
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: true })
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })

  test('what was read before another call noticed the change is not remembered either', async () => {
    const { principals, world, user, rights } = aWorld()
    let second: Promise<unknown> | undefined
    world.meanwhile = () => {
      world.meanwhile = () => {}
      world.user = { ...user, enabled: false }
      rights.raise()
      second = principals.byAccessKey('LTAI1')
    }
    await principals.byAccessKey('LTAI1')
    await second
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })
})

describe('Principals.ofToken', () => {
  test('a token gives its user, scope and times, and is read once', async () => {
    const { principals, user, reads, token } = aWorld()
    const { issuedAt, expiresAt, scope } = token
    expect(await principals.ofToken('token')).toMatchObject({ principal: { user }, issuedAt, expiresAt, scope })
    await principals.ofToken('token')
    expect(reads).toEqual(['token', 'identity'])
  })

  test('a token that is unknown is nobody', async () => {
    expect(await aWorld().principals.ofToken('another')).toBeUndefined()
  })

  test.each(['remembered', 'not remembered'])('it ends when its time is over, %s', async (how) => {
    const { principals, clock, token } = aWorld()
    clock.at = token.expiresAt - 1
    if (how === 'remembered') expect(await principals.ofToken('token')).toBeDefined()
    clock.at = token.expiresAt
    expect(await principals.ofToken('token')).toBeUndefined()
  })

  test.each([
    ['the version of its user changed: password, keys or permissions', { version: 2 }],
    ['its user was disabled', { enabled: false }],
  ])('it ends early when %s', async (_, change) => {
    const { principals, world, user, rights } = aWorld()
    expect(await principals.ofToken('token')).toBeDefined()
    world.user = { ...user, ...change }
    rights.raise()
    expect(await principals.ofToken('token')).toBeUndefined()
    rights.raise() // of something else
    expect(await principals.ofToken('token')).toBeUndefined()
  })

  test('it ends with its user', async () => {
    const { principals, world, rights } = aWorld()
    await principals.ofToken('token')
    world.user = undefined
    rights.raise()
    expect(await principals.ofToken('token')).toBeUndefined()
  })

  test('a change of rights that leaves the user alone leaves the token, with the new policies', async () => {
    const { principals, world, rights } = aWorld()
    await principals.ofToken('token')
    world.policies = []
    rights.raise()
    expect(await principals.ofToken('token')).toMatchObject({ principal: { policies: [] } })
  })
})

describe('Principals.byUser', () => {
  test('is read each time; a disabled user is nobody', async () => {
    const { principals, world, user, reads } = aWorld()
    expect(await principals.byUser(user.id)).toMatchObject({ user })
    expect(await principals.byUser(user.id)).toMatchObject({ user })
    expect(reads).toEqual(['identity', 'identity'])
    world.user = { ...user, enabled: false }
    expect(await principals.byUser(user.id)).toBeUndefined()
    expect(await principals.byUser('nobody')).toBeUndefined()
  })
})

describe('the caller of a request', () => {
  async function aCaller(world = aWorld(), more: Partial<Parameters<Principals['callerOf']>[2]> = {}) {
    const { principals, user } = world
    const reread = () => principals.byUser(user.id)
    const caller = principals.callerOf((await principals.byUser(user.id))!, reread, { ...request, ...more })
    return { ...world, caller }
  }

  test('carries who it is, and the condition that no rights changed since they were read', async () => {
    const { caller, account, user } = await aCaller()
    expect(caller).toMatchObject({ ...request, accountId: account.id, userId: user.id, userName: 'alice' })
    expect(caller.stillEntitled).toMatchObject({ guard: true, otherwise: entitlementsChanged })
    expect(caller.stillEntitled?.statement.parameters).toEqual([account.id, 1])
    expect(caller.once).toBeUndefined()
  })

  test('tells that a key was used, and of a token nothing', async () => {
    const { world } = await aCaller()
    expect(world.uses).toEqual(['LTAI1'])
    expect((await aCaller(aWorld(), { accessKeyId: undefined })).world.uses).toEqual([])
  })

  test('with a nonce it carries the write that makes it durable until it has left the window', async () => {
    const hash = Uint8Array.of(5)
    const { caller } = await aCaller(aWorld(), { nonce: { hash, timestampMs: start } })
    expect(caller.once).toMatchObject({ guard: false, otherwise: { code: 'Replayed' } })
    expect(caller.once?.statement.parameters).toEqual([hash, start + 16 * minute])
    expect(caller).not.toHaveProperty('nonce')
  })

  test('may what a policy allows, and hears which action is missing otherwise', async () => {
    const { principals, caller } = await aCaller()
    expect(principals.refusal(caller, ['test:do'], {})).toBeUndefined()
    expect(principals.refusal(caller, ['other:thing', 'test:do'], {})).toBeUndefined()
    expect(principals.refusal(caller, ['other:thing'], {})).toMatchObject({
      action: 'other:thing',
      decision: 'implicitDeny',
    })
  })

  test('a refusal names the action in the dialect of the door', async () => {
    const actions = ['sts:AssumeRole', 'sts:agencies:assume']
    for (const [door, action] of [
      ['huawei', 'sts:agencies:assume'],
      ['alibaba', 'sts:AssumeRole'],
    ] as const) {
      const { principals, caller } = await aCaller(aWorld(), { door })
      expect(principals.refusal(caller, actions, {})).toMatchObject({ action })
      expect(principals.refusal(caller, ['other:thing'], {})).toMatchObject({ action: 'other:thing' })
    }
  })

  test('an operation without actions is open to every user of the account', async () => {
    const world = aWorld()
    world.world.policies = []
    const { principals, caller } = await aCaller(world)
    expect(principals.refusal(caller, [], {})).toBeUndefined()
  })

  test('a deny wins over the built-in policy that allows everything', async () => {
    const world = aWorld()
    world.world.attachments = ['system:ram-1/AdministratorAccess', 'system:ram-1/NoSuchPolicy', 'policy-1'].map(
      (policyId) => ({ policyId, scope: null }),
    )
    world.world.policies = [{ ...world.policies[0]!, document: allowing('test:do').replace('Allow', 'Deny') }]
    const { principals, caller } = await aCaller(world)
    expect(principals.refusal(caller, ['anything:else'], {})).toBeUndefined()
    expect(principals.refusal(caller, ['test:do'], {})).toMatchObject({ decision: 'explicitDeny' })
  })

  test('conditions see the tags of the resource, and none where there is no resource', async () => {
    const world = aWorld()
    const onlyBlue = { Condition: { StringEquals: { 'acs:ResourceTag/team': ['blue'] } } }
    world.world.policies = [{ ...world.policies[0]!, document: allowing('test:do', onlyBlue) }]
    const { principals, caller } = await aCaller(world)
    const on = (tags: Record<string, string> | undefined) =>
      principals.refusal(caller, ['test:do'], { type: 'ca', id: 'x', tags })
    expect(on({ team: 'blue' })).toBeUndefined()
    expect(on({ team: 'red' })).toMatchObject({ decision: 'implicitDeny' })
    expect(on(undefined)).toMatchObject({ decision: 'implicitDeny' })
  })

  test('refreshed, it stands on the rights as they are now, and keeps its nonce', async () => {
    const world = aWorld()
    const nonce = { hash: Uint8Array.of(5), timestampMs: start }
    const { principals, caller, account } = await aCaller(world, { nonce })
    world.world.account = { ...account, iamVersion: 2 }
    world.world.policies = []
    const next = await principals.refresh(caller)
    expect(next.stillEntitled?.statement.parameters).toEqual([account.id, 2])
    expect(next.once).toEqual(caller.once)
    expect(principals.refusal(next, ['test:do'], {})).toMatchObject({ decision: 'implicitDeny' })
    world.world.account = { ...account, iamVersion: 3 }
    const last = await principals.refresh(next)
    expect(last.stillEntitled?.statement.parameters).toEqual([account.id, 3])
  })

  test('refreshing forgets what was remembered of others: the change may have come from another process', async () => {
    const world = aWorld()
    const { principals, caller, key } = await aCaller(world)
    await principals.byAccessKey('LTAI1')
    world.world.keys = [{ ...key, enabled: false }]
    await principals.refresh(caller)
    expect(await principals.byAccessKey('LTAI1')).toMatchObject({ active: false })
  })

  test('refreshed when its user is disabled or gone, it is told so', async () => {
    const world = aWorld()
    const { principals, caller, user } = await aCaller(world)
    world.world.user = { ...user, enabled: false }
    await expect(principals.refresh(caller)).rejects.toMatchObject({ code: 'CallerGone' })
    world.world.user = undefined
    await expect(principals.refresh(caller)).rejects.toMatchObject({ code: 'CallerGone' })
  })

  test('one that no door has established has no rights at all', async () => {
    const { principals, caller } = await aCaller()
    const forged: Caller = { ...caller }
    expect(() => principals.refusal(forged, ['test:do'], {})).toThrow('no door')
    await expect(principals.refresh(forged)).rejects.toThrow('no door')
  })
})
