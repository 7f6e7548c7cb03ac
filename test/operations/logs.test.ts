import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alibaba, alibabaV1, huawei, own } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'

const linesOf = (service: Service): Record<string, unknown>[] =>
  service
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

async function logIn({ url, credentials }: Service, password: string): Promise<Response> {
  const { accountName, userName } = credentials
  const domain = { name: accountName }
  const identity = { methods: ['password'], password: { user: { name: userName, password, domain } } }
  return fetch(`${url}/v3/auth/tokens`, { method: 'POST', body: JSON.stringify({ auth: { identity } }) })
}

/** A bit of everything that carries a secret one way or the other; what came back and must not be in a log. */
async function mixedRun(service: Service): Promise<string[]> {
  const { url, credentials } = service
  const secrets: string[] = []
  const caId = await rootCa(service)
  const certificateId = await leaf(service, caId)
  const exported = await own(url, credentials, 'ExportPrivateCertificate', { certificateId })
  const privateKey = exported.privateKey as string
  expect(Buffer.from(privateKey, 'base64').length).toBeGreaterThan(100)
  secrets.push(privateKey)
  const token = (await logIn(service, credentials.password)).headers.get('x-subject-token')!
  expect(token.length).toBeGreaterThan(20)
  await logIn(service, 'a wrong but telling password')
  await fetch(`${url}/v1/private-certificate-authorities`, { headers: { 'x-auth-token': token } })
  await fetch(`${url}/v1/private-certificate-authorities`, {
    headers: { 'x-auth-token': 'a-guessed-token-0123456789' },
  })
  const upload = {
    Name: 'n',
    Cert: 'no certificate',
    Key: '-----BEGIN PRIVATE KEY-----\nTELLTALEKEY\n-----END PRIVATE KEY-----',
  }
  await alibabaV1(url, credentials, 'UploadUserCertificate', upload)
  await alibaba(url, credentials, 'UploadUserCertificate', upload)
  await alibabaV1(url, { ...credentials, accessKeySecret: 'a-guessed-secret-0123456789' }, 'ListUserCertificateOrder')
  const second = await own(url, credentials, 'CreateAccessKey', { userName: credentials.userName })
  await huawei(url, credentials, 'POST', '/api/CreateUser', { userName: 'bob', password: 'the password of bob' })
  await fetch(`${url}/api/ShowCa?secret=in-the-query`, { method: 'POST' })
  secrets.push(token, second.accessKeySecret as string, credentials.password, credentials.accessKeySecret)
  secrets.push('a wrong but telling password', 'the password of bob', 'a-guessed', 'TELLTALEKEY', 'in-the-query')
  secrets.push(
    'PRIVATE KEY',
    'Signature=',
    'X-Auth-Token',
    readFileSync(join(service.dataFolder, 'master.key'), 'utf8').split(' ')[2]!.trim(),
  )
  return secrets
}

describe('the log', () => {
  test('says nothing of requests unless asked to', async () => {
    await using service = await startService({ emulate: false })
    await mixedRun(service)
    expect(linesOf(service)).toEqual([])
  })

  test('with --log-requests has one line each: method, path, status, time, door, operation, request id and account', async () => {
    await using service = await startService({ emulate: false, args: ['--log-requests'] })
    const { url, credentials } = service
    await huawei(url, credentials, 'GET', '/v1/private-certificate-authorities?limit=10')
    await alibaba(url, credentials, 'ListUserCertificateOrder', { Keyword: 'abc' })
    await fetch(`${url}/nothing?here`)
    await service.stop()
    const [listed, ordered, nothing] = linesOf(service)
    expect(listed).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      msg: 'request',
      method: 'GET',
      path: '/v1/private-certificate-authorities',
      status: 200,
      ms: expect.any(Number) as number,
      door: 'huawei',
      operation: 'ListCertificateAuthority',
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      accountId: credentials.accountId,
    })
    expect(ordered).toMatchObject({ path: '/', door: 'alibaba', operation: 'ListUserCertificateOrder', status: 200 })
    expect(nothing).toMatchObject({ path: '/nothing', status: 404, door: 'none' })
    expect(service.log()).not.toContain('?')
  })

  test('holds no secret after a run of everything, whatever is logged', async () => {
    await using service = await startService({ emulate: false, args: ['--log-requests'] })
    const secrets = await mixedRun(service)
    await service.stop()
    expect(linesOf(service).length).toBeGreaterThan(12)
    for (const secret of secrets) expect(service.log()).not.toContain(secret)
  })
})
