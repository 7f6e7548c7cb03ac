import { describe, expect, test } from 'vitest'
import { openCore } from '../support/core.ts'
import { actorIn, allowing, denying, type Act } from './people.ts'

const refused = { code: 'LastAdministrator' }

/** The first administrator, with the password taken away: the access key is the only way in. */
async function aLoneAdministrator(act: Act): Promise<void> {
  await act('SetUserPassword', { userName: 'admin', password: null })
}

describe('an account never loses its last administrator', () => {
  test.each<[string, (act: Act, accessKeyId: string) => Promise<unknown>]>([
    ['disabling the user', (act) => act('SetUserEnabled', { userName: 'admin', enabled: false })],
    ['detaching the policy', (act) => act('DetachPolicy', { userName: 'admin', policyName: 'AdministratorAccess' })],
    ['disabling the only key', (act, accessKeyId) => act('SetAccessKeyEnabled', { accessKeyId, enabled: false })],
    [
      'a Deny of giving rights',
      async (act) => {
        await act('CreatePolicy', { policyName: 'no', document: JSON.stringify(denying('ram:AttachPolicyToUser')) })
        return act('AttachPolicy', { userName: 'admin', policyName: 'no' })
      },
    ],
    [
      'a group that brings such a Deny',
      async (act) => {
        await act('CreatePolicy', { policyName: 'no', document: JSON.stringify(denying('*')) })
        await act('CreateGroup', { groupName: 'denied' })
        await act('AttachPolicyToGroup', { groupName: 'denied', policyName: 'no' })
        return act('AddUserToGroup', { groupName: 'denied', userName: 'admin' })
      },
    ],
    [
      'a new version of an attached policy',
      async (act) => {
        await act('CreatePolicy', { policyName: 'turns', document: JSON.stringify(allowing('*')) })
        await act('AttachPolicy', { userName: 'admin', policyName: 'turns' })
        return act('CreatePolicyVersion', {
          policyName: 'turns',
          document: JSON.stringify(denying('*')),
          setAsDefault: true,
        })
      },
    ],
    [
      'another default version of an attached policy',
      async (act) => {
        await act('CreatePolicy', { policyName: 'turns', document: JSON.stringify(denying('*')) })
        const document = JSON.stringify(allowing('*'))
        await act('CreatePolicyVersion', { policyName: 'turns', document, setAsDefault: true })
        await act('AttachPolicy', { userName: 'admin', policyName: 'turns' })
        return act('SetDefaultPolicyVersion', { policyName: 'turns', number: 1 })
      },
    ],
    [
      'a policy of the group they are in',
      async (act) => {
        await act('CreatePolicy', { policyName: 'no', document: JSON.stringify(denying('*')) })
        await act('CreateGroup', { groupName: 'all' })
        await act('AddUserToGroup', { groupName: 'all', userName: 'admin' })
        return act('AttachPolicyToGroup', { groupName: 'all', policyName: 'no' })
      },
    ],
  ])('%s is refused, and everything stays as it was', async (_, change) => {
    await using core = await openCore()
    const act = actorIn(core)
    await aLoneAdministrator(act)
    await expect(change(act, core.administrator.accessKeyId)).rejects.toMatchObject(refused)
    await act('CreateUser', { userName: 'still-works' })
  })

  test('the last who has it by a group cannot leave, nor can the group lose the policy', async () => {
    await using core = await openCore()
    const act = actorIn(core)
    await act('CreateGroup', { groupName: 'admins' })
    await act('AttachPolicyToGroup', { groupName: 'admins', policyName: 'huawei-5.0/AdministratorAccess' })
    await act('AddUserToGroup', { groupName: 'admins', userName: 'admin' })
    await act('DetachPolicy', { userName: 'admin', policyName: 'AdministratorAccess' })
    await expect(act('RemoveUserFromGroup', { groupName: 'admins', userName: 'admin' })).rejects.toMatchObject(refused)
    await expect(
      act('DetachPolicyFromGroup', { groupName: 'admins', policyName: 'AdministratorAccess' }),
    ).rejects.toMatchObject(refused)
    const second = await core.createUser('second')
    await act('AddUserToGroup', { groupName: 'admins', userName: 'second' })
    await act('RemoveUserFromGroup', { groupName: 'admins', userName: 'admin' })
    await act('ListUsers', {}, second)
  })

  test.each<[string, (act: Act) => Promise<unknown>]>([
    ['has no way in', (act) => act('CreateUser', { userName: 'second' })],
    [
      'is disabled',
      async (act) => {
        await act('CreateUser', { userName: 'second', password: 'long enough' })
        await act('SetUserEnabled', { userName: 'second', enabled: false })
      },
    ],
  ])('a second who %s does not count', async (_, make) => {
    await using core = await openCore()
    const act = actorIn(core)
    await make(act)
    await act('AttachPolicy', { userName: 'second', policyName: 'AdministratorAccess' })
    await expect(act('SetUserEnabled', { userName: 'admin', enabled: false })).rejects.toMatchObject(refused)
  })

  test('a second whose policy is for a resource group only does not count; one for the account does', async () => {
    await using core = await openCore()
    const act = actorIn(core)
    const second = await core.createUser('second')
    await act('CreateResourceGroup', { name: 'blue' })
    const attachment = { userName: 'second', policyName: 'AdministratorAccess' }
    await act('AttachPolicy', { ...attachment, resourceGroup: 'blue' })
    const disable = { userName: 'admin', enabled: false }
    await expect(act('SetUserEnabled', disable)).rejects.toMatchObject(refused)
    await act('AttachPolicy', attachment)
    await act('SetUserEnabled', disable)
    await act('SetUserEnabled', { userName: 'admin', enabled: true }, second)
  })

  test('of two administrators who disable each other at one moment, one wins', async () => {
    await using core = await openCore()
    const act = actorIn(core)
    const second = await core.createUser('second', ['AdministratorAccess'])
    const both = await Promise.allSettled([
      act('SetUserEnabled', { userName: 'second', enabled: false }),
      act('SetUserEnabled', { userName: 'admin', enabled: false }, second),
    ])
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const enabled = (await core.deps.iam.users(core.administrator.accountId)).filter((user) => user.enabled)
    expect(enabled).toHaveLength(1)
  })
})
