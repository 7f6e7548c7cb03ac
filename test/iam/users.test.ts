import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueToken } from '../../src/iam/index.ts'
import { minute } from '../../src/kernel/index.ts'
import { openCore, type Core } from '../support/core.ts'
import { actorIn, allowing, type Act } from './people.ts'

let core: Core
let act: Act
beforeAll(async () => {
  core = await openCore()
  act = actorIn(core)
})
afterAll(() => core[Symbol.asyncDispose]())

const login = (userName: string, password: string) =>
  issueToken(core.tokens, {
    account: { name: core.administrator.accountName },
    userName,
    password,
    scope: null,
    request: { sourceIp: '127.0.0.1', secureTransport: true, door: 'test', requestId: 'r' },
  })

describe('users', () => {
  test('a user is shown with everything that decides about rights', async () => {
    await act('CreateUser', { userName: 'shown', password: 'long enough' })
    await act('CreateGroup', { groupName: 'shown-group' })
    await act('AddUserToGroup', { groupName: 'shown-group', userName: 'shown' })
    await act('AttachPolicyToGroup', { groupName: 'shown-group', policyName: 'CertkeepAuditor' })
    await act('AttachPolicy', { userName: 'shown', policyName: 'huawei-5.0/CertkeepIssuer' })
    expect(await act('ShowUser', { userName: 'shown' })).toMatchObject({
      userName: 'shown',
      enabled: true,
      hasPassword: true,
      tags: {},
      groups: [
        {
          groupName: 'shown-group',
          policies: [{ policyName: 'CertkeepAuditor', builtin: 'ram-1/CertkeepAuditor', resourceGroup: null }],
        },
      ],
      policies: [{ policyName: 'CertkeepIssuer', builtin: 'huawei-5.0/CertkeepIssuer', resourceGroup: null }],
    })
  })

  test('one who has access keys, groups or policies is not deleted; what is in the way is said', async () => {
    const { userName } = await core.createUser('leaver', ['CertkeepAuditor'])
    await act('CreateGroup', { groupName: 'leavers' })
    await act('AddUserToGroup', { groupName: 'leavers', userName })
    const refused = (by: string) => expect(act('DeleteUser', { userName })).rejects.toThrow(by)
    await refused('still has access keys')
    const { accessKeys } = await act('ListAccessKeys', { userName })
    const { accessKeyId } = accessKeys[0]
    await act('SetAccessKeyEnabled', { accessKeyId, enabled: false })
    await act('DeleteAccessKey', { accessKeyId })
    await refused('still has groups')
    await act('RemoveUserFromGroup', { groupName: 'leavers', userName })
    await refused('still has policies')
    await act('DetachPolicy', { userName, policyName: 'CertkeepAuditor' })
    await act('DeleteUser', { userName })
    await expect(act('ShowUser', { userName })).rejects.toMatchObject({ code: 'UserNotFound' })
    await act('CreateUser', { userName })
    expect(await act('ShowUser', { userName })).toMatchObject({ groups: [], policies: [], hasPassword: false })
  })

  test('Huawei IAM §3.3, g:PrincipalTag: a tag of a user is what conditions see, as soon as it is there', async () => {
    const onlyBlue = {
      Version: '5.0',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['certkeep:audit:list'],
          Condition: { StringEquals: { 'g:PrincipalTag/team': 'blue' } },
        },
      ],
    }
    const user = await core.createUser('tagged', [onlyBlue])
    const { userName } = user
    const denied = () => expect(act('ListAuditEntries', {}, user)).rejects.toMatchObject({ code: 'AccessDenied' })
    await denied()
    await act('TagUser', { userName, tags: { team: 'blue', floor: '3' } })
    await act('ListAuditEntries', {}, user)
    await act('TagUser', { userName, tags: { team: 'red' } })
    await denied()
    await act('TagUser', { userName, tags: { team: 'blue' } })
    await act('UntagUser', { userName, keys: ['team'] })
    await denied()
    expect((await act('ShowUser', { userName })).tags).toEqual({ floor: '3' })
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, 'v']))
    await expect(act('TagUser', { userName, tags: many })).rejects.toMatchObject({ code: 'TooManyUserTags' })
  })

  test('policies name users by ARN: who may manage one may not manage another', async () => {
    const keeper = await core.createUser('keeper', [
      allowing(['ram:GetUser', 'ram:CreateUser'], { Resource: 'acs:ram:*:*:user/team-*' }),
    ])
    await act('CreateUser', { userName: 'team-one' }, keeper)
    expect(await act('ShowUser', { userName: 'team-one' }, keeper)).toMatchObject({ userName: 'team-one' })
    for (const userName of ['shown', 'nobody'])
      await expect(act('ShowUser', { userName }, keeper)).rejects.toMatchObject({ code: 'AccessDenied' })
    await expect(act('CreateUser', { userName: 'other' }, keeper)).rejects.toMatchObject({ code: 'AccessDenied' })
    await expect(act('ListUsers', {}, keeper)).rejects.toMatchObject({ code: 'AccessDenied' })
  })

  test('users of another account do not exist here', async () => {
    const other = await core.createAccount('other-users')
    for (const [operation, input] of [
      ['ShowUser', { userName: 'shown' }],
      ['SetUserEnabled', { userName: 'shown', enabled: false }],
      ['AttachPolicy', { userName: 'shown', policyName: 'CertkeepAuditor' }],
    ] as const)
      await expect(act(operation, input, other)).rejects.toMatchObject({ code: 'UserNotFound' })
    expect((await act('ListUsers', {}, other)).users).toHaveLength(1)
  })
})

