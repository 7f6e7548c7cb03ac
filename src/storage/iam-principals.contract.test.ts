import { describe, expect, test } from 'vitest'
import { minute, newHexId } from '../kernel/index.ts'
import { onEveryEngine, type storesOver } from './engines.fixture.ts'
import {
  aGroup,
  anAccessKey,
  anAccount,
  anAttachment,
  aPolicy,
  aResourceGroup,
  aRole,
  aSession,
  aToken,
  aUser,
  now,
  otherwise,
  ours,
  theirs,
} from './objects.fixture.ts'

type Stores = ReturnType<typeof storesOver>

const changed = otherwise('Changed')
const taken = otherwise('NameTaken')
const missing = otherwise('Missing')

const account = anAccount()
const alice = aUser()
const bob = aUser({ name: 'bob', tags: { team: 'blue', constructor: 'x' } })

const seed = ({ commit, iam }: Stores) =>
  commit([iam.insertAccount(account), iam.insertUser(alice, taken), iam.insertUser(bob, taken)])

onEveryEngine(
  (engine) => `IamStore on ${engine}`,
  (engine) => {
    describe('groups', () => {
      test('what is attached to a group is attached to its members, once, and to nobody else', async () => {
        await using db = await engine.open()
        await seed(db)
        const [group, policy] = [aGroup(), aPolicy()]
        await db.commit([
          db.iam.insertGroup(group, taken),
          db.iam.insertPolicy(policy, taken),
          db.iam.addMember(ours, group.id, alice.id, now),
          db.iam.attach(anAttachment(group.id, policy.id, { principalKind: 'group' })),
          db.iam.attach(anAttachment(alice.id, policy.id)),
        ])
        const identity = (await db.iam.identity(alice.id))!
        expect(identity.policies).toEqual([policy])
        expect(identity.attachments).toEqual([
          { policyId: policy.id, scope: null },
          { policyId: policy.id, scope: null },
        ])
        expect(await db.iam.identity(bob.id)).toMatchObject({ attachments: [], policies: [], user: bob })
        expect(await db.iam.groupsOfUser(ours, alice.id)).toEqual([group])
        expect(await db.iam.groupsOfUser(theirs, alice.id)).toEqual([])
        expect(await db.iam.members(ours, group.id)).toEqual([alice])
      })

      test('joining twice is joining once; leaving what one is not in is told', async () => {
        await using db = await engine.open()
        await seed(db)
        const group = aGroup()
        const join = db.iam.addMember(ours, group.id, alice.id, now)
        await db.commit([db.iam.insertGroup(group, taken), join])
        await db.commit([join])
        expect(await db.iam.members(ours, group.id)).toHaveLength(1)
        const leave = db.iam.removeMember(ours, group.id, alice.id, missing)
        await db.commit([leave])
        await expect(db.commit([leave])).rejects.toBe(missing)
      })

      test('a name is given once in an account, and found there only', async () => {
        await using db = await engine.open()
        const group = aGroup()
        await db.commit([db.iam.insertGroup(group, taken)])
        await expect(db.commit([db.iam.insertGroup(aGroup(), taken)])).rejects.toBe(taken)
        await db.commit([db.iam.insertGroup(aGroup({ accountId: theirs }), taken)])
        expect(await db.iam.groupByName(ours, group.name)).toEqual(group)
        expect(await db.iam.groups(ours)).toEqual([group])
      })

      test('raising the members of a group raises no others', async () => {
        await using db = await engine.open()
        await seed(db)
        const group = aGroup()
        await db.commit([db.iam.insertGroup(group, taken), db.iam.addMember(ours, group.id, alice.id, now)])
        await db.commit([db.iam.raiseMembers(ours, group.id)])
        expect((await db.iam.users(ours)).map(({ version }) => version)).toEqual([2, 1])
      })
    })

    describe('attachments', () => {
      test('one for a resource group comes with both of the group’s names, beside one for the whole account', async () => {
        await using db = await engine.open()
        await seed(db)
        const group = aResourceGroup()
        const scoped = anAttachment(alice.id, 'system:x', { scope: group.id })
        await db.commit([
          db.iam.insertResourceGroup(group, taken),
          db.iam.attach(anAttachment(alice.id, 'system:x')),
          db.iam.attach(scoped),
        ])
        expect((await db.iam.identity(alice.id))!.attachments).toEqual([
          { policyId: 'system:x', scope: null },
          { policyId: 'system:x', scope: { enterpriseProjectId: group.id, resourceGroupId: group.groupId } },
        ])
        await db.commit([db.iam.detach(scoped, missing)])
        await expect(db.commit([db.iam.detach(scoped, missing)])).rejects.toBe(missing)
        expect(await db.iam.attachmentsOf(ours, alice.id)).toEqual([anAttachment(alice.id, 'system:x')])
      })

      test('of a policy one is told who has it, by name', async () => {
        await using db = await engine.open()
        await seed(db)
        const [group, role, policy] = [aGroup(), aRole(), aPolicy()]
        await db.commit([
          db.iam.insertGroup(group, taken),
          db.iam.insertRole(role, taken),
          db.iam.insertPolicy(policy, taken),
          db.iam.attach(anAttachment(alice.id, policy.id)),
          db.iam.attach(anAttachment(group.id, policy.id, { principalKind: 'group' })),
          db.iam.attach(anAttachment(role.id, policy.id, { principalKind: 'role' })),
        ])
        const attached = await db.iam.attachmentsOfPolicy(ours, policy.id)
        expect(
          attached.map(({ principalKind, principalName }) => `${principalKind} ${principalName}`).toSorted(),
        ).toEqual(['group operators', 'role deployer', 'user alice'])
        expect(await db.iam.attachmentsOfPolicy(theirs, policy.id)).toEqual([])
      })

      test('holders are the enabled users who have one of the policies for the whole account, or by a group', async () => {
        await using db = await engine.open()
        await seed(db)
        const carol = aUser({ name: 'carol', enabled: false })
        const dave = aUser({ name: 'dave' })
        const group = aGroup()
        await db.commit([
          db.iam.insertUser(carol, taken),
          db.iam.insertUser(dave, taken),
          db.iam.insertGroup(group, taken),
          db.iam.addMember(ours, group.id, alice.id, now),
          db.iam.attach(anAttachment(group.id, 'system:a', { principalKind: 'group' })),
          db.iam.attach(anAttachment(bob.id, 'system:b')),
          db.iam.attach(anAttachment(carol.id, 'system:a')),
          db.iam.attach(anAttachment(dave.id, 'system:a', { scope: 'x' })),
        ])
        const names = async (...ids: string[]) => (await db.iam.holders(ours, ids)).map(({ name }) => name).toSorted()
        expect(await names('system:a', 'system:b')).toEqual(['alice', 'bob'])
        expect(await names('system:b')).toEqual(['bob'])
        expect(await db.iam.holders(theirs, ['system:a'])).toEqual([])
      })

      test('a change of a policy raises those who have it, by themselves or by a group', async () => {
        await using db = await engine.open()
        await seed(db)
        const carol = aUser({ name: 'carol' })
        const group = aGroup()
        await db.commit([
          db.iam.insertUser(carol, taken),
          db.iam.insertGroup(group, taken),
          db.iam.addMember(ours, group.id, alice.id, now),
          db.iam.attach(anAttachment(group.id, 'p', { principalKind: 'group' })),
          db.iam.attach(anAttachment(bob.id, 'p')),
        ])
        await db.commit([db.iam.raiseUsersWithPolicy(ours, 'p')])
        expect((await db.iam.users(ours)).map(({ version }) => version)).toEqual([2, 2, 1])
      })
    })

    describe('policies and their versions', () => {
      test('versions come oldest first; a policy goes with all of them', async () => {
        await using db = await engine.open()
        const policy = aPolicy()
        const version = (number: number) => ({
          policyId: policy.id,
          number,
          grammar: 'ram-1',
          document: `{"n":${number}}`,
          createdAt: now,
        })
        await db.commit([
          db.iam.insertPolicy(policy, taken),
          db.iam.insertPolicyVersion(version(2)),
          db.iam.insertPolicyVersion(version(1)),
        ])
        expect(await db.iam.policyVersions(policy.id)).toEqual([version(1), version(2)])
        const next = { ...policy, defaultVersion: 2, lastVersion: 2 }
        await db.commit([
          db.iam.replacePolicy(policy, next, changed),
          db.iam.removePolicyVersion(policy.id, 1, missing),
        ])
        expect(await db.iam.policyById(ours, policy.id)).toEqual({ ...next, version: 2 })
        expect(await db.iam.policyById(theirs, policy.id)).toBeUndefined()
        await expect(db.commit([db.iam.removePolicyVersion(policy.id, 1, missing)])).rejects.toBe(missing)
        await expect(db.commit(db.iam.removePolicy(policy, changed))).rejects.toBe(changed)
        await db.commit(db.iam.removePolicy({ ...policy, version: 2 }, changed))
        expect(await db.iam.policies(ours)).toEqual([])
        expect(await db.iam.policyVersions(policy.id)).toEqual([])
      })
    })

    describe('roles and temporary keys', () => {
      test('a role is read with what is attached to it', async () => {
        await using db = await engine.open()
        await seed(db)
        const role = aRole()
        await db.commit([
          db.iam.insertRole(role, taken),
          db.iam.attach(anAttachment(role.id, 'system:x', { principalKind: 'role' })),
        ])
        expect(await db.iam.roleIdentity(role.id)).toEqual({
          account,
          role,
          attachments: [{ policyId: 'system:x', scope: null }],
          policies: [],
        })
        expect(await db.iam.roleIdentity(newHexId())).toBeUndefined()
        expect(await db.iam.roleByName(ours, role.name)).toEqual(role)
        expect(await db.iam.roleByName(theirs, role.name)).toBeUndefined()
        await db.commit([db.iam.replaceRole(role, { ...role, description: 'new' }, changed)])
        await expect(db.commit([db.iam.removeRole(role, changed)])).rejects.toBe(changed)
        await db.commit([db.iam.removeRole({ ...role, version: 2 }, changed)])
        expect(await db.iam.roles(ours)).toEqual([])
      })

      test('a temporary key ends with its role, its maker, its maker’s key, and its time', async () => {
        await using db = await engine.open()
        const sessions = [
          aSession(alice, { roleId: 'r' }),
          aSession(alice, { makerKeyId: 'k' }),
          aSession(alice),
          aSession(bob, { expiresAt: now + 1, policy: '{}' }),
          aSession(bob, { expiresAt: now + 2 }),
        ]
        await db.commit(sessions.map((session) => db.iam.insertSession(session)))
        const left = async () => {
          const found = await Promise.all(sessions.map(({ accessKeyId }) => db.iam.session(accessKeyId)))
          return found.flatMap((session, index) => (session ? [index] : []))
        }
        expect(await db.iam.session(sessions[3]!.accessKeyId)).toEqual(sessions[3])
        await db.commit([db.iam.endSessions({ roleId: 'r' })])
        expect(await left()).toEqual([1, 2, 3, 4])
        await db.commit([db.iam.endSessions({ makerKeyId: 'k' })])
        expect(await left()).toEqual([2, 3, 4])
        await db.commit([db.iam.forgetSessions(now + 2)])
        expect(await left()).toEqual([2, 4])
        await db.commit([db.iam.endSessions({ makerId: alice.id })])
        expect(await left()).toEqual([4])
      })

      test('a guard over two accounts holds until the version of either is raised', async () => {
        await using db = await engine.open()
        await db.commit([
          db.iam.insertAccount(account),
          db.iam.insertAccount(anAccount({ id: theirs, name: 'theirs', iamVersion: 7 })),
        ])
        const guard = (mine: number, other: number) =>
          db.iam.unchangedSince(
            [
              { id: ours, iamVersion: mine },
              { id: theirs, iamVersion: other },
            ],
            changed,
          )
        await db.commit([guard(1, 7)])
        await db.commit([db.iam.raiseVersion(theirs)])
        await expect(db.commit([guard(1, 7)])).rejects.toBe(changed)
        await db.commit([guard(1, 8)])
        await db.commit([db.iam.raiseVersion(ours)])
        await expect(db.commit([guard(1, 8)])).rejects.toBe(changed)
        await db.commit([guard(2, 8)])
        const one = { id: ours, iamVersion: 2 }
        await db.commit([db.iam.unchangedSince([one, one], changed)])
      })

      test('the mark of rights grows with every change of any account', async () => {
        await using db = await engine.open()
        expect(await db.iam.rightsMark()).toBe(0)
        await seed(db)
        const first = await db.iam.rightsMark()
        await db.commit([db.iam.insertAccount(anAccount({ id: theirs, name: 'theirs' }))])
        const second = await db.iam.rightsMark()
        await db.commit([db.iam.raiseVersion(theirs)])
        expect(second).toBeGreaterThan(first)
        expect(await db.iam.rightsMark()).toBeGreaterThan(second)
      })
    })

    describe('users and keys that go', () => {
      test('a user goes as read, and with the tokens', async () => {
        await using db = await engine.open()
        await seed(db)
        const token = aToken(bob)
        await db.commit([db.iam.insertToken(token)])
        await db.commit([db.iam.replaceUser(bob, bob, changed)])
        await expect(db.commit([db.iam.removeUser(bob, changed)])).rejects.toBe(changed)
        await db.commit([db.iam.removeUser({ ...bob, version: 2 }, changed), db.iam.endTokens(bob.id)])
        expect(await db.iam.user(ours, bob.id)).toBeUndefined()
        expect(await db.iam.token(token.hash)).toBeUndefined()
      })

      test('the use of a key is noted once in a minute', async () => {
        await using db = await engine.open()
        await seed(db)
        const key = anAccessKey(alice)
        await db.commit([db.iam.insertAccessKey(key)])
        expect(await db.iam.usesOfKeys(ours, alice.id)).toEqual([])
        const use = async () => (await db.iam.usesOfKeys(ours, alice.id))[0]
        await db.commit([db.iam.noteKeyUse(key.id, 'huawei', now)])
        await db.commit([db.iam.noteKeyUse(key.id, 'alibaba', now + minute - 1)])
        expect(await use()).toEqual({ accessKeyId: key.id, usedAt: now, door: 'huawei' })
        await db.commit([db.iam.noteKeyUse(key.id, 'alibaba', now + minute)])
        expect(await use()).toEqual({ accessKeyId: key.id, usedAt: now + minute, door: 'alibaba' })
        expect(await db.iam.usesOfKeys(theirs, alice.id)).toEqual([])
        await db.commit([db.iam.removeAccessKey(key, changed)])
        await expect(db.commit([db.iam.removeAccessKey(key, changed)])).rejects.toBe(changed)
        expect(await db.iam.usesOfKeys(ours, alice.id)).toEqual([])
      })
    })

    describe('resource groups', () => {
      test('one is found by either of its names within the account', async () => {
        await using db = await engine.open()
        const group = aResourceGroup()
        await db.commit([db.iam.insertResourceGroup(group, taken)])
        await expect(db.commit([db.iam.insertResourceGroup(aResourceGroup(), taken)])).rejects.toBe(taken)
        expect(await db.iam.resourceGroup(ours, { id: group.id })).toEqual(group)
        expect(await db.iam.resourceGroup(ours, { name: group.name })).toEqual(group)
        expect(await db.iam.resourceGroup(theirs, { id: group.id })).toBeUndefined()
        expect(await db.iam.resourceGroups(ours)).toEqual([group])
      })
    })
  },
)
