import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { huaweiHeaders } from '../../../test/support/client.ts'
import { aPendingCa, cas, createCa, openClient, origin, type Client } from './door.fixture.ts'
import { huaweiDoor } from './door.ts'
import type { ReportFailure } from '../door.ts'
import { operations } from '../operations.ts'

const requestId = /^[0-9a-f]{32}$/

describe('the Huawei door', () => {
  let client: Client
  beforeAll(async () => {
    client = await openClient()
  })
  afterAll(() => client[Symbol.asyncDispose]())

  test.each([
    ['/v1/no/such/path', { error_code: 'PCA.10010991', error_msg: 'there is no such path' }],
    ['/v3/scm/no/such/path', { error_code: 'SCM.9091', error_msg: 'there is no such path' }],
    ['/v3/auth/nothing', { error: { code: 404, message: 'there is no such path', title: 'Not Found' } }],
  ])('an unknown path is 404 in the words of its family: %s', async (path, body) => {
    const answer = await client.send('GET', path)
    expect(answer).toMatchObject({ status: 404, body })
    expect(answer.headers['X-Request-Id']).toMatch(requestId)
  })

  test('a known path with a wrong method is 405 and says which it knows', async () => {
    expect(await client.send('PUT', cas)).toMatchObject({
      status: 405,
      headers: { Allow: 'GET, POST' },
      body: { error_code: 'PCA.10010992' },
    })
    expect(await client.send('POST', '/v3/auth/domains')).toMatchObject({ status: 405, body: { error: { code: 405 } } })
  })

  test.each([
    ['GET', '/v1/private-certificate-authorities/quotas', 'PCA.10010990', 'ShowCertificateAuthorityQuota'],
    ['POST', '/v1/private-certificates/csr/parse', 'PCA.10010990', 'ParseCertificateSigningRequest'],
    ['DELETE', '/v3/scm/certificates/scs1590053258704', 'SCM.9090', 'scm.DeleteCertificate'],
  ])('%s %s, which is not supported, is refused by name, and never as missing', async (method, path, code, name) => {
    expect(await client.send(method, path)).toMatchObject({
      status: 400,
      body: { error_code: code, error_msg: `${name} is not supported` },
    })
    expect((await client.bare(method, path)).status).toBe(401)
  })

  test('X-Domain-Id may agree with the credentials, and nothing else (huawei-wire.md §1)', async () => {
    const claiming = (domainId: string) => ({
      headers: huaweiHeaders(client.core.administrator, 'GET', new URL(cas, origin), '', {
        extra: { 'x-domain-id': domainId },
      }),
    })
    expect((await client.bare('GET', cas, claiming('0'.repeat(32)))).status).toBe(401)
    expect((await client.bare('GET', cas, claiming(client.core.administrator.domainId))).status).toBe(200)
  })

  test('a signature more than 15 minutes off is refused; the domain clock has no say in it', async () => {
    const at = (minutes: number) => ({
      headers: huaweiHeaders(client.core.administrator, 'GET', new URL(cas, origin), '', {
        date: new Date(Date.now() + minutes * 60_000),
      }),
    })
    expect((await client.bare('GET', cas, at(-16))).status).toBe(401)
    expect((await client.bare('GET', cas, at(16))).status).toBe(401)
    client.core.advance(400 * 86_400_000)
    expect((await client.bare('GET', cas, at(0))).status).toBe(200)
  })

  test('a disabled key stops at once', async () => {
    const user = await client.core.createUser('leaver', ['PCA FullAccess'])
    const send = client.as(user)
    expect((await send('GET', cas)).status).toBe(200)
    await client.core.call(client.core.administrator, operations.SetAccessKeyEnabled, {
      accessKeyId: user.accessKeyId,
      enabled: false,
    })
    expect(await send('GET', cas)).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } })
  })

  test('no call is throttled: Terraform answers a 429 with minutes of sleep', async () => {
    const send = client.as(await client.core.createUser('hasty', ['PCA FullAccess']))
    const answers = await Promise.all(Array.from({ length: 150 }, () => send('DELETE', `${cas}/malformed`)))
    expect(answers.every(({ status }) => status === 400)).toBe(true)
  })

  test('a malformed body is refused before rights are: the caller without rights learns nothing but that', async () => {
    const send = client.as(await client.core.createUser('nobody'))
    expect(await send('POST', cas, '{')).toMatchObject({ status: 400, body: { error_code: 'PCA.00020001' } })
    expect(await send('POST', cas, aPendingCa)).toMatchObject({
      status: 403,
      body: { error_code: 'PCA.10010910', error_msg: 'the caller has no permission for pca:ca:create' },
    })
  })

  test('refusals are in the audit log: those of the core under its code, those of this wire under theirs', async () => {
    const user = await client.core.createUser('watched')
    const send = client.as(user)
    await send('GET', `${cas}/malformed`)
    await send('GET', cas)
    const entries = await client.core.auditEntries(client.core.administrator.accountId)
    expect(entries.filter(({ userName }) => userName === 'watched')).toMatchObject([
      { operation: 'ListCas', outcome: 'refused', code: 'AccessDenied', accessKeyId: user.accessKeyId },
      { operation: 'ShowCa', outcome: 'refused', code: 'PCA.10010105', door: 'huawei' },
    ])
  })

  test('a failure of ours is a bare 500, reported under the request id that the caller sees', async () => {
    const report = vi.fn<ReportFailure>()
    const { parts, deps, tokens } = client.core
    const door = huaweiDoor({
      ...parts,
      iam: deps.iam,
      publication: deps.publication,
      tokens,
      report,
      runner: { run: () => Promise.reject(new Error('secret inside')) },
    })
    const headers = huaweiHeaders(client.core.administrator, 'GET', new URL(cas, origin), '')
    const answer = await door({
      method: 'GET',
      rawUrl: cas,
      rawHeaders: Object.entries(headers).flat(),
      body: new Uint8Array(),
      sourceIp: '127.0.0.1',
      secureTransport: true,
    })
    expect(answer.status).toBe(500)
    expect(answer.body).toBe('{"error_code":"PCA.10010900","error_msg":"internal server error"}')
    expect(report).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: 'secret inside' }),
      answer.headers['X-Request-Id'],
    )
  })

  test('a call is answered although rights changed since its key was read, and refused when they are gone', async () => {
    const user = await client.core.createUser('changing', ['PCA FullAccess'])
    const send = client.as(user)
    const id = await createCa(send, aPendingCa)
    // Behind the back of this process: what it remembers of the key is out of date, and only the commit notices.
    await client.core.deps.committer.commit([client.core.deps.iam.raiseVersion(client.core.administrator.accountId)])
    expect((await send('DELETE', `${cas}/${id}`)).status).toBe(204)
    const another = await createCa(send, aPendingCa)
    const { deps, administrator } = client.core
    const stored = (await deps.iam.userByName(administrator.accountId, 'changing'))!
    const gone = new Error('unused') as never
    await deps.committer.commit([
      deps.iam.replaceUser(stored, { ...stored, enabled: false }, gone),
      deps.iam.raiseVersion(administrator.accountId),
    ])
    expect(await send('DELETE', `${cas}/${another}`)).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } })
    expect((await client.send('GET', `${cas}/${another}`)).body.status).toBe('PENDING')
  })

  test('nothing in all this was reported as a failure', () => {
    expect(client.core.failures).toEqual([])
  })
})
