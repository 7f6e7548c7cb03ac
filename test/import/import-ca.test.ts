import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, crl, until } from '../support/life.ts'
import { crlPem, file, openssl, verify } from '../support/openssl.ts'
import { certificatePem } from '../support/pem.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { describeWith, isMissing } from '../support/tools.ts'
import { converted, ofCa, opensslCa, opensslDatabase, outsideLeaf, pkcs12Of, type OutsideCa } from './openssl-ca.ts'

const day = 86_400_000
const passphrase = 'a passphrase 密码'
const accepted = { accepted: true }
const refused = (why: string) => ({ accepted: false, said: expect.stringContaining(why) as string })

describeWith('openssl', 'a CA that has lived elsewhere comes with its key', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service[Symbol.asyncDispose]())

  const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  const imported = async (input: object): Promise<string> => (await call('ImportCa', input)).caId as string
  const exported = async (caId: string) => (await call('ExportCaCertificate', { caId })) as ExportedCa
  const show = async (caId: string) => (await call('ShowCa', { caId })).ca
  const crlOf = async (caId: string) => crlPem(await until('a CRL', () => crl(service, caId)))
  const crlText = (caId: string, entries: number): Promise<string> =>
    until(`${entries} on the CRL`, async () => {
      const text = openssl('crl', '-in', file('crl.pem', await crlOf(caId)), '-noout', '-text')
      return (text.match(/Serial Number/g) ?? []).length === entries && text
    })

  async function leaf(issuerId: string, name = 'leaf.example.test'): Promise<{ id: string; pem: string }> {
    const { certificateId: id } = await call('IssueCertificate', {
      issuerId,
      subject: { commonName: name },
      keyAlgorithm: 'p256',
      validity: { unit: 'day', amount: 60 },
      names: [{ type: 'dns', value: name }],
    })
    const { certificate } = await call('ExportPrivateCertificate', { certificateId: id })
    return { id, pem: certificatePem(certificate.certificate as string) }
  }

  describe('made with openssl', () => {
    test.each(['rsa2048', 'p256', 'p384', 'p521', 'ed25519'])(
      'a %s root: issues, revokes and publishes here, and OpenSSL follows old and new to the same root',
      async (keyAlgorithm) => {
        const outside = opensslCa({ keyAlgorithm })
        const old = outsideLeaf(outside, 'old.example.test', '77')
        const caId = await imported({ certificates: outside.certificate, privateKey: outside.key })
        expect(await show(caId)).toMatchObject({
          type: 'root',
          state: 'active',
          genMode: 'importKey',
          keyAlgorithm,
          issuerId: null,
          subject: { commonName: 'Outside Root', organization: 'Outside', country: 'CN' },
        })
        const { certificate, chain } = await exported(caId)
        expect(new X509Certificate(certificatePem(certificate)).raw).toEqual(
          new X509Certificate(outside.certificate).raw,
        )
        expect(chain).toEqual([])

        const { id, pem } = await leaf(caId)
        const roots = outside.certificate
        expect(verify(pem, { roots, crls: await crlOf(caId) })).toMatchObject(accepted)
        expect(verify(old, { roots, crls: await crlOf(caId) })).toMatchObject(accepted)
        await call('RevokeCertificate', { certificateId: id, reason: 'superseded' })
        await crlText(caId, 1)
        expect(verify(pem, { roots, crls: await crlOf(caId) })).toMatchObject(refused('certificate revoked'))
      },
    )

    const forms: readonly [string, string, (ca: OutsideCa) => object][] = [
      ['SEC 1', 'p256', (ca) => ({ privateKey: converted(ca, 'ec', '-in', 'key.pem') })],
      [
        'SEC 1 behind EC PARAMETERS',
        'p384',
        (ca) => ({ privateKey: ecParameters() + converted(ca, 'ec', '-in', 'key.pem') }),
      ],
      ['PKCS #1', 'rsa2048', (ca) => ({ privateKey: converted(ca, 'rsa', '-in', 'key.pem', '-traditional') })],
      ['PKCS #8 encrypted with AES', 'p256', (ca) => ({ passphrase, privateKey: encrypted(ca, '-v2', 'aes-256-cbc') })],
      ['PKCS #8 encrypted, Ed25519', 'ed25519', (ca) => ({ passphrase, privateKey: encrypted(ca) })],
    ]
    const encrypted = (ca: OutsideCa, ...how: string[]) =>
      converted(ca, 'pkcs8', '-topk8', '-in', 'key.pem', '-passout', `pass:${passphrase}`, ...how)
    const ecParameters = () => openssl('ecparam', '-name', 'secp384r1')

    test.each(forms)('its key as %s', async (_, keyAlgorithm, form) => {
      const outside = opensslCa({ keyAlgorithm })
      const caId = await imported({ certificates: outside.certificate, ...form(outside) })
      expect(verify((await leaf(caId)).pem, { roots: outside.certificate })).toMatchObject(accepted)
    })

    test.each<[string, string[]]>([
      ['as OpenSSL 3 writes it', []],
      ['with 3DES', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ])('PKCS #12 %s: an issuing CA with its root', async (_, how) => {
      const root = opensslCa({ keyAlgorithm: 'rsa2048' })
      const outside = opensslCa({ parent: root })
      const caId = await imported({ pkcs12: pkcs12Of(outside, passphrase, [root.certificate], ...how), passphrase })
      expect(await show(caId)).toMatchObject({
        type: 'subordinate',
        issuerName: 'Outside Root',
        signatureHash: 'sha256',
      })
      const { chain } = await exported(caId)
      expect(chain.map((each) => new X509Certificate(certificatePem(each)).subject)).toEqual([
        new X509Certificate(root.certificate).subject,
      ])
      const { pem } = await leaf(caId)
      expect(verify(pem, { roots: root.certificate, chain: outside.certificate })).toMatchObject(accepted)
    })

    test('a chain in any order; three levels', async () => {
      const root = opensslCa()
      const middle = opensslCa({
        parent: root,
        subject: '/CN=Middle',
        extensions: ofCa.replace('TRUE', 'TRUE,pathlen:1'),
      })
      const outside = opensslCa({
        parent: middle,
        subject: '/CN=Lowest',
        extensions: ofCa.replace('TRUE', 'TRUE,pathlen:0'),
      })
      const certificates = root.certificate + outside.certificate + middle.certificate
      const caId = await imported({ certificates, privateKey: outside.key })
      const { pem } = await leaf(caId)
      const chain = outside.certificate + middle.certificate
      expect(verify(pem, { roots: root.certificate, chain })).toMatchObject(accepted)
      const below = call('CreateCa', {
        type: 'subordinate',
        issuerId: caId,
        subject: { commonName: 'Too deep' },
        keyAlgorithm: 'p256',
        signatureHash: 'sha256',
        validity: { unit: 'day', amount: 10 },
      })
      await expect(below).rejects.toThrow('IssuerPathExhausted')
    })

    test('name constraints that it came with are in force: what is refused here OpenSSL refuses too', async () => {
      const constrained = `${ofCa}nameConstraints=critical,permitted;DNS:example.test,excluded;DNS:secret.example.test\n`
      const outside = opensslCa({ extensions: constrained })
      const caId = await imported({ certificates: outside.certificate, privateKey: outside.key })
      expect(verify((await leaf(caId, 'a.example.test')).pem, { roots: outside.certificate })).toMatchObject(accepted)
      for (const name of ['a.example.org', 'a.secret.example.test']) {
        await expect(leaf(caId, name)).rejects.toThrow('name-constraints-kept')
        expect(verify(outsideLeaf(outside, name, '99'), { roots: outside.certificate })).toMatchObject(
          refused('subtree'),
        )
      }
    })

    test('the issuing CA of a root of ours, signed by openssl’s copy of that root: it hangs on it and can be revoked', async () => {
      const root = opensslCa()
      const outside = opensslCa({ parent: root })
      const issuerId = await imported({ certificates: root.certificate, privateKey: root.key })
      const caId = await imported({ certificates: outside.certificate, privateKey: outside.key, issuerId })
      expect(await show(caId)).toMatchObject({ issuerId, issuerName: 'Outside Root', chain: null })
      await call('RevokeCa', { caId, reason: 'cessationOfOperation' })
      const text = await crlText(issuerId, 1)
      expect(text).toContain(new X509Certificate(outside.certificate).serialNumber.replace(/^0+/, ''))
      await expect(leaf(caId)).rejects.toThrow('CaRevoked')
    })
  })

  describe('made with cfssl', () => {
    test.skipIf(isMissing('cfssl'))('ca.pem and ca-key.pem, with the rows of its database', async () => {
      const cfssl = (args: string[], input: string) =>
        JSON.parse(execFileSync('cfssl', args, { encoding: 'utf8', input, cwd: temporaryFolder(), stdio: 'pipe' })) as {
          cert: string
          key: string
        }
      const request = (key: object) => JSON.stringify({ CN: 'cfssl Root', key, names: [{ C: 'CN', O: 'cfssl' }] })
      for (const key of [
        { algo: 'ecdsa', size: 256 },
        { algo: 'rsa', size: 2048 },
      ]) {
        const { cert, key: privateKey } = cfssl(['genkey', '-initca', '-'], request(key))
        const expiry = new Date(Date.now() + 300 * day).toISOString().replace(/\.\d+/, '')
        const caId = await imported({
          certificates: cert,
          privateKey,
          cfsslCertificates: [
            {
              serial_number: '1234567890123456789012345678901234567890',
              status: 'good',
              expiry,
              revoked_at: null,
              pem: 'x',
            },
            {
              serial_number: '255',
              authority_key_identifier: 'ab',
              ca_label: '',
              status: 'revoked',
              reason: 4,
              expiry: expiry.replace('T', ' ').replace('Z', '+00:00'),
              revoked_at: '2026-01-02 03:04:05+00:00',
            },
          ],
        })
        const text = await crlText(caId, 1)
        expect(text).toMatch(/Serial Number: 0?FF\s/)
        expect(text).toContain('Superseded')
        expect(text).toContain('Jan  2 03:04:05 2026')
        expect(verify((await leaf(caId)).pem, { roots: cert })).toMatchObject(accepted)
      }
    })
  })

  describe('made with step-ca: root_ca.crt, intermediate_ca.crt and secrets/intermediate_ca_key', () => {
    const root = opensslCa({
      subject: '/O=Smallstep/CN=Smallstep Root CA',
      extensions: 'basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\n',
    })
    const intermediate = () =>
      opensslCa({
        parent: root,
        subject: '/O=Smallstep/CN=Smallstep Intermediate CA',
        extensions: 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n',
      })
    const keyForms: [string, (ca: OutsideCa) => string][] = [
      // Go's EncryptPEMBlock, which step uses: SEC 1 under RFC 1421 headers.
      [
        'EC PRIVATE KEY with DEK-Info',
        (ca) => converted(ca, 'ec', '-in', 'key.pem', '-aes256', '-passout', `pass:${passphrase}`),
      ],
      [
        'ENCRYPTED PRIVATE KEY',
        (ca) =>
          converted(ca, 'pkcs8', '-topk8', '-in', 'key.pem', '-v2', 'aes-256-cbc', '-passout', `pass:${passphrase}`),
      ],
    ]
    test.each(keyForms)('with its key as %s', async (_, form) => {
      const outside = intermediate()
      const privateKey = form(outside)
      expect(privateKey).toMatch(/DEK-Info: AES-256-CBC|BEGIN ENCRYPTED PRIVATE KEY/)
      const certificates = root.certificate + outside.certificate
      const caId = await imported({ certificates, privateKey, passphrase })
      expect(await show(caId)).toMatchObject({ type: 'subordinate', pathLength: 0, issuerName: 'Smallstep Root CA' })
      const { pem } = await leaf(caId)
      expect(verify(pem, { roots: root.certificate, chain: outside.certificate })).toMatchObject(accepted)
    })
  })

  describe('what it issued before', () => {
    test('index.txt of openssl ca: what it revoked stays on the CRL, under a number above the last', async () => {
      const outside = opensslCa()
      const { index, leaves } = opensslDatabase(outside)
      expect(index.split('\n')).toHaveLength(3)
      const lastCrlNumber = 4_000_000_000_000
      const caId = await imported({
        certificates: outside.certificate,
        privateKey: outside.key,
        opensslIndex: index,
        lastCrlNumber,
      })
      const text = await crlText(caId, 1)
      expect(text).toMatch(/Serial Number: 1002\s[^]*Key Compromise/)
      expect(BigInt(/CRL Number: *\n *(0x[0-9A-F]+|[0-9]+)/i.exec(text)![1]!)).toBe(BigInt(lastCrlNumber) + 1n)
      const checked = { roots: outside.certificate, crls: await crlOf(caId) }
      expect(verify(leaves[0]!, checked)).toMatchObject(accepted)
      expect(verify(leaves[1]!, checked)).toMatchObject(refused('certificate revoked'))
    })

    test('serials are kept apart: one that was used is not used again, and loading it twice is refused', async () => {
      const outside = opensslCa()
      const issued = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => ({
          serial: (from + i).toString(16),
          notAfter: Date.now() + 30 * day,
          ...(i % 2 === 0 ? {} : { revokedAt: Date.now() - day, reason: 'superseded' }),
        }))
      const certificates = outside.certificate
      const caId = await imported({ certificates, privateKey: outside.key, issued: issued(1, 10_000) })
      const { loaded } = await call('ImportIssued', { caId, issued: issued(20_001, 1_000) })
      expect(loaded).toBe(1_000)
      expect(await crlText(caId, 5_500)).toContain('Superseded')
      await expect(call('ImportIssued', { caId, issued: issued(10_000, 2) })).rejects.toThrow('SerialTaken')
      await crlText(caId, 5_500)
      await expect(call('ImportIssued', { caId, issued: issued(50_001, 10_001) })).rejects.toThrow('InputInvalid')
    })

    test('what is a root’s own entry in its database is no child of it', async () => {
      const outside = opensslCa()
      const { serialNumber } = new X509Certificate(outside.certificate)
      const index = `V\t360101000000Z\t\t${serialNumber}\tunknown\t/CN=Outside Root\n`
      const caId = await imported({ certificates: outside.certificate, privateKey: outside.key, opensslIndex: index })
      expect(await show(caId)).toMatchObject({ serial: serialNumber.toLowerCase() })
    })

    test.each<[string, object]>([
      [
        'a serial given twice, in two spellings',
        {
          issued: [
            { serial: '0A', notAfter: 1 },
            { serial: 'a', notAfter: 1 },
          ],
        },
      ],
      ['a revocation of tomorrow', { issued: [{ serial: '1', notAfter: 1, revokedAt: Date.now() + 2 * day }] }],
      ['a reason without an instant', { issued: [{ serial: '1', notAfter: 1, reason: 'superseded' }] }],
      ['a serial of more than 20 octets', { issued: [{ serial: 'f'.repeat(41), notAfter: 1 }] }],
      ['an index that is none', { opensslIndex: 'V 1 2 3' }],
      ['an index with a time that is none', { opensslIndex: 'V\t991301000000Z\t\t01\tunknown\t/CN=a' }],
      [
        'an index with a reason that is none',
        { opensslIndex: 'R\t300101000000Z\t250101000000Z,because\t01\tunknown\t/CN=a' },
      ],
      [
        'rows with a time that is none',
        { cfsslCertificates: [{ serial_number: '1', status: 'good', expiry: 'soon' }] },
      ],
      ['a last CRL number that is no number of ours', { lastCrlNumber: 2 ** 60 }],
    ])('%s is refused', async (_, ledger) => {
      const outside = opensslCa()
      const input = { certificates: outside.certificate, privateKey: outside.key, ...ledger }
      await expect(call('ImportCa', input)).rejects.toThrow('InputInvalid')
    })

    test('only what came with its key can be told of', async () => {
      const { caId } = await call('CreateCa', {
        type: 'root',
        subject: { commonName: 'Ours' },
        keyAlgorithm: 'p256',
        signatureHash: 'sha256',
        validity: { unit: 'year', amount: 1 },
      })
      const more = call('ImportIssued', { caId, issued: [{ serial: '1', notAfter: 1 }] })
      await expect(more).rejects.toThrow('InputInvalid')
    })
  })

  describe('what is refused, and leaves nothing', () => {
    const good = opensslCa()
    const pems = ({ certificate, key }: OutsideCa) => ({ certificates: certificate, privateKey: key })
    const rsaWith = (publicExponent: number, modulusLength: number) =>
      generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey.export({
        format: 'pem',
        type: 'pkcs8',
      }) as string

    const cases: readonly [string, string, () => object][] = [
      [
        'a key of another certificate',
        'CertificateNotOfThisCa',
        () => ({ ...pems(good), privateKey: opensslCa().key }),
      ],
      ['no certificate', 'InputInvalid', () => ({ privateKey: good.key })],
      ['no key', 'InputInvalid', () => ({ certificates: good.certificate })],
      ['PKCS #12 beside PEM', 'InputInvalid', () => ({ ...pems(good), pkcs12: 'MAA=', passphrase })],
      ['PKCS #12 without a passphrase', 'InputInvalid', () => ({ pkcs12: pkcs12Of(good, passphrase) })],
      [
        'PKCS #12 with another passphrase',
        'CaKeyUnreadable',
        () => ({ pkcs12: pkcs12Of(good, passphrase), passphrase: 'x' }),
      ],
      [
        'PKCS #12 with RC2',
        'CaKeyUnreadable',
        () => ({ pkcs12: pkcs12Of(good, passphrase, [], '-legacy'), passphrase }),
      ],
      ['what is no PKCS #12', 'CaKeyUnreadable', () => ({ pkcs12: 'MAA=', passphrase })],
      [
        'an encrypted key without its passphrase',
        'CaKeyUnreadable',
        () => ({
          ...pems(good),
          privateKey: converted(good, 'pkcs8', '-topk8', '-in', 'key.pem', '-passout', `pass:${passphrase}`),
        }),
      ],
      [
        'a key encrypted with DES in the older way',
        'CaKeyUnreadable',
        () => ({
          ...pems(good),
          passphrase,
          privateKey: converted(good, 'ec', '-in', 'key.pem', '-des3', '-passout', `pass:${passphrase}`),
        }),
      ],
      ['a certificate that is no CA’s', 'CertificateNotOfThisCa', () => pems(opensslCa({ extensions: '' }))],
      [
        'a CA that may not sign certificates',
        'CertificateNotOfThisCa',
        () => pems(opensslCa({ extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n' })),
      ],
      [
        'a CA that may not sign CRLs',
        'CertificateNotOfThisCa',
        () => pems(opensslCa({ extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' })),
      ],
      ['a CA without a key identifier', 'CertificateNotOfThisCa', () => pems(opensslCa({ identify: false }))],
      ['RSA of 1024 bits', 'KeyRefused', () => pems(opensslCa({ from: rsaWith(65_537, 1024) }))],
      ['RSA with the exponent 3', 'KeyRefused', () => pems(opensslCa({ from: rsaWith(3, 2048) }))],
      [
        'a chain that is not its own',
        'CertificateNotOfThisCa',
        () => ({ ...pems(good), certificates: good.certificate + opensslCa({ subject: '/CN=Another' }).certificate }),
      ],
      [
        'a chain with another root of the same name',
        'CertificateNotOfThisCa',
        () => {
          const outside = opensslCa({ parent: opensslCa() })
          return { ...pems(outside), certificates: outside.certificate + opensslCa().certificate }
        },
      ],
      [
        'a path length that is exceeded',
        'CertificateNotOfThisCa',
        () => {
          const root = opensslCa({ extensions: ofCa.replace('TRUE', 'TRUE,pathlen:0') })
          const outside = opensslCa({ parent: root })
          return { ...pems(outside), certificates: outside.certificate + root.certificate }
        },
      ],
      [
        'an issuer that is not here',
        'CaNotFound',
        () => ({ ...pems(good), issuerId: '11111111-2222-4333-8444-555555555555' }),
      ],
    ]

    test.each(cases)('%s: %s', async (_, code, input) => {
      const before = (await call('ListCas', { limit: 0, offset: 0 })).total as number
      const status = code === 'CaNotFound' ? 404 : 400
      await expect(call('ImportCa', input())).rejects.toThrow(`${status} {"error":{"code":"${code}"`)
      expect((await call('ListCas', { limit: 0, offset: 0 })).total).toBe(before)
    })

    test('an issuer that did not sign it', async () => {
      const issuerId = await imported(pems(opensslCa()))
      const outside = opensslCa({ parent: opensslCa() })
      await expect(call('ImportCa', { ...pems(outside), issuerId })).rejects.toThrow('CertificateNotOfThisCa')
    })

    test('an expired CA', async () => {
      const outside = opensslCa({ days: '1' })
      await advance(service, 2)
      await expect(call('ImportCa', pems(outside))).rejects.toThrow('it has expired')
    })

    test('the same key a second time, also after its destruction here', async () => {
      const outside = opensslCa()
      const caId = await imported(pems(outside))
      await expect(call('ImportCa', pems(outside))).rejects.toThrow('KeyRefused')
      await call('DisableCa', { caId })
      await call('DeleteCa', { caId, keepDays: 7 })
      await advance(service, 8)
      await until('its end', async () => {
        const { rows } = await call('ListAuditEntries', { objectType: 'ca', objectId: caId })
        const end = (rows as { operation: string; facts: { key: object } }[]).find(
          ({ operation }) => operation === 'DestroyCaKey',
        )
        if (!end) return false
        expect(end.facts.key).toMatchObject({ level: 'local', origin: expect.stringContaining('imported') as string })
        return true
      })
      await expect(call('ImportCa', pems(outside))).rejects.toThrow('it is the key of a CA here, or was')
    })
  })

  test('no secret is in the audit log or in what the service said', async () => {
    const outside = opensslCa()
    const secret = 'a very secret passphrase'
    const privateKey = converted(outside, 'pkcs8', '-topk8', '-in', 'key.pem', '-passout', `pass:${secret}`)
    const caId = await imported({ certificates: outside.certificate, privateKey, passphrase: secret })
    const { rows } = await call('ListAuditEntries', { objectType: 'ca', objectId: caId })
    expect(rows).toEqual([
      expect.objectContaining({
        operation: 'ImportCa',
        outcome: 'done',
        facts: expect.objectContaining({ keyImported: true, type: 'root' }) as object,
      }),
    ])
    const said = JSON.stringify(await call('ListAuditEntries', { limit: 1_000 })) + service.log()
    expect(said).not.toContain(secret)
    expect(said).not.toContain('PRIVATE KEY')
  })
})

interface ExportedCa {
  certificate: string
  chain: string[]
}
