import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCore, type Core } from '../support/core.ts'
import { actorIn, allowing, denying, type Act } from './people.ts'

let core: Core
let act: Act
beforeAll(async () => {
  core = await openCore()
  act = actorIn(core)
})
afterAll(() => core[Symbol.asyncDispose]())

const audit = 'certkeep:audit:list'
const text = (document: object) => JSON.stringify(document)
const mayReadAudit = (who: { accessKeyId: string }) =>
  act('ListAuditEntries', {}, who).then(
    () => true,
    (error: { code: string }) => (error.code === 'AccessDenied' ? false : Promise.reject(error as unknown as Error)),
  )

describe('groups', () => {
  test('RAM §1: policies come from the user and its groups, from the moment of joining to that of leaving', async () => {
    const user = await core.createUser('member')
    const { userName } = user
    await act('CreateGroup', { groupName: 'auditors' })
    await act('AttachPolicyToGroup', { groupName: 'auditors', policyName: 'CertkeepAuditor' })
    expect(await mayReadAudit(user)).toBe(false)
    await act('AddUserToGroup', { groupName: 'auditors', userName })
    expect(await mayReadAudit(user)).toBe(true)
    await act('RemoveUserFromGroup', { groupName: 'auditors', userName })
    expect(await mayReadAudit(user)).toBe(false)
    await act('AddUserToGroup', { groupName: 'auditors', userName })
    await act('DetachPolicyFromGroup', { groupName: 'auditors', policyName: 'CertkeepAuditor' })
    expect(await mayReadAudit(user)).toBe(false)
  })

  test('a Deny of one group wins over the Allow of another (RAM §3)', async () => {
    const user = await core.createUser('torn')
    for (const [groupName, document] of [
      ['allowed', allowing(audit)],
      ['denied', denying(audit)],
    ] as const) {
      await act('CreateGroup', { groupName })
      await act('CreatePolicy', { policyName: `of-${groupName}`, document: text(document) })
      await act('AttachPolicyToGroup', { groupName, policyName: `of-${groupName}` })
      await act('AddUserToGroup', { groupName, userName: 'torn' })
    }
    expect(await mayReadAudit(user)).toBe(false)
    await act('RemoveUserFromGroup', { groupName: 'denied', userName: 'torn' })
    expect(await mayReadAudit(user)).toBe(true)
  })

  test('one with members or policies is not deleted', async () => {
    await core.createUser('last-member')
    const groupName = 'emptying'
    await act('CreateGroup', { groupName })
    await expect(act('CreateGroup', { groupName })).rejects.toMatchObject({ code: 'GroupNameTaken' })
    await act('AddUserToGroup', { groupName, userName: 'last-member' })
    await act('AttachPolicyToGroup', { groupName, policyName: 'CertkeepAuditor' })
    await expect(act('DeleteGroup', { groupName })).rejects.toThrow('still has members')
    await act('RemoveUserFromGroup', { groupName, userName: 'last-member' })
    await expect(act('DeleteGroup', { groupName })).rejects.toThrow('still has policies')
    await act('DetachPolicyFromGroup', { groupName, policyName: 'CertkeepAuditor' })
    await act('DeleteGroup', { groupName })
    await expect(act('ShowGroup', { groupName })).rejects.toMatchObject({ code: 'GroupNotFound' })
    await expect(act('RemoveUserFromGroup', { groupName: 'auditors', userName: 'last-member' })).rejects.toMatchObject({
      code: 'NotAMember',
    })
  })
})

