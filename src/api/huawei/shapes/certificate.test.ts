import { describe, expect, test } from 'vitest'
import { HuaweiWireError } from '../errors.ts'
import {
  certificateList,
  certificateRecord,
  type CertificateView,
  createdCertificate,
  readCertificateId,
  readCreateCertificate,
  readCreateCertificateByCsr,
  readListCertificates,
} from './certificate.ts'
import { exportedCertificate, exportFiles, readExportCertificate, zipHeaders } from './export-certificate.ts'

const id = '6434f071-1a33-4a5d-9f38-1b9c1f0f2f10'
const issuerId = '93fcdaf2-c094-4f39-9cbc-bcacd0baac48'
const minimal = {
  issuer_id: issuerId,
  distinguished_name: { common_name: 'www.example.test' },
  validity: { type: 'DAY', value: 90 },
}
const bytes = (body: unknown) => Buffer.from(JSON.stringify(body))
const create = (change: object = {}) => readCreateCertificate(bytes({ ...minimal, ...change }))
const refusal = (run: () => unknown): HuaweiWireError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HuaweiWireError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('CreateCertificate, huawei-ca-lifecycle.md §5 and §6.1', () => {
  const readMinimal = {
    issuerId,
    subject: { commonName: 'www.example.test' },
    validity: { unit: 'day', amount: 90 },
    extendedKeyUsages: [],
    subjectAlternativeNames: [],
  }

  test('only issuer, common name and validity are mandatory', () => {
    expect(create()).toEqual(readMinimal)
    for (const missing of Object.keys(minimal)) {
      expect(refusal(() => create({ [missing]: undefined })).message).toContain(missing)
    }
  })

  test('§5.2: empty strings of optional attributes are absent ones', () => {
    const distinguished_name = { common_name: 'a', country: '', state: '', organization: 'o' }
    expect(create({ distinguished_name }).subject).toEqual({ commonName: 'a', organization: 'o' })
  })

  test('all fields', () => {
    const body = {
      key_algorithm: 'EC384',
      signature_algorithm: 'SHA512',
      key_usages: ['digitalSignature', 'keyEncipherment'],
      subject_alternative_names: [{ type: 'DNS', value: '*.example.test' }],
      extended_key_usage: { client_auth: true, server_auth: true, code_signing: false, time_stamping: null },
      customized_extension: { object_identifier: '1.3.6.1.4.1.2011.4.99', value: 'v' },
      enterprise_project_id: '0',
    }
    expect(create(body)).toEqual({
      ...readMinimal,
      keyAlgorithm: 'p384',
      signatureHash: 'sha512',
      keyUsages: ['digitalSignature', 'keyEncipherment'],
      subjectAlternativeNames: [{ kind: 'dns', value: '*.example.test' }],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      customExtension: { oid: '1.3.6.1.4.1.2011.4.99', value: 'v' },
      enterpriseProjectId: '0',
    })
    expect(create({ customized_extension: {} })).toEqual(readMinimal)
  })

  test.each([
    ['DNS', 'a'],
    ['DNS', 'xn--fiq228c.example'],
    ['DNS', `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`],
    ['IP', '192.0.2.1'],
    ['IP', '2001:db8::1'],
    ['EMAIL', 'first.last+tag@example.test'],
    ['URI', 'spiffe://example.test/a?b=%20#c'],
  ])('§5.5: a %s name %s', (type, value) => {
    expect(create({ subject_alternative_names: [{ type, value }] }).subjectAlternativeNames).toEqual([
      { kind: type.toLowerCase(), value },
    ])
  })

  test.each([
    ['PCA.00020110', 'DNS', ''],
    ['PCA.00020110', 'DNS', 'a..b'],
    ['PCA.00020110', 'DNS', '-a.example'],
    ['PCA.00020110', 'DNS', 'a.*.example'],
    ['PCA.00020110', 'DNS', 'bücher.example'],
    ['PCA.00020110', 'DNS', 'a.example\n'],
    ['PCA.00020110', 'DNS', `${'a.'.repeat(126)}aa`],
    ['PCA.00020111', 'IP', '192.0.2.256'],
    ['PCA.00020111', 'IP', '192.0.2.0/24'],
    ['PCA.00020111', 'IP', 'fe80::1%eth0'],
    ['PCA.00020112', 'OTHER', 'x'],
    ['PCA.00020112', undefined, 'x'],
    ['PCA.00020001', 'EMAIL', 'no-at'],
    ['PCA.00020001', 'EMAIL', 'a b@example.test'],
    ['PCA.00020001', 'URI', '/relative'],
    ['PCA.00020001', 'URI', 'http://a b'],
    ['PCA.00020001', 'DNS', undefined],
  ])('§15.1: %s for %s %j', (code, type, value) => {
    const error = refusal(() =>
      create({
        subject_alternative_names: [
          { type: 'DNS', value: 'ok' },
          { type, value },
        ],
      }),
    )
    expect(error).toMatchObject({ status: 400, code })
    expect(error.message).toContain('subject_alternative_names[1]')
  })

  test.each([
    ['PCA.10010105', { issuer_id: 'x' }],
    ['PCA.00020101', { distinguished_name: {} }],
    ['PCA.00020102', { key_algorithm: 'SM2' }],
    ['PCA.00020103', { signature_algorithm: 'SHA1' }],
    ['PCA.00020109', { validity: { type: 'YEAR', value: 21 } }],
    ['PCA.00020001', { subject_alternative_names: Array(21).fill({ type: 'DNS', value: 'a' }) }],
    ['PCA.00020001', { extended_key_usage: { server_auth: 'true' } }],
    ['PCA.00020001', { customized_extension: { object_identifier: '1.40.1', value: 'v' } }],
    ['PCA.00020001', { customized_extension: { object_identifier: '1.2.03', value: 'v' } }],
    ['PCA.00020001', { customized_extension: { object_identifier: '1.2.3' } }],
    ['PCA.00020001', { customized_extension: { value: 'v' } }],
  ])('§15.1: %s', (code, change) => {
    expect(refusal(() => create(change))).toMatchObject({ status: 400, code })
  })

  test('the answer is the id', () => {
    expect(createdCertificate(id)).toEqual({ certificate_id: id })
  })
})

