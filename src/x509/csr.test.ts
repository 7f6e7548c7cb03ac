import { describe, expect, test } from 'vitest'
import { assembleCsr, buildCsrInfo, parseCsr, parseCsrInfo, verifyCsr } from './csr.ts'
import { bitString, constructed, integer, oid, sequence, set, utf8String } from './der/writer.ts'
import { X509Error } from './errors.ts'
import { basicConstraints, extendedKeyUsage, keyPurposes, keyUsage, subjectAltName } from './extensions/index.ts'
import { buildName } from './names.ts'
import { oids } from './oids.ts'
import { readOnePem, writePem } from './pem.ts'
import { ecKey, rsaKey, signWith } from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const key = ecKey()
const subject = buildName({ commonName: 'www.example.com' })
const extensions = [
  subjectAltName([{ type: 'dns', value: 'www.example.com' }]),
  keyUsage(['digitalSignature']),
  extendedKeyUsage([keyPurposes.serverAuth]),
  basicConstraints({ ca: true }),
]
const signed = (info: Uint8Array) => assembleCsr(info, 'ecdsaWithSha256', signWith(key, 'ecdsaWithSha256', info))

describe('PKCS #10, RFC 2986', () => {
  test('openssl req -verify accepts what we build', () => {
    using openssl = new OpenSsl()
    openssl.write(
      'r.pem',
      writePem('CERTIFICATE REQUEST', signed(buildCsrInfo({ subject, spki: key.spki.der, extensions }))),
    )
    const text = openssl.run('req', '-in', 'r.pem', '-verify', '-noout', '-text')
    expect(text).toContain('verify OK')
    expect(text).toContain('DNS:www.example.com')
    openssl.write(
      'r.pem',
      writePem('CERTIFICATE REQUEST', signed(buildCsrInfo({ subject, spki: key.spki.der, extensions: [] }))),
    )
    expect(openssl.run('req', '-in', 'r.pem', '-verify', '-noout')).toContain('verify OK')
  })

  test('surfaces SAN, key usage and EKU; everything else is listed by OID', () => {
    const csr = parseCsr(signed(buildCsrInfo({ subject, spki: key.spki.der, extensions })))
    expect(csr.requested).toEqual({
      subjectAltName: [{ type: 'dns', value: 'www.example.com' }],
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [keyPurposes.serverAuth],
      others: [oids.basicConstraints],
    })
    expect(csr.info.subject.fields()).toEqual({ commonName: 'www.example.com' })
    expect(csr.signatureAlgorithm).toBe('ecdsaWithSha256')
  })

  test.each([
    ['EC', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['RSA', ['-newkey', 'rsa:2048', '-sha384']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('reads and verifies what OpenSSL makes: %s', (_, args) => {
    using openssl = new OpenSsl()
    openssl.run(
      'req',
      '-new',
      ...args,
      '-nodes',
      '-keyout',
      'k.pem',
      '-out',
      'r.pem',
      '-subj',
      '/CN=a',
      '-addext',
      'subjectAltName=DNS:a.example,email:a@b.example',
    )
    const csr = parseCsr(readOnePem(openssl.read('r.pem').toString(), ['CERTIFICATE REQUEST']).der)
    expect(verifyCsr(csr)).toBe(true)
    expect(csr.requested.subjectAltName).toEqual([
      { type: 'dns', value: 'a.example' },
      { type: 'email', value: 'a@b.example' },
    ])
  })

  test('§3: a signature by another key, or over other octets, proves nothing', () => {
    const info = buildCsrInfo({ subject, spki: key.spki.der, extensions })
    const other = assembleCsr(info, 'ecdsaWithSha256', signWith(ecKey(), 'ecdsaWithSha256', info))
    expect(verifyCsr(parseCsr(other))).toBe(false)
    const changed = Uint8Array.from(signed(info))
    changed[changed.indexOf(0x77)]! ^= 2
    expect(verifyCsr(parseCsr(changed))).toBe(false)
  })

  test('an algorithm that is not of the key proves nothing; an unknown one is said to be so', () => {
    const info = buildCsrInfo({ subject, spki: key.spki.der, extensions })
    const rsa = rsaKey()
    expect(verifyCsr(parseCsr(assembleCsr(info, 'sha256WithRsa', signWith(rsa, 'sha256WithRsa', info))))).toBe(false)
    const sha1 = sequence(info, sequence(oid('1.2.840.10045.4.1')), bitString(signWith(key, 'ecdsaWithSha256', info)))
    expect(() => verifyCsr(parseCsr(sha1))).toThrow(expect.objectContaining({ code: 'UnsupportedAlgorithm' }))
  })

  const attributes = (...parts: Uint8Array[]) => constructed(0xa0, parts)
  const request = (...list: Uint8Array[]) => sequence(oid(oids.extensionRequest), set(sequence(...list)))
  const challenge = sequence(oid(oids.challengePassword), set(utf8String('secret')))
  const info =
    (...parts: Uint8Array[]) =>
    () =>
      parseCsrInfo(sequence(integer(0), subject, key.spki.der, ...parts))

  test('attributes of others are listed, and may be left out altogether', () => {
    expect(info(attributes(challenge))().requested.others).toEqual([oids.challengePassword])
    expect(info()().requested.others).toEqual([])
  })

  test.each<[string, () => unknown]>([
    ['version 2', () => parseCsrInfo(sequence(integer(1), subject, key.spki.der, attributes()))],
    ['X.690 §11.6 attributes out of order', info(attributes(request(extensions[1]!.der), challenge))],
    ['two extension requests', info(attributes(request(extensions[1]!.der), request(extensions[1]!.der)))],
    ['an extension requested twice', info(attributes(request(extensions[1]!.der, extensions[1]!.der)))],
    [
      'an extension request of two values',
      info(
        attributes(
          sequence(oid(oids.extensionRequest), set(sequence(extensions[1]!.der), sequence(extensions[1]!.der))),
        ),
      ),
    ],
    ['an extension request without a value', info(attributes(sequence(oid(oids.extensionRequest), set())))],
    ['an empty extension request', info(attributes(request()))],
    [
      'a subjectAltName that cannot be read',
      info(attributes(request(sequence(oid(oids.subjectAltName), Uint8Array.of(4, 2, 0x30, 0))))),
    ],
    ['something behind the attributes', info(attributes(), integer(1))],
    [
      'more than 32 attributes',
      info(attributes(...Array.from({ length: 33 }, (_, i) => sequence(oid(`1.2.${i}`), set(integer(1)))))),
    ],
  ])('%s: refused', (_, parse) => {
    expect(parse).toThrow(X509Error)
  })
})