describe('policies and their versions', () => {
  test('the default version is in force, at once, wherever the policy is attached', async () => {
    const user = await core.createUser('versioned')
    const policyName = 'changing'
    await act('CreatePolicy', { policyName, document: text(allowing(audit)) })
    await act('AttachPolicy', { userName: 'versioned', policyName })
    expect(await mayReadAudit(user)).toBe(true)
    const second = { policyName, document: text(allowing('pca:ca:get')), setAsDefault: false }
    expect(await act('CreatePolicyVersion', second)).toEqual({ number: 2 })
    expect(await mayReadAudit(user)).toBe(true)
    await act('SetDefaultPolicyVersion', { policyName, number: 2 })
    expect(await mayReadAudit(user)).toBe(false)
    await act('SetDefaultPolicyVersion', { policyName, number: 1 })
    expect(await mayReadAudit(user)).toBe(true)
    await act('CreatePolicyVersion', { policyName, document: text(denying(audit)), setAsDefault: true })
    expect(await mayReadAudit(user)).toBe(false)
    expect(await act('ShowPolicy', { policyName })).toMatchObject({
      document: text(denying(audit)),
      defaultVersion: 3,
      versions: [{ number: 1 }, { number: 2 }, { number: 3 }],
      attachedTo: [{ kind: 'user', name: 'versioned', resourceGroup: null }],
    })
  })

  test('five at most; the one in force stays; a number is not given again', async () => {
    const policyName = 'many'
    const document = text(allowing(audit))
    await act('CreatePolicy', { policyName, document })
    for (let count = 2; count <= 5; count++)
      await act('CreatePolicyVersion', { policyName, document, setAsDefault: false })
    const more = { policyName, document, setAsDefault: true }
    await expect(act('CreatePolicyVersion', more)).rejects.toMatchObject({ code: 'PolicyVersionLimit' })
    await expect(act('DeletePolicyVersion', { policyName, number: 1 })).rejects.toMatchObject({
      code: 'PolicyVersionInUse',
    })
    await act('DeletePolicyVersion', { policyName, number: 5 })
    expect(await act('CreatePolicyVersion', more)).toEqual({ number: 6 })
    for (const operation of ['DeletePolicyVersion', 'SetDefaultPolicyVersion'] as const)
      await expect(act(operation, { policyName, number: 5 })).rejects.toMatchObject({ code: 'PolicyVersionNotFound' })
  })

  test('a version that is no policy is refused, and nothing is kept of it', async () => {
    await act('CreatePolicy', { policyName: 'sound', document: text(allowing(audit)) })
    const wrong = { policyName: 'sound', document: '{"Version":"1"}', setAsDefault: true }
    await expect(act('CreatePolicyVersion', wrong)).rejects.toMatchObject({ code: 'PolicyInvalid' })
    expect((await act('ShowPolicy', { policyName: 'sound' })).versions).toHaveLength(1)
  })

  test('one that is attached is not deleted; a built-in one cannot be changed at all', async () => {
    await core.createUser('holder')
    const policyName = 'held'
    await act('CreatePolicy', { policyName, document: text(allowing(audit)) })
    await act('AttachPolicy', { userName: 'holder', policyName })
    await expect(act('DeletePolicy', { policyName })).rejects.toMatchObject({ code: 'PolicyInUse' })
    await act('DetachPolicy', { userName: 'holder', policyName })
    await act('DeletePolicy', { policyName })
    await expect(act('ShowPolicy', { policyName })).rejects.toMatchObject({ code: 'PolicyNotFound' })
    for (const operation of ['DeletePolicy', 'SetDefaultPolicyVersion', 'CreatePolicyVersion'] as const)
      await expect(
        act(operation, {
          policyName: 'CertkeepAuditor',
          ...(operation === 'SetDefaultPolicyVersion' ? { number: 1 } : {}),
          ...(operation === 'CreatePolicyVersion' ? { document: '{}', setAsDefault: true } : {}),
        }),
      ).rejects.toMatchObject({ code: 'PolicyNotFound' })
    expect(await act('ShowPolicy', { policyName: 'CertkeepAuditor' })).toMatchObject({ grammar: 'ram-1', versions: [] })
  })

  test('a name that built-in policies of several grammars share means, in detaching, the one that is attached', async () => {
    await core.createUser('grammars')
    await act('AttachPolicy', { userName: 'grammars', policyName: 'huawei-1.1/CertkeepIssuer' })
    await act('DetachPolicy', { userName: 'grammars', policyName: 'CertkeepIssuer' })
    await expect(act('DetachPolicy', { userName: 'grammars', policyName: 'CertkeepIssuer' })).rejects.toMatchObject({
      code: 'PolicyNotAttached',
    })
  })
})

