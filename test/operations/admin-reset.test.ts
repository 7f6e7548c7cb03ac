import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { huawei, own } from '../support/client.ts'
import { twoProcesses } from '../postgres/two-processes.ts'
import { advance, rootCa, until } from '../support/life.ts'
import { person } from '../support/people.ts'
import { readCredentials, startService, temporaryFolder } from '../support/service.ts'

const launcher = fileURLToPath(new URL('../../bin/certkeep.js', import.meta.url))

const certkeep = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) =>
    execFile(process.execPath, [launcher, ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )

describe('certkeep admin reset', () => {
  test('lets a locked-out administrator in again, and nobody with the old credentials', async () => {
    const dataFolder = temporaryFolder()
    let old: Awaited<ReturnType<typeof readCredentials>>
    let caId: string
    {
      await using service = await startService({ emulate: false, dataFolder, keep: true })
      old = service.credentials
      caId = await rootCa(service)
      // Nobody can lock out the last administrator, so there is another, whose key nobody has any more.
      await own(service.url, old, 'CreateUser', { userName: 'gone' })
      await own(service.url, old, 'CreateAccessKey', { userName: 'gone' })
      await own(service.url, old, 'AttachPolicy', { userName: 'gone', policyName: 'ram-1/AdministratorAccess' })
      // A Deny that outweighs every Allow, by way of a group too.
      const statement = [{ Effect: 'Deny', Action: '*', Resource: '*' }]
      const document = JSON.stringify({ Version: '1', Statement: statement })
      await own(service.url, old, 'CreateGroup', { groupName: 'denied' })
      await own(service.url, old, 'AddUserToGroup', { groupName: 'denied', userName: 'admin' })
      await own(service.url, old, 'CreatePolicy', { policyName: 'deny', document })
      await own(service.url, old, 'AttachPolicyToGroup', { groupName: 'denied', policyName: 'deny' })
      expect((await huawei(service.url, old, 'POST', '/api/ShowCa', { caId })).status).toBe(403)
      const busy = await certkeep('admin', 'reset', '--data', dataFolder)
      expect(busy).toMatchObject({ code: 1, out: '' })
      expect(busy.err).toContain('Another process is serving the data folder')
      await service.stop()
    }
    const done = await certkeep('admin', 'reset', '--data', dataFolder)
    expect(done).toMatchObject({ code: 0, err: '' })
    const path = join(dataFolder, 'reset-credentials.json')
    expect(done.out).toContain(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const fresh = await readCredentials(path)
    for (const secret of [fresh.password, fresh.accessKeySecret]) expect(done.out).not.toContain(secret)
    expect(fresh.password).not.toBe(old.password)

    await using service = await startService({ emulate: false, dataFolder })
    expect((await own(service.url, fresh, 'ShowCa', { caId })).state).toBe('active')
    expect((await huawei(service.url, old, 'POST', '/api/ShowCa', { caId })).status).toBe(401)
    const { rows } = await own(service.url, fresh, 'ListAuditEntries', { objectType: 'user' })
    expect(rows[0]).toMatchObject({ operation: 'ResetAdministrator', door: 'cli', userName: 'operator' })
    expect(JSON.stringify(rows)).not.toContain(fresh.accessKeySecret)
  })

  test('works on data in PostgreSQL too, while processes run on', async () => {
    await using both = await twoProcesses()
    const { a, b, database } = both
    const { dataFolder, credentials: old } = a
    expect((await certkeep('admin', 'reset', '--data', dataFolder)).err).toContain('belong to data in PostgreSQL')
    const done = await certkeep('admin', 'reset', '--data', dataFolder, '--database', database)
    expect(done).toMatchObject({ code: 0, err: '' })
    const fresh = await readCredentials(join(dataFolder, 'reset-credentials.json'))
    expect(await rootCa({ ...b, credentials: fresh })).toMatch(/^[0-9a-f-]{36}$/)
    await until('both refuse the old key', async () => {
      const answers = await Promise.all([a, b].map(({ url }) => huawei(url, old, 'POST', '/api/ListUsers', {})))
      return answers.every(({ status }) => status === 401)
    })
  })

  test('makes nobody fit to approve: neither the user that it made, nor one whose credentials it changed', async () => {
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using service = await startService({ dataFolder, keep: true })
      await person(service, 'approver', ['ram-1/AdministratorAccess'])
      await advance(service, 8)
      caId = await rootCa(service)
      await own(service.url, service.credentials, 'DisableCa', { caId })
      await own(service.url, service.credentials, 'SetGuards', { twoPersons: true })
    }
    const users: Awaited<ReturnType<typeof readCredentials>>[] = []
    for (const userName of ['approver', 'new-one']) {
      expect((await certkeep('admin', 'reset', '--data', dataFolder, '--user', userName)).code).toBe(0)
      users.push(await readCredentials(join(dataFolder, 'reset-credentials.json')))
    }
    await using service = await startService({ dataFolder })
    const { url, credentials } = service
    expect((await huawei(url, credentials, 'POST', '/api/DeleteCa', { caId, keepDays: 7 })).status).toBe(403)
    const { rows } = await own(url, credentials, 'ListApprovals', { state: 'waiting' })
    for (const user of users)
      expect(
        await huawei(url, user, 'POST', '/api/Approve', { approvalId: rows[0].id, digest: rows[0].digest }),
      ).toMatchObject({ status: 403, body: { error: { code: 'ApproverUnfit' } } })
  })

  test('makes the user when there is none of this name', async () => {
    const dataFolder = temporaryFolder()
    await (await startService({ dataFolder, keep: true }))[Symbol.asyncDispose]()
    expect((await certkeep('admin', 'reset', '--data', dataFolder, '--user', 'second')).out).toContain('was made')
    await using service = await startService({ dataFolder })
    const fresh = await readCredentials(join(dataFolder, 'reset-credentials.json'))
    expect(fresh.userName).toBe('second')
    expect(await rootCa({ ...service, credentials: fresh })).toMatch(/^[0-9a-f-]{36}$/)
    expect(await rootCa(service)).toMatch(/^[0-9a-f-]{36}$/)
  })

  test.each([
    ['a folder without data', [], 1, 'There is no data of Certkeep in'],
    ['an unlikely name', ['--user', 'a b'], 2, 'is no user name'],
  ])('%s: one sentence, and nothing is made', async (_title, more, exit, words) => {
    const folder = temporaryFolder()
    await rm(folder, { recursive: true })
    const { code, err } = await certkeep('admin', 'reset', '--data', folder, ...more)
    expect(code).toBe(exit)
    expect(err).toContain(words)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(existsSync(folder)).toBe(false)
  })

  test('an account that is not there is told', async () => {
    const dataFolder = temporaryFolder()
    await (await startService({ dataFolder, keep: true }))[Symbol.asyncDispose]()
    const { err } = await certkeep('admin', 'reset', '--data', dataFolder, '--account', 'nobody')
    expect(err).toContain('There is no account named nobody')
    await rm(dataFolder, { recursive: true })
  })
})

describe('certkeep admin new-master-key', () => {
  test('makes a key with which a data folder can be begun, and never replaces one', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'master.key')
    expect((await certkeep('admin', 'new-master-key', file)).code).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await certkeep('admin', 'new-master-key', file)).code).toBe(1)
    await using service = await startService({ emulate: false, environment: { CERTKEEP_MASTER_KEY_FILE: file } })
    expect(existsSync(join(service.dataFolder, 'master.key'))).toBe(false)
    await rm(folder, { recursive: true })
  })
})
