import { expect, test } from 'vitest'
import { day, newHexId } from '../kernel/index.ts'
import { onEveryEngine, type storesOver } from './engines.fixture.ts'
import {
  anAccessKey,
  anAccount,
  anAttachment,
  aPolicy,
  aToken,
  aUser,
  bytes,
  now,
  otherwise,
  ours,
  theirs,
} from './objects.fixture.ts'

type Stores = ReturnType<typeof storesOver>

const changed = otherwise('Changed')
const taken = otherwise('NameTaken')
const used = otherwise('Replayed')
const missing = otherwise('NotAttached')

const account = anAccount()
const alice = aUser()

const seed = ({ commit, iam }: Stores) => commit([iam.insertAccount(account), iam.insertUser(alice, taken)])

onEveryEngine(
  (engine) => `IamStore on ${engine}: accounts and users`,
  (engine) => {
    test('an account is found by each of its names', async () => {
      await using db = await engine.open()
      await seed(db)
      const { id, domainId, name } = account
      for (const by of [{ id }, { domainId }, { name }]) expect(await db.iam.account(by)).toEqual(account)
      for (const by of [{ id: domainId }, { domainId: id }, { name: id }])
        expect(await db.iam.account(by)).toBeUndefined()
    })

    test('the first account is the oldest', async () => {
      await using db = await engine.open()
      expect(await db.iam.firstAccount()).toBeUndefined()
      await seed(db)
      await db.commit([db.iam.insertAccount(anAccount({ id: theirs, name: 'older', createdAt: now - 1 }))])
      expect(await db.iam.firstAccount()).toMatchObject({ name: 'older' })
    })

    test('a user is found by id and by name within the account only', async () => {
      await using db = await engine.open()
      await seed(db)
      const bob = aUser({ name: 'bob', passwordHash: '$argon2id$', enabled: false, createdBy: alice.id })
      await db.commit([db.iam.insertUser(bob, taken)])
      expect(await db.iam.user(ours, bob.id)).toEqual(bob)
      expect(await db.iam.userByName(ours, 'bob')).toEqual(bob)
      expect(await db.iam.user(theirs, bob.id)).toBeUndefined()
      expect(await db.iam.userByName(theirs, 'bob')).toBeUndefined()
      expect(await db.iam.users(ours)).toEqual([alice, bob])
      expect(await db.iam.users(theirs)).toEqual([])
    })

    test('a user name is given once in an account', async () => {
      await using db = await engine.open()
      await seed(db)
      await expect(db.commit([db.iam.insertUser(aUser(), taken)])).rejects.toBe(taken)
      await db.commit([
        db.iam.insertAccount(anAccount({ id: theirs, name: 'theirs' })),
        db.iam.insertUser(aUser({ accountId: theirs }), taken),
      ])
    })

    test('a user cannot be of an account that does not exist', async () => {
      await using db = await engine.open()
      await expect(db.commit([db.iam.insertUser(alice, taken)])).rejects.toThrow(/foreign key/i)
    })

    test('of two that change a user, the second is told; the version rises', async () => {
      await using db = await engine.open()
      await seed(db)
      await db.commit([db.iam.replaceUser(alice, { ...alice, enabled: false }, changed)])
      await expect(db.commit([db.iam.replaceUser(alice, { ...alice, name: 'eve' }, changed)])).rejects.toBe(changed)
      expect(await db.iam.user(ours, alice.id)).toEqual({ ...alice, enabled: false, version: 2 })
    })
  },
)

onEveryEngine(
  (engine) => `IamStore on ${engine}: access keys and tokens`,
  (engine) => {
    test('an access key is found by its id over all accounts, and listed for its user', async () => {
      await using db = await engine.open()
      await seed(db)
      const older = anAccessKey(alice, { createdAt: now - 1, enabled: false })
      const newer = anAccessKey(alice)
      await db.commit([db.iam.insertAccessKey(newer), db.iam.insertAccessKey(older)])
      expect(await db.iam.accessKey(older.id)).toEqual(older)
      expect(await db.iam.accessKey('LTAI')).toBeUndefined()
      expect(await db.iam.accessKeysOfUser(ours, alice.id)).toEqual([older, newer])
      expect(await db.iam.accessKeysOfUser(theirs, alice.id)).toEqual([])
    })

    test('of two that change an access key, the second is told; the version rises', async () => {
      await using db = await engine.open()
      await seed(db)
      const key = anAccessKey(alice)
      await db.commit([db.iam.insertAccessKey(key)])
      await db.commit([db.iam.replaceAccessKey(key, { ...key, enabled: false }, changed)])
      await expect(db.commit([db.iam.replaceAccessKey(key, key, changed)])).rejects.toBe(changed)
      expect(await db.iam.accessKey(key.id)).toEqual({ ...key, enabled: false, version: 2 })
    })

    test('a token is found by its hash, until what has expired is forgotten', async () => {
      await using db = await engine.open()
      await seed(db)
      const token = aToken(alice, { hash: bytes(1), scope: '{"project":"x"}', expiresAt: now })
      const other = aToken(alice, { hash: bytes(1, 0), expiresAt: now + day })
      await db.commit([db.iam.insertToken(token), db.iam.insertToken(other)])
      expect(await db.iam.token(bytes(1))).toEqual(token)
      expect(await db.iam.token(bytes(2))).toBeUndefined()
      await db.commit([db.iam.forgetTokens(now)])
      expect(await db.iam.token(bytes(1))).toEqual(token)
      await db.commit([db.iam.forgetTokens(now + 1)])
      expect(await db.iam.token(bytes(1))).toBeUndefined()
      expect(await db.iam.token(bytes(1, 0))).toEqual(other)
    })
  },
)