describe('resource groups (enterprise projects)', () => {
  const aCa = (commonName: string, more: object = {}) =>
    act('CreateCa', {
      type: 'root',
      subject: { commonName, country: 'CN', organization: 'Example', state: 'Zhejiang', locality: 'Hangzhou' },
      keyAlgorithm: 'p256',
      signatureHash: 'sha256',
      validity: { unit: 'year', amount: 10 },
      ...more,
    }).then(({ caId }: { caId: string }) => caId)

  test('RAM §3: a policy attached for a group covers the CAs in it, and follows them as they are moved', async () => {
    const user = await core.createUser('blue-admin')
    const [mine, other] = [await aCa('Mine'), await aCa('Other')]
    const { enterpriseProjectId, resourceGroupId } = await act('CreateResourceGroup', { name: 'blue' })
    expect(resourceGroupId).toMatch(/^rg-[0-9a-f]{20}$/)
    await expect(act('CreateResourceGroup', { name: 'blue' })).rejects.toMatchObject({ code: 'ResourceGroupNameTaken' })
    const attachment = { userName: 'blue-admin', policyName: 'CertkeepCaAdministrator', resourceGroup: 'blue' }
    await expect(act('AttachPolicy', { ...attachment, resourceGroup: 'none' })).rejects.toMatchObject({
      code: 'ResourceGroupNotFound',
    })
    await act('AttachPolicy', attachment)
    const denied = (caId: string) =>
      expect(act('ShowCa', { caId }, user)).rejects.toMatchObject({
        code: 'AccessDenied',
        details: { policyType: 'ResourceGroupLevelIdentityBasedPolicy' },
      })
    await denied(mine)
    await act('MoveCa', { caId: mine, resourceGroup: 'blue' })
    expect((await act('ShowCa', { caId: mine }, user)).ca.enterpriseProjectId).toBe(enterpriseProjectId)
    await denied(other)
    await act('MoveCa', { caId: mine, resourceGroup: null }, user)
    await denied(mine)
    await expect(act('MoveCa', { caId: mine, resourceGroup: 'none' })).rejects.toMatchObject({
      code: 'ResourceGroupNotFound',
    })
    expect((await act('ShowUser', { userName: 'blue-admin' })).policies).toMatchObject([{ resourceGroup: 'blue' }])
    await expect(
      act('DetachPolicy', { userName: 'blue-admin', policyName: 'CertkeepCaAdministrator' }),
    ).rejects.toMatchObject({ code: 'PolicyNotAttached' })
    await act('DetachPolicy', attachment)
  })

  test('a certificate is in a group under both of its names', async () => {
    const issuerId = await aCa('Issuer')
    const { certificateId } = await act('IssueCertificate', {
      issuerId,
      subject: { commonName: 'www.example.com' },
      keyAlgorithm: 'p256',
      validity: { unit: 'day', amount: 30 },
      names: [{ type: 'dns', value: 'www.example.com' }],
    })
    const group = await act('CreateResourceGroup', { name: 'green' })
    await act('MoveCertificate', { certificateId, resourceGroup: 'green' })
    const { enterpriseProjectId, resourceGroupId } = group
    expect((await act('ShowPrivateCertificate', { certificateId })).certificate).toMatchObject({
      enterpriseProjectId,
      resourceGroupId,
    })
    const user = await core.createUser('green-reader')
    await act('AttachPolicy', { userName: 'green-reader', policyName: 'CertkeepAuditor', resourceGroup: 'green' })
    await act('ShowPrivateCertificate', { certificateId }, user)
    const other = await core.createAccount('other-groups')
    await expect(act('MoveCertificate', { certificateId, resourceGroup: null }, other)).rejects.toMatchObject({
      code: 'CertificateNotFound',
    })
    expect((await act('ListResourceGroups', {}, other)).resourceGroups).toEqual([])
  })
})

describe('SimulatePolicy', () => {
  test('says who may do what on what, and the statement that decides', async () => {
    const document = {
      Version: '5.0',
      Statement: [
        { Sid: 'Reads', Effect: 'Allow', Action: ['pca:ca:get'] },
        {
          Sid: 'NotBlue',
          Effect: 'Deny',
          Action: ['pca:*'],
          Condition: { StringEquals: { 'g:ResourceTag/t': 'blue' } },
        },
      ],
    }
    await core.createUser('simulated')
    await act('CreatePolicy', { policyName: 'tagged-reads', document: text(document) })
    await act('AttachPolicy', { userName: 'simulated', policyName: 'tagged-reads' })
    const ask = (resource: object) =>
      act('SimulatePolicy', {
        userName: 'simulated',
        actions: ['pca:ca:get'],
        resource: { type: 'ca', id: 'x', ...resource },
      })
    expect(await ask({ tags: { t: 'red' } })).toEqual({
      decision: 'allow',
      policyType: 'AccountLevelIdentityBasedPolicy',
      action: 'pca:ca:get',
      policyName: 'tagged-reads',
      grammar: 'huawei-5.0',
      statementIndex: 0,
      sid: 'Reads',
    })
    expect(await ask({ tags: { t: 'blue' } })).toMatchObject({ decision: 'explicitDeny', sid: 'NotBlue' })
    expect(await act('SimulatePolicy', { userName: 'simulated', actions: ['pca:ca:delete'] })).toMatchObject({
      decision: 'implicitDeny',
      action: 'pca:ca:delete',
      policyName: null,
      statementIndex: null,
    })
  })

  test('tries documents before they are attached, alone or on top of what somebody has', async () => {
    const documents = [text(denying('pca:ca:get', { Condition: { IpAddress: { 'acs:SourceIp': '192.0.2.0/24' } } }))]
    const ask = (input: object) => act('SimulatePolicy', { actions: ['pca:ca:get'], documents, ...input })
    expect(await ask({ sourceIp: '192.0.2.9' })).toMatchObject({ decision: 'explicitDeny', policyName: 'documents/0' })
    expect(await ask({ userName: 'simulated', sourceIp: '198.51.100.1' })).toMatchObject({ decision: 'allow' })
    expect(await ask({ userName: 'simulated', sourceIp: '192.0.2.9' })).toMatchObject({ decision: 'explicitDeny' })
    await expect(ask({ documents: ['{}'] })).rejects.toMatchObject({ code: 'PolicyInvalid' })
    await expect(ask({ userName: 'nobody' })).rejects.toMatchObject({ code: 'UserNotFound' })
    await expect(ask({ roleName: 'nobody' })).rejects.toMatchObject({ code: 'RoleNotFound' })
  })

  test('is a right of its own', async () => {
    const user = await core.createUser('curious')
    const input = { userName: 'simulated', actions: ['pca:ca:get'] }
    await expect(act('SimulatePolicy', input, user)).rejects.toMatchObject({ code: 'AccessDenied' })
  })
})
