import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huawei, huaweiHeaders, own, type Caller } from '../support/client.ts'
import { administrator, person } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { nodeClients, type Outcome } from '../sdk/alibaba-node.ts'
import { withClient } from '../sdk/harness.ts'
import { pythonClient, type PythonAnswer } from '../sdk/huawei-python.ts'

interface Temporary extends Caller {
  securityToken: string
}

const everything = { Version: '1', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

let service: Service
let user: Caller & { userName: string }
let roleArn: string
beforeAll(async () => {
  service = await startService()
  const { accountId } = service.credentials
  const admin = administrator(service)
  user = await person(service, 'deployer', [everything])
  const root = { RAM: [`acs:ram::${accountId}:root`] }
  const trust = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: root }] }
  await admin('CreateRole', { roleName: 'reader', trustPolicy: JSON.stringify(trust) })
  await admin('AttachPolicyToRole', { roleName: 'reader', policyName: 'CertkeepReadOnlyAccess' })
  roleArn = `acs:ram::${accountId}:role/reader`
})
afterAll(() => service[Symbol.asyncDispose]())

const folder = (name: string) => fileURLToPath(new URL(`../sdk/${name}/`, import.meta.url))

const environmentOf = (caller: Caller & { securityToken?: string }, more: Record<string, string> = {}) => ({
  ...process.env,
  CERTKEEP_TEST_ENDPOINT: service.url,
  CERTKEEP_TEST_ACCESS_KEY_ID: caller.accessKeyId,
  CERTKEEP_TEST_ACCESS_KEY_SECRET: caller.accessKeySecret,
  ...(caller.securityToken === undefined ? {} : { CERTKEEP_TEST_SECURITY_TOKEN: caller.securityToken }),
  ...more,
})

withClient('temporary keys through Alibaba Cloud’s clients', nodeClients, () => {
  const run = async (client: string, env: NodeJS.ProcessEnv, action: string, parameters: object = {}) => {
    const args = [`client-${client}.mjs`, action, JSON.stringify(parameters)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder('alibaba-node'), env })
    return JSON.parse(stdout) as Outcome
  }

  /** The vendor's generic client: AssumeRole is a call of another product and version at the same place. */
  const assume = async (): Promise<Temporary> => {
    const env = environmentOf(user, { CERTKEEP_TEST_API_VERSION: '2015-04-01' })
    const outcome = await run('pop-post', env, 'AssumeRole', { RoleArn: roleArn, RoleSessionName: 'ci' })
    expect(outcome).toMatchObject({ ok: true, body: { AssumedRoleUser: { Arn: `${roleArn}/ci` } } })
    const { AccessKeyId, AccessKeySecret, SecurityToken } = outcome.body.Credentials
    return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken }
  }

  test.each(['pop-get', 'pop-post', 'sdk3', 'sdk3-v2'])('%s calls with what AssumeRole gave', async (client) => {
    const env = environmentOf(await assume())
    expect(await run(client, env, 'ListUserCertificateOrder', { OrderType: 'UPLOAD' })).toMatchObject({ ok: true })
    expect(await run(client, env, 'DeleteUserCertificate', { CertId: 123_456 })).toMatchObject({
      ok: false,
      code: expect.stringContaining('NoPermission'),
    })
  })

  test('without the token the client hears MissingSecurityToken', async () => {
    const { accessKeyId, accessKeySecret } = await assume()
    const env = environmentOf({ accessKeyId, accessKeySecret })
    const outcome = await run('sdk3', env, 'ListUserCertificateOrder', { OrderType: 'UPLOAD' })
    expect(outcome).toMatchObject({ ok: false, code: expect.stringContaining('MissingSecurityToken') })
  })
})

const securityTokens = '/v3.0/OS-CREDENTIAL/securitytokens'

async function ofAgency(): Promise<Temporary> {
  const { domainId } = service.credentials
  const identity = { methods: ['assume_role'], assume_role: { domain_id: domainId, agency_name: 'reader' } }
  const { status, body } = await huawei(service.url, user, 'POST', securityTokens, { auth: { identity } })
  expect(status).toBe(201)
  const { access, secret, securitytoken } = body.credential
  return { accessKeyId: access, accessKeySecret: secret, securityToken: securitytoken }
}

