import { describe, expect, test } from 'vitest'
import { HuaweiWireError } from '../errors.ts'
import {
  caList,
  caRecord,
  type CaView,
  createdCa,
  exportedCa,
  exportedCsr,
  readActivateCa,
  readCaId,
  readCreateCa,
  readDeleteCa,
  readImportCa,
  readListCas,
} from './ca.ts'
import { readRevocation } from './common.ts'

const caId = '4c0e772e-a30c-4029-b929-b7acb04143f7'
const issuerId = '93fcdaf2-c094-4f39-9cbc-bcacd0baac48'
const dn = {
  common_name: 'demo 根 ca,*.x_1',
  country: 'CN',
  state: 'guangdong',
  locality: 'shenzhen',
  organization: 'demo',
  organizational_unit: 'it',
}
const subject = {
  commonName: 'demo 根 ca,*.x_1',
  country: 'CN',
  state: 'guangdong',
  locality: 'shenzhen',
  organization: 'demo',
  organizationalUnit: 'it',
}
const root = {
  type: 'ROOT',
  distinguished_name: dn,
  key_algorithm: 'RSA4096',
  signature_algorithm: 'SHA384',
  validity: { type: 'YEAR', value: 10 },
}
const subordinate = { ...root, type: 'SUBORDINATE', key_algorithm: 'EC256', issuer_id: issuerId }
const bytes = (body: unknown) => Buffer.from(JSON.stringify(body))
const create = (body: unknown) => readCreateCa(bytes(body))
const refusal = (run: () => unknown): HuaweiWireError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HuaweiWireError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('CreateCertificateAuthority, huawei-ca-lifecycle.md §2', () => {
  const readRoot = {
    type: 'root',
    subject,
    keyAlgorithm: 'rsa4096',
    signatureHash: 'sha384',
    validity: { unit: 'year', amount: 10 },
  }

  test('a root; issuer, path length, usages and unknown fields are ignored', () => {
    expect(create(root)).toEqual(readRoot)
    expect(create({ ...root, issuer_id: 'x', path_length: 7, key_usages: ['x'], later: 1 })).toEqual(readRoot)
  })

  test('a subordinate that is active at once; path length 0 by default', () => {
    const expected = { ...readRoot, type: 'subordinate', keyAlgorithm: 'p256', issuerId, pathLength: 0 }
    expect(create(subordinate)).toEqual(expected)
    expect(create({ ...subordinate, path_length: 3, key_usages: ['cRLSign', 'cRLSign'] })).toEqual({
      ...expected,
      pathLength: 3,
      keyUsages: ['cRLSign'],
    })
    expect(create({ ...subordinate, key_usages: [] })).toEqual(expected)
  })

  test.each(['issuer_id', 'signature_algorithm', 'validity'])(
    'a subordinate without %s is left pending: what concerns activation is dropped',
    (missing) => {
      const body = { ...subordinate, [missing]: undefined, path_length: 2, crl_configuration: { enabled: false } }
      expect(create(body)).toEqual({ type: 'subordinate', subject, keyAlgorithm: 'p256' })
    },
  )

  test('§8: CRL settings; while off nothing else in them counts', () => {
    const on = { enabled: true, obs_bucket_name: 'pca-crl-1', valid_days: 7 }
    expect(create({ ...root, crl_configuration: on }).crl).toEqual({
      enabled: true,
      bucketName: 'pca-crl-1',
      validDays: 7,
    })
    expect(create({ ...root, crl_configuration: { ...on, crl_name: 'a.crl' } }).crl).toMatchObject({ name: 'a.crl' })
    expect(create({ ...root, crl_configuration: { enabled: false, valid_days: 0 } }).crl).toEqual({ enabled: false })
  })

  test('§11 and §2.5: enterprise project and ordered CA are passed on', () => {
    expect(create({ ...root, enterprise_project_id: '0', ca_id: caId })).toMatchObject({
      enterpriseProjectId: '0',
      orderedCaId: caId,
    })
  })

  test('§5.3: start_from as number or numeric string', () => {
    for (const start_from of [1645146939688, '1645146939688']) {
      const { validity } = create({ ...root, validity: { type: 'DAY', value: 1, start_from } })
      expect(validity).toEqual({ unit: 'day', amount: 1, startFrom: 1645146939688 })
    }
  })

  test.each([
    ['YEAR', 30, 31],
    ['MONTH', 360, 361],
    ['DAY', 10_958, 10_959],
    ['HOUR', 262_980, 262_981],
  ])('§5.3: a root lives at most 30 years, in %s', (type, longest, tooLong) => {
    expect(create({ ...root, validity: { type, value: longest } }).validity).toBeDefined()
    expect(refusal(() => create({ ...root, validity: { type, value: tooLong } })).code).toBe('PCA.00020109')
  })

  const changed = (change: object) => ({ ...root, ...change })
  test.each([
    ['PCA.00020001', 'type', changed({ type: undefined })],
    ['PCA.00020202', 'type', changed({ type: 'LEAF' })],
    ['PCA.00020202', 'type', changed({ type: 'toString' })],
    ['PCA.00020001', 'distinguished_name', changed({ distinguished_name: null })],
    ['PCA.00020101', 'distinguished_name.common_name', changed({ distinguished_name: { ...dn, common_name: '' } })],
    ['PCA.00020101', 'distinguished_name.common_name', changed({ distinguished_name: { ...dn, common_name: 'a/b' } })],
    [
      'PCA.00020101',
      'distinguished_name.common_name',
      changed({ distinguished_name: { ...dn, common_name: 'x'.repeat(65) } }),
    ],
    ['PCA.00020101', 'distinguished_name.common_name', changed({ distinguished_name: { ...dn, common_name: 'a\n' } })],
    ['PCA.00020101', 'distinguished_name.country', changed({ distinguished_name: { ...dn, country: 'C1' } })],
    ['PCA.00020101', 'distinguished_name.state', changed({ distinguished_name: { ...dn, state: 's*' } })],
    ['PCA.00020101', 'distinguished_name.locality', changed({ distinguished_name: { ...dn, locality: undefined } })],
    ['PCA.00020101', 'distinguished_name.organization', changed({ distinguished_name: { ...dn, organization: 5 } })],
    ['PCA.00020102', 'key_algorithm', changed({ key_algorithm: 'RSA1024' })],
    ['PCA.00020102', 'key_algorithm', changed({ key_algorithm: 'SM2' })],
    ['PCA.00020001', 'key_algorithm', changed({ key_algorithm: undefined })],
    ['PCA.00020103', 'signature_algorithm', changed({ signature_algorithm: 'SM3' })],
    ['PCA.00020001', 'signature_algorithm', changed({ signature_algorithm: undefined })],
    ['PCA.00020001', 'validity', changed({ validity: undefined })],
    ['PCA.00020109', 'validity.type', changed({ validity: { type: 'WEEK', value: 1 } })],
    ['PCA.00020109', 'validity.value', changed({ validity: { type: 'DAY', value: 0 } })],
    ['PCA.00020109', 'validity.value', changed({ validity: { type: 'DAY', value: 1.5 } })],
    ['PCA.00020109', 'validity.value', changed({ validity: { type: 'DAY', value: '1' } })],
    ['PCA.00020109', 'validity.value', changed({ validity: { type: 'DAY' } })],
    ['PCA.00020109', 'validity.start_from', changed({ validity: { type: 'DAY', value: 1, start_from: -1 } })],
    ['PCA.00020001', 'crl_configuration.enabled', changed({ crl_configuration: { enabled: 'true' } })],
    [
      'PCA.00020001',
      'crl_configuration.obs_bucket_name',
      changed({ crl_configuration: { enabled: true, valid_days: 7 } }),
    ],
    [
      'PCA.00020001',
      'crl_configuration.obs_bucket_name',
      changed({ crl_configuration: { enabled: true, obs_bucket_name: '../etc', valid_days: 7 } }),
    ],
    [
      'PCA.00020001',
      'crl_configuration.crl_name',
      changed({ crl_configuration: { enabled: true, obs_bucket_name: 'abc', valid_days: 7, crl_name: '../a' } }),
    ],
    [
      'PCA.00020001',
      'crl_configuration.valid_days',
      changed({ crl_configuration: { enabled: true, obs_bucket_name: 'abc', valid_days: 31 } }),
    ],
    ['PCA.00020001', 'enterprise_project_id', changed({ enterprise_project_id: 'all' })],
    ['PCA.00020001', 'hsm_cluster_info', changed({ hsm_cluster_info: { hsm_project: 'x' } })],
    ['PCA.10010105', 'ca_id', changed({ ca_id: caId.toUpperCase() })],
    ['PCA.10010105', 'issuer_id', { ...subordinate, issuer_id: 'x' }],
    ['PCA.00020203', 'path_length', { ...subordinate, path_length: 7 }],
    ['PCA.00020203', 'path_length', { ...subordinate, path_length: '1' }],
    ['PCA.00020109', 'validity.value', { ...subordinate, validity: { type: 'YEAR', value: 21 } }],
    ['PCA.00020001', 'key_usages[1]', { ...subordinate, key_usages: ['cRLSign', 'crlsign'] }],
  ])('§15.1: %s names %s', (code, name, body) => {
    const error = refusal(() => create(body))
    expect(error).toMatchObject({ status: 400, code })
    expect(error.message.startsWith(`${name} `)).toBe(true)
  })

  test('a field inherited from a prototype does not count', () => {
    const body = Buffer.from(JSON.stringify(root).replace('"type"', '"__proto__"'))
    expect(refusal(() => readCreateCa(body)).message).toContain('type is missing')
  })

  test('§2: the answer is the id', () => {
    expect(createdCa(caId)).toEqual({ ca_id: caId })
  })
})

