import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { selfSigned } from '../support/openssl.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { withClient } from './harness.ts'
import { alibabaGo, alibabaJava, alibabaPython } from './languages.ts'
import type { LineClient } from './lines.ts'

const requestId = expect.stringMatching(/^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/) as string
const unused = 9_007_199_254_740_991

/** The clients of each language by the signature they make, and the class of the errors that they throw. */
const languages = [
  { language: alibabaPython, clients: { acs3: 'ClientException', v1: 'ClientException' } },
  { language: alibabaGo, clients: { acs3: 'tea.SDKError', v1: 'tea.SDKError', sdk1: 'errors.ServerError' } },
  { language: alibabaJava, clients: { acs3: 'TeaException', v1: 'TeaException' } },
]

// One service for all, and one language after the other: there are more of them than processors.
let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service[Symbol.asyncDispose]())

for (const { language, clients } of languages)
  withClient(`Alibaba Cloud’s clients for ${language.name}`, language.client, () => {
    test('DeleteUserCertificate in the shape of the vendor’s sample', async () => {
      await using client = language.open(service, 'acs3')
      const { certificate: Cert, privateKey: Key } = selfSigned('sample.example.test')
      const { CertId } = await client.done('UploadUserCertificate', { Name: `sample-${language.name}`, Cert, Key })
      const first = await language.sample(service, String(CertId))
      expect(first.code).toBe(0)
      expect(first.said).toMatch(/RequestId\W+[0-9A-F-]{36}/)
      const second = await language.sample(service, String(CertId))
      expect(second.code).toBe(1)
      expect(second.said).toMatch(
        new RegExp(`code: 404, Certificate ${CertId} does not exist\\..* request id: [0-9A-F-]{36}`),
      )
      expect(second.said).toContain('https://api.aliyun.com/')
    })

    describe.each(Object.entries(clients))('%s', (name, errorClass) => {
      let client: LineClient
      beforeAll(() => {
        client = language.open(service, name)
      })
      afterAll(() => client[Symbol.asyncDispose]())

      const unique = `${name}-${language.name.toLowerCase()}`
      const refused = { ok: false, class: errorClass, requestId }
      const notFound = { ...refused, status: 404, code: 'NotFound' }
      const remove = (CertId: number) => client.call('DeleteUserCertificate', { CertId })
      async function upload(commonName: string): Promise<number> {
        const { certificate: Cert, privateKey: Key } = selfSigned(commonName)
        return (await client.done('UploadUserCertificate', { Name: commonName, Cert, Key })).CertId
      }

      test('upload, list, detail, delete, delete again', async () => {
        const commonName = `${unique}.example.test`
        const { certificate: Cert, privateKey: Key } = selfSigned(commonName)
        const uploaded = await client.call('UploadUserCertificate', { Name: `life-${unique}`, Cert, Key })
        expect(uploaded).toMatchObject({ ok: true, status: 200, requestId })
        const { CertId } = uploaded.body
        expect(CertId).toSatisfy(Number.isSafeInteger)

        const listed = await client.done('ListUserCertificateOrder', { OrderType: 'UPLOAD', Keyword: commonName })
        expect(listed).toMatchObject({ TotalCount: 1, CurrentPage: 1, ShowSize: 50 })
        expect(listed.CertificateOrderList).toMatchObject([
          { CertificateId: CertId, Name: `life-${unique}`, CommonName: commonName, Upload: true, Expired: false },
        ])

        const detail = await client.done('GetUserCertificateDetail', { CertId })
        expect(detail).toMatchObject({ Id: CertId, Name: `life-${unique}`, Common: commonName, Algorithm: 'ECC' })
        expect(detail.Cert.trim()).toBe(Cert.trim())
        expect(detail.Key).toContain('BEGIN PRIVATE KEY')
        expect(detail.Fingerprint).toBe(new X509Certificate(Cert).fingerprint.replaceAll(':', ''))

        const removed = await remove(CertId)
        expect(removed).toMatchObject({ ok: true, status: 200, requestId })
        expect(removed.body).toEqual({ RequestId: removed.requestId })
        expect(await remove(CertId)).toMatchObject(notFound)
        expect(await client.call('GetUserCertificateDetail', { CertId })).toMatchObject(notFound)
        const afterwards = { OrderType: 'UPLOAD', Keyword: commonName }
        expect((await client.done('ListUserCertificateOrder', afterwards)).TotalCount).toBe(0)
      })

      test('400: one that we issued and that is in force, until it is revoked', async () => {
        const commonName = `revoked-${unique}.example.test`
        const certificateId = await leaf(service, await rootCa(service), commonName)
        const listed = await client.done('ListUserCertificateOrder', { OrderType: 'CERT', Keyword: commonName })
        const id = listed.CertificateOrderList[0].CertificateId
        expect(await remove(id)).toMatchObject({ ...refused, status: 400, code: 'CertificateStillValid' })
        await own(service.url, service.credentials, 'RevokeCertificate', { certificateId, reason: 'superseded' })
        expect(await remove(id)).toMatchObject({ ok: true, status: 200 })
      })

      test('400: without CertId; 404: an action that does not exist', async () => {
        const missing = await client.call('DeleteUserCertificate')
        expect(missing).toMatchObject({ ...refused, status: 400, code: 'MissingCertId' })
        expect(missing.message).toContain('CertId is mandatory for this action.')
        expect(await client.call('DeleteEverything')).toMatchObject({
          ...refused,
          status: 404,
          code: 'InvalidAction.NotFound',
        })
      })

      test('400 a wrong secret, 404 an unknown key, and no secret in what is said', async () => {
        const { accessKeyId, accessKeySecret } = service.credentials
        const call = (caller: { accessKeyId: string; accessKeySecret: string }) =>
          client.call('DeleteUserCertificate', { CertId: unused }, caller)
        const wrong = await call({ accessKeyId, accessKeySecret: 'wrong' })
        expect(wrong).toMatchObject({ ...refused, status: 400, code: 'SignatureDoesNotMatch' })
        // SDK 1 compares it with its own and so tells a wrong secret from a wrong signature.
        if (name === 'sdk1') expect(wrong.data.Recommend).toContain('InvalidAccessKeySecret')
        else expect(wrong.message).toContain('server string to sign is:')
        expect(JSON.stringify(wrong)).not.toContain(accessKeySecret)
        expect(await call({ accessKeyId: 'LTAInobodysAccessKey1', accessKeySecret })).toMatchObject({
          ...refused,
          status: 404,
          code: 'InvalidAccessKeyId.NotFound',
        })
      })

      test('403: a second user without rights hears which one is missing; with it, the call passes', async () => {
        const user = await person(service, `user-of-${unique}`)
        const CertId = await upload(`forbidden-${unique}.example.test`)
        const answer = await client.call('DeleteUserCertificate', { CertId }, user)
        expect(answer).toMatchObject({ ...refused, status: 403, code: 'NoPermission' })
        expect(answer.message).toContain('yundun-cert:DeleteUserCertificate')
        expect(answer.data.AccessDeniedDetail).toMatchObject({
          AuthAction: 'yundun-cert:DeleteUserCertificate',
          AuthPrincipalType: 'SubUser',
          AuthPrincipalOwnerId: service.credentials.accountId,
          NoPermissionType: 'ImplicitDeny',
        })
        const policyName = 'AliyunYundunCertFullAccess'
        await own(service.url, service.credentials, 'AttachPolicy', { userName: user.userName, policyName })
        expect(await client.call('DeleteUserCertificate', { CertId }, user)).toMatchObject({ ok: true, status: 200 })
      })

      test('404: what belongs to another account', async () => {
        const other = await secondAccount(service, `other-${unique}`)
        const CertId = await upload(`foreign-${unique}.example.test`)
        expect(await client.call('DeleteUserCertificate', { CertId }, other)).toMatchObject(notFound)
        expect(await remove(CertId)).toMatchObject({ ok: true })
      })
    })
  })
