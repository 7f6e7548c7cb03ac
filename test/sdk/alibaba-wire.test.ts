import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { XMLParser } from 'fast-xml-parser'
import { alibaba, alibabaV1, type Answer } from '../support/client.ts'
import { selfSigned } from '../support/openssl.ts'
import { startService, type Service } from '../support/service.ts'

/** What no client of the vendor's sends, and what none of them shows. */
describe('the Alibaba door on the wire', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service[Symbol.asyncDispose]())

  const unused = '9007199254740991'
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)
  const signatures: Record<
    string,
    (action: string, parameters?: Record<string, string>, options?: { nonce?: string; date?: Date }) => Promise<Answer>
  > = {
    ACS3: (action, parameters, options) => alibaba(service.url, service.credentials, action, parameters, options),
    v1: (action, parameters, options) => alibabaV1(service.url, service.credentials, action, parameters, options),
    'v1 by POST': (action, parameters, options) =>
      alibabaV1(service.url, service.credentials, action, parameters, { ...options, method: 'POST' }),
  }
  let uploads = 0
  async function upload(): Promise<string> {
    const { certificate: Cert, privateKey: Key } = selfSigned('wire.example.test')
    const { credentials, url } = service
    const parameters = { Name: `wire-${++uploads}`, Cert, Key }
    const { status, body } = await alibaba(url, credentials, 'UploadUserCertificate', parameters, { form: true })
    expect(status).toBe(200)
    return String(body.CertId)
  }

  describe.each(Object.keys(signatures))('%s', (name) => {
    const call = signatures[name]!

    test('RequestId of the body is x-acs-request-id, in answers and in refusals', async () => {
      const answers = [
        await call('DeleteUserCertificate', { CertId: await upload() }),
        await call('DeleteUserCertificate', { CertId: unused }),
        await call('DeleteUserCertificate', {}),
        await call('NoSuchAction'),
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 404, 400, 404])
      for (const { headers, body } of answers) {
        expect(body.RequestId).toMatch(/^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
        expect(headers.get('x-acs-request-id')).toBe(body.RequestId)
        expect(headers.get('content-type')).toBe('application/json;charset=utf-8')
      }
      expect(new Set(answers.map(({ body }) => body.RequestId)).size).toBe(answers.length)
      expect(Object.keys(answers[0]!.body)).toEqual(['RequestId'])
      for (const { body } of answers.slice(1)) {
        expect(body).toMatchObject({ HostId: service.endpoint, Code: expect.any(String), Message: expect.any(String) })
        expect(body.Recommend).toContain(`q=${body.Code}`)
      }
    })

    test('a nonce is used once: the replay of a call that was done, or refused, is refused', async () => {
      const CertId = await upload()
      const nonce = `nonce-${name}-${CertId}`
      expect((await call('DeleteUserCertificate', { CertId }, { nonce })).status).toBe(200)
      const replayed = await call('DeleteUserCertificate', { CertId: await upload() }, { nonce })
      expect(replayed).toMatchObject({ status: 400, body: { Code: 'SignatureNonceUsed' } })
      const refused = { nonce: `${nonce}-refused` }
      expect((await call('DeleteUserCertificate', { CertId: unused }, refused)).status).toBe(404)
      expect((await call('DeleteUserCertificate', { CertId: unused }, refused)).body.Code).toBe('SignatureNonceUsed')
    })

    test.each([
      ['16 minutes old', minutesAgo(16)],
      ['16 minutes ahead', minutesAgo(-16)],
    ])('a time stamp %s is refused, and nothing is done', async (_, date) => {
      const CertId = await upload()
      const answer = await call('DeleteUserCertificate', { CertId }, { date })
      expect(answer).toMatchObject({ status: 400, body: { Code: 'InvalidTimeStamp.Expired' } })
      expect((await call('DeleteUserCertificate', { CertId }, { date: minutesAgo(14) })).status).toBe(200)
    })

    test.each([
      ['', 'MissingCertId', 400],
      ['abc', 'InvalidCertId', 400],
      ['+1', 'InvalidCertId', 400],
      ['01', 'InvalidCertId', 400],
      ['1.0', 'InvalidCertId', 400],
      ['1e3', 'InvalidCertId', 400],
      ['-1', 'InvalidCertId', 400],
      [' 1', 'InvalidCertId', 400],
      ['9223372036854775808', 'InvalidCertId', 400],
      ['9223372036854775807', 'NotFound', 404],
      ['9007199254740993', 'NotFound', 404],
      ['0', 'NotFound', 404],
    ])('CertId %j: %s', async (CertId, code, status) => {
      expect(await call('DeleteUserCertificate', { CertId })).toMatchObject({ status, body: { Code: code } })
    })

    test('Format=XML: answer and refusal are XML with the same members', async () => {
      const xml = new XMLParser({ parseTagValue: false })
      const CertId = await upload()
      const listed = await call('ListUserCertificateOrder', { OrderType: 'UPLOAD', ShowSize: '1', Format: 'XML' })
      expect(listed.headers.get('content-type')).toBe('text/xml;charset=utf-8')
      expect(xml.parse(listed.body)).toMatchObject({
        ListUserCertificateOrderResponse: {
          ShowSize: '1',
          RequestId: listed.headers.get('x-acs-request-id'),
          CertificateOrderList: { CertificateId: CertId, Upload: 'true' },
        },
      })
      const deleted = await call('DeleteUserCertificate', { CertId, Format: 'XML' })
      const id = deleted.headers.get('x-acs-request-id')
      expect(deleted.body).toBe(
        `<?xml version="1.0" encoding="UTF-8"?><DeleteUserCertificateResponse><RequestId>${id}</RequestId></DeleteUserCertificateResponse>`,
      )
      const refused = await call('DeleteUserCertificate', { CertId, Format: 'XML' })
      expect(refused.status).toBe(404)
      expect(refused.headers.get('content-type')).toBe('text/xml;charset=utf-8')
      expect(xml.parse(refused.body)).toMatchObject({
        Error: { Code: 'NotFound', HostId: service.endpoint, RequestId: refused.headers.get('x-acs-request-id') },
      })
    })

    test('a wrong secret is told with the string to sign, and never the secret', async () => {
      const credentials = { ...service.credentials, accessKeySecret: 'wrong' }
      const sign = name === 'ACS3' ? alibaba : alibabaV1
      const { status, body } = await sign(service.url, credentials, 'DeleteUserCertificate', { CertId: unused })
      expect({ status, Code: body.Code }).toEqual({ status: 400, Code: 'SignatureDoesNotMatch' })
      expect(body.Message).toMatch(/server string to sign is:(?:ACS3-HMAC-SHA256\n|GET&%2F&)/)
      expect(body.Message).not.toContain(service.credentials.accessKeySecret)
    })
  })

  test('a replay by the other signature is no replay: each signs its own nonce, and the key counts both', async () => {
    const nonce = 'shared-by-both'
    expect((await signatures['ACS3']!('DeleteUserCertificate', { CertId: unused }, { nonce })).status).toBe(404)
    const other = await signatures['v1']!('DeleteUserCertificate', { CertId: unused }, { nonce })
    expect(other.body.Code).toBe('SignatureNonceUsed')
  })

  test('a nonce that failed its signature is still free for its owner', async () => {
    const nonce = 'not-burnt'
    const forged = { ...service.credentials, accessKeySecret: 'wrong' }
    await alibaba(service.url, forged, 'DeleteUserCertificate', { CertId: unused }, { nonce })
    expect((await signatures['ACS3']!('DeleteUserCertificate', { CertId: unused }, { nonce })).status).toBe(404)
  })

  test('an unknown version is no 404, which clients would take for gone', async () => {
    const answer = await alibaba(
      service.url,
      service.credentials,
      'DeleteUserCertificate',
      {},
      { version: '2018-07-13' },
    )
    expect(answer).toMatchObject({ status: 400, body: { Code: 'InvalidVersion' } })
  })
})