describe('CreateCertificateByCsr, huawei-ca-lifecycle.md §6.2', () => {
  const body = { issuer_id: issuerId, csr: '-----BEGIN…', validity: { type: 'YEAR', value: 1 } }
  const readMinimal = {
    issuerId,
    csrPem: '-----BEGIN…',
    validity: { unit: 'year', amount: 1 },
    kind: 'entity',
    pathLength: 0,
  }

  test('an end entity by default; alternative names beside the CSR are not read', () => {
    expect(readCreateCertificateByCsr(bytes(body))).toEqual(readMinimal)
    expect(readCreateCertificateByCsr(bytes({ ...body, subject_alternative_names: 'x' }))).toEqual(readMinimal)
  })

  test('an intermediate CA with its path length', () => {
    const wanted = { ...body, type: 'INTERMEDIATE_CA', path_length: 6 }
    expect(readCreateCertificateByCsr(bytes(wanted))).toEqual({ ...readMinimal, kind: 'intermediateCa', pathLength: 6 })
  })

  test.each([
    ['PCA.00020001', { csr: 'x'.repeat(5121) }],
    ['PCA.00020001', { csr: '' }],
    ['PCA.00020001', { type: 'ROOT' }],
    ['PCA.00020203', { path_length: 7 }],
  ])('§15.1: %s', (code, change) => {
    expect(refusal(() => readCreateCertificateByCsr(bytes({ ...body, ...change }))).code).toBe(code)
  })
})

describe('reading certificates', () => {
  const view: CertificateView = {
    id,
    state: 'issued',
    issuerId,
    issuerName: 'demo-ca',
    keyAlgorithm: 'p256',
    signatureHash: 'sha384',
    origin: 'csr',
    serialNumber: 42n,
    createdAt: 1,
    notBefore: 2,
    notAfter: 3,
    subject: { commonName: 'a' },
    enterpriseProjectId: '0',
  }

  test('schema ccm.ShowCertificateResponse: every field, null for what is not there', () => {
    expect(certificateRecord(view)).toEqual({
      certificate_id: id,
      status: 'ISSUED',
      issuer_id: issuerId,
      issuer_name: 'demo-ca',
      key_algorithm: 'EC256',
      signature_algorithm: 'SHA384',
      freeze_flag: 0,
      gen_mode: 'CSR',
      serial_number: '42',
      create_time: 1,
      delete_time: null,
      not_before: 2,
      not_after: 3,
      distinguished_name: {
        common_name: 'a',
        country: null,
        state: null,
        locality: null,
        organization: null,
        organizational_unit: null,
      },
      enc_cert_info: null,
      enterprise_project_id: '0',
    })
    expect(certificateList(1, [view])).toEqual({ total: 1, certificates: [certificateRecord(view)] })
    expect(certificateRecord({ ...view, state: 'revoked' }).status).toBe('REVOKED')
    expect(certificateRecord({ ...view, state: 'expired' }).status).toBe('EXPIRED')
  })

  test('the list sorts by issuer name too, and knows the three states', () => {
    const path = '/v1/private-certificates'
    expect(readListCertificates(`${path}?status=REVOKED&sort_key=issuer_name&limit=0`)).toEqual({
      limit: 0,
      offset: 0,
      descending: true,
      state: 'revoked',
      sortBy: 'issuerName',
    })
    expect(refusal(() => readListCertificates(`${path}?status=ACTIVED`)).message).toContain('status')
  })

  test('a malformed id is PCA.10010105, naming certificate_id', () => {
    expect(refusal(() => readCertificateId('x')).message).toContain('certificate_id')
    expect(readCertificateId(id)).toBe(id)
  })
})

