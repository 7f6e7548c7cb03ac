import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderSuccess } from '../../../src/api/alibaba/answer.ts'
import { authenticate, type AuthenticateDependencies } from '../../../src/api/alibaba/authenticate.ts'
import type { WireAnswer, WireObject } from '../../../src/api/alibaba/document.ts'
import { asWireError, noPermission, renderError, throttled } from '../../../src/api/alibaba/errors.ts'
import { nestParameters } from '../../../src/api/alibaba/flatten.ts'
import { hostOf } from '../../../src/api/alibaba/headers.ts'
import { operationParameters, readRequest, type RawRequest } from '../../../src/api/alibaba/read-request.ts'

const folder = import.meta.dirname
const installed = existsSync(`${folder}/node_modules/@alicloud/cas20200407/package.json`)
const accessKeyId = 'LTAItestAccessKeyId0001'
const accessKeySecret = 'testAccessKeySecretForVectors01'
const securityToken = 'STStokenABC+/='

/** What one of the client files prints, see harness.mjs. */
interface Outcome {
  ok: boolean
  status?: number
  body?: Record<string, unknown>
  code?: string
  statusCode?: number
  message?: string
  data?: Record<string, unknown>
  retryAfter?: number
}

if (!installed && process.env['CI'] === 'true') {
  test('the vendor’s Node clients are installed', () => {
    throw new Error('run `npm ci --ignore-scripts` in test/sdk/alibaba-node: in CI these tests are not skipped')
  })
}

