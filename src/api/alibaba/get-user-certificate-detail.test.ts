import { createPrivateKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rsaKey } from '../../x509/test-support/hierarchy.ts'
import { dayMs, material, openClient, signed, styles, type Client } from './door.fixture.ts'

const secretMembers = ['Key', 'Cert', 'EncryptCert', 'EncryptPrivateKey', 'SignCert', 'SignPrivateKey']

describe('GetUserCertificateDetail, 2020-04-07', () => {
  let client: Client
  let issuerId: string
  beforeAll(async () => {
    client = await openClient()
    issuerId = await client.createCa('Root of details')
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const detail = (CertId: number, values = {}, sending = {}) =>
    client.call('GetUserCertificateDetail', { CertId, ...values }, sending)

  test('an uploaded certificate comes back with its chain, its key in PKCS #8, and all that is known of it', async () => {
    const now = client.parts.domainClock.now()
    const { certificatePem, chainPem, sec1Pem, keyPem } = material(now)
    const Cert = certificatePem + chainPem
    const tags = { 'Tags.1.Key': 'env', 'Tags.1.Value': 'test' }
    const certId = await client.upload('detailed', { Cert, Key: sec1Pem!, ResourceGroupId: 'rg-1', ...tags })
    const { status, body, headers } = await detail(certId)
    const certificate = new X509Certificate(certificatePem)
    const seconds = (at: number) => Math.floor(at / 1_000) * 1_000
    expect(status).toBe(200)
    expect(body).toEqual({
      RequestId: headers['x-acs-request-id'],
      Id: certId,
      CertIdentifier: `${certId}-cn-hangzhou`,
      InstanceId: expect.stringMatching(/^cas-upload-/) as string,
      Name: 'detailed',
      Common: 'www.example.com',
      Sans: 'www.example.com',
      Issuer: 'Issuing CA',
      Algorithm: 'ECC',
      BuyInAliyun: false,
      SerialNo: certificate.serialNumber.toLowerCase(),
      Fingerprint: certificate.fingerprint.replaceAll(':', ''),
      Sha2: certificate.fingerprint256.replaceAll(':', ''),
      CertSha2: certificate.fingerprint256.replaceAll(':', ''),
      NotBefore: seconds(now - dayMs),
      NotAfter: seconds(now + 90 * dayMs),
      StartDate: certificate.validFromDate.toISOString().slice(0, 10),
      EndDate: certificate.validToDate.toISOString().slice(0, 10),
      Expired: false,
      ResourceGroupId: 'rg-1',
      Tags: [{ TagKey: 'env', TagValue: 'test' }],
      Cert,
      Key: keyPem,
      CertChain: [
        {
          CommonName: 'www.example.com',
          IssuerCommonName: 'Issuing CA',
          NotBefore: seconds(now - dayMs),
          NotAfter: seconds(now + 90 * dayMs),
          RemainDay: 89,
        },
        expect.objectContaining({ CommonName: 'Issuing CA', IssuerCommonName: 'Root' }) as object,
        expect.objectContaining({ CommonName: 'Root', IssuerCommonName: 'Root' }) as object,
      ],
    })
  })

  test('an issued certificate comes with its key, without the root', async () => {
    const { certId, id } = await client.issue(issuerId, 'issued.example.com')
    const { body } = await detail(certId)
    expect(body).toMatchObject({
      Name: `cert-${certId}`,
      InstanceId: `cas-pca-${id}`,
      Issuer: 'Root of details',
      BuyInAliyun: true,
      Tags: [],
      Country: 'CN',
      Province: 'Zhejiang',
      City: 'Hangzhou',
      OrgName: 'Example',
      CertChain: [{ CommonName: 'issued.example.com', IssuerCommonName: 'Root of details', RemainDay: 89 }],
    })
    const certificate = new X509Certificate(body.Cert as string)
    expect(certificate.checkPrivateKey(createPrivateKey(body.Key as string))).toBe(true)
    expect(body.Cert.match(/BEGIN/g)).toHaveLength(1)
  })

  test('an RSA key is told as RSA', async () => {
    const { certificatePem, keyPem } = material(client.parts.domainClock.now(), { key: rsaKey() })
    const certId = await client.upload('rsa', { Cert: certificatePem, Key: keyPem })
    expect((await detail(certId)).body).toMatchObject({ Algorithm: 'RSA', Key: keyPem })
  })

  test.each(['true', 'True'])('CertFilter=%s leaves all PEM out, and everything else in', async (CertFilter) => {
    const certId = await client.upload(`filtered ${CertFilter}`)
    const { body, text } = await detail(certId, { CertFilter })
    for (const member of secretMembers) expect(body).not.toHaveProperty(member)
    expect(text).not.toContain('BEGIN')
    expect(body).toMatchObject({ Id: certId, CertChain: [{ CommonName: 'www.example.com' }] })
    expect((await detail(certId, { CertFilter: 'false' })).body.Key).toContain('BEGIN PRIVATE KEY')
  })

  test('another CertFilter is refused, so that a misspelt wish reveals nothing', async () => {
    const certId = await client.upload('misspelt')
    expect(await detail(certId, { CertFilter: 'yes' })).toMatchObject({
      status: 400,
      body: { Code: 'InvalidCertFilter' },
    })
  })

  test('reading a key is an entry of the audit log, reading without it is none', async () => {
    const { core } = client
    const certId = await client.upload('audited')
    const filtered = await detail(certId, { CertFilter: 'true' })
    const full = await detail(certId)
    const entries = await core.auditEntries(core.administrator.accountId)
    const has = ({ headers }: typeof full) => entries.some(({ requestId }) => requestId === headers['x-acs-request-id'])
    expect([has(filtered), has(full)]).toEqual([false, true])
  })

  test('no key leaves over plain HTTP to another machine', async () => {
    const CertId = await client.upload('over plain HTTP')
    const request = signed(client.core.administrator, 'GetUserCertificateDetail', { CertId })
    const elsewhere = { ...request, sourceIp: '192.0.2.1' }
    expect(await client.send(elsewhere)).toMatchObject({ status: 400, body: { Code: 'InvalidProtocol.NeedSsl' } })
    const again = signed(client.core.administrator, 'GetUserCertificateDetail', { CertId })
    expect((await client.send({ ...again, sourceIp: '192.0.2.1', secureTransport: true })).status).toBe(200)
  })

  test('the read-only system policy does not reach it', async () => {
    const reader = await client.core.createUser('reader', ['AliyunYundunCertReadOnlyAccess'])
    expect((await client.callAs(reader, 'ListUserCertificateOrder', { OrderType: 'CERT' })).status).toBe(200)
    expect((await client.callAs(reader, 'GetUserCertificateDetail', { CertId: 1 })).body.Code).toBe('NoPermission')
  })

  test('unknown and foreign are 404 NotFound; no number is InvalidCertId, none at all MissingCertId', async () => {
    const stranger = await client.core.createAccount('stranger of details')
    const CertId = await client.upload('foreign')
    for (const answer of [
      await detail(1),
      await client.callAs(stranger, 'GetUserCertificateDetail', { CertId }),
      await client.call('GetUserCertificateDetail', { CertId: 2n ** 63n - 1n }),
    ])
      expect(answer).toMatchObject({ status: 404, body: { Code: 'NotFound' } })
    expect((await client.call('GetUserCertificateDetail', { CertId: 'x' })).body.Code).toBe('InvalidCertId')
    expect((await client.call('GetUserCertificateDetail')).body.Code).toBe('MissingCertId')
  })

  test.each(styles)('%s: in XML the PEM survives as it is', async (style) => {
    const certId = await client.upload(`xml ${style}`)
    const { text } = await detail(certId, { Format: 'XML' }, { style })
    const json = (await detail(certId)).body
    expect(text).toContain(`<Key>${json.Key}</Key>`)
    expect(text).toContain(`<Cert>${json.Cert}</Cert>`)
  })

  // Last: it moves the clock.
  test('after its end it is Expired and has no days left', async () => {
    const certId = await client.upload('ending')
    client.core.advance(120 * dayMs)
    expect((await detail(certId)).body).toMatchObject({ Expired: true, CertChain: [{ RemainDay: 0 }] })
  })
})
