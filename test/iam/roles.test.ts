import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Principals } from '../../src/iam/index.ts'
import { openCore, type Core } from '../support/core.ts'
import { actorIn, allowing, denying, trusting, type Act } from './people.ts'

let core: Core
let act: Act
let here: string
beforeAll(async () => {
  core = await openCore()
  act = actorIn(core)
  here = core.administrator.accountId
  await act('CreateRole', { roleName: 'auditor', trustPolicy: trusting(`acs:ram::${here}:root`) })
  await act('AttachPolicyToRole', { roleName: 'auditor', policyName: 'CertkeepAuditor' })
})
afterAll(() => core[Symbol.asyncDispose]())

const mayAssume = allowing('sts:AssumeRole')
const input = (more: object = {}) => ({ account: { id: here }, roleName: 'auditor', sessionName: 'ci', ...more })
const refusedWith = (code: string) => ({ code })

describe('roles', () => {
  test('a role is shown as it was made, and changed piece by piece', async () => {
    const trustPolicy = trusting(`acs:ram::${here}:user/alice`)
    const { roleArn } = await act('CreateRole', { roleName: 'changing', trustPolicy, description: 'first' })
    expect(roleArn).toBe(`acs:ram::${here}:role/changing`)
    await act('UpdateRole', { roleName: 'changing', maxSessionSeconds: 7_200 })
    expect(await act('ShowRole', { roleName: 'changing' })).toMatchObject({
      roleName: 'changing',
      trustPolicy,
      description: 'first',
      maxSessionSeconds: 7_200,
      policies: [],
    })
    await expect(act('CreateRole', { roleName: 'changing', trustPolicy })).rejects.toMatchObject(
      refusedWith('RoleNameTaken'),
    )
    for (const operation of ['CreateRole', 'UpdateRole'] as const)
      await expect(act(operation, { roleName: 'changing', trustPolicy: '{}' })).rejects.toMatchObject(
        refusedWith('TrustPolicyInvalid'),
      )
  })

  test('one with policies is not deleted; without, it goes, and the temporary keys with it', async () => {
    const user = await core.createUser('deleter', [mayAssume])
    await act('CreateRole', { roleName: 'short-lived', trustPolicy: trusting(`acs:ram::${here}:root`) })
    await act('AttachPolicyToRole', { roleName: 'short-lived', policyName: 'CertkeepAuditor' })
    const key = await act('AssumeRole', input({ roleName: 'short-lived' }), user)
    await act('ListAuditEntries', {}, key)
    await expect(act('DeleteRole', { roleName: 'short-lived' })).rejects.toMatchObject(refusedWith('RoleInUse'))
    await act('DetachPolicyFromRole', { roleName: 'short-lived', policyName: 'CertkeepAuditor' })
    await expect(act('ListAuditEntries', {}, key)).rejects.toMatchObject(refusedWith('AccessDenied'))
    await act('DeleteRole', { roleName: 'short-lived' })
    expect(await core.principals.byAccessKey(key.accessKeyId)).toBeUndefined()
  })
})

