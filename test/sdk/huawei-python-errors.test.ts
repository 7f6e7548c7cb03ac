import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Caller } from '../support/client.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { withClient } from './harness.ts'
import { aLeaf, aPendingCa, aRoot, aSubordinate, openPython, pythonClient, subject } from './huawei-python.ts'
import type { PythonClient } from './huawei-python.ts'

const nobodys = '11111111-2222-4333-8444-555555555555'

withClient('refusals as Huawei’s Python client shows them', pythonClient, () => {
  let service: Service
  let python: PythonClient
  let root: string
  beforeAll(async () => {
    service = await startService()
    python = openPython(service)
    root = (await python.done('CreateCertificateAuthority', { body: aRoot })).ca_id
  })
  afterAll(async () => {
    await python[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const refused = { ok: false, class: 'ClientRequestException', requestId: expect.stringMatching(/^[0-9a-f]{32}$/) }
  const show = (id: string, caller?: Caller) => python.call('ShowCertificateAuthority', { ca_id: id }, caller)

  const caNamed = (fields: object) => ({ ...aRoot, distinguished_name: { ...subject, ...fields } })
  const leafNamed = (type: string, value: string) => (issuer: string) => ({
    ...aLeaf(issuer),
    subject_alternative_names: [{ type, value }],
  })
  test.each([
    [
      'a common name that is too long',
      'PCA.00020101',
      'CreateCertificateAuthority',
      () => caNamed({ common_name: 'x'.repeat(65) }),
    ],
    ['a country of three letters', 'PCA.00020101', 'CreateCertificateAuthority', () => caNamed({ country: 'CHN' })],
    [
      'an unknown kind of key',
      'PCA.00020102',
      'CreateCertificateAuthority',
      () => ({ ...aRoot, key_algorithm: 'RSA1024' }),
    ],
    [
      'an unknown hash',
      'PCA.00020103',
      'CreateCertificateAuthority',
      () => ({ ...aRoot, signature_algorithm: 'SHA1' }),
    ],
    [
      'an unknown unit of validity',
      'PCA.00020109',
      'CreateCertificateAuthority',
      () => ({ ...aRoot, validity: { type: 'WEEK', value: 1 } }),
    ],
    [
      'a root for 31 years',
      'PCA.00020109',
      'CreateCertificateAuthority',
      () => ({ ...aRoot, validity: { type: 'YEAR', value: 31 } }),
    ],
    ['an unknown type of CA', 'PCA.00020202', 'CreateCertificateAuthority', () => ({ ...aRoot, type: 'LEAF' })],
    [
      'a path length of 7',
      'PCA.00020203',
      'CreateCertificateAuthority',
      (id: string) => aSubordinate(id, { path_length: 7 }),
    ],
    ['a DNS name that is none', 'PCA.00020110', 'CreateCertificate', leafNamed('DNS', 'a..b')],
    ['an IP address that is none', 'PCA.00020111', 'CreateCertificate', leafNamed('IP', '300.1.1.1')],
    ['an unknown kind of name', 'PCA.00020112', 'CreateCertificate', leafNamed('SRV', 'a')],
    [
      'a certificate that outlives its issuer',
      'PCA.10010906',
      'CreateCertificate',
      (id: string) => ({
        ...aLeaf(id),
        validity: { type: 'YEAR', value: 20, start_from: String(Date.now() + 86_400_000) },
      }),
    ],
    [
      'a CSR that is none',
      'PCA.10010922',
      'CreateCertificateByCsr',
      (id: string) => ({ issuer_id: id, csr: 'no CSR', validity: { type: 'DAY', value: 1 } }),
    ],
  ])('400: %s has the code %s', async (_, code, operation, body) => {
    const answer = await python.call(operation, { body: body(root) })
    expect(answer).toMatchObject({ ...refused, status: 400, code })
    expect(answer.message).toMatch(/\S/)
  })

  test('400: a subordinate under one whose path length is 0', async () => {
    const { ca_id: parent } = await python.done('CreateCertificateAuthority', { body: aSubordinate(root) })
    expect(await python.call('CreateCertificateAuthority', { body: aSubordinate(parent) })).toMatchObject({
      ...refused,
      status: 400,
      code: 'PCA.00020203',
    })
  })

  test.each(['abc', nobodys.toUpperCase().replace('1', 'A')])(
    '400: a malformed id (%s) names its parameter',
    async (id) => {
      const answer = await show(id)
      expect(answer).toMatchObject({ ...refused, status: 400, code: 'PCA.10010105' })
      expect(answer.message).toContain('ca_id')
    },
  )

  test('401: a wrong secret and an unknown key are told alike, and neither sees a secret', async () => {
    const { accessKeyId, accessKeySecret } = service.credentials
    const answers = [
      await show(root, { accessKeyId, accessKeySecret: 'wrong' }),
      await show(root, { accessKeyId: 'NOBODYSKEY0000000001', accessKeySecret }),
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ ...refused, status: 401, code: 'APIG.0301' })
      expect(answer.message).toMatch(/^incorrect IAM authentication information: verify aksk signature fail/)
      expect(answer.message).not.toContain(accessKeySecret)
    }
  })

  test('401: X-Domain-Id of another account contradicts the key', async () => {
    const other = await secondAccount(service, 'hinted')
    await using hinted = openPython(
      { ...service, credentials: { ...service.credentials, domainId: other.domainId } },
      { domainId: true },
    )
    expect(await hinted.call('ShowCertificateAuthority', { ca_id: root })).toMatchObject({
      ...refused,
      status: 401,
      code: 'APIG.0301',
    })
    await using right = openPython(service, { domainId: true })
    expect(await right.call('ShowCertificateAuthority', { ca_id: root })).toMatchObject({ ok: true, status: 200 })
  })

  test('403: a second user without rights learns the missing action, and nothing about what exists', async () => {
    const user = await person(service, 'without-rights')
    const answers = [await show(root, user), await show(nobodys, user)]
    for (const answer of answers) {
      expect(answer).toMatchObject({ ...refused, status: 403, code: 'PCA.10010910' })
      expect(answer.message).toContain('pca:ca:get')
    }
    expect(answers[0]!.message).toBe(answers[1]!.message)
    expect(await python.call('CreateCertificateAuthority', { body: aPendingCa }, user)).toMatchObject({ status: 403 })
  })

  test('404: what does not exist, and what belongs to another account', async () => {
    const other = await secondAccount(service)
    const body = aPendingCa
    const { ca_id: foreign } = (await python.call('CreateCertificateAuthority', { body }, other)).body
    const answers = [await show(nobodys), await show(foreign)]
    for (const answer of answers) expect(answer).toMatchObject({ ...refused, status: 404, code: 'PCA.10010002' })
    expect(answers[1]!.message!.replace(foreign, nobodys)).toBe(answers[0]!.message)
    for (const operation of [
      'DeleteCertificateAuthority',
      'DisableCertificateAuthority',
      'ExportCertificateAuthorityCsr',
    ])
      expect(await python.call(operation, { ca_id: foreign })).toMatchObject({ status: 404, code: 'PCA.10010002' })
    expect((await show(foreign, other)).body.status).toBe('PENDING')
    expect((await python.call('ListCertificateAuthority', {}, other)).body.total).toBe(1)

    const { certificate_id: certificate } = await python.done('CreateCertificate', { body: aLeaf(root) })
    for (const operation of ['ShowCertificate', 'DeleteCertificate', 'RevokeCertificate'])
      expect(
        await python.call(
          operation,
          { certificate_id: certificate, ...(operation === 'RevokeCertificate' && { body: {} }) },
          other,
        ),
      ).toMatchObject({
        status: 404,
        code: 'PCA.10010002',
      })
    expect((await python.done('ShowCertificate', { certificate_id: certificate })).status).toBe('ISSUED')
    expect(await python.call('CreateCertificate', { body: aLeaf(root) }, other)).toMatchObject({ status: 404 })
  })

  test('an operation of the contract that is not served is refused by name', async () => {
    expect(await python.call('ShowConsoleConfig')).toMatchObject({
      ...refused,
      status: 400,
      code: 'PCA.10010990',
      message: 'ShowConsoleConfig is not supported',
    })
  })
})
