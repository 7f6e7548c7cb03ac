import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huawei, type Caller } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { administrator, person } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { aLeaf, atTheDoors, auditEntries, cas, certificates, huawei50, nobodysNumber } from './caller.ts'

describe('what is taken away is gone with the next call', () => {
  let service: Service
  let admin: ReturnType<typeof administrator>
  let root: string
  beforeAll(async () => {
    service = await startService()
    admin = administrator(service)
    root = await rootCa(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())

  /** What each of several calls at once is answered, over several connections and both threads of the service. */
  async function statuses(caller: Caller, call: (door: ReturnType<typeof atTheDoors>) => Promise<{ status: number }>) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(atTheDoors(service, caller))))
    return [...new Set(answers.map(({ status }) => status))]
  }
  const list = (door: ReturnType<typeof atTheDoors>) => door.huawei('GET', cas)
  const issue = (door: ReturnType<typeof atTheDoors>) => door.huawei('POST', certificates, aLeaf(root))
  const remove = (door: ReturnType<typeof atTheDoors>) =>
    door.alibaba('DeleteUserCertificate', { CertId: nobodysNumber })
  const everything = ['PCA FullAccess', 'AliyunYundunCertFullAccess']

  test('a policy: detached it stops reads and writes, attached it opens them', async () => {
    const someone = await person(service, 'detached', everything)
    const attachment = (policyName: string) => ({ userName: someone.userName, policyName })
    for (let turn = 0; turn < 3; turn++) {
      expect(await statuses(someone, list)).toEqual([200])
      expect(await statuses(someone, remove)).toEqual([404])
      for (const policyName of everything) await admin('DetachPolicy', attachment(policyName))
      expect(await statuses(someone, list)).toEqual([403])
      expect(await statuses(someone, issue)).toEqual([403])
      expect(await statuses(someone, remove)).toEqual([403])
      for (const policyName of everything) await admin('AttachPolicy', attachment(policyName))
    }
    await expect(admin('DetachPolicy', attachment('AdministratorAccess'))).rejects.toThrow('PolicyNotAttached')
  })

  test('a Deny that is attached beside everything else', async () => {
    const someone = await person(service, 'denied', everything)
    expect(await statuses(someone, list)).toEqual([200])
    await admin('CreatePolicy', { policyName: 'no-lists', document: JSON.stringify(huawei50.deny(['pca:ca:list'])) })
    await admin('AttachPolicy', { userName: 'denied', policyName: 'no-lists' })
    expect(await statuses(someone, list)).toEqual([403])
    await admin('DetachPolicy', { userName: 'denied', policyName: 'no-lists' })
    expect(await statuses(someone, list)).toEqual([200])
  })

  test('a key: disabled it is refused at every door, the other key of the user is not', async () => {
    const someone = await person(service, 'two-keys', everything)
    const other = (await admin('CreateAccessKey', { userName: 'two-keys' })) as Caller
    const { accessKeyId } = someone
    for (let turn = 0; turn < 3; turn++) {
      expect(await statuses(someone, list)).toEqual([200])
      await admin('SetAccessKeyEnabled', { accessKeyId, enabled: false })
      expect(await statuses(someone, list)).toEqual([401])
      expect(await statuses(someone, remove)).toEqual([400])
      expect(await statuses(other, list)).toEqual([200])
      await admin('SetAccessKeyEnabled', { accessKeyId, enabled: true })
    }
    await admin('SetAccessKeyEnabled', { accessKeyId, enabled: false })
    const door = atTheDoors(service, someone)
    expect((await list(door)).body).toMatchObject({
      error_code: 'APIG.0301',
      error_msg: expect.stringContaining('the access key is disabled'),
    })
    expect((await remove(door)).body).toMatchObject({ Code: 'InvalidAccessKeyId.Inactive' })
    expect((await door.own('ListCas', { limit: 1, offset: 0 })).status).toBe(401)
    // Whoever has the id and not the secret hears the same as of any other key.
    const forged = atTheDoors(service, { accessKeyId, accessKeySecret: 'wrong' })
    expect((await list(forged)).body.error_msg).not.toContain('disabled')
  })

  test('a user: disabled, none of the keys opens a door', async () => {
    const someone = await person(service, 'disabled', everything)
    const other = (await admin('CreateAccessKey', { userName: 'disabled' })) as Caller
    for (let turn = 0; turn < 3; turn++) {
      expect(await statuses(someone, list)).toEqual([200])
      await admin('SetUserEnabled', { userName: 'disabled', enabled: false })
      for (const caller of [someone, other]) {
        expect(await statuses(caller, list)).toEqual([401])
        expect(await statuses(caller, issue)).toEqual([401])
        expect(await statuses(caller, remove)).toEqual([400])
      }
      await admin('SetUserEnabled', { userName: 'disabled', enabled: true })
    }
  })

  test.each([
    ['the policy is detached', (userName: string) => admin('DetachPolicy', { userName, policyName: 'PCA FullAccess' })],
    ['the user is disabled', (userName: string) => admin('SetUserEnabled', { userName, enabled: false })],
    [
      'the key is disabled',
      (_: string, accessKeyId: string) => admin('SetAccessKeyEnabled', { accessKeyId, enabled: false }),
    ],
  ])('of writes under way none is acknowledged after %s', async (what, withdraw) => {
    const userName = `writer-${what.replaceAll(' ', '-')}`
    const writer = await person(service, userName, ['PCA FullAccess'])
    let running = true
    let withdrawn = false
    const late: string[] = []
    const refusals = new Set<number>()
    let done = 0
    const client = async (call: () => Promise<{ status: number }>) => {
      while (running) {
        const began = withdrawn
        const { status } = await call()
        if (status === 200) done++
        else refusals.add(status)
        if (status === 200 && began) late.push('acknowledged')
      }
    }
    const door = atTheDoors(service, writer)
    const clients = [
      ...Array.from({ length: 4 }, () => client(() => issue(door))),
      ...Array.from({ length: 4 }, () =>
        client(() =>
          door.own('IssueCertificate', {
            issuerId: root,
            subject: { commonName: 'own' },
            keyAlgorithm: 'p256',
            validity: { unit: 'day', amount: 1 },
          }),
        ),
      ),
    ]
    while (done < 40) await leaf(service, root)
    await withdraw(userName, writer.accessKeyId)
    withdrawn = true
    while (refusals.size === 0) await leaf(service, root)
    running = false
    await Promise.all(clients)
    expect(late).toEqual([])
    expect([...refusals]).toEqual([what.startsWith('the policy') ? 403 : 401])

    // The log is in the order of the commits.
    const entries = await auditEntries(service)
    const withdrawal = entries.findIndex(
      ({ operation, userName: by, outcome }) =>
        by === 'admin' && outcome === 'done' && /^(?:Detach|SetUser|SetAccess)/.test(operation),
    )
    const after = entries
      .slice(0, withdrawal)
      .filter((entry) => entry.userName === userName && entry.outcome === 'done')
    expect(withdrawal).toBeGreaterThan(0)
    expect(after).toEqual([])
    expect(entries.filter((entry) => entry.userName === userName && entry.outcome === 'done').length).toBeGreaterThan(0)
  })

  test('who lost every right still hears 403 and not what is there', async () => {
    const someone = await person(service, 'emptied', everything)
    for (const policyName of everything) await admin('DetachPolicy', { userName: 'emptied', policyName })
    const [there, never] = await Promise.all(
      [root, '11111111-2222-4333-8444-555555555555'].map((id) => huawei(service.url, someone, 'GET', `${cas}/${id}`)),
    )
    expect(there!.body).toEqual(never!.body)
    expect([there!.status, never!.status]).toEqual([403, 403])
  })
})