describe('AssumeRole (RAM §6)', () => {
  test('gives key, secret and token, with the rights of the role and no others, under the role’s name', async () => {
    const user = await core.createUser('deployer', [allowing(['sts:AssumeRole', 'pca:ca:list'])])
    const key = await act('AssumeRole', input({ durationSeconds: 900 }), user)
    expect(key).toMatchObject({
      accessKeyId: expect.stringMatching(/^STS\.CK[A-Z0-9]{18}$/),
      accessKeySecret: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      securityToken: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      role: { name: 'auditor', accountId: here },
      sessionName: 'ci',
    })
    expect(Math.abs(key.expiresAt - core.deps.wallClock.now() - 900_000)).toBeLessThan(60_000)
    await act('ListAuditEntries', {}, key)
    await expect(act('ListUsers', {}, key)).resolves.toBeDefined()
    await expect(act('CreateUser', { userName: 'x' }, key)).rejects.toMatchObject(refusedWith('AccessDenied'))
    expect(await act('ShowCaller', {}, key)).toMatchObject({
      accountId: here,
      kind: 'role',
      name: 'auditor:ci',
      sessionName: 'ci',
      arn: `acs:ram::${here}:assumed-role/auditor/ci`,
      urn: `sts::${core.administrator.domainId}:assumed-agency:auditor/ci`,
    })
    const entries = await core.auditEntries(here)
    expect(entries.find(({ operation }) => operation === 'CreateUser')).toMatchObject({
      userName: 'auditor:ci',
      accessKeyId: key.accessKeyId,
      outcome: 'refused',
    })
    const log = JSON.stringify(entries)
    expect(log).not.toContain(key.accessKeySecret)
    expect(log).not.toContain(key.securityToken)
  })

  test('neither token nor secret is in the database as it is', async () => {
    const user = await core.createUser('sealed', [mayAssume])
    const key = await act('AssumeRole', input(), user)
    const session = (await core.deps.iam.session(key.accessKeyId))!
    const stored = Buffer.concat([session.sealedSecret, session.tokenHash])
    expect(stored.includes(key.accessKeySecret)).toBe(false)
    expect(stored.includes(key.securityToken)).toBe(false)
    const { sealer } = core.deps
    const context = [session.accountId, session.accessKeyId]
    expect(sealer.open('session-secret', context, session.sealedSecret).toString()).toBe(key.accessKeySecret)
    expect(() => sealer.open('access-key-secret', context, session.sealedSecret)).toThrow('purpose')
  })

  test.each<[string, object[], string]>([
    ['without the right to call it', [], 'AccessDenied'],
    [
      'with the right for another role',
      [allowing('sts:AssumeRole', { Resource: 'acs:ram:*:*:role/other' })],
      'AccessDenied',
    ],
    [
      'where one is denied by the other family’s name',
      [mayAssume, { ...denying('x'), Statement: [{ Effect: 'Deny', Action: 'sts:agencies:assume', Resource: '*' }] }],
      'AccessDenied',
    ],
  ])('is refused %s', async (title, policies, code) => {
    const user = await core.createUser(title.replaceAll(/\W+/g, '-'), policies)
    await expect(act('AssumeRole', input(), user)).rejects.toMatchObject(refusedWith(code))
  })

  test('is refused where the trust policy names somebody else; in one’s own account an unknown role is told', async () => {
    const user = await core.createUser('stranger', [mayAssume])
    await act('CreateRole', { roleName: 'choosy', trustPolicy: trusting(`acs:ram::${here}:user/deployer`) })
    await expect(act('AssumeRole', input({ roleName: 'choosy' }), user)).rejects.toMatchObject(
      refusedWith('RoleNotTrusting'),
    )
    await expect(act('AssumeRole', input({ roleName: 'none' }), user)).rejects.toMatchObject(
      refusedWith('RoleNotFound'),
    )
  })

  test('the external id is a condition of the trust policy', async () => {
    const user = await core.createUser('external', [mayAssume])
    const trust = JSON.parse(trusting(`acs:ram::${here}:root`))
    trust.Statement[0].Condition = { StringEquals: { 'sts:ExternalId': 'agreed-on' } }
    await act('CreateRole', { roleName: 'external', trustPolicy: JSON.stringify(trust) })
    const ask = (more: object) => act('AssumeRole', input({ roleName: 'external', ...more }), user)
    await expect(ask({})).rejects.toMatchObject(refusedWith('RoleNotTrusting'))
    await expect(ask({ externalId: 'guessed' })).rejects.toMatchObject(refusedWith('RoleNotTrusting'))
    expect((await ask({ externalId: 'agreed-on' })).accessKeyId).toMatch(/^STS\./)
  })

  test('a session policy takes away and never gives (RAM §3)', async () => {
    const user = await core.createUser('limited', [mayAssume])
    const onlyUsers = JSON.stringify(allowing(['ram:ListUsers', 'ram:CreateUser']))
    const key = await act('AssumeRole', input({ policy: onlyUsers }), user)
    await act('ListUsers', {}, key)
    await expect(act('ListAuditEntries', {}, key)).rejects.toMatchObject({
      code: 'AccessDenied',
      details: { policyType: 'SessionPolicy' },
    })
    await expect(act('CreateUser', { userName: 'x' }, key)).rejects.toMatchObject(refusedWith('AccessDenied'))
    await expect(act('AssumeRole', input({ policy: '{"Version":"1"}' }), user)).rejects.toMatchObject(
      refusedWith('SessionPolicyInvalid'),
    )
  })

  test('lasts no longer than the role says, and with a temporary key an hour at most', async () => {
    const user = await core.createUser('patient', [mayAssume])
    await expect(act('AssumeRole', input({ durationSeconds: 3_601 }), user)).rejects.toMatchObject({
      code: 'SessionTooLong',
      details: { maxSeconds: 3_600 },
    })
    const trustPolicy = trusting(`acs:ram::${here}:role/first`)
    await act('CreateRole', { roleName: 'first', trustPolicy: trusting(`acs:ram::${here}:user/patient`) })
    await act('CreatePolicy', { policyName: 'first-may', document: JSON.stringify(mayAssume) })
    await act('AttachPolicyToRole', { roleName: 'first', policyName: 'first-may' })
    await act('CreateRole', { roleName: 'second', trustPolicy, maxSessionSeconds: 43_200 })
    const first = await act('AssumeRole', input({ roleName: 'first' }), user)
    const asSecond = (durationSeconds: number) =>
      act('AssumeRole', input({ roleName: 'second', durationSeconds }), first)
    await expect(asSecond(3_601)).rejects.toMatchObject({ code: 'SessionTooLong', details: { maxSeconds: 3_600 } })
    const second = await asSecond(3_600)
    expect(await act('ShowCaller', {}, second)).toMatchObject({ name: 'second:ci' })
    // The chain hangs on whom it began with.
    await act('SetUserEnabled', { userName: 'patient', enabled: false })
    expect(await core.principals.rereadKey(second.accessKeyId)).toBeUndefined()
  })

  test('a temporary key is over at its time, by the wall clock', async () => {
    const user = await core.createUser('timed', [mayAssume])
    const { accessKeyId, expiresAt } = await act('AssumeRole', input(), user)
    const clock = { at: expiresAt - 1 }
    const principals = new Principals({
      store: core.deps.iam,
      openSecret: { ofKey: () => Buffer.of(), ofSession: () => Buffer.of() },
      noteUse: () => undefined,
      generation: core.deps.rights,
      wallClock: { now: () => clock.at },
    })
    expect(await principals.rereadKey(accessKeyId)).toBeDefined()
    clock.at = expiresAt
    expect(await principals.rereadKey(accessKeyId)).toBeUndefined()
  })

  test.each<[string, (user: { userName: string; accessKeyId: string }) => Promise<unknown>]>([
    ['user is disabled', ({ userName }) => act('SetUserEnabled', { userName, enabled: false })],
    ['access key is disabled', ({ accessKeyId }) => act('SetAccessKeyEnabled', { accessKeyId, enabled: false })],
    ['access key is replaced', ({ accessKeyId }) => act('RotateAccessKey', { accessKeyId })],
    [
      'user gets another password',
      ({ userName }) => act('SetUserPassword', { userName, password: 'another password' }),
    ],
  ])('a temporary key ends when its maker’s %s, and does not come back', async (title, change) => {
    const user = await core.createUser(title.replaceAll(/\W+/g, '-'), [mayAssume])
    const key = await act('AssumeRole', input(), user)
    await act('ListAuditEntries', {}, key)
    await change(user)
    expect(await core.principals.byAccessKey(key.accessKeyId)).toBeUndefined()
    await act('SetUserEnabled', { userName: user.userName, enabled: true })
    expect(await core.principals.byAccessKey(key.accessKeyId)).toBeUndefined()
  })
})

