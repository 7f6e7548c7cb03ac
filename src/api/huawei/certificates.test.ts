import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyUsage, subjectAltName } from '../../x509/index.ts'
import {
  aCsr,
  aLeaf,
  aRoot,
  aSubordinate,
  cas,
  certificates,
  createCa,
  openClient,
  subject,
  type Client,
} from './door.fixture.ts'
import { need } from '../../../test/support/tools.ts'

const nobodys = '11111111-2222-4333-8444-555555555555'

describe('private certificates, huawei-ca-lifecycle.md §3, §6, §7', () => {
  let client: Client
  let send: Client['send']
  let root: string
  let issuer: string
  beforeAll(async () => {
    client = await openClient()
    send = client.send
    root = await createCa(send, aRoot)
    issuer = await createCa(send, aSubordinate(root))
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const create = async (change: object = {}): Promise<string> => {
    const answer = await send('POST', certificates, { ...aLeaf(issuer), ...change })
    expect(answer).toMatchObject({ status: 200 })
    return answer.body.certificate_id
  }
  const createByCsr = async (csr: string): Promise<string> => {
    const answer = await send('POST', `${certificates}/csr`, {
      issuer_id: issuer,
      csr,
      validity: { type: 'DAY', value: 9 },
    })
    expect(answer).toMatchObject({ status: 200 })
    return answer.body.certificate_id
  }
  const show = async (id: string) => (await send('GET', `${certificates}/${id}`)).body
  const exported = (id: string, body: object = {}) =>
    send('POST', `${certificates}/${id}/export`, { is_compressed: 'false', type: 'OTHER', ...body })

  test('a certificate is ISSUED under its CA, which fills in what the subject leaves out (§5.2)', async () => {
    const id = await create({
      distinguished_name: { common_name: 'app.example.test', organization: 'Mine', locality: '' },
      extended_key_usage: { server_auth: true, smart_card_logon: true },
      key_usages: ['digitalSignature'],
      subject_alternative_names: [
        { type: 'DNS', value: 'app.example.test' },
        { type: 'IP', value: '2001:db8::1' },
        { type: 'EMAIL', value: 'ops@example.test' },
        { type: 'URI', value: 'https://example.test/x' },
      ],
      customized_extension: { object_identifier: '1.3.6.1.4.1.99999.1', value: 'mine' },
    })
    expect(await show(id)).toEqual({
      certificate_id: id,
      status: 'ISSUED',
      issuer_id: issuer,
      issuer_name: 'Subordinate CA',
      key_algorithm: 'EC256',
      signature_algorithm: 'SHA256',
      freeze_flag: 0,
      gen_mode: 'GENERATE',
      serial_number: expect.stringMatching(/^\d{30,}$/),
      create_time: expect.any(Number),
      delete_time: null,
      not_before: expect.any(Number),
      not_after: expect.any(Number),
      distinguished_name: { ...subject, common_name: 'app.example.test', organization: 'Mine' },
      enc_cert_info: null,
      enterprise_project_id: '0',
    })
    const certificate = new X509Certificate((await exported(id)).body.certificate)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.20.2.2'])
    expect(certificate.subjectAltName).toBe(
      'DNS:app.example.test, IP Address:2001:DB8:0:0:0:0:0:1, email:ops@example.test, URI:https://example.test/x',
    )
    expect(certificate.raw.includes(Buffer.from('mine'))).toBe(true)
  })

  test.each([
    ['an unknown issuer', { issuer_id: nobodys }, 404, 'PCA.10010002'],
    ['a malformed issuer', { issuer_id: 'x' }, 400, 'PCA.10010105'],
    ['an unknown key algorithm', { key_algorithm: 'SM2' }, 400, 'PCA.00020102'],
    ['no common name', { distinguished_name: { country: 'CN' } }, 400, 'PCA.00020101'],
    [
      'a country that is no printable letter pair',
      { distinguished_name: { common_name: 'x', country: '中国' } },
      400,
      'PCA.00020101',
    ],
    ['a validity beyond the issuer’s', { validity: { type: 'YEAR', value: 6 } }, 400, 'PCA.10010906'],
    [
      'an extension under a standard arc',
      { customized_extension: { object_identifier: '2.5.29.19', value: 'x' } },
      400,
      'PCA.10010920',
    ],
    [
      'a name with an underscore',
      { subject_alternative_names: [{ type: 'DNS', value: 'a_b.example.test' }] },
      400,
      'PCA.10010920',
    ],
    ['a key usage of CAs only', { key_usages: ['keyCertSign'] }, 400, 'PCA.10010920'],
  ])('%s is refused', async (_, change, status, code) => {
    expect(await send('POST', certificates, { ...aLeaf(issuer), ...change })).toMatchObject({
      status,
      body: { error_code: code },
    })
  })

  test('by CSR: subject and key of the CSR, SHA384, usages of the CSR or the defaults (§5.4, §6.2)', async () => {
    const csr = aCsr({ commonName: 'device-1' }, [
      keyUsage(['digitalSignature']),
      subjectAltName([{ type: 'dns', value: 'device-1.example.test' }], { critical: false }),
    ])
    const id = await createByCsr(csr)
    expect(await show(id)).toMatchObject({
      gen_mode: 'CSR',
      signature_algorithm: 'SHA384',
      distinguished_name: { common_name: 'device-1', country: null },
    })
    const { body } = await exported(id)
    expect(body.private_key).toBeUndefined()
    expect(new X509Certificate(body.certificate).subjectAltName).toBe('DNS:device-1.example.test')
  })

  test.each([
    ['no PEM', 'hello'],
    ['a CSR whose signature is wrong', aCsr({ commonName: 'x' }).replace(/.{4}(?=\n-----END)/, 'AAAA')],
  ])('by CSR: %s is refused', async (_, csr) => {
    const body = { issuer_id: issuer, csr, validity: { type: 'DAY', value: 9 } }
    expect(await send('POST', `${certificates}/csr`, body)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010922' },
    })
    expect((await send('POST', `${certificates}/csr`, { ...body, type: 'INTERMEDIATE_CA' })).body.error_code).toBe(
      'PCA.10010922',
    )
  })

  test('making a CA from a CSR is a right of its own: who may issue certificates may not', async () => {
    const policy = {
      Version: '5.0',
      Statement: [{ Effect: 'Allow', Action: ['pca:ca:issueCert', 'pca:ca:issueCertByCsr'] }],
    }
    const ask = client.as(await client.core.createUser('issuer', [policy]))
    const body = { issuer_id: root, csr: aCsr({ commonName: 'x' }), validity: { type: 'DAY', value: 9 } }
    expect((await ask('POST', `${certificates}/csr`, body)).status).toBe(200)
    const refused = await ask('POST', `${certificates}/csr`, { ...body, type: 'INTERMEDIATE_CA' })
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'PCA.10010910' } })
    expect(refused.body.error_msg).toContain('pca:ca:issueCaByCsr')
  })

  test('list: states, name, pages', async () => {
    const ask = client.as(await client.core.createAccount('lister'))
    const ca = await createCa(ask, aRoot)
    const ids = []
    for (const name of ['one', 'two', 'three'])
      ids.push(
        (await ask('POST', certificates, { ...aLeaf(ca), distinguished_name: { common_name: name } })).body
          .certificate_id,
      )
    await ask('POST', `${certificates}/${ids[0]}/revoke`, { reason: 'SUPERSEDED' })
    const names = async (query: string) => {
      const { total, certificates: found } = (await ask('GET', `${certificates}?${query}`)).body
      return [
        total,
        found.map((each: { distinguished_name: { common_name: string } }) => each.distinguished_name.common_name),
      ]
    }
    expect(await names('sort_key=common_name&sort_dir=ASC')).toEqual([3, ['one', 'three', 'two']])
    expect(await names('sort_key=common_name&sort_dir=DESC&limit=1&offset=1')).toEqual([3, ['three']])
    expect(await names('status=REVOKED')).toEqual([1, ['one']])
    expect(await names('status=ISSUED&name=tw')).toEqual([1, ['two']])
    expect(await names('status=EXPIRED')).toEqual([0, []])
    expect((await ask('GET', `${certificates}?limit=1001`)).status).toBe(400)
  })

  test('revocation: once, and not of an expired certificate; only ISSUED is exported', async () => {
    const id = await create()
    expect((await send('POST', `${certificates}/${id}/revoke`, { reason: 'KEY_COMPROMISE' })).status).toBe(204)
    expect((await show(id)).status).toBe('REVOKED')
    expect(await send('POST', `${certificates}/${id}/revoke`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010940' },
    })
    expect(await exported(id)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010930', error_msg: 'export is not possible while the certificate is REVOKED' },
    })
    const short = await create({ validity: { type: 'HOUR', value: 1 } })
    client.core.advance(2 * 3_600_000)
    expect((await show(short)).status).toBe('EXPIRED')
    expect(await send('POST', `${certificates}/${short}/revoke`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010930', error_msg: 'revoking is not possible while the certificate is EXPIRED' },
    })
  })

  test('deletion removes the record in any state, at once, and revokes nothing', async () => {
    const id = await create()
    const { serial_number: serial } = await show(id)
    const answer = await send('DELETE', `${certificates}/${id}`)
    expect(answer.status).toBe(204)
    expect(answer.bytes).toHaveLength(0)
    expect(await send('GET', `${certificates}/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'PCA.10010002' },
    })
    expect((await send('DELETE', `${certificates}/${id}`)).status).toBe(404)
    expect(await client.core.deps.revocations.find(issuer, BigInt(serial).toString(16))).toBeUndefined()
    expect(await send('DELETE', `${certificates}/${id}0`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010105' },
    })
  })

  test('export as JSON: certificate, chain from issuer to root, and the key that was made here', async () => {
    const id = await create()
    const { body } = await exported(id)
    const certificate = new X509Certificate(body.certificate)
    expect(certificate.checkPrivateKey(createPrivateKey(body.private_key))).toBe(true)
    const chain = body.certificate_chain.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g)!
    expect(chain).toHaveLength(2)
    expect(certificate.verify(new X509Certificate(chain[0]).publicKey)).toBe(true)
    expect(new X509Certificate(chain[0]).verify(new X509Certificate(chain[1]).publicKey)).toBe(true)
    for (const text of Object.values(body)) expect(text).toMatch(/^(?:[^\r\n]+\r\n)+$/)
  })

  test('export with a password: PKCS #8 under PBES2 with AES-256, opened by the password alone', async () => {
    const { body } = await exported(await create(), { password: 'Passw0rd!' })
    expect(body.private_key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    const der = Buffer.from(body.private_key.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    expect(der.includes(Buffer.from('060960864801650304012a', 'hex'))).toBe(true) // aes256-CBC
    expect(() => createPrivateKey({ key: body.private_key, passphrase: 'wrong' })).toThrow(/bad decrypt|decrypt/)
    const key = createPrivateKey({ key: body.private_key, passphrase: 'Passw0rd!' })
    expect(new X509Certificate(body.certificate).checkPrivateKey(key)).toBe(true)
  })

  test('an export that reveals a key is an entry of the audit log', async () => {
    const id = await create()
    await exported(id)
    const [entry] = await client.core.auditEntries(client.core.administrator.accountId)
    expect(entry).toMatchObject({
      operation: 'ExportPrivateCertificate',
      objectId: id,
      facts: { privateKeyRead: true },
    })
  })

  const unzip = async (id: string, type: string, more: object = {}) => {
    const answer = await exported(id, { is_compressed: 'true', type, ...more })
    expect(answer.status).toBe(200)
    expect(answer.headers['Content-Type']).toBe('application/zip')
    expect(answer.headers['X-Request-Id']).toMatch(/^[0-9a-f]{32}$/)
    return { headers: answer.headers, files: unzipSync(answer.bytes) }
  }

  test.each([
    ['APACHE', ['chain.crt', 'server.crt', 'server.key'], ['chain.crt', 'server.crt']],
    ['NGINX', ['server.crt', 'server.key'], ['server.crt']],
    ['OTHER', ['chain.pem', 'server.key', 'server.pem'], ['cert.pem', 'chain.pem']],
    ['IIS', undefined, ['chain.crt', 'server.crt']],
    ['TOMCAT', undefined, ['chain.crt', 'server.crt']],
  ])('export as zip for %s (§7)', async (type, withKey, withoutKey) => {
    const byCsr = await createByCsr(aCsr({ commonName: 'device' }))
    const { headers, files } = await unzip(byCsr, type)
    expect(Object.keys(files).toSorted()).toEqual(withoutKey)
    expect(headers['Content-Disposition']).toContain(`filename="device_${type.toLowerCase()}.zip"`)
    if (!withKey) return
    const own = await unzip(await create(), type)
    expect(Object.keys(own.files).toSorted()).toEqual(withKey)
    const certificate = new X509Certificate(Buffer.from(own.files['server.crt'] ?? own.files['server.pem']!))
    expect(certificate.checkPrivateKey(createPrivateKey(strFromU8(own.files['server.key']!)))).toBe(true)
  })

  test.each([
    ['IIS', 'server.pfx', '3082'],
    ['TOMCAT', 'server.jks', 'feedfeed'],
  ])('export for %s: a keystore, and the password that was made up unless one was given', async (type, file, begin) => {
    const id = await create()
    const { files } = await unzip(id, type)
    expect(Object.keys(files).toSorted()).toEqual(['keystorePass.txt', file])
    expect(strFromU8(files['keystorePass.txt']!)).toMatch(/^[0-9a-f]{32}$/)
    expect(Buffer.from(files[file]!).toString('hex')).toMatch(new RegExp(`^${begin}`))
    const given = await unzip(id, type, { password: 'Passw0rd!' })
    expect(Object.keys(given.files)).toEqual([file])
    const json = await exported(id, { type })
    expect(json.body.private_key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('export for IIS: OpenSSL opens the keystore with its password, and finds key, certificate and chain', async () => {
    const id = await create()
    const { files } = await unzip(id, 'IIS', { password: 'Passw0rd!' })
    need('openssl')
    const pem = execFileSync('openssl', ['pkcs12', '-nodes', '-passin', 'pass:Passw0rd!'], {
      input: files['server.pfx']!,
    })
    const text = pem.toString()
    expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(3)
    const certificate = new X509Certificate(/-----BEGIN CERTIFICATE[^]+?-----END CERTIFICATE-----/.exec(text)![0])
    const key = /-----BEGIN PRIVATE KEY[^]+?-----END PRIVATE KEY-----/.exec(text)![0]
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
  })

  test.each([
    ['no certificate', nobodys, { is_compressed: 'false', type: 'OTHER' }, 404, 'PCA.10010002'],
    ['a malformed id', 'x', { is_compressed: 'false', type: 'OTHER' }, 400, 'PCA.10010105'],
    ['a boolean where the wire has text', nobodys, { is_compressed: false, type: 'OTHER' }, 400, 'PCA.00020001'],
    [
      'a password of 33 bytes',
      nobodys,
      { is_compressed: 'false', type: 'OTHER', password: 'x'.repeat(33) },
      400,
      'PCA.00020001',
    ],
  ])('export: %s', async (_, id, body, status, code) => {
    const answer = await send('POST', `${certificates}/${id}/export`, body)
    expect(answer).toMatchObject({ status, body: { error_code: code } })
  })

  test('read-only rights do not reveal a key', async () => {
    const id = await create()
    const ask = client.as(await client.core.createUser('reader', ['PCA ReadOnlyAccess']))
    expect((await ask('GET', `${certificates}/${id}`)).status).toBe(200)
    const refused = await ask('POST', `${certificates}/${id}/export`, { is_compressed: 'false', type: 'OTHER' })
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'PCA.10010910' } })
    expect(refused.body.error_msg).toContain('pca:cert:export')
  })

  test('certificates of another account are as unknown ones', async () => {
    const id = await create()
    const ask = client.as(await client.core.createAccount('stranger'))
    for (const [method, path] of [
      ['GET', `${certificates}/${id}`],
      ['DELETE', `${certificates}/${id}`],
      ['POST', `${certificates}/${id}/revoke`],
    ] as const) {
      const answer = await ask(method, path)
      expect(answer.status).toBe(404)
      expect(answer.bytes.toString().replace(id, nobodys)).toBe(
        (await ask(method, path.replace(id, nobodys))).bytes.toString(),
      )
    }
    expect((await send('GET', `${cas}/${issuer}`)).status).toBe(200)
  })

  test('nothing in all this was reported as a failure', () => {
    expect(client.core.failures).toEqual([])
  })
})