describe.skipIf(!installed)('the vendor’s Node clients against the wire half of the Alibaba door', () => {
  let server: Server
  let endpoint: string
  const served: { style: string; action: string; version: string; parameters: unknown }[] = []

  beforeAll(async () => {
    const nonces = new Set<string>()
    const dependencies = dependenciesWith(nonces)
    server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { method = '', url: rawUrl = '', rawHeaders } = incoming
        void answerTo({ method, rawUrl, rawHeaders, body: Buffer.concat(chunks) }, dependencies).then((answer) => {
          outgoing.writeHead(answer.status, answer.headers).end(answer.body)
        })
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  async function answerTo(raw: RawRequest, dependencies: AuthenticateDependencies<string>): Promise<WireAnswer> {
    const requestId = randomUUID().toUpperCase()
    try {
      const { request } = await authenticate(readRequest(raw), dependencies)
      const { style, action, version, format } = request
      const parameters = nestParameters(operationParameters(request))
      served.push({ style, action, version, parameters })
      return renderSuccess(answerOf(action, parameters['CertId']), { action, requestId, format })
    } catch (error) {
      return renderError(asWireError(error), { requestId, hostId: hostOf(raw.rawHeaders), format: 'JSON' })
    }
  }

  async function run(file: string, args: string[], environment: Record<string, string> = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/${file}`, ...args], {
      cwd: folder,
      env: {
        CERTKEEP_TEST_ENDPOINT: endpoint,
        CERTKEEP_TEST_ACCESS_KEY_ID: accessKeyId,
        CERTKEEP_TEST_ACCESS_KEY_SECRET: accessKeySecret,
        ...environment,
      },
    })
    return stdout
  }

  const call = async (file: string, action: string, parameters: object, environment: Record<string, string> = {}) =>
    JSON.parse(await run(file, [action, JSON.stringify(parameters)], environment)) as Outcome

  const clients = [
    { file: 'client-sdk3.mjs', style: 'acs3' },
    { file: 'client-sdk3-v2.mjs', style: 'v1' },
    { file: 'client-sdk1.mjs', style: 'acs3' },
    { file: 'client-pop-get.mjs', style: 'v1' },
    { file: 'client-pop-post.mjs', style: 'v1' },
  ]

  describe.each(clients)('$file', ({ file, style }) => {
    test('a call is let in and its answer understood', async () => {
      served.length = 0
      const outcome = await call(file, 'DeleteUserCertificate', { CertId: 7562353 })
      expect(outcome).toEqual({
        ok: true,
        status: 200,
        body: { RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/) as string },
      })
      expect(served).toEqual([
        { style, action: 'DeleteUserCertificate', version: '2020-04-07', parameters: { CertId: '7562353' } },
      ])
    })

    test('awkward characters and lists arrive as they were meant', async () => {
      served.length = 0
      const parameters = {
        Name: "my cert*1~(a)'!",
        Cert: '-----BEGIN CERTIFICATE-----\nAb+/=\n-----END CERTIFICATE-----',
        Key: 'k&=%',
        // The typed client of SDK 1.x knows no tags for this operation.
        ...(file !== 'client-sdk1.mjs' && { Tags: [{ Key: 'env', Value: '测试 😀' }, { Key: 'b' }] }),
      }
      expect(await call(file, 'UploadUserCertificate', parameters)).toMatchObject({ ok: true })
      expect(served.map((request) => request.parameters)).toEqual([parameters])
    })

    test('a temporary key with its token is let in, without it refused', async () => {
      const temporary = { CERTKEEP_TEST_ACCESS_KEY_ID: `STS.${accessKeyId}` }
      const withToken = { ...temporary, CERTKEEP_TEST_SECURITY_TOKEN: securityToken }
      expect(await call(file, 'DeleteUserCertificate', { CertId: 1 }, withToken)).toMatchObject({ ok: true })
      expect(await call(file, 'DeleteUserCertificate', { CertId: 1 }, temporary)).toMatchObject({
        ok: false,
        code: 'MissingSecurityToken',
        statusCode: 400,
      })
    })

    test('a wrong secret is told so, with the string to sign', async () => {
      const wrong = { CERTKEEP_TEST_ACCESS_KEY_SECRET: 'wrong' }
      const outcome = await call(file, 'DeleteUserCertificate', { CertId: 1 }, wrong)
      expect(outcome).toMatchObject({ ok: false, code: 'SignatureDoesNotMatch', statusCode: 400 })
      expect(outcome.data?.['Message']).toMatch(/server string to sign is:(ACS3-HMAC-SHA256\n|(GET|POST)&%2F&)/)
    })

    test('a RAM refusal shows its detail', async () => {
      const outcome = await call(file, 'DeleteUserCertificate', { CertId: 403 })
      expect(outcome).toMatchObject({ ok: false, code: 'NoPermission', statusCode: 403 })
      expect(outcome.data).toMatchObject({
        Code: 'NoPermission',
        HostId: new URL(endpoint).host,
        AccessDeniedDetail: { AuthAction: 'yundun-cert:DeleteUserCertificate', NoPermissionType: 'ImplicitDeny' },
      })
    })

    test('a list with numbers is understood', async () => {
      const outcome = await call(file, 'ListUserCertificateOrder', { CurrentPage: 1, ShowSize: 2, OrderType: 'UPLOAD' })
      expect(outcome).toMatchObject({
        ok: true,
        body: { TotalCount: 2, CertificateOrderList: [{ CertificateId: 7562353, Expired: false }, { Name: '测试' }] },
      })
    })
  })

  test('SDK 3.x reads x-acs-retry-after of a throttled call, in milliseconds', async () => {
    const outcome = await call('client-sdk3.mjs', 'DeleteUserCertificate', { CertId: 429 })
    expect(outcome).toMatchObject({ ok: false, code: 'Throttling.User', statusCode: 400, retryAfter: 1500 })
  })

  test.each(['client-sdk3.mjs', 'client-sdk3-v2.mjs', 'client-sdk1.mjs', 'client-pop-post.mjs'])(
    '%s: version 2020-06-30, parameters in query and form',
    async (file) => {
      served.length = 0
      const parameters = { CommonName: 'Aliyun CA', ExtendedKeyUsages: ['any', '1.2.3'], ClientToken: 'tok 1+2' }
      const environment = { CERTKEEP_TEST_API_VERSION: '2020-06-30' }
      expect(await call(file, 'CreateSubCACertificate', parameters, environment)).toMatchObject({ ok: true })
      expect(served).toMatchObject([{ action: 'CreateSubCACertificate', version: '2020-06-30', parameters }])
    },
  )

  test('DeleteUserCertificate in the shape of the vendor’s samples', async () => {
    expect(JSON.parse(await run('sample-delete-user-certificate.mjs', ['7562353']))).toMatchObject({
      statusCode: 200,
      body: { requestId: expect.any(String) as string },
    })
    const refused = await run('sample-delete-user-certificate.mjs', ['403'])
    expect(refused).toMatch(/^NoPermission: code: 403, You are not authorized .* request id: [0-9A-F-]{36}\nhttps:/)
  })
})

function dependenciesWith(nonces: Set<string>): AuthenticateDependencies<string> {
  const session = {
    tokenSha256: createHash('sha256').update(securityToken).digest(),
    expiresAtMs: Number.POSITIVE_INFINITY,
  }
  return {
    refuseApi: () => undefined,
    findAccessKey: (id) => {
      const key = { accessKeyId: id, secret: accessKeySecret, active: true, principal: 'alice' }
      if (id === accessKeyId) return Promise.resolve(key)
      return Promise.resolve(id === `STS.${accessKeyId}` ? { ...key, session } : undefined)
    },
    nonces: {
      remember: (_, nonce) => {
        if (nonces.has(nonce)) return 'used'
        nonces.add(nonce)
        return 'fresh'
      },
    },
    wallClock: { now: () => Date.now() },
  }
}

function answerOf(action: string, certId: unknown): WireObject {
  if (certId === '403') {
    throw noPermission({ AuthAction: `yundun-cert:${action}`, NoPermissionType: 'ImplicitDeny' })
  }
  if (certId === '429') throw throttled('Throttling.User', 1500)
  if (action !== 'ListUserCertificateOrder') return {}
  const CertificateOrderList = [{ CertificateId: 7562353n, Expired: false }, { Name: '测试' }]
  return { TotalCount: 2, CurrentPage: 1, ShowSize: 2, CertificateOrderList }
}