describe('roles over accounts', () => {
  test('another account’s role is taken where both sides agree, and acts in that account only', async () => {
    const other = await core.createAccount('other-roles')
    const user = await core.createUser('visitor', [mayAssume])
    await act('CreateRole', { roleName: 'guest', trustPolicy: trusting(`acs:ram::${here}:root`) }, other)
    await act('AttachPolicyToRole', { roleName: 'guest', policyName: 'CertkeepAuditor' }, other)
    const key = await act('AssumeRole', input({ account: { id: other.accountId }, roleName: 'guest' }), user)
    expect(await act('ShowCaller', {}, key)).toMatchObject({ accountId: other.accountId, name: 'guest:ci' })
    const { users } = await act('ListUsers', {}, key)
    expect(users.map(({ userName }: { userName: string }) => userName)).toEqual(['admin'])
    // Named by Huawei's id and by name it is the same account.
    for (const account of [{ domainId: other.domainId }, { name: 'other-roles' }])
      expect((await act('AssumeRole', input({ account, roleName: 'guest' }), user)).role.accountId).toBe(
        other.accountId,
      )
    await act('SetUserEnabled', { userName: 'visitor', enabled: false })
    expect(await core.principals.byAccessKey(key.accessKeyId)).toBeUndefined()
  })

  test('a write of such a session is refused when rights changed in either account', async () => {
    const other = await core.createAccount('other-writes')
    const user = await core.createUser('writer', [mayAssume])
    await act('CreateRole', { roleName: 'guest', trustPolicy: trusting(`acs:ram::${here}:root`) }, other)
    const { accessKeyId } = await act(
      'AssumeRole',
      input({ account: { id: other.accountId }, roleName: 'guest' }),
      user,
    )
    const { principal } = (await core.principals.byAccessKey(accessKeyId))!
    const caller = core.principals.callerOf(principal, async () => undefined, {
      accessKeyId,
      sourceIp: '127.0.0.1',
      secureTransport: true,
      door: 'test',
      requestId: 'r',
    })
    await core.deps.committer.commit([caller.stillEntitled!])
    await act('SetUserEnabled', { userName: 'writer', enabled: false })
    await expect(core.deps.committer.commit([caller.stillEntitled!])).rejects.toMatchObject({
      code: 'EntitlementsChanged',
    })
  })

  test('which roles another account has is not told: unknown and not trusting are one answer', async () => {
    const other = await core.createAccount('other-secrets')
    const user = await core.createUser('prober', [mayAssume])
    await act('CreateRole', { roleName: 'there', trustPolicy: trusting(`acs:ram::${other.accountId}:root`) }, other)
    const tell = async (more: object) => {
      const error = await act('AssumeRole', input(more), user).catch((refusal: unknown) => refusal)
      return { code: (error as { code: string }).code, message: (error as Error).message }
    }
    const account = { id: other.accountId }
    const there = await tell({ account, roleName: 'there' })
    expect(there.code).toBe('RoleNotTrusting')
    expect(await tell({ account, roleName: 'not-there' })).toEqual(there)
    expect(await tell({ account: { id: '1' }, roleName: 'there' })).toEqual(there)
  })
})

