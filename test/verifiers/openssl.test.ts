import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { crl, domainTime, until } from '../support/life.ts'
import { crlPem, file, openssl, opensslReq, opensslSays, verify } from '../support/openssl.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'

const algorithms = ['rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384', 'p521', 'ed25519'] as const
/** What a signer of this kind is asked for: Ed25519 takes no hash (RFC 8410 §3). */
const hashed = (signer: string, signatureHash: string) => (signer === 'ed25519' ? {} : { signatureHash })
const day = 86_400_000

const pem = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`

describe('OpenSSL on what the service signs', () => {
  let service: Service
  const roots = new Map<string, Authority>()
  beforeAll(async () => {
    service = await startService()
    for (const algorithm of algorithms) roots.set(algorithm, await root(algorithm))
  })
  afterAll(() => service[Symbol.asyncDispose]())

  interface Authority {
    id: string
    keyAlgorithm: string
    pem: string
    /** Everything between it and its root, itself included; empty for a root. */
    chain: string
    root: string
  }

  const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  const exported = async (caId: string): Promise<string> =>
    pem((await call('ExportCaCertificate', { caId })).certificate as string)

  async function root(keyAlgorithm: string): Promise<Authority> {
    const { caId: id } = await call('CreateCa', {
      type: 'root',
      subject: { commonName: `Root ${keyAlgorithm}`, country: 'CN' },
      keyAlgorithm,
      ...hashed(keyAlgorithm, 'sha384'),
      validity: { unit: 'year', amount: 20 },
    })
    const certificate = await exported(id)
    return { id, keyAlgorithm, pem: certificate, chain: '', root: certificate }
  }

  async function under(parent: Authority, keyAlgorithm: string, pathLength: number): Promise<Authority> {
    const { caId: id } = await call('CreateCa', {
      type: 'subordinate',
      issuerId: parent.id,
      pathLength,
      subject: { commonName: `CA ${keyAlgorithm} ${pathLength}`, country: 'CN' },
      keyAlgorithm,
      ...hashed(parent.keyAlgorithm, 'sha256'),
      // Shorter at each level: no certificate outlives its issuer.
      validity: { unit: 'day', amount: 1_000 + pathLength },
    })
    const certificate = await exported(id)
    return { id, keyAlgorithm, pem: certificate, chain: certificate + parent.chain, root: parent.root }
  }

  async function leaf(issuer: Authority, keyAlgorithm = 'p256', validity: object = { unit: 'day', amount: 90 }) {
    const { certificateId } = await call('IssueCertificate', {
      issuerId: issuer.id,
      subject: { commonName: 'leaf.example.test' },
      keyAlgorithm,
      validity,
      names: [{ type: 'dns', value: 'leaf.example.test' }],
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
    })
    const { certificate } = await call('ExportPrivateCertificate', { certificateId })
    return { id: certificateId as string, pem: pem(certificate.certificate as string) }
  }

  const revoke = (certificateId: string, reason: string) => call('RevokeCertificate', { certificateId, reason })
  const accepted = { accepted: true }
  const refused = (why: string) => ({ accepted: false, said: expect.stringContaining(why) as string })
  const crlOf = async (ca: Authority) => crlPem(await until('a CRL', () => crl(service, ca.id)))
  /** The CRL as text once it has as many entries. */
  const crlText = (ca: Authority, entries: number): Promise<string> =>
    until(`${entries} on the CRL`, async () => {
      const text = openssl('crl', '-in', file('crl.pem', await crlOf(ca)), '-noout', '-text')
      return (text.match(/Serial Number/g) ?? []).length === entries && text
    })

  describe.each(algorithms)('under a %s root', (algorithm) => {
    test.each(algorithms)('a certificate with a %s key, directly and under a subordinate of that kind', async (of) => {
      const ca = roots.get(algorithm)!
      expect(verify((await leaf(ca, of)).pem, { roots: ca.pem })).toMatchObject(accepted)
      const subordinate = await under(ca, of, 0)
      const below = await leaf(subordinate, of)
      expect(verify(below.pem, { roots: ca.pem, chain: subordinate.chain })).toMatchObject(accepted)
      expect(verify(below.pem, { roots: ca.pem })).toMatchObject(refused('unable to get local issuer certificate'))
    })

    test('a request of a CA with such a key, and certificates for such a request by OpenSSL', async () => {
      const ca = roots.get(algorithm)!
      const { caId } = await call('CreateCa', {
        type: 'subordinate',
        subject: { commonName: 'Pending', country: 'CN' },
        keyAlgorithm: algorithm,
      })
      const { csr } = await call('ExportCaCsr', { caId })
      const request = pem(csr as string).replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST')
      expect(opensslSays('req', '-in', file('pending.csr', request), '-noout', '-verify')).toContain('verify OK')

      const theirs = opensslReq(
        '-new',
        ...opensslKeys[algorithm],
        '-nodes',
        '-keyout',
        `${temporaryFolder()}/key.pem`,
        '-subj',
        '/CN=theirs',
      )
      const { certificateId } = await call('IssueCertificateByCsr', {
        issuerId: ca.id,
        csr: theirs,
        validity: { unit: 'day', amount: 30 },
      })
      const { certificate } = await call('ExportPrivateCertificate', { certificateId })
      expect(verify(pem(certificate.certificate as string), { roots: ca.pem })).toMatchObject(accepted)
    })

    test('revoked: its CRL says so and verifies', async () => {
      const ca = await root(algorithm)
      const { id, pem: certificate } = await leaf(ca)
      await revoke(id, 'superseded')
      await crlText(ca, 1)
      expect(verify(certificate, { roots: ca.pem, crls: await crlOf(ca) })).toMatchObject(
        refused('certificate revoked'),
      )
    })

    test('its CRL verifies, and has no revokedCertificates while nothing is revoked (RFC 5280 §5.1.2.6)', async () => {
      const ca = roots.get(algorithm)!
      const said = openssl('crl', '-in', file('crl.pem', await crlOf(ca)), '-noout', '-text')
      expect(said).toContain('No Revoked Certificates.')
      expect(crlVerdict(await crlOf(ca), ca.pem)).toContain('verify OK')
      const another = roots.get(algorithm === 'p256' ? 'p384' : 'p256')!
      expect(crlVerdict(await crlOf(ca), another.pem)).not.toContain('verify OK')
      expect(verify((await leaf(ca)).pem, { roots: ca.pem, crls: await crlOf(ca) })).toMatchObject(accepted)
    })
  })

  describe('path length (RFC 5280 §4.2.1.9)', () => {
    test('seven levels: path lengths 6 to 0 under a root, and a certificate at the end', async () => {
      let ca = roots.get('p256')!
      for (let pathLength = 6; pathLength >= 0; pathLength--) ca = await under(ca, 'p256', pathLength)
      const { pem: certificate } = await leaf(ca)
      expect(verify(certificate, { roots: ca.root, chain: ca.chain })).toMatchObject(accepted)
    })

    test('what the service refuses, OpenSSL would: a CA below one of path length 0, and one that claims too much', async () => {
      const [zero, two] = [await under(roots.get('p256')!, 'p256', 0), await under(roots.get('p256')!, 'p256', 2)]
      for (const [parent, pathLength] of [
        [zero, 0],
        [two, 2],
      ] as const)
        await expect(under(parent, 'p256', pathLength)).rejects.toThrow('IssuerPathExhausted')

      const chain = opensslChain({ rootPathLength: 1, casBelow: 2 })
      expect(verify(chain.leaf, { roots: chain.root, chain: chain.above })).toMatchObject(
        refused('path length constraint exceeded'),
      )
      const fits = opensslChain({ rootPathLength: 1, casBelow: 1 })
      expect(verify(fits.leaf, { roots: fits.root, chain: fits.above })).toMatchObject(accepted)
    })

    test('a CA of ours whose path length was given by an outside CA keeps to it', async () => {
      const outside = opensslChain({ rootPathLength: 1, casBelow: 0 })
      const { caId } = await call('CreateCa', {
        type: 'subordinate',
        subject: { commonName: 'Imported', country: 'CN' },
        keyAlgorithm: 'p256',
      })
      const { csr } = await call('ExportCaCsr', { caId })
      const certificate = outside.sign(csr as string)
      await call('ImportCaCertificate', { caId, certificate, certificateChain: outside.root })
      const imported: Authority = {
        id: caId,
        keyAlgorithm: 'p256',
        pem: certificate,
        chain: certificate,
        root: outside.root,
      }
      expect(verify((await leaf(imported)).pem, { roots: outside.root, chain: certificate })).toMatchObject(accepted)
      await expect(under(imported, 'p256', 0)).rejects.toThrow('IssuerPathExhausted')
    })

    test('a certificate of ours is no CA: what it signs is refused', async () => {
      const ca = roots.get('p256')!
      const { id: certificateId, pem: certificate } = await leaf(ca)
      const { privateKey } = await call('ExportPrivateCertificate', { certificateId })
      const key = openssl('pkey', '-inform', 'DER', '-in', file('key.der', Buffer.from(privateKey as string, 'base64')))
      const forged = signedBy({ certificate, key: file('key.pem', key) }, '/CN=forged.example.test', '')
      expect(verify(forged, { roots: ca.pem, chain: certificate })).toMatchObject(refused('invalid CA certificate'))
    })
  })

  test('refused under another CA, also one of the same name', async () => {
    const same = await root('p256')
    const { pem: certificate } = await leaf(roots.get('p256')!)
    for (const wrong of [same, roots.get('rsa2048')!])
      expect(verify(certificate, { roots: wrong.pem })).toMatchObject({ accepted: false })
  })

  test('refused before it begins and after it has ended', async () => {
    const ca = roots.get('p256')!
    const { pem: certificate } = await leaf(ca, 'p256', { unit: 'day', amount: 30 })
    const { validFromDate, validToDate } = new X509Certificate(certificate)
    const at = (date: Date, milliseconds: number) =>
      verify(certificate, { roots: ca.pem, at: date.getTime() + milliseconds })
    expect(validToDate.getTime() - validFromDate.getTime()).toBe(30 * day)
    expect(at(validToDate, -1_000)).toMatchObject(accepted)
    expect(at(validToDate, 1_000)).toMatchObject(refused('certificate has expired'))
    expect(at(validFromDate, 1_000)).toMatchObject(accepted)
    expect(at(validFromDate, -1_000)).toMatchObject({ accepted: false })
  })

  test('a CA that ends makes what it issued end: none outlives its issuer', async () => {
    const parent = roots.get('p256')!
    const { caId: id } = await call('CreateCa', {
      type: 'subordinate',
      issuerId: parent.id,
      pathLength: 0,
      subject: { commonName: 'Short', country: 'CN' },
      keyAlgorithm: 'p256',
      signatureHash: 'sha256',
      validity: { unit: 'day', amount: 30 },
    })
    const certificateOfShort = await exported(id)
    const short = { id, keyAlgorithm: 'p256', pem: certificateOfShort, chain: certificateOfShort, root: parent.pem }
    await expect(leaf(short, 'p256', { unit: 'day', amount: 31 })).rejects.toThrow('ValidityBeyondIssuer')
    const { pem: certificate } = await leaf(short, 'p256', { unit: 'day', amount: 29 })
    const at = new X509Certificate(certificate).validToDate.getTime() - 1_000
    expect(verify(certificate, { roots: parent.pem, chain: short.chain, at })).toMatchObject(accepted)
  })

  describe('revocation (RFC 5280 §5)', () => {
    test('revoked certificates are refused by the CRL of their CA, others are not', async () => {
      const ca = await under(roots.get('rsa2048')!, 'p384', 0)
      const [revoked, valid] = [await leaf(ca), await leaf(ca)]
      await revoke(revoked.id, 'keyCompromise')
      await crlText(ca, 1)
      const crls = (await crlOf(ca)) + (await crlOf(roots.get('rsa2048')!))
      const checked = { roots: ca.root, chain: ca.chain, crls }
      expect(verify(revoked.pem, checked)).toMatchObject(refused('certificate revoked'))
      expect(verify(valid.pem, checked)).toMatchObject(accepted)
    })

    test('a revoked CA is on the CRL of its parent, and everything below it is refused', async () => {
      const parent = await root('p256')
      const ca = await under(parent, 'p256', 0)
      const { pem: certificate } = await leaf(ca)
      const crlsNow = async () => (await crlOf(ca)) + (await crlOf(parent))
      const check = async () =>
        verify(certificate, { roots: parent.pem, chain: ca.chain, crls: await crlsNow(), wholeChain: true })
      expect(await check()).toMatchObject(accepted)
      await call('RevokeCa', { caId: ca.id, reason: 'cACompromise' })
      expect(await crlText(parent, 1)).toContain('CA Compromise')
      expect(await check()).toMatchObject(refused('certificate revoked'))
    })

    test('the CRL lists serial, date and reason of each; without a reason there is no reason code (§5.3.1)', async () => {
      const ca = await root('p256')
      const words = {
        keyCompromise: 'Key Compromise',
        affiliationChanged: 'Affiliation Changed',
        superseded: 'Superseded',
        cessationOfOperation: 'Cessation Of Operation',
        privilegeWithdrawn: 'Privilege Withdrawn',
        unspecified: undefined,
      }
      const expected = new Map<string, string | undefined>()
      for (const [reason, word] of Object.entries(words)) {
        const { id, pem: certificate } = await leaf(ca)
        await revoke(id, reason)
        expected.set(new X509Certificate(certificate).serialNumber, word)
      }
      const text = await crlText(ca, expected.size)
      const now = await domainTime(service)
      const entries = text.split('Serial Number: ').slice(1)
      const listed = entries.map((entry) => {
        const [, date] = /Revocation Date: (.+)/.exec(entry)!
        expect(Math.abs(new Date(date!).getTime() - now)).toBeLessThan(600_000)
        return [/^[0-9A-F]+/.exec(entry)![0], /X509v3 CRL Reason Code: *\n +(.+)/.exec(entry)?.[1]?.trim()] as const
      })
      expect(new Map(listed)).toEqual(expected)
      expect(crlVerdict(await crlOf(ca), ca.pem)).toContain('verify OK')
    })

    test('each CRL has a higher number than the one before, and lies at the URL that certificates name', async () => {
      const ca = await root('p256')
      const { id, pem: certificate } = await leaf(ca)
      const number = async () => {
        const said = openssl('crl', '-in', file('crl.pem', await crlOf(ca)), '-noout', '-crlnumber')
        return BigInt(/crlNumber=(.+)/.exec(said)![1]!)
      }
      const before = await number()
      await revoke(id, 'superseded')
      await crlText(ca, 1)
      expect(await number()).toBeGreaterThan(before)

      const text = openssl('x509', '-in', file('leaf.pem', certificate), '-noout', '-text')
      const crlUrl = /URI:(http:.+\.crl)/.exec(text)![1]!
      expect(crlUrl).toBe(`${service.url}/crl/${ca.id}.crl`)
      const issuerUrl = /CA Issuers - URI:(\S+)/.exec(text)![1]!
      const der = Buffer.from(await (await fetch(issuerUrl)).arrayBuffer())
      expect(new X509Certificate(der).fingerprint256).toBe(new X509Certificate(ca.pem).fingerprint256)
    })
  })
})

const ecKeyOf = (curve: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const opensslKeys: Record<(typeof algorithms)[number], string[]> = {
  rsa2048: ['-newkey', 'rsa:2048'],
  rsa3072: ['-newkey', 'rsa:3072'],
  rsa4096: ['-newkey', 'rsa:4096'],
  p256: ecKeyOf('P-256'),
  p384: ecKeyOf('P-384'),
  p521: ecKeyOf('P-521'),
  ed25519: ['-newkey', 'ed25519'],
}

const crlVerdict = (crlText: string, caPem: string): string =>
  opensslSays('crl', '-in', file('crl.pem', crlText), '-noout', '-CAfile', file('ca.pem', caPem))

interface Signer {
  certificate: string
  /** Path of its key. */
  key: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate with these extensions, by openssl. */
function signedBy(signer: Signer, subject: string, extensions: string, key = `${temporaryFolder()}/key.pem`): string {
  const csr = opensslReq('-new', ...newKey, '-keyout', key, '-subj', subject)
  return signCsr(signer, csr, extensions)
}

const identifiers = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
const ofCa = (pathLength: string) =>
  `${identifiers}basicConstraints=critical,CA:TRUE${pathLength}\nkeyUsage=critical,keyCertSign,cRLSign\n`

const signCsr = (signer: Signer, csr: string, extensions: string): string =>
  openssl(
    ['x509', '-req', '-in', file('request.csr', csr), '-CA', file('ca.pem', signer.certificate)],
    ['-CAkey', signer.key, '-days', '300', '-extfile', file('extensions.cnf', extensions || identifiers)],
  )

/** A root with this path length, so many CAs one below the other, and a certificate: all by openssl. */
function opensslChain({ rootPathLength, casBelow }: { rootPathLength: number; casBelow: number }) {
  const key = `${temporaryFolder()}/root.key`
  const root = opensslReq(
    ['-x509', ...newKey, '-keyout', key, '-days', '3650', '-subj', '/CN=OpenSSL Root'],
    ['-addext', `basicConstraints=critical,CA:TRUE,pathlen:${rootPathLength}`],
    ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  const rootSigner: Signer = { certificate: root, key }
  let signer = rootSigner
  let above = ''
  for (let level = 1; level <= casBelow; level++) {
    const caKey = `${temporaryFolder()}/ca.key`
    const certificate = signedBy(signer, `/CN=OpenSSL CA ${level}`, ofCa(''), caKey)
    above = certificate + above
    signer = { certificate, key: caKey }
  }
  return {
    root,
    above,
    leaf: signedBy(signer, '/CN=leaf.example.test', ''),
    /** Signs the CSR (base64 of DER) of a CA, path length 0. */
    sign: (csr: string) =>
      signCsr(
        rootSigner,
        `-----BEGIN CERTIFICATE REQUEST-----\n${csr.replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE REQUEST-----\n`,
        ofCa(',pathlen:0'),
      ),
  }
}