describe('passwords', () => {
  test('one changes one’s own with the old one; the tokens of before end', async () => {
    const user = await core.createUser('changer')
    const { token } = await login('changer', 'a password')
    const wrong = { oldPassword: 'not the password', newPassword: 'another password' }
    await expect(act('ChangePassword', wrong, user)).rejects.toMatchObject({ code: 'CredentialsWrong' })
    expect(await core.principals.ofToken(token)).toBeDefined()
    await act('ChangePassword', { oldPassword: 'a password', newPassword: 'another password' }, user)
    expect(await core.principals.ofToken(token)).toBeUndefined()
    await expect(login('changer', 'a password')).rejects.toMatchObject({ code: 'CredentialsWrong' })
    expect((await login('changer', 'another password')).user.name).toBe('changer')
  })

  test('an administrator sets one, or takes it away; neither old nor new is in the audit log', async () => {
    await core.createUser('reset')
    await act('SetUserPassword', { userName: 'reset', password: 'a third password' })
    await login('reset', 'a third password')
    await act('SetUserPassword', { userName: 'reset', password: null })
    await expect(login('reset', 'a third password')).rejects.toMatchObject({ code: 'CredentialsWrong' })
    expect(JSON.stringify(await core.auditEntries(core.administrator.accountId))).not.toContain('third password')
  })

  test.each(['short', '€'.repeat(300)])('one of a wrong length is refused, and never repeated', async (password) => {
    const refusal = act('CreateUser', { userName: 'unfit', password })
    await expect(refusal).rejects.toMatchObject({ code: 'PasswordUnfit' })
    await expect(refusal).rejects.not.toThrow(password)
  })
})

describe('access keys', () => {
  test('two at most; a third, and a rotation that would make one, are refused', async () => {
    const { userName, accessKeyId } = await core.createUser('keys')
    await act('CreateAccessKey', { userName })
    await expect(act('CreateAccessKey', { userName })).rejects.toMatchObject({ code: 'AccessKeyLimit' })
    await expect(act('RotateAccessKey', { accessKeyId })).rejects.toMatchObject({ code: 'AccessKeyLimit' })
  })

  test('rotating gives a new key and disables the old in one act; the old can come back, or go', async () => {
    const user = await core.createUser('rotating', [allowing('certkeep:audit:list')])
    const { accessKeyId, accessKeySecret } = await act('RotateAccessKey', { accessKeyId: user.accessKeyId })
    expect(accessKeySecret).toMatch(/^[A-Za-z0-9]{40}$/)
    await act('ListAuditEntries', {}, { accessKeyId })
    expect(await core.principals.byAccessKey(user.accessKeyId)).toMatchObject({ active: false })
    await act('SetAccessKeyEnabled', { accessKeyId: user.accessKeyId, enabled: true })
    await act('ListAuditEntries', {}, user)
    await expect(act('DeleteAccessKey', { accessKeyId: user.accessKeyId })).rejects.toMatchObject({
      code: 'AccessKeyInUse',
    })
    await act('SetAccessKeyEnabled', { accessKeyId: user.accessKeyId, enabled: false })
    await act('DeleteAccessKey', { accessKeyId: user.accessKeyId })
    expect(await core.principals.byAccessKey(user.accessKeyId)).toBeUndefined()
    expect((await act('ListAccessKeys', { userName: 'rotating' })).accessKeys).toHaveLength(1)
  })

  test('a key of another account is not there', async () => {
    const other = await core.createAccount('other-keys')
    const input = { accessKeyId: core.administrator.accessKeyId }
    for (const operation of ['RotateAccessKey', 'DeleteAccessKey'] as const)
      await expect(act(operation, input, other)).rejects.toMatchObject({ code: 'AccessKeyNotFound' })
    await expect(act('SetAccessKeyEnabled', { ...input, enabled: false }, other)).rejects.toMatchObject({
      code: 'AccessKeyNotFound',
    })
  })

  test('when a key was last used is told to the minute, and of an unused one nothing', async () => {
    const user = await core.createUser('used', [allowing('certkeep:audit:list')])
    const keys = async () => (await act('ListAccessKeys', { userName: 'used' })).accessKeys
    expect(await keys()).toMatchObject([{ lastUsedAt: null, lastUsedDoor: null }])
    await act('ListAuditEntries', {}, user)
    await act('ListAuditEntries', {}, user)
    await expect.poll(keys).toMatchObject([{ lastUsedAt: expect.any(Number), lastUsedDoor: 'test' }])
    const [{ lastUsedAt }] = await keys()
    expect(Math.abs(core.deps.wallClock.now() - lastUsedAt)).toBeLessThan(minute)
  })
})