describe('other requests about a CA', () => {
  test('activate: issuer, hash and validity are mandatory, path length 0 by default', () => {
    const body = { issuer_id: issuerId, signature_algorithm: 'SHA256', validity: { type: 'MONTH', value: 240 } }
    expect(readActivateCa(caId, bytes(body))).toEqual({
      caId,
      issuerId,
      signatureHash: 'sha256',
      validity: { unit: 'month', amount: 240 },
      pathLength: 0,
    })
    for (const missing of Object.keys(body)) {
      expect(refusal(() => readActivateCa(caId, bytes({ ...body, [missing]: undefined }))).message).toContain(missing)
    }
  })

  test('import: certificate, and a chain that may be absent or empty', () => {
    expect(readImportCa(caId, bytes({ certificate: 'PEM', certificate_chain: '' }))).toEqual({
      caId,
      certificatePem: 'PEM',
    })
    const chain = 'x'.repeat(2_097_152)
    expect(readImportCa(caId, bytes({ certificate: 'PEM', certificate_chain: chain })).chainPem).toBe(chain)
    expect(refusal(() => readImportCa(caId, bytes({ certificate: 'x'.repeat(32_769) }))).code).toBe('PCA.00020001')
  })

  test.each(['', 'x', caId.toUpperCase(), `${caId}0`, `${caId}\n`])('the id %j is PCA.10010105, naming ca_id', (id) => {
    expect(refusal(() => readCaId(id))).toMatchObject({ status: 400, code: 'PCA.10010105' })
    expect(refusal(() => readCaId(id)).message).toContain('ca_id')
  })

  test('§4: no body, {} and a null reason all mean unspecified', () => {
    for (const body of ['', '{}', '{"reason":null}']) {
      expect(readRevocation(Buffer.from(body))).toEqual({ reason: 'unspecified' })
    }
    expect(readRevocation(bytes({ reason: 'CERTIFICATE_AUTHORITY_COMPROMISE' }))).toEqual({ reason: 'cACompromise' })
    expect(refusal(() => readRevocation(bytes({ reason: 'BORED' }))).code).toBe('PCA.00020001')
  })

  describe('DeleteCertificateAuthority, huawei-wire.md §9', () => {
    const path = `/v1/private-certificate-authorities/${caId}`
    test.each([
      ['', 30],
      ['?', 30],
      ['?pending_days', 30],
      ['?pending_days=', 30],
      ['?pending_days=7', 7],
      ['?pending_days=10', 10],
      ['?pending_days=30', 30],
    ])('%j keeps the CA for %i days', (query, days) => {
      expect(readDeleteCa(caId, path + query)).toEqual({ caId, pendingDays: days })
    })

    test.each(['6', '31', '0', '-7', '07', '7.0', '1e1', '007', ' 7', '%37%0a', 'x'])(
      'pending_days=%s is refused',
      (days) => {
        const error = refusal(() => readDeleteCa(caId, `${path}?pending_days=${days}`))
        expect(error).toMatchObject({ status: 400, code: 'PCA.00020001' })
        expect(error.message).toContain('pending_days')
      },
    )

    test('given twice, neither counts', () => {
      expect(refusal(() => readDeleteCa(caId, `${path}?pending_days=7&pending_days=30`)).status).toBe(400)
    })
  })

  test('§7 of huawei-wire.md: lists start at 0, have 10 records, newest first', () => {
    const path = '/v1/private-certificate-authorities'
    expect(readListCas(path)).toEqual({ limit: 10, offset: 0, descending: true, sortBy: 'createTime' })
    const query = 'limit=1000&offset=5&name=a%20b&status=ACTIVED&type=ROOT&sort_key=not_after&sort_dir=ASC'
    expect(readListCas(`${path}?${query}`)).toEqual({
      limit: 1000,
      offset: 5,
      name: 'a b',
      state: 'active',
      type: 'root',
      sortBy: 'notAfter',
      descending: false,
    })
    for (const bad of ['limit=1001', 'limit=-1', 'limit=x', 'offset=-1', 'status=ACTIVE', 'type=X', 'sort_dir=asc']) {
      expect(refusal(() => readListCas(`${path}?${bad}`))).toMatchObject({ status: 400, code: 'PCA.00020001' })
    }
  })
})

