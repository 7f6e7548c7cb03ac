import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, leaf, rootCa } from '../support/life.ts'
import { selfSigned } from '../support/openssl.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { nodeClients, openNode, runSample, type NodeClient, type Outcome } from './alibaba-node.ts'
import { withClient } from './harness.ts'

const clients = ['sdk3', 'sdk3-v2', 'sdk1', 'pop-get', 'pop-post']
const requestId = expect.stringMatching(/^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/) as string
const unused = 9_007_199_254_740_991

withClient('Alibaba Cloud’s Node clients', nodeClients, () => {
  let service: Service
  const open = new Map<string, NodeClient>()
  beforeAll(async () => {
    service = await startService()
    for (const each of clients) open.set(each, openNode(each, service))
  })
  afterAll(async () => {
    for (const client of open.values()) await client[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const admin = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  let uploads = 0
  async function upload(client: NodeClient): Promise<number> {
    const { certificate: Cert, privateKey: Key } = selfSigned('uploaded.example.test')
    return (await client.done('UploadUserCertificate', { Name: `upload-${++uploads}`, Cert, Key })).CertId
  }
  /** A certificate of our own CA, as this door names it. */
  async function issued(client: NodeClient, commonName: string): Promise<{ number: number; certificateId: string }> {
    const certificateId = await leaf(service, await rootCa(service), commonName)
    const { CertificateOrderList: rows } = await client.done('ListUserCertificateOrder', {
      OrderType: 'CERT',
      Keyword: commonName,
    })
    return { number: rows[0].CertificateId, certificateId }
  }

  test('DeleteUserCertificate in the shape of the vendor’s sample', async () => {
    const id = await upload(open.get('sdk3')!)
    expect(JSON.parse(await runSample(service, id))).toMatchObject({ statusCode: 200, body: { requestId } })
    expect(await runSample(service, id)).toMatch(
      /^NotFound: code: 404, Certificate \d+ does not exist.* request id: [0-9A-F-]{36}\nhttps:\/\/api\.aliyun\.com\//,
    )
  })

  describe.each(clients)('%s', (name) => {
    let client: NodeClient
    beforeAll(() => (client = open.get(name)!))

    const typed = name.startsWith('sdk')
    const notFound = { ok: false, code: 'NotFound', statusCode: 404 }
    const remove = (CertId: number | string) => client.call('DeleteUserCertificate', { CertId })

    test('upload, list, detail, delete, delete again', async () => {
      const commonName = `${name}.example.test`
      const { certificate: Cert, privateKey: Key } = selfSigned(commonName)
      const uploaded = await client.done('UploadUserCertificate', { Name: `life-${name}`, Cert, Key })
      expect(uploaded.RequestId).toEqual(requestId)
      // The class of SDK 1.x has no such field.
      if (name !== 'sdk1') expect(uploaded.ResourceId).toMatch(/^cas-upload-/)
      const { CertId } = uploaded
      // pop-core makes a string of a number with more than 15 digits.
      expect(CertId).toSatisfy((id) =>
        typed || String(id).length < 16 ? Number.isSafeInteger(id) : /^\d{16}$/.test(id),
      )

      const listed = await client.done('ListUserCertificateOrder', { OrderType: 'UPLOAD', Keyword: commonName })
      expect(listed).toMatchObject({ TotalCount: 1, CurrentPage: 1, ShowSize: 50, RequestId: requestId })
      expect(listed.CertificateOrderList).toMatchObject([
        { CertificateId: CertId, Name: `life-${name}`, CommonName: commonName, Upload: true, Expired: false },
      ])

      const detail = await client.done('GetUserCertificateDetail', { CertId })
      expect(detail).toMatchObject({ Id: CertId, Name: `life-${name}`, Common: commonName, Algorithm: 'ECC' })
      expect(detail.Cert.trim()).toBe(Cert.trim())
      expect(detail.Key).toContain('BEGIN PRIVATE KEY')
      expect(detail.Sha2).toBe(new X509Certificate(Cert).fingerprint256.replaceAll(':', ''))
      const filtered = await client.done('GetUserCertificateDetail', { CertId, CertFilter: true })
      expect([filtered.Cert, filtered.Key]).toEqual([undefined, undefined])

      expect(await remove(CertId)).toEqual({ ok: true, status: 200, body: { RequestId: requestId } })
      expect(await remove(CertId)).toMatchObject(notFound)
      expect(await client.call('GetUserCertificateDetail', { CertId })).toMatchObject(notFound)
      expect(await client.done('ListUserCertificateOrder', { OrderType: 'UPLOAD', Keyword: commonName })).toMatchObject(
        { TotalCount: 0 },
      )
    })

    test('one that we issued and that is in force is refused, and allowed after its revocation', async () => {
      const { number, certificateId } = await issued(client, `revoked-${name}.example.test`)
      expect(await remove(number)).toMatchObject({ ok: false, code: 'CertificateStillValid', statusCode: 400 })
      await admin('RevokeCertificate', { certificateId, reason: 'superseded' })
      expect(await remove(number)).toMatchObject({ ok: true, status: 200 })
      expect(await remove(number)).toMatchObject(notFound)
    })

    test.each([
      ['missing', {}, 'MissingCertId'],
      ['negative', { CertId: -1 }, 'InvalidCertId'],
      ['above 2^63 - 1', { CertId: '9223372036854775808' }, 'InvalidCertId'],
    ])('CertId %s is refused', async (_, parameters, code) => {
      expect(await client.call('DeleteUserCertificate', parameters)).toMatchObject({ ok: false, code, statusCode: 400 })
    })

    test('an unknown action', async () => {
      expect(await client.call('DeleteEverything')).toMatchObject({
        ok: false,
        code: 'InvalidAction.NotFound',
        statusCode: 404,
      })
    })

    test('a wrong secret and an unknown key', async () => {
      const { accessKeyId, accessKeySecret } = service.credentials
      const call = (caller: { accessKeyId: string; accessKeySecret: string }) =>
        client.call('DeleteUserCertificate', { CertId: unused }, caller)
      expect(await call({ accessKeyId, accessKeySecret: 'wrong' })).toMatchObject({
        code: 'SignatureDoesNotMatch',
        statusCode: 400,
      })
      expect(await call({ accessKeyId: 'LTAInobodysAccessKey1', accessKeySecret })).toMatchObject({
        code: 'InvalidAccessKeyId.NotFound',
        statusCode: 404,
      })
    })

    test('a second user without rights hears which one is missing; with it, the call passes', async () => {
      const user = await person(service, `user-of-${name}`)
      const CertId = await upload(client)
      const refused = await client.call('DeleteUserCertificate', { CertId }, user)
      expect(refused).toMatchObject({ ok: false, code: 'NoPermission', statusCode: 403 })
      expect(refused.message).toContain('yundun-cert:DeleteUserCertificate')
      expect(refused.data.AccessDeniedDetail).toMatchObject({
        AuthAction: 'yundun-cert:DeleteUserCertificate',
        AuthPrincipalType: 'SubUser',
        AuthPrincipalOwnerId: service.credentials.accountId,
        NoPermissionType: 'ImplicitDeny',
      })
      await admin('AttachPolicy', { userName: user.userName, policyName: 'AliyunYundunCertFullAccess' })
      expect(await client.call('DeleteUserCertificate', { CertId }, user)).toMatchObject({ ok: true, status: 200 })
    })

    test('what belongs to another account does not exist', async () => {
      const other = await secondAccount(service, `other-${name}`)
      const CertId = await upload(client)
      const ofOther = await client.call('DeleteUserCertificate', { CertId }, other)
      const ofNobody = await client.call('DeleteUserCertificate', { CertId: unused }, other)
      for (const answer of [ofOther, ofNobody]) expect(answer).toMatchObject(notFound)
      expect(ofOther.data.Message.replace(String(CertId), '')).toBe(ofNobody.data.Message.replace(String(unused), ''))
      expect(await client.call('GetUserCertificateDetail', { CertId }, other)).toMatchObject(notFound)
      expect(await remove(CertId)).toMatchObject({ ok: true })
    })
  })

  // The typed clients make a number of it themselves.
  test.each(['pop-get', 'pop-post'])('%s: CertId empty, of letters, or beyond 2^53', async (name) => {
    const remove = (CertId: string) => open.get(name)!.call('DeleteUserCertificate', { CertId })
    expect(await remove('')).toMatchObject({ ok: false, code: 'MissingCertId', statusCode: 400 })
    expect(await remove('abc')).toMatchObject({ ok: false, code: 'InvalidCertId', statusCode: 400 })
    expect(await remove('9007199254740993')).toMatchObject({ ok: false, code: 'NotFound', statusCode: 404 })
  })

  test('AccessDeniedDetail is where the typed client shows it', async () => {
    const user = await person(service, 'detailed')
    const refused = await open.get('sdk3')!.call('DeleteUserCertificate', { CertId: unused }, user)
    expect(refused.accessDeniedDetail).toMatchObject({ AuthAction: 'yundun-cert:DeleteUserCertificate' })
  })

  test('100 calls a second pass, further ones get Throttling.User and when to come again', async () => {
    const user = await person(service, 'in-a-hurry', ['AliyunYundunCertFullAccess'])
    const client = open.get('sdk3')!
    const outcomes: Outcome[] = []
    // However slow the machine is: together faster than 100 a second at some time.
    while (!outcomes.some(({ code }) => code === 'Throttling.User') && outcomes.length < 3_000)
      outcomes.push(
        ...(await Promise.all(
          Array.from({ length: 300 }, () => client.call('DeleteUserCertificate', { CertId: unused }, user)),
        )),
      )
    const throttled = outcomes.filter(({ code }) => code === 'Throttling.User')
    expect(outcomes.filter(({ code }) => code === 'NotFound').length).toBe(outcomes.length - throttled.length)
    expect(outcomes.length - throttled.length).toBeGreaterThanOrEqual(100)
    expect(throttled.length).toBeGreaterThan(0)
    for (const { statusCode, retryAfter } of throttled) {
      expect(statusCode).toBe(400)
      expect(retryAfter).toBeGreaterThan(0)
      expect(retryAfter).toBeLessThanOrEqual(1_000)
    }
    // Another user of the account is not held up.
    expect(await client.call('DeleteUserCertificate', { CertId: unused })).toMatchObject({ code: 'NotFound' })
  })

  test.each(clients)('a dry run by %s is the client’s error with the result, and deletes nothing', async (name) => {
    const client = open.get(name)!
    const CertId = await upload(open.get('sdk3')!)
    const v1 = name.startsWith('pop') || name === 'sdk3-v2'
    const header = { 'x-acs-certkeep-dry-run': 'true' }
    const dry = v1
      ? await client.call('DeleteUserCertificate', { CertId, DryRun: 'true' }, undefined, {})
      : await client.call('DeleteUserCertificate', { CertId }, undefined, header)
    expect(dry).toMatchObject({ ok: false, code: 'DryRunOperation' })
    if (dry.data?.DryRunResult !== undefined)
      expect(JSON.parse(dry.data.DryRunResult.Facts as string)).toMatchObject({ source: 'uploaded', state: 'valid' })
    expect(await client.call('DeleteUserCertificate', { CertId })).toMatchObject({ ok: true })
  })

  test('after its expiry an issued certificate may be deleted', async () => {
    const client = open.get('sdk3')!
    const { number } = await issued(client, 'expired.example.test')
    expect(await client.call('DeleteUserCertificate', { CertId: number })).toMatchObject({
      code: 'CertificateStillValid',
    })
    await advance(service, 91)
    expect((await client.done('GetUserCertificateDetail', { CertId: number })).Expired).toBe(true)
    expect(await client.call('DeleteUserCertificate', { CertId: number })).toMatchObject({ ok: true, status: 200 })
  })
})