withClient('temporary keys through Huawei’s Python client', pythonClient, () => {
  const run = async (caller: Temporary | Caller, operation: string, request: object = {}): Promise<PythonAnswer> => {
    const credentials = 'securityToken' in caller ? { securityToken: caller.securityToken } : {}
    const child = promisify(execFile)(`${folder('huawei-python')}.venv/bin/python`, ['client.py', '--lines'], {
      cwd: folder('huawei-python'),
      env: environmentOf(caller),
    })
    child.child.stdin!.end(`${JSON.stringify({ operation, request, credentials })}\n`)
    return JSON.parse((await child).stdout) as PythonAnswer
  }

  test('a client with a security token signs it, and has the agency’s rights', async () => {
    const key = await ofAgency()
    expect(await run(key, 'ListCertificateAuthority')).toMatchObject({ ok: true, status: 200 })
    const caId = '4c0e772e-a30c-4029-b929-b7acb04143f7'
    const refused = await run(key, 'DeleteCertificateAuthority', { ca_id: caId, pending_days: '7' })
    expect(refused).toMatchObject({ ok: false, status: 403 })
    const { accessKeyId, accessKeySecret } = key
    expect(await run({ accessKeyId, accessKeySecret }, 'ListCertificateAuthority')).toMatchObject({ status: 401 })
  })
})

describe('changes of rights', () => {
  const cas = '/v1/private-certificate-authorities'
  const list = async (key: Temporary): Promise<number> => {
    const headers = huaweiHeaders(key, 'GET', new URL(cas, service.url), '', {
      extra: { 'x-security-token': key.securityToken },
    })
    return (await fetch(new URL(cas, service.url), { headers })).status
  }

  test('take effect with the answer that acknowledges them, in every thread and over the role that was taken', async () => {
    const admin = administrator(service)
    const key = await ofAgency()
    const many = async (length = 16) => new Set(await Promise.all(Array.from({ length }, () => list(key))))
    expect(await many()).toEqual(new Set([200]))
    await admin('DetachPolicyFromRole', { roleName: 'reader', policyName: 'CertkeepReadOnlyAccess' })
    expect(await many()).toEqual(new Set([403]))
    await admin('AttachPolicyToRole', { roleName: 'reader', policyName: 'CertkeepReadOnlyAccess' })
    expect(await many()).toEqual(new Set([200]))
    await admin('SetAccessKeyEnabled', { accessKeyId: user.accessKeyId, enabled: false })
    expect(await many(8)).toEqual(new Set([401])) // of more the brake on guessing would answer some
    await admin('SetAccessKeyEnabled', { accessKeyId: user.accessKeyId, enabled: true })
    expect(await many(8)).toEqual(new Set([401]))
  })

  test('that another process makes are in force within a second (polled, not timed)', async () => {
    const leaver = await person(service, 'leaver', ['CertkeepReadOnlyAccess'])
    const status = async () => (await huawei(service.url, leaver, 'GET', cas)).status
    expect(await status()).toBe(200)
    using database = new DatabaseSync(join(service.dataFolder, 'certkeep.db'), { timeout: 10_000 })
    database.exec('BEGIN IMMEDIATE')
    database.prepare('UPDATE access_keys SET enabled = 0 WHERE id = ?').run(leaver.accessKeyId)
    database.prepare('UPDATE accounts SET iam_version = iam_version + 1').run()
    database.exec('COMMIT')
    await expect.poll(status, { timeout: 10_000 }).toBe(401)
  })

  test('when a key was used last is told', async () => {
    const used = await person(service, 'used', ['CertkeepReadOnlyAccess'])
    const admin = administrator(service)
    const shown = async () => (await admin('ListAccessKeys', { userName: 'used' })).accessKeys
    expect(await shown()).toMatchObject([{ lastUsedAt: null }])
    await own(service.url, used, 'ShowCaller')
    await expect.poll(shown).toMatchObject([{ lastUsedAt: expect.any(Number), lastUsedDoor: 'own' }])
  })
})