describe('answers about a CA, schema ccm.ShowCertificateAuthorityResponse', () => {
  const pending: CaView = {
    id: caId,
    type: 'subordinate',
    state: 'pending',
    keyAlgorithm: 'rsa2048',
    origin: 'generated',
    createdAt: 1681436805000,
    subject,
    enterpriseProjectId: '0',
    domainId: '0123456789abcdef0123456789abcdef',
  }
  const active: CaView = {
    ...pending,
    state: 'active',
    pathLength: 2,
    issuerId,
    issuerName: 'demo-root',
    signatureHash: 'sha256',
    serialNumber: 202203070322544291829058n,
    notBefore: 1681436805000,
    notAfter: 1997056005000,
    crl: { name: 'a.crl', bucketName: 'abc', validDays: 7, url: 'http://h/crl/a.crl' },
  }

  test('a pending CA: null for what comes with the certificate; crl_configuration is an object', () => {
    expect(caRecord(pending)).toEqual({
      ca_id: caId,
      type: 'SUBORDINATE',
      status: 'PENDING',
      path_length: 0,
      issuer_id: null,
      issuer_name: null,
      key_algorithm: 'RSA2048',
      signature_algorithm: null,
      freeze_flag: 0,
      gen_mode: 'GENERATE',
      serial_number: null,
      create_time: 1681436805000,
      delete_time: null,
      not_before: null,
      not_after: null,
      distinguished_name: dn,
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
      domain_id: '0123456789abcdef0123456789abcdef',
    })
  })

  test('an active subordinate: the serial in decimal, the CRL settings in full', () => {
    expect(caRecord(active)).toMatchObject({
      status: 'ACTIVED',
      path_length: 2,
      issuer_id: issuerId,
      issuer_name: 'demo-root',
      signature_algorithm: 'SHA256',
      serial_number: '202203070322544291829058',
      crl_configuration: {
        enabled: true,
        crl_name: 'a.crl',
        obs_bucket_name: 'abc',
        valid_days: 7,
        crl_dis_point: 'http://h/crl/a.crl',
      },
    })
  })

  test('§5.6: path_length is 7 for a root, and wherever the certificate sets no limit', () => {
    expect(caRecord({ ...active, type: 'root', pathLength: 0 }).path_length).toBe(7)
    const { pathLength: _, ...unlimited } = active
    expect(caRecord(unlimited).path_length).toBe(7)
  })

  test('§1: states, origins and algorithms in the words of the wire', () => {
    const states = (['pending', 'active', 'disabled', 'deleted', 'expired'] as const).map(
      (state) => caRecord({ ...active, state }).status,
    )
    expect(states).toEqual(['PENDING', 'ACTIVED', 'DISABLED', 'DELETED', 'EXPIRED'])
    expect(caRecord({ ...active, origin: 'imported' }).gen_mode).toBe('IMPORT')
    const names = ['rsa3072', 'p256', 'p384', 'sm2'].map(
      (keyAlgorithm) => caRecord({ ...active, keyAlgorithm }).key_algorithm,
    )
    expect(names).toEqual(['RSA3072', 'EC256', 'EC384', 'SM2'])
  })

  test('a scheduled CA shows the day it falls due', () => {
    expect(caRecord({ ...active, state: 'deleted', deletesAt: 1682041605000 })).toMatchObject({
      status: 'DELETED',
      delete_time: 1682041605000,
    })
  })

  test('the list carries the number over all pages', () => {
    expect(caList(12, [active])).toEqual({ total: 12, certificate_authorities: [caRecord(active)] })
  })

  test('huawei-wire.md §6: PEM in answers has CR LF; a root has an empty chain, never null', () => {
    expect(exportedCa('-----A-----\nx\r\n-----B-----', ['p\n', 'q'])).toEqual({
      certificate: '-----A-----\r\nx\r\n-----B-----\r\n',
      certificate_chain: 'p\r\nq\r\n',
    })
    expect(exportedCa('x', []).certificate_chain).toBe('')
    expect(exportedCsr('a\nb\n')).toEqual({ csr: 'a\r\nb\r\n' })
  })
})
