import { sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concatBytes, equalBytes } from './bytes.ts'
import { buildTbsCertificate } from './certificate.ts'
import { boolean, explicitTag, integer, octetString, oid, sequence } from './der/writer.ts'
import { X509Error } from './errors.ts'
import {
  authorityKeyIdentifier,
  extendedKeyUsage,
  extension,
  keyPurposes,
  keyUsage,
  ocspNoCheck,
  subjectKeyIdentifier,
} from './extensions/index.ts'
import { lintCertificate } from './lint/index.ts'
import { parseOcspRequest } from './ocsp-request.ts'
import {
  buildOcspResponseData,
  issuerIdentifiers,
  ocspAnswerHead,
  ocspErrorAnswer,
  responderCertificates,
  type OcspStatus,
} from './ocsp-response.ts'
import { oids } from './oids.ts'
import { writePem } from './pem.ts'
import { aLeafSpec, aRoot, day, ecKey, epoch, issue } from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const limits = { maxBytes: 4_096, maxCertIds: 8 }
const ca = aRoot({ notBefore: epoch - 400 * day })
const { subjectDer, spki } = ca.certificate.tbs
const identifiers = issuerIdentifiers(subjectDer, spki.keyBits)
const leaf = issue(aLeafSpec(ca, ecKey()), ca.key)
const responderKey = ecKey()
const responderSpec = {
  ...aLeafSpec(ca, responderKey),
  extensions: [
    keyUsage(['digitalSignature']),
    extendedKeyUsage([keyPurposes.ocspSigning]),
    ocspNoCheck(),
    subjectKeyIdentifier(responderKey.spki.keyIdentifier()),
    authorityKeyIdentifier(ca.key.spki.keyIdentifier()),
  ],
}
const responder = issue(responderSpec, ca.key)

/** A request as RFC 6960 §4.1.1 has it, of pieces that a case may replace. */
function request({
  certIds = [sequence(identifiers[0]!, integer(Buffer.from(leaf.tbs.serial, 'hex')))],
  extensions = [] as Uint8Array[],
  version = undefined as Uint8Array | undefined,
} = {}): Uint8Array {
  return sequence(
    sequence(
      version ? explicitTag(0, version) : false,
      sequence(...certIds.map((each) => sequence(each))),
      extensions.length > 0 && explicitTag(2, sequence(...extensions)),
    ),
  )
}

const nonceOf = (octets: number) =>
  extension(oids.ocspNonce, { critical: false }, octetString(new Uint8Array(octets).fill(7))).der

