import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { file, openssl, opensslReq } from '../support/openssl.ts'
import { certificatePem } from '../support/pem.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { withClient } from '../sdk/harness.ts'
import { authorities, type Authority } from './authorities.ts'

/** What a verifier is asked; certificates and CRLs are PEM. */
export interface Question {
  certificate: string
  /** What lies between, the certificate's issuer first. */
  chain: string
  roots: string
  /** Asks for revocation of every certificate but the root; empty does not. */
  crls: string
  /** The instant of verification in ms. */
  at: number
}

export interface Verdict {
  accepted: boolean
  said: string
}

export interface Verifier extends AsyncDisposable {
  verify(question: Question): Promise<Verdict>
}

/** What the verifier says when it refuses, in the words that tell one reason from another. */
export interface Refusals {
  expired: RegExp
  notYetValid: RegExp
  revoked: RegExp
  noIssuer: RegExp
  pathTooLong: RegExp
  nameNotPermitted: RegExp
}

const algorithms = ['rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384', 'p521', 'ed25519']

/** What every verifier that is not ours has to say of what we sign. */
export function verifierSuite(
  name: string,
  tool: { installed: boolean; command: string },
  open: () => Promise<Verifier>,
  refusals: Refusals,
): void {
  withClient(`${name} on what the service signs`, tool, () => {
    let service: Service
    let verifier: Verifier
    let of: ReturnType<typeof authorities>
    let root: Authority
    beforeAll(async () => {
      service = await startService()
      verifier = await open()
      of = authorities(service)
      root = await of.root()
    })
    afterAll(async () => {
      await verifier[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    })

    const accepted = { accepted: true }
    const refused = (why: RegExp) => ({ accepted: false, said: expect.stringMatching(why) as string })
    const verify = (certificate: string, under: Authority, more: Partial<Question> = {}) =>
      verifier.verify({ certificate, chain: under.chain, roots: under.root, crls: '', at: Date.now(), ...more })

    test.each(algorithms)('accepted: %s, under a root and under a subordinate, by their CRLs', async (algorithm) => {
      const ca = await of.root(algorithm)
      const subordinate = await of.under(ca, algorithm)
      const crls = await of.crlOf(ca, 0)
      expect(await verify((await of.leaf(ca, algorithm)).pem, ca, { crls })).toMatchObject(accepted)
      const below = await of.leaf(subordinate, algorithm)
      const both = crls + (await of.crlOf(subordinate, 0))
      expect(await verify(below.pem, subordinate, { crls: both })).toMatchObject(accepted)
      expect(await verify(below.pem, subordinate, { chain: '' })).toMatchObject(refused(refusals.noIssuer))
    })

    test('refused under another CA, also under one of the same name', async () => {
      const { pem } = await of.leaf(root)
      const other = await of.root('p384')
      expect(await verify(pem, root, { roots: other.pem })).toMatchObject(refused(refusals.noIssuer))
      const sameName = await of.root()
      expect(await verify(pem, root, { roots: sameName.pem })).toMatchObject(refused(refusals.noIssuer))
    })

    test('refused before it begins and after it has ended', async () => {
      const { pem } = await of.leaf(root)
      const { validFromDate, validToDate } = new X509Certificate(pem)
      const at = (date: Date, seconds: number) => verify(pem, root, { at: date.getTime() + seconds * 1_000 })
      expect(await at(validToDate, -60)).toMatchObject(accepted)
      expect(await at(validToDate, 60)).toMatchObject(refused(refusals.expired))
      expect(await at(validFromDate, -60)).toMatchObject({ accepted: false })
      expect((await at(validFromDate, -86_400)).said).toMatch(refusals.notYetValid)
    })

    test('refused once it is on the CRL of its CA; another one of that CA is not', async () => {
      const ca = await of.under(root)
      const [revoked, valid] = [await of.leaf(ca), await of.leaf(ca)]
      await of.call('RevokeCertificate', { certificateId: revoked.id, reason: 'keyCompromise' })
      const crls = (await of.crlOf(ca, 1)) + (await of.crlOf(root, 0))
      expect(await verify(revoked.pem, ca)).toMatchObject(accepted)
      expect(await verify(revoked.pem, ca, { crls })).toMatchObject(refused(refusals.revoked))
      expect(await verify(valid.pem, ca, { crls })).toMatchObject(accepted)
    })

    test('refused once its CA is on the CRL of the root', async () => {
      const parent = await of.root()
      const ca = await of.under(parent)
      const { pem } = await of.leaf(ca)
      const crl = await of.crlOf(ca, 0)
      expect(await verify(pem, ca, { crls: crl + (await of.crlOf(parent, 0)) })).toMatchObject(accepted)
      await of.call('RevokeCa', { caId: ca.id, reason: 'cACompromise' })
      expect(await verify(pem, ca, { crls: crl + (await of.crlOf(parent, 1)) })).toMatchObject(
        refused(refusals.revoked),
      )
    })

    test('the path length that we give to a CA outside binds it (RFC 5280 §4.2.1.9)', async () => {
      const outside = await outsideCa()
      const direct = outside.issue('/CN=direct.example.test', endEntity)
      expect(await verify(direct.certificate, root, { chain: outside.certificate })).toMatchObject(accepted)
      const below = outside.issue('/CN=One CA Too Many', anotherCa)
      const tooDeep = below.issue('/CN=deep.example.test', endEntity)
      const chain = below.certificate + outside.certificate
      expect(await verify(tooDeep.certificate, root, { chain })).toMatchObject(refused(refusals.pathTooLong))
    })

    /** A CA whose key openssl has and whose certificate is ours, with path length 0. */
    async function outsideCa(more: object = {}): Promise<Signer> {
      const key = `${temporaryFolder()}/ca.key`
      const csr = opensslReq('-new', ...newKey, '-keyout', key, '-subj', '/CN=Outside CA')
      const input = { issuerId: root.id, csr, validity: { unit: 'year', amount: 1 }, pathLength: 0, ...more }
      const { certificateId: caId } = await of.call('IssueCaByCsr', input)
      const { certificate } = await of.call('ExportCaCertificate', { caId })
      return signer(certificatePem(certificate as string), key)
    }

    test.each([
      [{ permitted: [{ type: 'dns', value: 'example.test' }] }, 'www.example.com'],
      [{ excluded: [{ type: 'dns', value: 'secret.example.test' }] }, 'www.secret.example.test'],
    ])('the name constraints that we give to a CA bind it (§4.2.1.10): %j', async (nameConstraints, forbidden) => {
      const outside = await outsideCa({ nameConstraints })
      const ask = (dnsName: string) => {
        const named = outside.issue(`/CN=${dnsName}`, `${endEntity}subjectAltName=DNS:${dnsName}\n`)
        return verify(named.certificate, root, { chain: outside.certificate })
      }
      expect(await ask('www.example.test')).toMatchObject(accepted)
      expect(await ask(forbidden)).toMatchObject(refused(refusals.nameNotPermitted))
    })

    test('a CA of ours that somebody else constrains issues only what is accepted', async () => {
      const outside = opensslRoot()
      const { caId } = await of.call('CreateCa', {
        type: 'subordinate',
        subject: { commonName: 'Constrained', country: 'CN' },
        keyAlgorithm: 'p256',
      })
      const { csr } = await of.call('ExportCaCsr', { caId })
      const certificate = outside.sign(
        `-----BEGIN CERTIFICATE REQUEST-----\n${csr as string}\n-----END CERTIFICATE REQUEST-----\n`,
        `${anotherCa}nameConstraints=critical,permitted;DNS:example.test\n`,
      )
      await of.call('ImportCaCertificate', { caId, certificate, certificateChain: outside.certificate })
      const ca: Authority = {
        id: caId as string,
        keyAlgorithm: 'p256',
        pem: certificate,
        chain: certificate,
        root: outside.certificate,
      }
      expect(await verify((await of.leaf(ca)).pem, ca)).toMatchObject(accepted)
      await expect(of.leaf(ca, 'p256', 'www.example.com')).rejects.toThrow('LintForbids')
    })
  })
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const endEntity =
  'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n'
const anotherCa =
  'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'

interface Signer {
  certificate: string
  /** A certificate for a CSR, with these extensions in openssl's words. */
  sign(csr: string, extensions: string): string
  /** As `sign`, for a new key. */
  issue(subject: string, extensions: string): Signer
}

/** @param key path of its key */
function signer(certificate: string, key: string): Signer {
  const sign: Signer['sign'] = (csr, extensions) => {
    const ca = ['-CA', file('ca.pem', certificate), '-CAkey', key]
    const how = ['-days', '300', '-extfile', file('extensions.cnf', extensions)]
    return openssl('x509', '-req', '-in', file('request.csr', csr), ...ca, ...how)
  }
  return {
    certificate,
    sign,
    issue(subject, extensions) {
      const path = `${temporaryFolder()}/key.pem`
      const csr = opensslReq('-new', ...newKey, '-keyout', path, '-subj', subject)
      return signer(sign(csr, extensions), path)
    },
  }
}

function opensslRoot(): Signer {
  const key = `${temporaryFolder()}/root.key`
  const basics = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const to = ['-x509', ...newKey, '-keyout', key, '-days', '3650', '-subj', '/CN=OpenSSL Root']
  return signer(opensslReq(...to, ...basics), key)
}
