import { describe, expect, test } from 'vitest'
import { RightsGeneration, rightsMemory, RightsWatch } from '../../src/iam/index.ts'
import { openCore } from '../support/core.ts'
import { actorIn, allowing } from './people.ts'

describe('a change of rights that another process made', () => {
  test('is unseen while nobody looks, and in force after the next look', async () => {
    await using core = await openCore()
    const act = actorIn(core)
    const user = await core.createUser('alice', [allowing('certkeep:audit:list')])
    const { iam, rights, committer } = core.deps
    const watch = new RightsWatch({ store: iam, rights })
    await watch.look()
    await act('ListAuditEntries', {}, user)
    // As another node would do it: the commit, and no word to this process.
    const key = (await iam.accessKey(user.accessKeyId))!
    const { accountId } = core.administrator
    await committer.commit([
      iam.replaceAccessKey(key, { ...key, enabled: false }, new Error('changed') as never),
      iam.raiseVersion(accountId),
    ])
    expect(await core.principals.byAccessKey(user.accessKeyId)).toMatchObject({ active: true })
    await watch.look()
    expect(await core.principals.byAccessKey(user.accessKeyId)).toMatchObject({ active: false })
  })

  test('a write of it is refused before anybody looked: its commit sees the change', async () => {
    await using core = await openCore()
    const act = actorIn(core)
    const user = await core.createUser('alice', [allowing(['ram:CreateGroup'])])
    await act('CreateGroup', { groupName: 'first' }, user)
    await act('ShowCaller', {}, user) // and remembered
    const { iam, committer } = core.deps
    const key = (await iam.accessKey(user.accessKeyId))!
    await committer.commit([
      iam.replaceAccessKey(key, { ...key, enabled: false }, new Error('changed') as never),
      iam.raiseVersion(core.administrator.accountId),
    ])
    await expect(act('CreateGroup', { groupName: 'second' }, user)).rejects.toMatchObject({ code: 'CallerGone' })
    expect((await act('ListGroups')).groups).toHaveLength(1)
  })
})

describe('RightsWatch', () => {
  const watching = (rightsMark: () => Promise<number>) => {
    const memory = rightsMemory()
    const rights = new RightsGeneration(memory)
    return { rights, watch: new RightsWatch({ store: { rightsMark }, rights }) }
  }

  test('raises when the mark differs from the one before, and not else', async () => {
    let mark = 1
    const { rights, watch } = watching(() => Promise.resolve(mark))
    await watch.look()
    const first = rights.current()
    await watch.look()
    expect(rights.current()).toBe(first)
    mark = 2
    await watch.look()
    expect(rights.current()).toBe(first + 1)
  })

  test('while the database refuses or is silent, nothing stays remembered', async () => {
    const failing = watching(() => Promise.reject(new Error('no database')))
    await failing.watch.look()
    await failing.watch.look()
    expect(failing.rights.current()).toBe(2)

    const silent = watching(() => new Promise(() => undefined))
    void silent.watch.look()
    await silent.watch.look()
    await silent.watch.look()
    expect(silent.rights.current()).toBe(2)
  })
})