onEveryEngine(
  (engine) => `IamStore on ${engine}: policies and rights`,
  (engine) => {
    test('an identity is a user, the account, and what is attached to exactly this user', async () => {
      await using db = await engine.open()
      await seed(db)
      const bob = aUser({ name: 'bob' })
      const [readers, writers, detached] = [aPolicy(), aPolicy({ name: 'writers' }), aPolicy({ name: 'detached' })]
      await db.commit([
        db.iam.insertUser(bob, taken),
        ...[readers, writers, detached].map((policy) => db.iam.insertPolicy(policy, taken)),
        db.iam.attach(anAttachment(alice.id, readers.id)),
        db.iam.attach(anAttachment(alice.id, 'system:AdministratorAccess')),
        db.iam.attach(anAttachment(alice.id, detached.id)),
        db.iam.attach(anAttachment(bob.id, writers.id)),
      ])
      await db.commit([db.iam.detach(anAttachment(alice.id, detached.id), missing)])
      const identity = (await db.iam.identity(alice.id))!
      expect(identity).toMatchObject({ account, user: alice, policies: [readers] })
      expect(identity.attachments).toEqual(
        [readers.id, 'system:AdministratorAccess'].toSorted().map((policyId) => ({ policyId, scope: null })),
      )
      expect(await db.iam.identity(newHexId())).toBeUndefined()
    })

    test('a policy of another account is no part of an identity, though its id be attached', async () => {
      await using db = await engine.open()
      await seed(db)
      const foreign = aPolicy({ accountId: theirs })
      await db.commit([db.iam.insertPolicy(foreign, taken), db.iam.attach(anAttachment(alice.id, foreign.id))])
      expect(await db.iam.identity(alice.id)).toMatchObject({ policies: [] })
    })

    test('a policy name is given once in an account, and found there only', async () => {
      await using db = await engine.open()
      const policy = aPolicy()
      await db.commit([db.iam.insertPolicy(policy, taken)])
      await expect(db.commit([db.iam.insertPolicy(aPolicy(), taken)])).rejects.toBe(taken)
      await db.commit([db.iam.insertPolicy(aPolicy({ accountId: theirs }), taken)])
      expect(await db.iam.policyByName(ours, policy.name)).toEqual(policy)
      expect(await db.iam.policyByName(ours, 'another')).toBeUndefined()
    })

    test('attaching twice is attaching once; detaching what is not attached is told', async () => {
      await using db = await engine.open()
      await seed(db)
      const attach = db.iam.attach(anAttachment(alice.id, 'system:ReadOnly'))
      await db.commit([attach])
      await db.commit([attach])
      expect(await db.iam.identity(alice.id)).toMatchObject({
        attachments: [{ policyId: 'system:ReadOnly', scope: null }],
      })
      await db.commit([db.iam.detach(anAttachment(alice.id, 'system:ReadOnly'), missing)])
      await expect(db.commit([db.iam.detach(anAttachment(alice.id, 'system:ReadOnly'), missing)])).rejects.toBe(missing)
    })

    test('the guard `unchangedSince` holds until the version of the account is raised', async () => {
      await using db = await engine.open()
      await seed(db)
      const guard = db.iam.unchangedSince([{ id: ours, iamVersion: 1 }], changed)
      await db.commit([guard])
      await db.commit([db.iam.raiseVersion(ours)])
      await expect(db.commit([guard])).rejects.toBe(changed)
      expect(await db.iam.identity(alice.id)).toMatchObject({ account: { iamVersion: 2 } })
      await db.commit([db.iam.unchangedSince([{ id: ours, iamVersion: 2 }], changed)])
    })

    test('rights that are raised after the guard in the same set do not trouble it', async () => {
      await using db = await engine.open()
      await seed(db)
      await db.commit([db.iam.unchangedSince([{ id: ours, iamVersion: 1 }], changed), db.iam.raiseVersion(ours)])
      await expect(db.commit([db.iam.unchangedSince([{ id: ours, iamVersion: 1 }], changed)])).rejects.toBe(changed)
    })
  },
)

onEveryEngine(
  (engine) => `IamStore on ${engine}: nonces`,
  (engine) => {
    test('a nonce is remembered once, until its time has left the window', async () => {
      await using db = await engine.open()
      const remember = db.iam.rememberNonce(bytes(1, 2), now, used)
      await db.commit([remember])
      await expect(db.commit([remember])).rejects.toBe(used)
      await db.commit([db.iam.rememberNonce(bytes(1, 3), now, used)])
      await db.commit([db.iam.forgetNonces(now)])
      await expect(db.commit([remember])).rejects.toBe(used)
      await db.commit([db.iam.forgetNonces(now + 1)])
      await db.commit([remember])
    })

    test('a replay undoes the act that came with it; an act that fails leaves its nonce unused', async () => {
      await using db = await engine.open()
      const remember = db.iam.rememberNonce(bytes(1, 2), now, used)
      const wrong = { ...db.meta.write('act', 'fails'), rows: 2, otherwise: changed }
      await expect(db.commit([remember, wrong])).rejects.toBe(changed)
      await db.commit([remember, db.meta.write('act', 'done')])
      await expect(db.commit([remember, db.meta.write('act', 'again')])).rejects.toBe(used)
      expect(await db.meta.read('act')).toBe('done')
    })
  },
)
