import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  aCsr,
  aLeaf,
  aPendingCa,
  aRoot,
  aSubordinate,
  cas,
  certificates,
  createCa,
  openClient,
  subject,
  type Client,
} from './door.fixture.ts'

const nobodys = '11111111-2222-4333-8444-555555555555'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('private CAs, huawei-ca-lifecycle.md §2', () => {
  let client: Client
  let send: Client['send']
  let root: string
  beforeAll(async () => {
    client = await openClient()
    root = await createCa(client.send, aRoot)
  })
  // The limit is 20 calls a second for one user and operation: each test has a user of its own.
  let users = 0
  beforeEach(async () => {
    send = client.as(await client.core.createUser(`user-${++users}`, ['PCA FullAccess']))
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const show = async (id: string) => (await send('GET', `${cas}/${id}`)).body

  test('a root is ACTIVED at once; its record has every documented field, path_length 7', async () => {
    expect(await show(root)).toEqual({
      ca_id: root,
      type: 'ROOT',
      status: 'ACTIVED',
      path_length: 7,
      issuer_id: null,
      issuer_name: null,
      key_algorithm: 'EC256',
      signature_algorithm: 'SHA256',
      freeze_flag: 0,
      gen_mode: 'GENERATE',
      serial_number: expect.stringMatching(/^\d{30,}$/),
      create_time: expect.any(Number),
      delete_time: null,
      not_before: expect.any(Number),
      not_after: expect.any(Number),
      distinguished_name: subject,
      crl_configuration: {
        enabled: false,
        crl_name: null,
        obs_bucket_name: null,
        valid_days: null,
        crl_dis_point: null,
      },
      enterprise_project_id: '0',
      free_quota: 0,
      charging_mode: 1,
      cluster_id: null,
      domain_id: client.core.administrator.domainId,
    })
  })

  test('EC521 and ED25519 are ours: an Ed25519 key takes no hash, which is said by NONE', async () => {
    const p521 = await createCa(send, { ...aRoot, key_algorithm: 'EC521', signature_algorithm: 'SHA512' })
    expect(await show(p521)).toMatchObject({ key_algorithm: 'EC521', signature_algorithm: 'SHA512' })
    const ed25519Root = { ...aRoot, key_algorithm: 'ED25519', signature_algorithm: 'NONE' }
    const ed25519 = await createCa(send, ed25519Root)
    expect(await show(ed25519)).toMatchObject({ key_algorithm: 'ED25519', signature_algorithm: 'NONE' })
    const below = await createCa(send, { ...aSubordinate(ed25519), signature_algorithm: 'NONE' })
    expect(await show(below)).toMatchObject({ status: 'ACTIVED', key_algorithm: 'EC256', signature_algorithm: 'NONE' })

    for (const [keyAlgorithm, signatureAlgorithm] of [
      ['ED25519', 'SHA256'],
      ['EC256', 'NONE'],
    ]) {
      const body = { ...aRoot, key_algorithm: keyAlgorithm, signature_algorithm: signatureAlgorithm }
      expect(await send('POST', cas, body)).toMatchObject({
        status: 400,
        body: { error_code: 'PCA.00020001', error_msg: expect.stringContaining('signature_algorithm') },
      })
    }
  })

  test('a subordinate with issuer, hash and validity is ACTIVED at once, under its issuer', async () => {
    const id = await createCa(send, { ...aSubordinate(root), path_length: 3, key_usages: ['cRLSign', 'keyCertSign'] })
    expect(await show(id)).toMatchObject({
      type: 'SUBORDINATE',
      status: 'ACTIVED',
      path_length: 3,
      issuer_id: root,
      issuer_name: 'Test CA',
      gen_mode: 'GENERATE',
    })
  })

  test('a subordinate lacking one of the three waits: PENDING, without certificate fields', async () => {
    const { validity: _, ...incomplete } = aSubordinate(root)
    const id = await createCa(send, incomplete)
    expect(await show(id)).toMatchObject({
      status: 'PENDING',
      issuer_id: null,
      serial_number: null,
      not_before: null,
      not_after: null,
      signature_algorithm: null,
    })
  })

  test('crl_configuration: crl_name is the CA’s id by default, crl_dis_point is where CRLs are published', async () => {
    const crl = { enabled: true, obs_bucket_name: 'my-bucket', valid_days: 8 }
    const id = await createCa(send, { ...aRoot, crl_configuration: crl })
    expect((await show(id)).crl_configuration).toEqual({
      ...crl,
      crl_name: id,
      crl_dis_point: `http://pki.example.test/crl/${id}.crl`,
    })
    const named = await createCa(send, { ...aRoot, crl_configuration: { ...crl, crl_name: 'mine' } })
    expect((await show(named)).crl_configuration.crl_name).toBe('mine')
  })

  test('ca_id of an order is refused: nothing is ordered in advance here (§2.5)', async () => {
    const answer = await send('POST', cas, { ...aRoot, ca_id: nobodys })
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.10010990' } })
    expect(answer.body.error_msg).toContain('ca_id')
  })

  test.each([
    ['an issuer that does not exist', { issuer_id: nobodys }, 404, 'PCA.10010002'],
    ['a path length that the issuer cannot give', { path_length: 3 }, 400, 'PCA.00020203'],
    ['a validity beyond the issuer’s', { validity: { type: 'YEAR', value: 11 } }, 400, 'PCA.10010906'],
    [
      'a validity that begins long ago',
      { validity: { type: 'DAY', value: 9, start_from: 1_600_000_000_000 } },
      400,
      'PCA.00020109',
    ],
    ['a validity of an unknown unit', { validity: { type: 'WEEK', value: 9 } }, 400, 'PCA.00020109'],
  ])('%s is refused', async (_, change, status, code) => {
    const issuer = await createCa(send, { ...aSubordinate(root), path_length: 2, validity: { type: 'YEAR', value: 9 } })
    expect(await send('POST', cas, { ...aSubordinate(issuer), ...change })).toMatchObject({
      status,
      body: { error_code: code },
    })
  })

  test('activation: a PENDING CA gets a certificate of another CA, once', async () => {
    const id = await createCa(send, aPendingCa)
    const body = { issuer_id: root, signature_algorithm: 'SHA384', validity: { type: 'YEAR', value: 2 } }
    const answer = await send('POST', `${cas}/${id}/activate`, body)
    expect(answer.status).toBe(204)
    expect(answer.bytes).toHaveLength(0)
    expect(await show(id)).toMatchObject({
      status: 'ACTIVED',
      path_length: 0,
      signature_algorithm: 'SHA384',
      issuer_id: root,
    })
    const again = await send('POST', `${cas}/${id}/activate`, body)
    expect(again).toMatchObject({ status: 400, body: { error_code: 'PCA.10010901' } })
    expect(again.body.error_msg).toContain('while the CA is ACTIVED')
  })

  test('CSR and import: a PENDING CA gets a certificate made elsewhere from its CSR; gen_mode becomes IMPORT', async () => {
    // "Elsewhere" is another account, which issues a CA certificate for the CSR.
    const elsewhere = client.as(await client.core.createAccount('elsewhere'))
    const outerRoot = await createCa(elsewhere, { ...aRoot, distinguished_name: { ...subject, common_name: 'Outer' } })
    const id = await createCa(send, aPendingCa)
    const { csr } = (await send('GET', `${cas}/${id}/csr`)).body
    expect(csr).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\r\n[\s\S]*\r\n-----END CERTIFICATE REQUEST-----\r\n$/)
    const { certificate_id: made } = (
      await elsewhere('POST', `${certificates}/csr`, {
        issuer_id: outerRoot,
        csr,
        validity: { type: 'YEAR', value: 1 },
        type: 'INTERMEDIATE_CA',
      })
    ).body
    const exported = (await elsewhere('POST', `${cas}/${made}/export`)).body
    const wrong = await createCa(send, aPendingCa)
    expect(await send('POST', `${cas}/${wrong}/import`, exported)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010908' },
    })
    expect((await send('POST', `${cas}/${id}/import`, exported)).status).toBe(204)
    expect(await show(id)).toMatchObject({
      status: 'ACTIVED',
      gen_mode: 'IMPORT',
      issuer_id: null,
      issuer_name: 'Outer',
    })
    expect(await send('GET', `${cas}/${id}/csr`)).toMatchObject({ status: 400, body: { error_code: 'PCA.10010901' } })
    const issued = await send('POST', certificates, aLeaf(id))
    expect(issued.status).toBe(200)
    const leaf = (
      await send('POST', `${certificates}/${issued.body.certificate_id}/export`, {
        is_compressed: 'false',
        type: 'OTHER',
      })
    ).body
    expect(leaf.certificate_chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  })

  test('export: certificate and chain as PEM with CR LF; the chain of a root is empty', async () => {
    const id = await createCa(send, aSubordinate(root))
    const own = (await send('POST', `${cas}/${id}/export`)).body
    const top = (await send('POST', `${cas}/${root}/export`, {})).body
    expect(top.certificate_chain).toBe('')
    expect(own.certificate_chain).toBe(top.certificate)
    expect(own.certificate).toMatch(/^-----BEGIN CERTIFICATE-----\r\n/)
    const certificate = new X509Certificate(own.certificate)
    expect(certificate.verify(new X509Certificate(top.certificate).publicKey)).toBe(true)
    expect(BigInt(`0x${certificate.serialNumber}`).toString()).toBe((await show(id)).serial_number)
    expect(await send('POST', `${cas}/${await createCa(send, aPendingCa)}/export`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010901', error_msg: 'export is not possible while the CA is PENDING' },
    })
  })

  test('disable and enable; a DISABLED CA issues nothing, and still revokes', async () => {
    const id = await createCa(send, aSubordinate(root))
    const { certificate_id: leaf } = (await send('POST', certificates, aLeaf(id))).body
    expect((await send('POST', `${cas}/${id}/disable`)).status).toBe(204)
    expect((await show(id)).status).toBe('DISABLED')
    expect(await send('POST', `${cas}/${id}/disable`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010901' },
    })
    expect(await send('POST', certificates, aLeaf(id))).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010905', error_msg: 'the issuing CA cannot issue: it is DISABLED' },
    })
    expect((await send('POST', `${certificates}/${leaf}/revoke`, {})).status).toBe(204)
    expect((await send('POST', `${cas}/${id}/enable`)).status).toBe(204)
    expect((await show(id)).status).toBe('ACTIVED')
  })

  test('revocation of a CA: no body, {} and a reason; a root never; a revoked CA neither issues nor is enabled', async () => {
    const id = await createCa(send, aSubordinate(root))
    expect((await send('POST', `${cas}/${id}/revoke`, { reason: 'CERTIFICATE_AUTHORITY_COMPROMISE' })).status).toBe(204)
    expect(await send('POST', `${cas}/${id}/revoke`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010940' },
    })
    expect(await send('POST', certificates, aLeaf(id))).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010902' },
    })
    expect(await send('POST', `${cas}/${root}/revoke`, {})).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010941' },
    })
    expect((await send('POST', `${cas}/${id}/disable`)).status).toBe(204)
    expect(await send('POST', `${cas}/${id}/enable`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010902' },
    })
    expect(await send('POST', `${cas}/${root}/revoke`, { reason: 'BOREDOM' })).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.00020001' },
    })
  })

  test('a CA made from a CSR is shown, exported and revoked, and listed nowhere; its key is outside (§6.2)', async () => {
    const { certificate_id: id } = (
      await send('POST', `${certificates}/csr`, {
        issuer_id: root,
        csr: aCsr({ commonName: 'Outside', country: 'CN' }),
        validity: { type: 'YEAR', value: 1 },
        type: 'INTERMEDIATE_CA',
      })
    ).body
    expect(id).toMatch(uuid)
    expect(await show(id)).toMatchObject({
      status: 'ACTIVED',
      gen_mode: 'CSR',
      type: 'SUBORDINATE',
      path_length: 0,
      issuer_id: root,
      distinguished_name: { common_name: 'Outside', country: 'CN', state: null },
    })
    expect(new X509Certificate((await send('POST', `${cas}/${id}/export`)).body.certificate).ca).toBe(true)
    const listed = (await send('GET', `${cas}?limit=1000&name=Outside`)).body
    expect(listed).toEqual({ total: 0, certificate_authorities: [] })
    expect((await send('GET', `${certificates}/${id}`)).status).toBe(404)
    for (const call of ['disable', 'enable'])
      expect(await send('POST', `${cas}/${id}/${call}`)).toMatchObject({
        status: 400,
        body: { error_code: 'PCA.10010904' },
      })
    expect(await send('DELETE', `${cas}/${id}`)).toMatchObject({ status: 400, body: { error_code: 'PCA.10010904' } })
    expect((await send('POST', certificates, aLeaf(id))).body.error_code).toBe('PCA.10010904')
    expect((await send('POST', `${cas}/${id}/revoke`)).status).toBe(204)
  })

  test('list: filters, order and pages; limit 0 counts only', async () => {
    const lister = await client.core.createAccount('lister')
    const ask = client.as(lister)
    for (const name of ['Alpha', 'Beta', 'Gamma'])
      await createCa(ask, { ...aPendingCa, distinguished_name: { ...subject, common_name: name } })
    await createCa(ask, aRoot)
    const names = async (query: string) => {
      const { total, certificate_authorities: found } = (await ask('GET', `${cas}?${query}`)).body
      return [
        total,
        found.map((ca: { distinguished_name: { common_name: string } }) => ca.distinguished_name.common_name),
      ]
    }
    expect(await names('sort_key=common_name&sort_dir=ASC')).toEqual([4, ['Alpha', 'Beta', 'Gamma', 'Test CA']])
    expect(await names('sort_key=common_name&sort_dir=ASC&limit=2&offset=1')).toEqual([4, ['Beta', 'Gamma']])
    expect(await names('name=ET')).toEqual([1, ['Beta']])
    expect(await names('status=ACTIVED')).toEqual([1, ['Test CA']])
    expect(await names('type=ROOT')).toEqual([1, ['Test CA']])
    expect(await names('limit=0')).toEqual([4, []])
    expect(await ask('GET', `${cas}?status=GONE`)).toMatchObject({ status: 400, body: { error_code: 'PCA.00020001' } })
  })

  test('tags: one and several added, listed, removed with a body in DELETE; at most 20', async () => {
    const id = await createCa(send, aPendingCa)
    const tags = `${cas}/${id}/tags`
    expect((await send('POST', tags, { tag: { key: 'env', value: 'test' } })).status).toBe(204)
    const more = [
      { key: 'team', value: '' },
      { key: '__proto__', value: 'own' },
      { key: 'env', value: 'prod' },
    ]
    expect((await send('POST', `${tags}/create`, { tags: more })).status).toBe(204)
    const listed = await send('GET', tags)
    expect(listed.status).toBe(200)
    expect(listed.body.tags).toHaveLength(3)
    expect(listed.body.tags).toEqual(expect.arrayContaining(more))
    expect(
      (await send('DELETE', `${tags}/delete`, { tags: [{ key: 'env', value: 'prod' }, { key: 'absent' }] })).status,
    ).toBe(204)
    expect((await send('GET', tags)).body.tags.map(({ key }: { key: string }) => key).toSorted()).toEqual([
      '__proto__',
      'team',
    ])
    const twenty = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: 'v' }))
    expect(await send('POST', `${tags}/create`, { tags: twenty })).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010907' },
    })
  })

  test.each([
    ['no tag', 'POST', 'tags', {}],
    ['an empty key', 'POST', 'tags', { tag: { key: '', value: 'v' } }],
    ['a long value', 'POST', 'tags', { tag: { key: 'k', value: 'v'.repeat(256) } }],
    ['no tags', 'POST', 'tags/create', { tags: [] }],
    [
      'a key twice',
      'POST',
      'tags/create',
      {
        tags: [
          { key: 'k', value: '1' },
          { key: 'k', value: '2' },
        ],
      },
    ],
    ['no body on removal', 'DELETE', 'tags/delete', undefined],
  ])('tags: %s is refused', async (_, method, path, body) => {
    expect(await send(method, `${cas}/${root}/${path}`, body)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.00020001' },
    })
  })

  test('tags of an unknown CA: 404; a policy may condition on them', async () => {
    expect(await send('GET', `${cas}/${nobodys}/tags`)).toMatchObject({
      status: 404,
      body: { error_code: 'PCA.10010002' },
    })
    const id = await createCa(send, aPendingCa)
    const user = await client.core.createUser('conditioned', [
      {
        Version: '5.0',
        Statement: [
          { Effect: 'Allow', Action: ['pca:ca:get'], Condition: { StringEquals: { 'g:ResourceTag/env': ['test'] } } },
        ],
      },
    ])
    expect((await client.as(user)('GET', `${cas}/${id}`)).status).toBe(403)
    await send('POST', `${cas}/${id}/tags`, { tag: { key: 'env', value: 'test' } })
    expect((await client.as(user)('GET', `${cas}/${id}`)).status).toBe(200)
  })

  test('nothing in all this was reported as a failure', () => {
    expect(client.core.failures).toEqual([])
  })
})