describe('CreateTemporaryKey', () => {
  test('has the user’s own rights, as they change, or less', async () => {
    const user = await core.createUser('self', ['CertkeepAuditor'])
    const full = await act('CreateTemporaryKey', {}, user)
    const less = await act('CreateTemporaryKey', { policy: JSON.stringify(allowing('ram:ListUsers')) }, user)
    expect(await act('ShowCaller', {}, full)).toMatchObject({
      kind: 'user',
      name: 'self',
      arn: `acs:ram::${here}:user/self`,
    })
    await act('ListAuditEntries', {}, full)
    await act('ListUsers', {}, less)
    await expect(act('ListAuditEntries', {}, less)).rejects.toMatchObject(refusedWith('AccessDenied'))
    await act('DetachPolicy', { userName: 'self', policyName: 'CertkeepAuditor' })
    await expect(act('ListAuditEntries', {}, full)).rejects.toMatchObject(refusedWith('AccessDenied'))
  })

  test('cannot prolong itself, nor change the password', async () => {
    const user = await core.createUser('clinging', ['CertkeepAuditor'])
    const key = await act('CreateTemporaryKey', {}, user)
    await expect(act('CreateTemporaryKey', {}, key)).rejects.toMatchObject(refusedWith('NotForTemporaryKeys'))
    const passwords = { oldPassword: user.password, newPassword: 'another password' }
    await expect(act('ChangePassword', passwords, key)).rejects.toMatchObject(refusedWith('NotForTemporaryKeys'))
  })
})