describe('ExportCertificate, huawei-ca-lifecycle.md §7', () => {
  const read = (body: unknown) => readExportCertificate(id, bytes(body))

  test('flags are strings', () => {
    expect(read({ is_compressed: 'true', type: 'NGINX', password: 'p,.+-_#' })).toEqual({
      certificateId: id,
      compressed: true,
      serverType: 'nginx',
      gmStandard: false,
      password: 'p,.+-_#',
    })
    for (const bad of [{ is_compressed: true, type: 'NGINX' }, { is_compressed: 'true' }, { type: 'NGINX' }]) {
      expect(refusal(() => read(bad)).code).toBe('PCA.00020001')
    }
  })

  test('a password has at most 32 bytes and is never echoed', () => {
    for (const password of ['x'.repeat(33), 'hünter2', 'hun ter2']) {
      const error = refusal(() => read({ is_compressed: 'false', type: 'OTHER', password }))
      expect(error.code).toBe('PCA.00020001')
      expect(error.message).not.toContain(password)
    }
  })

  const made = { certificatePem: 'c', chainPems: ['i', 'r'], privateKeyPem: 'k' }
  const fromCsr = { certificatePem: 'c', chainPems: ['i', 'r'] }

  test('JSON: the private key only when the service made it', () => {
    const common = { certificate: 'c\r\n', certificate_chain: 'i\r\nr\r\n' }
    expect(exportedCertificate(made)).toEqual({ ...common, private_key: 'k\r\n' })
    expect(exportedCertificate(fromCsr)).toEqual(common)
  })

  test.each([
    ['apache', ['server.key', 'chain.crt', 'server.crt'], ['chain.crt', 'server.crt']],
    ['nginx', ['server.key', 'server.crt'], ['server.crt']],
    ['iis', ['server.pfx', 'keystorePass.txt'], ['chain.crt', 'server.crt']],
    ['tomcat', ['server.jks', 'keystorePass.txt'], ['chain.crt', 'server.crt']],
    ['other', ['server.key', 'chain.pem', 'server.pem'], ['chain.pem', 'cert.pem']],
  ] as const)('zip for %s', (type, withKey, withoutKey) => {
    const store = { bytes: Buffer.from('store'), chosenPassword: 'pw' }
    const keystore = type === 'iis' || type === 'tomcat' ? store : undefined
    expect(Object.keys(exportFiles(type, made, keystore))).toEqual(withKey)
    expect(Object.keys(exportFiles(type, fromCsr))).toEqual(withoutKey)
  })

  test('zip: for NGINX the chain follows the certificate; a given password is not written down', () => {
    expect(exportFiles('nginx', made)['server.crt']).toBe('c\r\ni\r\nr\r\n')
    expect(exportFiles('iis', made, { bytes: Buffer.from('x') })).not.toHaveProperty('keystorePass.txt')
  })

  test('a keystore type without its keystore never falls back to a key in the clear', () => {
    expect(exportFiles('tomcat', made)).not.toHaveProperty('server.key')
  })

  test('§7: the file name cannot end the header or leave the folder', () => {
    expect(zipHeaders('www.example.test', 'nginx')['Content-Disposition']).toBe(
      `attachment; filename="www.example.test_nginx.zip"; filename*=UTF-8''www.example.test_nginx.zip`,
    )
    const odd = zipHeaders(`../"中*\r\n\ud800`, 'iis')['Content-Disposition'] ?? ''
    expect(odd).toMatch(/^attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._%-]+$/)
  })
})
