import { X509Certificate } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildName } from '../../x509/index.ts'
import { dayMs, material, openClient, styles, type Client, type Values } from './door.fixture.ts'

interface Row {
  CertificateId: number
  InstanceId: string
  Name: string
}

describe('ListUserCertificateOrder, 2020-04-07', () => {
  let client: Client
  let valid: number
  let soon: number
  let issued: { id: string; certId: number }
  let revoked: { id: string; certId: number }
  let expired: number
  let now: number

  beforeAll(async () => {
    client = await openClient()
    const issuerId = await client.createCa('Root of lists')
    now = client.parts.domainClock.now()
    const uploadUntil = (name: string, notAfter: number, values: Values = {}) => {
      const subject = buildName({
        country: 'CN',
        state: 'Zhejiang',
        locality: 'Hangzhou',
        organization: 'Example',
        commonName: `${name}.example.com`,
      })
      const { certificatePem: Cert, keyPem: Key } = material(now, {
        change: { notAfter, notBefore: now - 90 * dayMs, subject },
      })
      return client.upload(name, { Cert, Key, ...values })
    }
    valid = await uploadUntil('valid', now + 90 * dayMs)
    soon = await uploadUntil('soon', now + 29 * dayMs, { ResourceGroupId: 'rg-1' })
    expired = await uploadUntil('expired', now - dayMs)
    issued = await client.issue(issuerId, 'issued.test')
    revoked = await client.issue(issuerId, 'revoked.test')
    await client.revoke(revoked.id)
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const list = async (values: Values, sending = {}) => {
    const { status, body, text } = await client.call('ListUserCertificateOrder', values, sending)
    if (status !== 200) throw new Error(text)
    return body as { TotalCount: number; CurrentPage: number; ShowSize: number; CertificateOrderList: Row[] }
  }
  const ids = async (values: Values) => (await list(values)).CertificateOrderList.map((row) => row.CertificateId)

  test('CPACK, which is the default, and BUY list orders, of which there are none', async () => {
    for (const values of [{}, { OrderType: 'CPACK' }, { OrderType: 'BUY', Status: 'ISSUED' }])
      expect(await list(values)).toMatchObject({
        TotalCount: 0,
        CurrentPage: 1,
        ShowSize: 50,
        CertificateOrderList: [],
      })
  })

  test('UPLOAD lists what was uploaded, CERT also what the own CAs issued; without Status what is valid', async () => {
    expect(await ids({ OrderType: 'UPLOAD' })).toEqual([soon, valid])
    expect(await ids({ OrderType: 'CERT' })).toEqual([issued.certId, soon, valid])
  })

  test('Status narrows; states that only orders have match nothing', async () => {
    expect(await ids({ OrderType: 'CERT', Status: 'ISSUED' })).toEqual([issued.certId, valid])
    expect(await ids({ OrderType: 'CERT', Status: 'WILLEXPIRED' })).toEqual([soon])
    expect(await ids({ OrderType: 'CERT', Status: 'EXPIRED' })).toEqual([expired])
    expect(await ids({ OrderType: 'CERT', Status: 'REVOKED' })).toEqual([revoked.certId])
    for (const Status of ['PAYED', 'CHECKING', 'CHECKED_FAIL', 'NOTACTIVATED'])
      expect(await list({ OrderType: 'CERT', Status })).toMatchObject({ TotalCount: 0, CertificateOrderList: [] })
  })

  test('Keyword is a part of a domain name or of the instance id, not of the name, and has no wildcards', async () => {
    expect(await ids({ OrderType: 'CERT', Keyword: 'ISSUED.te' })).toEqual([issued.certId])
    expect(await ids({ OrderType: 'UPLOAD', Keyword: '%' })).toEqual([])
    expect(await ids({ OrderType: 'UPLOAD', Keyword: '*' })).toEqual([])
    const { CertificateOrderList } = await list({ OrderType: 'CERT' })
    for (const { CertificateId, InstanceId } of CertificateOrderList) {
      expect(await ids({ OrderType: 'CERT', Keyword: InstanceId })).toEqual([CertificateId])
      expect(await ids({ OrderType: 'CERT', Keyword: InstanceId.slice(-12) })).toEqual([CertificateId])
    }
    await client.upload('name-only')
    expect(await ids({ OrderType: 'UPLOAD', Keyword: 'name-only' })).toEqual([])
    await client.call('DeleteUserCertificate', { CertId: (await ids({ OrderType: 'UPLOAD' }))[0]! })
  })

  test('ResourceGroupId narrows', async () => {
    expect(await ids({ OrderType: 'CERT', ResourceGroupId: 'rg-1' })).toEqual([soon])
    expect(await ids({ OrderType: 'CERT', ResourceGroupId: 'rg-2' })).toEqual([])
  })

  test('pages begin at 1, and one behind the end is empty and still tells the total', async () => {
    const page = (CurrentPage: number) => list({ OrderType: 'CERT', CurrentPage, ShowSize: 2 })
    expect(await page(1)).toMatchObject({
      TotalCount: 3,
      CurrentPage: 1,
      ShowSize: 2,
      CertificateOrderList: [{ CertificateId: issued.certId }, { CertificateId: soon }],
    })
    expect((await page(2)).CertificateOrderList.map((row) => row.CertificateId)).toEqual([valid])
    expect(await page(3)).toMatchObject({ TotalCount: 3, CurrentPage: 3, CertificateOrderList: [] })
    expect((await page(9_007_199_254_740)).CertificateOrderList).toEqual([])
  })

  test.each([
    ['ShowSize', 0],
    ['ShowSize', 1001],
    ['ShowSize', '9'.repeat(40)],
    ['ShowSize', 'x'],
    ['CurrentPage', 0],
    ['CurrentPage', -1],
    ['CurrentPage', 9_007_199_254_741],
  ])('%s %s is refused, with the numbers that are accepted', async (name, value) => {
    const { status, body } = await client.call('ListUserCertificateOrder', { OrderType: 'CERT', [name]: value })
    expect({ status, code: body.Code }).toEqual({ status: 400, code: `Invalid${name}` })
    expect(body.Message).toMatch(
      new RegExp(`^Specified parameter ${name} is not valid\\. It must be a number from 1 to \\d+\\.$`),
    )
  })

  test.each(['OrderType', 'Status'])('%s of another word is refused', async (name) => {
    for (const word of ['upload', 'ALL', '__proto__'])
      expect((await client.call('ListUserCertificateOrder', { [name]: word })).body.Code).toBe(`Invalid${name}`)
  })

  test('a row of an uploaded certificate has all that the contract gives for UPLOAD and CERT', async () => {
    const detail = await client.call('GetUserCertificateDetail', { CertId: soon })
    const certificate = new X509Certificate(detail.body.Cert as string)
    const { CertificateOrderList } = await list({ OrderType: 'UPLOAD', Status: 'WILLEXPIRED' })
    expect(CertificateOrderList).toEqual([
      {
        CertificateId: soon,
        Name: 'soon',
        InstanceId: detail.body.InstanceId,
        CommonName: 'soon.example.com',
        Country: 'CN',
        Province: 'Zhejiang',
        City: 'Hangzhou',
        OrgName: 'Example',
        Issuer: 'Issuing CA',
        Sans: 'www.example.com',
        SerialNo: certificate.serialNumber.toLowerCase(),
        Fingerprint: certificate.fingerprint.replaceAll(':', ''),
        Sha2: certificate.fingerprint256.replaceAll(':', ''),
        StartDate: new Date(now - 90 * dayMs).toISOString().slice(0, 10),
        EndDate: new Date(now + 29 * dayMs).toISOString().slice(0, 10),
        Expired: false,
        Upload: true,
        ResourceGroupId: 'rg-1',
      },
    ])
  })

  test('a row of an issued certificate has a name and an instance id of its own kind', async () => {
    const { CertificateOrderList } = await list({ OrderType: 'CERT', Keyword: 'issued.test' })
    expect(CertificateOrderList).toMatchObject([
      { Name: `cert-${issued.certId}`, InstanceId: `cas-pca-${issued.id}`, Upload: false, Issuer: 'Root of lists' },
    ])
    expect((await list({ OrderType: 'CERT', Status: 'EXPIRED' })).CertificateOrderList).toMatchObject([
      { Expired: true },
    ])
  })

  test.each(styles)('%s: alibaba-wire §5: in XML a row is the member repeated', async (style) => {
    const values = { OrderType: 'UPLOAD', Format: 'XML' }
    const { text } = await client.call('ListUserCertificateOrder', values, { style })
    const parsed = new XMLParser().parse(text) as {
      ListUserCertificateOrderResponse: { CertificateOrderList: Row[]; TotalCount: number }
    }
    const { CertificateOrderList, TotalCount } = parsed.ListUserCertificateOrderResponse
    expect(CertificateOrderList.map((row) => row.CertificateId)).toEqual([soon, valid])
    expect(TotalCount).toBe(2)
  })

  test('nothing of another account is listed', async () => {
    const stranger = await client.core.createAccount('stranger of lists')
    const { body } = await client.callAs(stranger, 'ListUserCertificateOrder', { OrderType: 'CERT' })
    expect(body).toMatchObject({ TotalCount: 0, CertificateOrderList: [] })
  })
})
