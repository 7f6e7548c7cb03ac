import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rsaKey } from '../../x509/test-support/hierarchy.ts'
import { material, openClient, styles, type Client, type Values } from './door.fixture.ts'

describe('UploadUserCertificate, 2020-04-07', () => {
  let client: Client
  let good: { Cert: string; Key: string }
  let other: { Cert: string; Key: string }
  let chain: string
  beforeAll(async () => {
    client = await openClient()
    const pair = () => {
      const { certificatePem, keyPem, chainPem } = material(client.parts.domainClock.now())
      chain = chainPem
      return { Cert: certificatePem, Key: keyPem }
    }
    good = pair()
    other = pair()
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const upload = (values: Values, sending = {}) => client.call('UploadUserCertificate', values, sending)
  const detail = async (CertId: number) => (await client.call('GetUserCertificateDetail', { CertId })).body

  test.each(styles)('%s: answers the CertId as a number and a ResourceId that goes with it', async (style) => {
    const { status, body, headers } = await upload({ Name: `by ${style}`, ...good }, { style })
    expect(status).toBe(200)
    expect(body).toEqual({
      CertId: expect.any(Number) as number,
      ResourceId: expect.stringMatching(/^cas-upload-[0-9a-f-]{36}$/) as string,
      RequestId: headers['x-acs-request-id'],
    })
    expect(await detail(body.CertId)).toMatchObject({ Id: body.CertId, InstanceId: body.ResourceId })
  })

  test('keeps resource group and tags', async () => {
    const { body } = await upload({
      Name: 'tagged',
      ...good,
      ResourceGroupId: 'rg-1',
      'Tags.1.Key': 'env',
      'Tags.1.Value': '测试 😀',
      'Tags.3.Key': '__proto__',
      'Tags.3.Value': '',
    })
    expect(await detail(body.CertId)).toMatchObject({
      ResourceGroupId: 'rg-1',
      Tags: [
        { TagKey: 'env', TagValue: '测试 😀' },
        { TagKey: '__proto__', TagValue: '' },
      ],
    })
  })

  test.each([
    ['an empty key', { 'Tags.1.Key': '', 'Tags.1.Value': 'v' }],
    ['no key', { 'Tags.1.Value': 'v' }],
    ['a key twice', { 'Tags.1.Key': 'k', 'Tags.2.Key': 'k' }],
    ['another member', { 'Tags.1.Key': 'k', 'Tags.1.Other': 'v' }],
    ['text', { Tags: '[{"Key":"k"}]' }],
    ['a list of texts', { 'Tags.1': 'k' }],
    ['a list of lists', { 'Tags.1.1': 'k' }],
    ['more than 20', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`Tags.${i + 1}.Key`, `k${i}`]))],
    ['a key that is too long', { 'Tags.1.Key': 'k'.repeat(129) }],
  ])('tags with %s are InvalidTags', async (_, values) => {
    expect(await upload({ Name: 'tags', ...good, ...values })).toMatchObject({
      status: 400,
      body: { Code: expect.stringMatching(/^InvalidTags/) as string },
    })
  })

  test.each([
    ['Name', { Name: '' }, 'MissingName'],
    ['Cert', { Cert: '' }, 'MissingCert'],
    ['Key', { Key: '' }, 'MissingKey'],
  ])('%s is mandatory', async (_, change, code) => {
    expect(await upload({ Name: 'missing', ...good, ...change })).toMatchObject({ status: 400, body: { Code: code } })
  })

  test('Name has 63 characters at most, and no control characters', async () => {
    expect((await upload({ Name: 'n'.repeat(63), ...good })).status).toBe(200)
    const tooLong = await upload({ Name: 'n'.repeat(64), ...good })
    expect(tooLong).toMatchObject({ status: 400, body: { Code: 'InvalidName' } })
    expect(tooLong.body.Message).toMatch(/^Specified parameter Name is not valid\. It .*63/)
    expect((await upload({ Name: 'a\nb', ...good })).body.Code).toBe('InvalidName')
    expect((await upload({ Name: 'dots.and-dashes_1', ...good })).status).toBe(200)
  })

  test('a name that is taken is 400 NameRepeat, also when everything is repeated with the same ClientToken', async () => {
    const values = { Name: 'taken', ...good, ClientToken: 'token' }
    expect((await upload(values)).status).toBe(200)
    expect(await upload(values)).toMatchObject({ status: 400, body: { Code: 'NameRepeat' } })
    const stranger = await client.core.createAccount('stranger')
    expect((await client.callAs(stranger, 'UploadUserCertificate', values)).status).toBe(200)
  })

  test('the checks come in the order key, certificate, match, name', async () => {
    await upload({ Name: 'order', ...good })
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const at = async (values: Values) => {
      const { status, body } = await upload({ Name: 'order', ...values })
      return [status, body.Code]
    }
    expect(await at({ Cert: broken, Key: 'no key' })).toEqual([400, 'PrivateKeyFormatException'])
    expect(await at({ Cert: broken, Key: other.Key })).toEqual([400, 'CertificateFormatException'])
    expect(await at({ Cert: good.Cert, Key: other.Key })).toEqual([400, 'NotMatch.CertificateAndPrivateKey'])
    expect(await at(good)).toEqual([400, 'NameRepeat'])
  })

  test('an encrypted key is PrivateKeyFormatException, and nothing of it is repeated', async () => {
    const Key =
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n'
    const answer = await upload({ Name: 'encrypted', Cert: good.Cert, Key })
    expect(answer).toMatchObject({ status: 400, body: { Code: 'PrivateKeyFormatException' } })
    expect(answer.text).not.toContain('c2VjcmV0')
  })

  test('the chain may follow the leaf; in front of it it does not match; out of order it is no chain', async () => {
    const ends = chain.split(/(?<=-----END CERTIFICATE-----\n)/)
    const { Cert, Key } = good
    expect((await upload({ Name: 'chain', Cert: Cert + chain, Key })).status).toBe(200)
    expect((await upload({ Name: 'ca first', Cert: chain + Cert, Key })).body.Code).toBe(
      'NotMatch.CertificateAndPrivateKey',
    )
    expect(await upload({ Name: 'disorder', Cert: Cert + ends.toReversed().join(''), Key })).toMatchObject({
      status: 400,
      body: { Code: 'NotMatch.CertificateChain' },
    })
  })

  test('PKCS #8, PKCS #1 and SEC 1 keys are accepted', async () => {
    const now = client.parts.domainClock.now()
    const ec = material(now)
    const rsa = rsaKey()
    const rsaMaterial = material(now, { key: rsa })
    const pkcs1 = rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }) as string
    expect((await upload({ Name: 'sec1', Cert: ec.certificatePem, Key: ec.sec1Pem! })).status).toBe(200)
    expect((await upload({ Name: 'pkcs1', Cert: rsaMaterial.certificatePem, Key: pkcs1 })).status).toBe(200)
    expect((await upload({ Name: 'pkcs8', Cert: rsaMaterial.certificatePem, Key: rsaMaterial.keyPem })).status).toBe(
      200,
    )
  })

  test('SM2 alone is SmNotSupported; beside Cert and Key it is ignored', async () => {
    const sm = { EncryptCert: 'x', EncryptPrivateKey: 'x', SignCert: 'x', SignPrivateKey: 'x' }
    expect(await upload({ Name: 'sm2', ...sm })).toMatchObject({ status: 400, body: { Code: 'SmNotSupported' } })
    expect((await upload({ Name: 'sm2', ...sm, Cert: good.Cert })).body.Code).toBe('SmNotSupported')
    expect((await upload({ Name: 'sm2', ...sm, ...good })).status).toBe(200)
  })
})
