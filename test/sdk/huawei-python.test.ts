import { afterAll, beforeAll, expect, test } from 'vitest'
import { unzipSync } from 'fflate'
import { huaweiHeaders } from '../support/client.ts'
import { crl, until } from '../support/life.ts'
import { crlPem, file, openssl, opensslReq, verify } from '../support/openssl.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { withClient } from './harness.ts'
import {
  aLeaf,
  aPendingCa,
  aRoot,
  aSubordinate,
  openPython,
  pythonClient,
  subject,
  type PythonClient,
} from './huawei-python.ts'

const unhurt = { freeze_flag: 0, free_quota: 0, charging_mode: 1, enterprise_project_id: '0' }

withClient('the life of CAs and certificates through Huawei’s Python client', pythonClient, () => {
  let service: Service
  let python: PythonClient
  let root: string
  let rootPem: string
  beforeAll(async () => {
    service = await startService()
    python = openPython(service)
    root = await createCa(aRoot)
    rootPem = (await python.done('ExportCertificateAuthorityCertificate', { ca_id: root })).certificate
  })
  afterAll(async () => {
    await python[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const createCa = async (body: object): Promise<string> =>
    (await python.done('CreateCertificateAuthority', { body })).ca_id
  const createCertificate = async (body: object): Promise<string> =>
    (await python.done('CreateCertificate', { body })).certificate_id
  const showCa = (id: string) => python.done('ShowCertificateAuthority', { ca_id: id })
  const importInto = (id: string, body: object) =>
    python.call('ImportCertificateAuthorityCertificate', { ca_id: id, body })
  const notImported = { ok: false, status: 400, code: 'PCA.10010908', class: 'ClientRequestException' }
  const exportJson = (id: string, more: object = {}) =>
    python.done('ExportCertificate', { certificate_id: id, body: { is_compressed: 'false', type: 'OTHER', ...more } })

  test('a root is active at once; the client’s classes read every field as it was sent', async () => {
    const answer = await python.call('ShowCertificateAuthority', { ca_id: root })
    expect(answer.model).toEqual(answer.body)
    expect(answer.requestId).toMatch(/^[0-9a-f]{32}$/)
    expect(answer.body).toMatchObject({
      ...unhurt,
      ca_id: root,
      type: 'ROOT',
      status: 'ACTIVED',
      path_length: 7,
      issuer_id: null,
      issuer_name: null,
      key_algorithm: 'EC256',
      signature_algorithm: 'SHA256',
      gen_mode: 'GENERATE',
      delete_time: null,
      distinguished_name: subject,
      domain_id: service.credentials.domainId,
    })
    const text = openssl('x509', '-in', file('root.pem', rootPem), '-noout', '-serial', '-enddate')
    const [, serial] = /serial=([0-9A-F]+)/.exec(text)!
    expect(answer.body.serial_number).toBe(BigInt(`0x${serial}`).toString())
    expect(new Date(/notAfter=(.+)/.exec(text)![1]!).getTime()).toBe(answer.body.not_after)
  })

  test('a subordinate with issuer, hash and validity is active at once, and OpenSSL accepts it under its root', async () => {
    const id = await createCa(aSubordinate(root, { path_length: 1 }))
    expect(await showCa(id)).toMatchObject({
      type: 'SUBORDINATE',
      status: 'ACTIVED',
      issuer_id: root,
      issuer_name: 'SDK Root',
      path_length: 1,
    })
    const { certificate, certificate_chain: chain } = await python.done('ExportCertificateAuthorityCertificate', {
      ca_id: id,
    })
    expect(chain).toBe(rootPem)
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----\r\n/)
    expect(verify(certificate, { roots: chain })).toMatchObject({ accepted: true })
  })

  test.each(['issuer_id', 'signature_algorithm', 'validity'])(
    'a subordinate without %s is PENDING; activated, it is ACTIVED with the key of its CSR',
    async (missing) => {
      const id = await createCa(Object.fromEntries(Object.entries(aSubordinate(root)).filter(([k]) => k !== missing)))
      expect(await showCa(id)).toMatchObject({ status: 'PENDING', issuer_id: null, not_after: null })
      const { csr } = await python.done('ExportCertificateAuthorityCsr', { ca_id: id })
      const body = { issuer_id: root, signature_algorithm: 'SHA384', validity: { type: 'MONTH', value: 12 } }
      expect(await python.call('IssueCertificateAuthorityCertificate', { ca_id: id, body })).toMatchObject({
        ok: true,
        status: 204,
      })
      const shown = await showCa(id)
      expect(shown).toMatchObject({ status: 'ACTIVED', issuer_id: root, signature_algorithm: 'SHA384', path_length: 0 })
      expect(shown.not_after - shown.not_before).toBe(12 * 31 * 86_400_000)
      const { certificate } = await python.done('ExportCertificateAuthorityCertificate', { ca_id: id })
      expect(verify(certificate, { roots: rootPem })).toMatchObject({ accepted: true })
      expect(openssl('x509', '-in', file('ca.pem', certificate), '-noout', '-pubkey')).toBe(
        openssl('req', '-in', file('ca.csr', csr), '-noout', '-verify', '-pubkey'),
      )
    },
  )

  test('a PENDING CA becomes ACTIVED with a certificate that an outside CA made from its CSR', async () => {
    const outside = outsideCa()
    const id = await createCa(aPendingCa)
    const { csr } = await python.done('ExportCertificateAuthorityCsr', { ca_id: id })
    const body = { certificate: outside.sign(csr), certificate_chain: outside.pem }
    expect(await importInto(id, body)).toMatchObject({ ok: true, status: 204 })
    expect(await showCa(id)).toMatchObject({
      status: 'ACTIVED',
      gen_mode: 'IMPORT',
      issuer_id: null,
      issuer_name: 'Outside CA',
      path_length: 0,
    })
    const leaf = await exportJson(await createCertificate(aLeaf(id)))
    expect(leaf.certificate_chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    const accepted = verify(leaf.certificate, { roots: outside.pem, chain: leaf.certificate_chain })
    expect(accepted).toMatchObject({ accepted: true })
  })

  test('a certificate that was not made from the exported CSR is not imported, and the CA stays PENDING', async () => {
    const outside = outsideCa()
    const [id, other] = [await createCa(aPendingCa), await createCa(aPendingCa)]
    const { csr } = await python.done('ExportCertificateAuthorityCsr', { ca_id: other })
    for (const certificate of [outside.sign(csr), outside.pem, 'no certificate'])
      expect(await importInto(id, { certificate })).toMatchObject(notImported)
    expect(await showCa(id)).toMatchObject({ status: 'PENDING', gen_mode: 'GENERATE' })
  })

  test('a chain that no verifier would accept is not imported', async () => {
    const id = await createCa(aPendingCa)
    const { csr } = await python.done('ExportCertificateAuthorityCsr', { ca_id: id })
    const certificate = outsideCa().sign(csr)
    expect(await importInto(id, { certificate, certificate_chain: outsideCa().pem })).toMatchObject(notImported)
    for (const constraints of ['CA:FALSE', 'CA:TRUE,pathlen:0']) {
      const outside = outsideCa(constraints)
      const body = { certificate: outside.sign(csr), certificate_chain: outside.pem }
      expect(await importInto(id, body)).toMatchObject(notImported)
    }
    expect((await showCa(id)).status).toBe('PENDING')
  })

  test('lists filter by status, type and part of the name, sort, and count beyond the page', async () => {
    const named = (commonName: string) => ({ distinguished_name: { ...subject, common_name: commonName } })
    for (const name of ['Filter B', 'Filter A', 'Filter C']) await createCa(aSubordinate(root, named(name)))
    const disabled = await createCa(aSubordinate(root, named('Filter D')))
    await python.done('DisableCertificateAuthority', { ca_id: disabled })
    const list = async (query: object) => {
      const { total, certificate_authorities: rows } = await python.done('ListCertificateAuthority', query)
      return [
        total,
        ...rows.map((row: { distinguished_name: { common_name: string } }) => row.distinguished_name.common_name),
      ]
    }
    const sorted = { name: 'ilter', sort_key: 'common_name', sort_dir: 'ASC' }
    expect(await list(sorted)).toEqual([4, 'Filter A', 'Filter B', 'Filter C', 'Filter D'])
    expect(await list({ ...sorted, limit: 2, offset: 1 })).toEqual([4, 'Filter B', 'Filter C'])
    expect(await list({ ...sorted, sort_dir: 'DESC', limit: 1 })).toEqual([4, 'Filter D'])
    expect(await list({ ...sorted, status: 'DISABLED' })).toEqual([1, 'Filter D'])
    expect(await list({ ...sorted, type: 'ROOT' })).toEqual([0])
    expect(await list({ type: 'ROOT' })).toEqual([1, 'SDK Root'])
    expect(await list({ limit: 0, name: 'ilter' })).toEqual([4])
  })

  test('a DISABLED CA issues nothing until it is enabled again', async () => {
    const id = await createCa(aSubordinate(root))
    expect(await python.call('DisableCertificateAuthority', { ca_id: id })).toMatchObject({ ok: true, status: 204 })
    expect((await showCa(id)).status).toBe('DISABLED')
    expect(await python.call('CreateCertificate', { body: aLeaf(id) })).toMatchObject({
      ok: false,
      status: 400,
      code: 'PCA.10010905',
      message: 'the issuing CA cannot issue: it is DISABLED',
    })
    expect(await python.call('EnableCertificateAuthority', { ca_id: id })).toMatchObject({ ok: true, status: 204 })
    expect((await showCa(id)).status).toBe('ACTIVED')
    expect(await createCertificate(aLeaf(id))).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('a certificate with our key: shown, listed, exported as JSON with the key that fits', async () => {
    const id = await createCertificate(aLeaf(root, 'ours.example.test'))
    const answer = await python.call('ShowCertificate', { certificate_id: id })
    expect(answer.model).toEqual(answer.body)
    expect(answer.body).toMatchObject({
      certificate_id: id,
      status: 'ISSUED',
      issuer_id: root,
      issuer_name: 'SDK Root',
      gen_mode: 'GENERATE',
      key_algorithm: 'EC256',
      // What a subject leaves out is copied from the issuing CA (huawei-ca-lifecycle.md §5.2).
      distinguished_name: { ...subject, common_name: 'ours.example.test' },
    })
    const { total, certificates } = await python.done('ListCertificate', { name: 'ours.', status: 'ISSUED' })
    expect([total, certificates[0].certificate_id]).toEqual([1, id])
    const exported = await exportJson(id)
    expect(verify(exported.certificate, { roots: rootPem })).toMatchObject({ accepted: true })
    expect(exported.certificate_chain).toBe(rootPem)
    expect(publicKeyOf(exported.private_key)).toBe(
      openssl('x509', '-in', file('leaf.pem', exported.certificate), '-noout', '-pubkey'),
    )
    const locked = await exportJson(id, { password: 'Secret-1' })
    expect(locked.private_key).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    expect(publicKeyOf(locked.private_key, 'Secret-1')).toBe(publicKeyOf(exported.private_key))
  })

  test('a certificate by CSR: key and subject of the CSR, SHA-384, and no key here', async () => {
    const { csr } = aCsr('/C=DE/O=Caller/CN=csr.example.test')
    const body = { issuer_id: root, csr, validity: { type: 'DAY', value: 30 }, type: 'ENTITY_CERT' }
    const { certificate_id: id } = await python.done('CreateCertificateByCsr', { body })
    expect(await python.done('ShowCertificate', { certificate_id: id })).toMatchObject({
      status: 'ISSUED',
      gen_mode: 'CSR',
      signature_algorithm: 'SHA384',
      distinguished_name: { common_name: 'csr.example.test', country: 'DE', organization: 'Caller', locality: null },
    })
    const exported = await exportJson(id)
    expect(Object.keys(exported).toSorted()).toEqual(['certificate', 'certificate_chain'])
    expect(verify(exported.certificate, { roots: rootPem })).toMatchObject({ accepted: true })
    const text = openssl('x509', '-in', file('leaf.pem', exported.certificate), '-noout', '-text')
    expect(text).toContain('DNS:csr.example.test')
    expect(text).toContain('ecdsa-with-SHA384')
  })

  test('INTERMEDIATE_CA by CSR: shown and exported under its id as a CA, in no list, and it issues nothing here', async () => {
    const { csr } = aCsr('/C=DE/O=Caller/CN=Outside Key CA')
    const body = { issuer_id: root, csr, validity: { type: 'YEAR', value: 1 }, type: 'INTERMEDIATE_CA', path_length: 0 }
    const { certificate_id: id } = await python.done('CreateCertificateByCsr', { body })
    expect(await showCa(id)).toMatchObject({ ca_id: id, gen_mode: 'CSR', issuer_id: root })
    const { certificate } = await python.done('ExportCertificateAuthorityCertificate', { ca_id: id })
    expect(openssl('x509', '-in', file('ca.pem', certificate), '-noout', '-text')).toContain('CA:TRUE, pathlen:0')
    expect((await python.done('ListCertificateAuthority', { name: 'Outside Key' })).total).toBe(0)
    expect(await python.call('CreateCertificate', { body: aLeaf(id) })).toMatchObject({
      ok: false,
      status: 400,
      code: 'PCA.10010904',
    })
  })

  const zipFiles = [
    ['APACHE', ['chain.crt', 'server.crt', 'server.key'], ['chain.crt', 'server.crt']],
    ['NGINX', ['server.crt', 'server.key'], ['server.crt']],
    ['OTHER', ['chain.pem', 'server.key', 'server.pem'], ['cert.pem', 'chain.pem']],
    ['IIS', ['keystorePass.txt', 'server.pfx'], ['chain.crt', 'server.crt']],
    ['TOMCAT', ['keystorePass.txt', 'server.jks'], ['chain.crt', 'server.crt']],
  ] as const

  test.each(zipFiles)(
    'zip export for %s by plain HTTP holds %j, of a CSR’s certificate %j',
    async (type, ours, csrs) => {
      const id = await createCertificate(aLeaf(root, 'zip.example.test'))
      const { files, disposition } = await exportZip(id, type)
      expect(Object.keys(files).toSorted()).toEqual(ours)
      expect(disposition).toContain(`filename="zip.example.test_${type.toLowerCase()}.zip"`)
      const { certificate } = await exportJson(id)
      if (type === 'NGINX') expect(files['server.crt']!.toString()).toBe(certificate + rootPem)
      if (type === 'APACHE' || type === 'OTHER') {
        const extension = type === 'OTHER' ? 'pem' : 'crt'
        expect(files[`server.${extension}`]!.toString()).toBe(certificate)
        expect(files[`chain.${extension}`]!.toString()).toBe(rootPem)
      }
      const key = files['server.key']
      if (key)
        expect(publicKeyOf(key.toString())).toBe(
          openssl('x509', '-in', file('leaf.pem', certificate), '-noout', '-pubkey'),
        )
      if (type === 'IIS') {
        const opened = pkcs12(files['server.pfx']!, files['keystorePass.txt']!.toString())
        expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
        expect(opened).toContain(certificate.replaceAll('\r', '').trim())
        const withPassword = (await exportZip(id, type, { password: 'Secret-1' })).files
        expect(Object.keys(withPassword)).toEqual(['server.pfx'])
        expect(pkcs12(withPassword['server.pfx']!, 'Secret-1')).toContain('BEGIN PRIVATE KEY')
      }
      if (type === 'TOMCAT') expect(files['server.jks']!.readUInt32BE()).toBe(0xfeedfeed)

      const { csr } = aCsr('/CN=csr.example.test')
      const body = { issuer_id: root, csr, validity: { type: 'DAY', value: 30 } }
      const { certificate_id: byCsr } = await python.done('CreateCertificateByCsr', { body })
      expect(Object.keys((await exportZip(byCsr, type)).files).toSorted()).toEqual(csrs)
    },
  )

  test('a zip file reaches the client as bytes: the same files as by plain HTTP', async () => {
    const id = await createCertificate(aLeaf(root))
    const body = { is_compressed: 'true', type: 'OTHER' }
    const { base64 } = await python.done('ExportCertificate', { certificate_id: id, body })
    expect(Object.keys(unzipSync(Buffer.from(base64, 'base64'))).toSorted()).toEqual(zipFiles[2][1])
  })

  test('revoked: REVOKED, on the CRL with its reason, not exported, not revoked twice', async () => {
    const issuer = await createCa(aSubordinate(root))
    const id = await createCertificate(aLeaf(issuer))
    const revoke = (body: object = {}) => python.call('RevokeCertificate', { certificate_id: id, body })
    expect(await revoke({ reason: 'SUPERSEDED' })).toMatchObject({ ok: true, status: 204 })
    const shown = await python.done('ShowCertificate', { certificate_id: id })
    expect(shown.status).toBe('REVOKED')
    expect((await python.done('ListCertificate', { status: 'REVOKED' })).certificates).toEqual([shown])
    const serial = BigInt(shown.serial_number).toString(16).toUpperCase()
    const listed = await until('the serial is on the CRL', async () => {
      const der = await crl(service, issuer)
      const text = der && openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text')
      return text?.includes(serial) ? text : undefined
    })
    expect(listed).toContain('Superseded')
    expect(await revoke()).toMatchObject({ ok: false, status: 400, code: 'PCA.10010940' })
    expect(
      await python.call('ExportCertificate', { certificate_id: id, body: { is_compressed: 'false', type: 'OTHER' } }),
    ).toMatchObject({ ok: false, status: 400, code: 'PCA.10010930', message: expect.stringContaining('REVOKED') })
  })

  test.each([
    ['no body', {}],
    ['{}', { body: {} }],
    ['a null reason, as Terraform sends it', { body: { reason: null } }],
  ])('revoking with %s is revoking without a reason', async (_, request) => {
    const id = await createCertificate(aLeaf(root))
    expect(await python.call('RevokeCertificate', { certificate_id: id, ...request })).toMatchObject({ status: 204 })
    expect((await python.done('ShowCertificate', { certificate_id: id })).status).toBe('REVOKED')
  })

  test('a deleted certificate is gone from the reads, whatever its state, and deleting does not revoke', async () => {
    const issuer = await createCa(aSubordinate(root))
    const [valid, revoked] = [await createCertificate(aLeaf(issuer)), await createCertificate(aLeaf(issuer))]
    const { serial_number: serial } = await python.done('ShowCertificate', { certificate_id: valid })
    await python.done('RevokeCertificate', { certificate_id: revoked, body: {} })
    for (const id of [valid, revoked]) {
      expect(await python.call('DeleteCertificate', { certificate_id: id })).toMatchObject({ ok: true, status: 204 })
      for (const operation of ['ShowCertificate', 'DeleteCertificate'])
        expect(await python.call(operation, { certificate_id: id })).toMatchObject({
          ok: false,
          status: 404,
          code: 'PCA.10010002',
        })
    }
    const text = await until('a CRL with the revoked one', async () => {
      const der = await crl(service, issuer)
      const said = der && openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text')
      return said?.includes('Serial Number') ? said : undefined
    })
    expect(text.match(/Serial Number/g)).toHaveLength(1)
    expect(text).not.toContain(BigInt(serial).toString(16).toUpperCase())
  })

  async function exportZip(id: string, type: string, more: object = {}) {
    const url = new URL(`/v1/private-certificates/${id}/export`, service.url)
    const body = JSON.stringify({ is_compressed: 'true', type, ...more })
    const headers = huaweiHeaders(service.credentials, 'POST', url, body)
    const response = await fetch(url, { method: 'POST', headers, body })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/zip')
    const files = Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer())))
    return {
      files: Object.fromEntries(files.map(([name, bytes]) => [name, Buffer.from(bytes)])) as Record<string, Buffer>,
      disposition: response.headers.get('content-disposition'),
    }
  }
})

const publicKeyOf = (pem: string, password = ''): string =>
  openssl('pkey', '-in', file('key.pem', pem), '-passin', `pass:${password}`, '-pubout')

const pkcs12 = (bytes: Buffer, password: string): string =>
  openssl('pkcs12', '-in', file('server.pfx', bytes), '-passin', `pass:${password}`, '-nodes')

function aCsr(subjectText: string): { csr: string } {
  const key = `${temporaryFolder()}/key.pem`
  const name = /CN=([^/]+)/.exec(subjectText)![1]!
  const csr = opensslReq(
    ['-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key],
    ['-subj', subjectText, '-addext', `subjectAltName=DNS:${name.replaceAll(' ', '-')}`],
  )
  return { csr }
}

/** A CA that openssl keeps, as a user's own would be. */
function outsideCa(constraints = 'CA:TRUE') {
  const folder = temporaryFolder()
  const key = `${folder}/ca.key`
  const pem = opensslReq(
    ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-keyout', key],
    ['-days', '3650', '-subj', '/CN=Outside CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ['-addext', `basicConstraints=critical,${constraints}`, '-addext', 'subjectKeyIdentifier=hash'],
  )
  const certificate = file('outside.pem', pem)
  const extensions = file(
    'extensions.cnf',
    'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
  )
  return {
    pem,
    sign: (csr: string) =>
      openssl(
        ['x509', '-req', '-in', file('ca.csr', csr), '-CA', certificate, '-CAkey', key],
        ['-days', '1825', '-set_serial', '0x4711', '-extfile', extensions],
      ),
  }
}
