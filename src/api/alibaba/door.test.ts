import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generator, mutated } from '../../../test/vectors/alibaba/mutate.ts'
import { rateLimitMemory, SharedRateLimiter } from '../../iam/index.ts'
import { Problem, problem } from '../../kernel/index.ts'
import { operations } from '../operations.ts'
import { failingRunner, host, openClient, runnerWith, signed, styles, type Client } from './door.fixture.ts'
import { alibabaDoor } from './door.ts'

const uuid = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/

describe('the Alibaba door', () => {
  let client: Client
  beforeAll(async () => {
    client = await openClient()
  })
  afterAll(() => client[Symbol.asyncDispose]())

  describe('alibaba-wire §1, §5: requests and answers', () => {
    test.each(styles)(
      '%s: a call is let in and answered in JSON, with its request id in body and header',
      async (style) => {
        const answer = await client.call('ListUserCertificateOrder', { OrderType: 'UPLOAD' }, { style })
        expect(answer).toMatchObject({
          status: 200,
          headers: { 'content-type': 'application/json;charset=utf-8' },
          body: { TotalCount: 0, CertificateOrderList: [] },
        })
        expect(answer.body.RequestId).toMatch(uuid)
        expect(answer.headers['x-acs-request-id']).toBe(answer.body.RequestId)
      },
    )

    test.each(styles)('%s: Format=XML is answered in XML, in success and in refusal', async (style) => {
      const success = await client.call('ListUserCertificateOrder', { Format: 'XML' }, { style })
      expect(success.status).toBe(200)
      expect(success.headers['content-type']).toBe('text/xml;charset=utf-8')
      expect(success.text).toContain(`<RequestId>${success.headers['x-acs-request-id']}</RequestId>`)
      expect(success.text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?><ListUserCertificateOrderResponse>/)

      const refusal = await client.call('DeleteUserCertificate', { Format: 'XML' }, { style })
      expect(refusal.status).toBe(400)
      expect(refusal.text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?><Error>.*<Code>MissingCertId<\/Code>/)
    })

    test('§5.1 a refusal has code, message, request id, the host that was asked, and a page of help', async () => {
      const { status, headers, body } = await client.call('DeleteUserCertificate')
      expect(status).toBe(400)
      expect(body).toEqual({
        RequestId: headers['x-acs-request-id'],
        HostId: host,
        Code: 'MissingCertId',
        Message: 'CertId is mandatory for this action.',
        Recommend: `https://api.aliyun.com/troubleshoot?q=MissingCertId&product=cas&requestId=${headers['x-acs-request-id']}`,
      })
    })

    test('a request that cannot be read is refused in the format it asks for', async () => {
      const request = { ...signed(client.core.administrator, 'DeleteUserCertificate'), rawUrl: '/?Format=XML&A=1&A=1' }
      expect((await client.send(request)).text).toMatch(/<Error>.*<Code>InvalidParameter<\/Code>/)
      expect((await client.send({ ...request, rawUrl: '/?A=1&A=1' })).body.Code).toBe('InvalidParameter')
      const inForm = signed(client.core.administrator, 'DeleteUserCertificate', {}, { style: 'v1, POST form' })
      const doubled = Buffer.from(`${Buffer.from(inForm.body).toString()}&Action=x&Format=xml`)
      expect((await client.send({ ...inForm, body: doubled })).text).toMatch(/<Code>InvalidParameter<\/Code>/)
    })

    test('unknown parameters are ignored', async () => {
      const answer = await client.call('ListUserCertificateOrder', { Whatever: '1', __proto__: '2', 'A.B': '3' })
      expect(answer.status).toBe(200)
    })
  })

  describe('§1, §5.2: version and action', () => {
    test.each([
      ['2020-04-07', 'NoSuchAction', 404, 'InvalidAction.NotFound'],
      ['2020-04-07', 'DeletePCACert', 404, 'InvalidAction.NotFound'],
      ['2020-06-30', 'CreateRootCACertificate', 404, 'InvalidAction.NotFound'],
      ['2020-04-07', 'constructor', 404, 'InvalidAction.NotFound'],
      ['__proto__', 'toString', 400, 'InvalidVersion'],
      ['2018-07-13', 'DeleteUserCertificate', 400, 'InvalidVersion'],
    ])('%s %s is %s %s', async (version, action, status, code) => {
      for (const style of styles)
        expect(await client.call(action, {}, { version, style })).toMatchObject({ status, body: { Code: code } })
    })

    test('another path than / is no action', async () => {
      const request = { ...signed(client.core.administrator, 'DeleteUserCertificate'), rawUrl: '/other' }
      expect(await client.send(request)).toMatchObject({ status: 404, body: { Code: 'InvalidAction.NotFound' } })
    })
  })

  describe('§4: who calls', () => {
    test('an unknown access key is 404 InvalidAccessKeyId.NotFound', async () => {
      const nobody = { accessKeyId: 'LTAInobody', accessKeySecret: 'x' }
      expect(await client.callAs(nobody, 'DeleteUserCertificate', { CertId: 1 })).toMatchObject({
        status: 404,
        body: { Code: 'InvalidAccessKeyId.NotFound' },
      })
    })

    test('a wrong secret, a time outside the window, a second use of a nonce are refused', async () => {
      const { administrator } = client.core
      const wrong = { ...administrator, accessKeySecret: 'wrong' }
      const call = (signer: typeof wrong, sending: object) =>
        client.callAs(signer, 'ListUserCertificateOrder', {}, sending)
      for (const style of styles) {
        expect((await call(wrong, { style })).body.Code).toBe('SignatureDoesNotMatch')
        const date = new Date(client.parts.wallClock.now() - 16 * 60_000)
        expect((await call(administrator, { style, date })).body.Code).toBe('InvalidTimeStamp.Expired')
        const nonce = `once ${style}`
        expect((await call(administrator, { style, nonce })).status).toBe(200)
        expect(await call(administrator, { style, nonce })).toMatchObject({
          status: 400,
          body: { Code: 'SignatureNonceUsed' },
        })
      }
    })

    test('a write makes its nonce durable: a service that has forgotten it refuses a second write all the same', async () => {
      const forgetful = alibabaDoor({
        ...client.parts,
        nonces: {
          remember: async (...nonce) => ({
            ...(await client.parts.nonces.remember(...nonce)),
            verdict: 'fresh' as const,
          }),
        },
      })
      // The time is signed with the nonce, and they are kept together.
      const sending = { nonce: 'durable', date: new Date() }
      const deletionOf = async (name: string) => {
        const values = { CertId: await client.upload(name) }
        return signed(client.core.administrator, 'DeleteUserCertificate', values, sending)
      }
      expect((await client.send(await deletionOf('first of a nonce'), forgetful)).status).toBe(200)
      expect(await client.send(await deletionOf('second of a nonce'), forgetful)).toMatchObject({
        status: 400,
        body: { Code: 'SignatureNonceUsed' },
      })
    })

    test('a disabled access key, and that of a disabled user, are 400 InvalidAccessKeyId.Inactive at once', async () => {
      const { core } = client
      const user = await core.createUser('to-disable', ['AliyunYundunCertFullAccess'])
      expect((await client.callAs(user, 'ListUserCertificateOrder')).status).toBe(200)
      await core.call(core.administrator, operations.SetUserEnabled, { userName: 'to-disable', enabled: false })
      expect(await client.callAs(user, 'ListUserCertificateOrder')).toMatchObject({
        status: 400,
        body: { Code: 'InvalidAccessKeyId.Inactive' },
      })
    })

    test('bearer tokens are not served: each is told not to be valid', async () => {
      const rawHeaders = Object.entries({
        host,
        'x-acs-bearer-token': 'bt-123',
        'x-acs-action': 'DeleteUserCertificate',
        'x-acs-version': '2020-04-07',
        'x-acs-date': `${new Date().toISOString().slice(0, 19)}Z`,
        'x-acs-signature-nonce': 'n',
      }).flat()
      const request = { ...signed(client.core.administrator, 'X'), rawUrl: '/?SignatureType=BEARERTOKEN', rawHeaders }
      expect(await client.send(request)).toMatchObject({
        status: 400,
        body: { Code: 'InvalidSecurityToken.MismatchWithAccessKey' },
      })
    })
  })

  describe('alibaba-ram §7: refusals of authorization', () => {
    test('name the action, the user and the account, and how it was decided', async () => {
      const { core } = client
      const user = await core.createUser('powerless')
      const { body, status, headers } = await client.callAs(user, 'DeleteUserCertificate', { CertId: 4711 })
      const principal = (await core.principals.byAccessKey(user.accessKeyId))!.principal
      expect(status).toBe(403)
      expect(body).toMatchObject({ Code: 'NoPermission', HostId: host })
      expect(body.AccessDeniedDetail).toEqual({
        AuthAction: 'yundun-cert:DeleteUserCertificate',
        AuthPrincipalType: 'SubUser',
        AuthPrincipalDisplayName: principal.user.decimalId,
        AuthPrincipalOwnerId: core.administrator.accountId,
        NoPermissionType: 'ImplicitDeny',
        PolicyType: 'AccountLevelIdentityBasedPolicy',
        EncodedDiagnosticMessage: Buffer.from(headers['x-acs-request-id']!).toString('base64'),
      })
    })

    test('an explicit deny is told as such', async () => {
      const deny = { Effect: 'Deny', Action: 'yundun-cert:Delete*', Resource: '*' }
      const allow = { Effect: 'Allow', Action: 'yundun-cert:*', Resource: '*' }
      const user = await client.core.createUser('denied', [{ Version: '1', Statement: [allow, deny] }])
      const { body } = await client.callAs(user, 'DeleteUserCertificate', { CertId: 4711 })
      expect(body.AccessDeniedDetail.NoPermissionType).toBe('ExplicitDeny')
      expect((await client.callAs(user, 'ListUserCertificateOrder')).status).toBe(200)
    })

    test.each(['DeleteUserCertificate', 'GetUserCertificateDetail'])(
      '%s: the refusal is the same whether the certificate is there or not',
      async (action) => {
        const user = await client.core.createUser(`curious-${action}`)
        const certId = await client.upload(`secret-${action}`)
        const one = await client.callAs(user, action, { CertId: certId })
        const other = await client.callAs(user, action, { CertId: certId + 1 })
        const faceless = ({ status, text, headers }: typeof one) => {
          const requestId = headers['x-acs-request-id']!
          return {
            status,
            text: text.replaceAll(requestId, '').replace(Buffer.from(requestId).toString('base64'), ''),
          }
        }
        expect(one.status).toBe(403)
        expect(faceless(one)).toEqual(faceless(other))
      },
    )
  })

  describe('§5.2 rate limits', () => {
    test('100 calls a second of one user pass, more answer Throttling.User and say when the next may come', async () => {
      const clock = { at: 1_000_000, now: () => clock.at }
      const door = alibabaDoor({
        ...client.parts,
        runner: runnerWith(client.core, new SharedRateLimiter(rateLimitMemory(16), clock)),
      })
      const { core } = client
      const call = (signer = core.administrator as { accessKeyId: string; accessKeySecret: string }) =>
        client.send(signed(signer, 'DeleteUserCertificate', { CertId: 4711 }), door)
      for (let passed = 0; passed < 100; passed++) expect((await call()).body.Code).toBe('NotFound')
      clock.at += 250
      const refused = await call()
      expect(refused).toMatchObject({
        status: 400,
        headers: { 'x-acs-retry-after': '750' },
        body: { Code: 'Throttling.User', Message: 'Request was denied due to user flow control.' },
      })
      expect((await call(await core.createUser('other-user', ['AliyunYundunCertFullAccess']))).body.Code).toBe(
        'NotFound',
      )
      clock.at += 750
      expect((await call()).body.Code).toBe('NotFound')
    })

    test('come before what is wrong with the parameters', async () => {
      const clock = { now: () => 1_000_000 }
      const door = alibabaDoor({
        ...client.parts,
        runner: runnerWith(client.core, new SharedRateLimiter(rateLimitMemory(16), clock)),
      })
      const call = () =>
        client.send(signed(client.core.administrator, 'ListUserCertificateOrder', { Status: 'x' }), door)
      for (let passed = 0; passed < 10; passed++) expect((await call()).body.Code).toBe('InvalidStatus')
      expect((await call()).body.Code).toBe('Throttling.User')
    })
  })

  describe('design §3: dry runs', () => {
    const wishOf = (style: (typeof styles)[number]) =>
      style.startsWith('acs3')
        ? { headers: { 'x-acs-certkeep-dry-run': 'true' }, values: {} }
        : { headers: {}, values: { DryRun: 'true' } }

    test.each(styles)('%s: a signed one tells what would be done as an error, and nothing is done', async (style) => {
      const certId = await client.upload(`dry ${style}`)
      const { headers, values } = wishOf(style)
      const answer = await client.call('DeleteUserCertificate', { CertId: certId, ...values }, { style, headers })
      expect(answer).toMatchObject({
        status: 400,
        body: {
          Code: 'DryRunOperation',
          DryRunResult: { Operation: 'DeleteRepositoryCertificate', ObjectType: 'certificate' },
        },
      })
      expect(JSON.parse(answer.body.DryRunResult.Facts as string)).toMatchObject({ state: 'valid', source: 'uploaded' })
      expect((await client.call('GetUserCertificateDetail', { CertId: certId })).status).toBe(200)
      const entries = await client.core.auditEntries(client.core.administrator.accountId)
      const entry = entries.find(({ requestId }) => requestId === answer.headers['x-acs-request-id'])
      expect(entry).toMatchObject({ outcome: 'dryRun', code: '' })
    })

    test('what the call would be refused with, the dry run is', async () => {
      const { headers } = wishOf('acs3, query')
      const dry = (certId: number) => client.call('DeleteUserCertificate', { CertId: certId }, { headers })
      expect(await dry(1)).toMatchObject({ status: 404, body: { Code: 'NotFound' } })
    })

    test('an action that only reads has none', async () => {
      const { headers } = wishOf('acs3, query')
      expect(await client.call('GetUserCertificateDetail', { CertId: 1 }, { headers })).toMatchObject({
        status: 400,
        body: { Code: 'DryRunNotSupported' },
      })
    })

    test.each([
      ['acs3, query', { 'x-certkeep-dry-run': 'true' }, {}],
      ['acs3, query', {}, { dryrun: 'true' }],
      ['acs3, query', {}, { DryRun: 'yes' }],
      ['v1, GET', { 'x-acs-certkeep-dry-run': 'true' }, {}],
      ['v1, GET', {}, { dry_run: 'true' }],
    ] as const)(
      '%s with %j and %j: a wish that could be misread is refused, with nothing done',
      async (style, headers, values) => {
        const certId = await client.upload(`misread ${style} ${JSON.stringify([headers, values])}`)
        const answer = await client.call('DeleteUserCertificate', { CertId: certId, ...values }, { style, headers })
        expect(answer.status).toBe(400)
        expect(answer.body.Code).toMatch(/^Invalid(?:DryRun|Parameter)$/)
        expect((await client.call('GetUserCertificateDetail', { CertId: certId })).status).toBe(200)
      },
    )
  })

  describe('design §8: audit', () => {
    test('an act and a refusal of somebody known are entries with the request id, also one of the parameters', async () => {
      const { core } = client
      const certId = await client.upload('audited')
      const done = await client.call('DeleteUserCertificate', { CertId: certId })
      const refused = await client.call('DeleteUserCertificate', { CertId: 'x' })
      const entries = await core.auditEntries(core.administrator.accountId)
      const entryOf = ({ headers }: typeof done) =>
        entries.find(({ requestId }) => requestId === headers['x-acs-request-id'])
      expect(entryOf(done)).toMatchObject({
        operation: 'DeleteRepositoryCertificate',
        door: 'alibaba',
        outcome: 'done',
        accessKeyId: core.administrator.accessKeyId,
        sourceIp: '127.0.0.1',
      })
      expect(entryOf(refused)).toMatchObject({ outcome: 'refused', code: 'InvalidCertId' })
    })
  })

  describe('failures', () => {
    test.each([
      ['an error', new Error('secret detail')],
      ['a problem that no operation may answer with', new Problem('EntitlementsChanged', 'secret detail')],
      ['a problem named like a prototype', new Problem('constructor', 'secret detail')],
    ])('%s is a bare 500 and is reported', async (_, failure) => {
      const reports: unknown[][] = []
      const report = (...args: unknown[]) => void reports.push(args)
      const door = alibabaDoor({ ...client.parts, runner: failingRunner(failure), report })
      const { status, body, text, headers } = await client.send(
        signed(client.core.administrator, 'DeleteUserCertificate'),
        door,
      )
      expect(status).toBe(500)
      expect(body.Code).toBe('InternalError')
      expect(text).not.toContain('secret')
      expect(reports).toEqual([[failure, headers['x-acs-request-id']]])
    })

    test('what cannot be done at the moment is 503 ServiceUnavailable, without its reason, and is reported', async () => {
      const failure = problem('Unavailable', { reason: 'the disk is full' })
      const reports: unknown[] = []
      const report = (cause: unknown) => void reports.push(cause)
      const door = alibabaDoor({ ...client.parts, runner: failingRunner(failure), report })
      const answer = await client.send(signed(client.core.administrator, 'DeleteUserCertificate'), door)
      expect(answer).toMatchObject({ status: 503, body: { Code: 'ServiceUnavailable' } })
      expect(answer.text).not.toContain('disk')
      expect(reports).toEqual([failure])
    })

    test('10,000 damaged requests: each has an answer with a request id, and none is a failure', async () => {
      const random = generator(20)
      const requests = styles.map((style) =>
        signed(client.core.administrator, 'GetUserCertificateDetail', { CertId: 4711, 'Tags.1.Key': '测' }, { style }),
      )
      const statuses = new Set<number>()
      for (let round = 0; round < 10_000; round++) {
        const request = requests[round % requests.length]!
        const { status, headers } = await client.send({ ...request, ...mutated(request, random) })
        expect(headers['x-acs-request-id']).toMatch(uuid)
        statuses.add(status)
      }
      expect([...statuses].every((status) => status === 200 || (status >= 400 && status < 500))).toBe(true)
      expect(client.core.failures).toEqual([])
    })
  })
})
