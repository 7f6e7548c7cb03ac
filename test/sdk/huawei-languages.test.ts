import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { advance, crl, domainTime, until } from '../support/life.ts'
import { crlPem, file, openssl, verify } from '../support/openssl.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { withClient } from './harness.ts'
import { aLeaf, aPendingCa, aRoot, aSubordinate } from './huawei-python.ts'
import { huaweiGo, huaweiJava } from './languages.ts'
import type { LineClient } from './lines.ts'

const day = 86_400_000
const nobodys = '11111111-2222-4333-8444-555555555555'
const requestId = expect.stringMatching(/^[0-9a-f]{32}$/) as string

const languages = [
  { language: huaweiGo, errorClass: 'sdkerr.ServiceResponseError', sendsDaysEmpty: true },
  { language: huaweiJava, errorClass: 'ClientRequestException', sendsDaysEmpty: false },
]

// One service for all, and one language after the other: there are more of them than processors.
let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service[Symbol.asyncDispose]())

for (const { language, errorClass, sendsDaysEmpty } of languages)
  withClient(`Huawei’s client for ${language.name}`, language.client, () => {
    let client: LineClient
    let root: string
    let rootPem: string
    beforeAll(async () => {
      client = language.open(service)
      root = await createCa(aRoot)
      rootPem = (await client.done('ExportCertificateAuthorityCertificate', { ca_id: root })).certificate
    })
    afterAll(() => client[Symbol.asyncDispose]())

    const refused = { ok: false, class: errorClass, requestId }
    const notFound = { ...refused, status: 404, code: 'PCA.10010002' }
    const noContent = { ok: true, status: 204, requestId }
    const createCa = async (body: object): Promise<string> =>
      (await client.done('CreateCertificateAuthority', { body })).ca_id
    const showCa = (id: string) => client.done('ShowCertificateAuthority', { ca_id: id })
    const onCa = (operation: string, id: string, more: object = {}) =>
      client.call(`${operation}CertificateAuthority`, { ca_id: id, ...more })

    test('DeleteCertificateAuthority in the shape of the vendor’s sample', async () => {
      const id = await createCa(aPendingCa)
      const first = await language.sample(service, id, '7')
      expect(first.code).toBe(0)
      expect(first.said).toMatch(/204|DeleteCertificateAuthorityResponse/)
      const second = await language.sample(service, id, '7')
      expect(second.code).toBe(1)
      for (const part of [/404/, /[0-9a-f]{32}/, /PCA\.10010002/, new RegExp(`CA ${id} does not exist`)])
        expect(second.said).toMatch(part)
    })

    test('the life of a CA and a certificate: issue, revoke, disable, delete, restore, delete, gone', async () => {
      const answer = await client.call('ShowCertificateAuthority', { ca_id: root })
      expect(answer).toMatchObject({ ok: true, status: 200, requestId })
      expect(answer.body).toMatchObject({ ca_id: root, type: 'ROOT', status: 'ACTIVED', key_algorithm: 'EC256' })
      const ca = await createCa(aSubordinate(root))
      const { certificate: caPem } = await client.done('ExportCertificateAuthorityCertificate', { ca_id: ca })

      const created = await client.call('CreateCertificate', { body: aLeaf(ca) })
      expect(created).toMatchObject({ ok: true, status: 200, requestId })
      const { certificate_id: leaf } = created.body
      expect(await client.done('ShowCertificate', { certificate_id: leaf })).toMatchObject({
        status: 'ISSUED',
        issuer_id: ca,
        distinguished_name: { common_name: 'www.example.test' },
      })
      const type = { is_compressed: 'false', type: 'OTHER' }
      const exported = await client.done('ExportCertificate', { certificate_id: leaf, body: type })
      const at = await domainTime(service)
      expect(verify(exported.certificate, { roots: rootPem, chain: caPem, at })).toMatchObject({ accepted: true })
      expect(exported.private_key).toContain('PRIVATE KEY')

      const reason = { reason: 'KEY_COMPROMISE' }
      expect(await client.call('RevokeCertificate', { certificate_id: leaf, body: reason })).toMatchObject(noContent)
      expect((await client.done('ShowCertificate', { certificate_id: leaf })).status).toBe('REVOKED')
      const { serialNumber } = new X509Certificate(exported.certificate)
      await until('the certificate is on the CRL', async () => {
        const der = await crl(service, ca)
        return der && openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text').includes(serialNumber)
      })
      expect(await client.call('DeleteCertificate', { certificate_id: leaf })).toMatchObject(noContent)
      expect(await client.call('ShowCertificate', { certificate_id: leaf })).toMatchObject({ ...refused, status: 404 })

      expect(await onCa('Disable', ca)).toMatchObject(noContent)
      expect(await onCa('Delete', ca, { pending_days: '7' })).toMatchObject(noContent)
      const scheduled = await showCa(ca)
      expect(scheduled.status).toBe('DELETED')
      const { certificate_authorities: listed } = await client.done('ListCertificateAuthority', { status: 'DELETED' })
      expect(listed.map(({ ca_id: each }: { ca_id: string }) => each)).toContain(ca)
      expect(await onCa('Restore', ca)).toMatchObject(noContent)
      expect(await showCa(ca)).toMatchObject({ status: 'DISABLED' })
      expect(await onCa('Delete', ca, { pending_days: '30' })).toMatchObject(noContent)
      expect((await showCa(ca)).delete_time - scheduled.delete_time).toBeGreaterThanOrEqual(23 * day)
      await advance(service, 30.1)
      expect(await onCa('Show', ca)).toMatchObject(notFound)
      expect(await onCa('Delete', ca, { pending_days: '7' })).toMatchObject(notFound)
    })

    test(`pending_days left out: ${sendsDaysEmpty ? 'sent empty, which is 30' : 'not sent at all'} (huawei-wire.md §9)`, async () => {
      const id = await createCa(aSubordinate(root))
      await onCa('Disable', id)
      const answer = await onCa('Delete', id)
      if (sendsDaysEmpty) {
        expect(answer).toMatchObject(noContent)
        const left = (await showCa(id)).delete_time - (await domainTime(service))
        expect(Math.round(left / day)).toBe(30)
      } else {
        expect(answer).toMatchObject({ ok: false, class: 'SdkException' })
        expect(answer.message).toContain('pending_days')
        expect((await showCa(id)).status).toBe('DISABLED')
      }
    })

    test('400: what the state forbids, and a value that is out of range', async () => {
      const id = await createCa(aSubordinate(root))
      const tooEarly = await onCa('Delete', id, { pending_days: '7' })
      expect(tooEarly).toMatchObject({ ...refused, status: 400, code: 'PCA.10010901' })
      expect(tooEarly.message).toBe('deletion is not possible while the CA is ACTIVED; disable it first')
      await onCa('Disable', id)
      expect(await client.call('CreateCertificate', { body: aLeaf(id) })).toMatchObject({
        ...refused,
        status: 400,
        code: 'PCA.10010905',
      })
      expect(await onCa('Delete', id, { pending_days: '6' })).toMatchObject({ ...refused, status: 400 })
      expect((await showCa(id)).status).toBe('DISABLED')
      expect(await onCa('Show', 'abc')).toMatchObject({ ...refused, status: 400, code: 'PCA.10010105' })
    })

    test('401: a wrong secret and an unknown key, and no secret in what is said', async () => {
      const { accessKeyId, accessKeySecret } = service.credentials
      for (const caller of [
        { accessKeyId, accessKeySecret: 'wrong' },
        { accessKeyId: 'NOBODYSKEY0000000001', accessKeySecret },
      ]) {
        const answer = await client.call('ShowCertificateAuthority', { ca_id: root }, caller)
        expect(answer).toMatchObject({ ...refused, status: 401, code: 'APIG.0301' })
        expect(answer.message).toMatch(/^incorrect IAM authentication information: verify aksk signature fail/)
        expect(answer.message).not.toContain(accessKeySecret)
      }
    })

    test('403: a second user without rights hears which one is missing', async () => {
      const user = await person(service, `without-rights-${language.name}`)
      const answer = await client.call('DeleteCertificateAuthority', { ca_id: root, pending_days: '7' }, user)
      expect(answer).toMatchObject({ ...refused, status: 403, code: 'PCA.10010910' })
      expect(answer.message).toContain('pca:ca:delete')
    })

    test('404: what does not exist, and what belongs to another account', async () => {
      const other = await secondAccount(service, `second-${language.name.toLowerCase()}`)
      const unknown = await onCa('Delete', nobodys, { pending_days: '7' })
      const foreign = await client.call('DeleteCertificateAuthority', { ca_id: root, pending_days: '7' }, other)
      for (const answer of [unknown, foreign]) expect(answer).toMatchObject(notFound)
      expect(foreign.message!.replace(root, nobodys)).toBe(unknown.message)
    })
  })