describe('OCSPRequest, RFC 6960 §4.1.1', () => {
  test.each([
    ['SHA-1', [], identifiers[0]!],
    ['SHA-256', ['-sha256'], identifiers[2]!],
  ])('what openssl asks by %s names the issuer, the serial and its nonce', (_, digest, identifier) => {
    using tool = new OpenSsl()
    tool.write('ca.pem', writePem('CERTIFICATE', ca.certificate.der))
    tool.write('leaf.pem', writePem('CERTIFICATE', leaf.der))
    tool.run('ocsp', ...digest, '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-reqout', 'request.der')
    const { certIds, nonce } = parseOcspRequest(tool.read('request.der'), limits)
    expect(certIds).toHaveLength(1)
    expect(certIds[0]!.serial).toBe(leaf.tbs.serial)
    expect(equalBytes(certIds[0]!.issuer, identifier)).toBe(true)
    expect(nonce).toHaveLength(16)
    tool.run('ocsp', '-no_nonce', ...digest, '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-reqout', 'request.der')
    expect(parseOcspRequest(tool.read('request.der'), limits).nonce).toBeUndefined()
  })

  test('a signature and a requestor’s name are passed over', () => {
    using tool = new OpenSsl()
    tool.write('ca.pem', writePem('CERTIFICATE', ca.certificate.der))
    tool.write('leaf.pem', writePem('CERTIFICATE', leaf.der))
    tool.write('key.pem', responderKey.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
    tool.write('signer.pem', writePem('CERTIFICATE', responder.der))
    tool.run(
      ...['ocsp', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-reqout', 'request.der'],
      ...['-signer', 'signer.pem', '-signkey', 'key.pem'],
    )
    expect(parseOcspRequest(tool.read('request.der'), limits).certIds[0]!.serial).toBe(leaf.tbs.serial)
  })

  test('version 1 may be written out; there is no other', () => {
    expect(parseOcspRequest(request({ version: integer(0) }), limits).certIds).toHaveLength(1)
    expect(() => parseOcspRequest(request({ version: integer(1) }), limits)).toThrow(X509Error)
  })

  test.each([1, 32, 128])('RFC 9654 §2.1: a nonce of %i octets is read', (octets) => {
    expect(parseOcspRequest(request({ extensions: [nonceOf(octets)] }), limits).nonce).toHaveLength(octets)
  })

  test.each([
    ['a nonce of no octets', [nonceOf(0)]],
    ['a nonce of 129 octets', [nonceOf(129)]],
    ['two nonces', [nonceOf(16), nonceOf(16)]],
    ['a nonce that is no OCTET STRING', [extension(oids.ocspNonce, { critical: false }, integer(5)).der]],
    ['a critical extension that nobody processes', [sequence(oid('1.2.3'), boolean(true), octetString(integer(1)))]],
  ])('refused: %s', (_, extensions) => {
    expect(() => parseOcspRequest(request({ extensions }), limits)).toThrow(X509Error)
  })

  test('an extension that is not critical is passed over', () => {
    const extensions = [extension('1.3.6.1.5.5.7.48.1.4', { critical: false }, sequence(oid(oids.ocspBasic))).der]
    expect(parseOcspRequest(request({ extensions }), limits)).toMatchObject({ nonce: undefined })
  })

  test('limits of size and number hold', () => {
    const one = request()
    const certId = sequence(identifiers[0]!, integer(1))
    expect(() => parseOcspRequest(one, { ...limits, maxBytes: one.length - 1 })).toThrow('more than')
    expect(parseOcspRequest(request({ certIds: Array(8).fill(certId) as Uint8Array[] }), limits).certIds).toHaveLength(
      8,
    )
    expect(() => parseOcspRequest(request({ certIds: Array(9).fill(certId) as Uint8Array[] }), limits)).toThrow(
      'more than 8 certificates',
    )
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['no certificate', request({ certIds: [] })],
    ['bytes after it', concatBytes([request(), Uint8Array.of(0)])],
    ['a CertID without a serial', request({ certIds: [sequence(identifiers[0]!)] })],
  ])('refused: %s', (_, der) => {
    expect(() => parseOcspRequest(der, limits)).toThrow(X509Error)
  })
})

describe('OCSPResponse, RFC 6960 §4.2.1', () => {
  const at = epoch + 3 * day
  const revoked: OcspStatus = { status: 'revoked', revokedAt: at - day, reason: 'keyCompromise' }

  function openSslSays(status: OcspStatus, { nonce = true, now = at } = {}): string {
    using tool = new OpenSsl()
    tool.write('ca.pem', writePem('CERTIFICATE', ca.certificate.der))
    tool.write('leaf.pem', writePem('CERTIFICATE', leaf.der))
    tool.run('ocsp', '-sha256', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-reqout', 'request.der')
    const asked = parseOcspRequest(tool.read('request.der'), limits)
    const data = buildOcspResponseData({
      responderKeyHash: responderKey.spki.keyIdentifier(),
      producedAt: at,
      singles: [{ certId: asked.certIds[0]!.der, status, thisUpdate: at, nextUpdate: at + 3_600_000 }],
      nonce: nonce ? asked.nonce : undefined,
    })
    const certificates = responderCertificates(responder.der)
    const signature = sign('sha256', data, responderKey.privateKey)
    const head = ocspAnswerHead(data, 'ecdsaWithSha256', signature, certificates)
    tool.write('response.der', concatBytes([head, certificates]))
    return tool.try(
      ...['ocsp', '-no_nonce', '-issuer', 'ca.pem', '-CAfile', 'ca.pem', '-sha256', '-cert', 'leaf.pem'],
      ...['-reqin', 'request.der', '-respin', 'response.der', '-attime', String(now / 1_000)],
      ...['-validity_period', '999999999', '-resp_text'],
    ).text
  }

  test('openssl verifies a good answer by the delegated certificate, and the nonce in it', () => {
    const said = openSslSays({ status: 'good' })
    expect(said).toContain('Response verify OK')
    expect(said).toContain('leaf.pem: good')
    expect(said).not.toContain('WARNING')
    expect(said).toContain('This Update: Jan  4 00:00:00 2026 GMT')
    expect(openSslSays({ status: 'good' }, { nonce: false })).not.toContain('OCSP Nonce')
    expect(said).toContain('OCSP Nonce')
  })

  test('a revoked one tells when and why; unspecified is left out', () => {
    const said = openSslSays(revoked)
    expect(said).toContain('leaf.pem: revoked')
    expect(said).toContain('Reason: keyCompromise')
    expect(said).toContain('Revocation Time: Jan  3 00:00:00 2026 GMT')
    expect(openSslSays({ ...revoked, reason: 'unspecified' })).not.toContain('Reason:')
  })

  test('the profile of the responder’s certificate passes the lint', () => {
    const profile = { kind: 'ocspResponder', signatureAlgorithm: 'ecdsaWithSha256', chain: ca.chain } as const
    expect(lintCertificate(buildTbsCertificate(responderSpec), profile).notes).toEqual([])
  })

  test('errors are answers of five octets', () => {
    expect(ocspErrorAnswer('malformedRequest').toHex()).toBe('30030a0101')
    expect(ocspErrorAnswer('internalError').toHex()).toBe('30030a0102')
    expect(ocspErrorAnswer('tryLater').toHex()).toBe('30030a0103')
    expect(ocspErrorAnswer('unauthorized').toHex()).toBe('30030a0106')
  })
})
