import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signatureAlgorithmFor } from './algorithms.ts'
import { assembleCertificate, buildTbsCertificate, parseCertificate, parseTbsCertificate } from './certificate.ts'
import { DerReader } from './der/reader.ts'
import { tags } from './der/tags.ts'
import { bitString, boolean, explicitTag, integer, octetString, oid, sequence } from './der/writer.ts'
import { X509Error } from './errors.ts'
import {
  authorityInformationAccess,
  authorityKeyIdentifier,
  crlDistributionPoints,
  customExtension,
  nameConstraints,
  readBasicConstraints,
  readSubjectAltName,
  subjectAltName,
} from './extensions/index.ts'
import { buildName } from './names.ts'
import { oids } from './oids.ts'
import { readOnePem, writePem } from './pem.ts'
import { serialFromContents, serialOctets } from './serial.ts'
import {
  aLeafSpec,
  aRoot,
  aRootSpec,
  aSubordinate,
  caExtensions,
  day,
  ecKey,
  epoch,
  issue,
  leafExtensions,
  rsaKey,
  signWith,
} from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const pem = (der: Uint8Array) => writePem('CERTIFICATE', der)

describe('certificates that we build', () => {
  test('openssl verify -x509_strict accepts root, subordinate CA and leaf, with every extension', () => {
    using openssl = new OpenSsl()
    const root = aRoot()
    const key = ecKey('secp384r1')
    const constraints = nameConstraints({
      permitted: [
        { type: 'dns', value: 'example.com' },
        { type: 'ip', value: '192.0.2.0/24' },
      ],
      excluded: [{ type: 'dns', value: 'secret.example.com' }],
    })
    const sub = aSubordinate(
      root,
      {
        extensions: [...caExtensions(key.spki, 0), authorityKeyIdentifier(root.key.spki.keyIdentifier()), constraints],
      },
      key,
    )
    const leafKey = ecKey()
    const leaf = issue(
      {
        ...aLeafSpec(sub, leafKey),
        signatureAlgorithm: 'ecdsaWithSha384',
        notAfter: Date.UTC(2050, 6, 1),
        extensions: [
          ...leafExtensions(sub, leafKey.spki).filter((extension) => extension.oid !== oids.subjectAltName),
          subjectAltName([
            { type: 'dns', value: '*.example.com' },
            { type: 'ip', value: '192.0.2.7' },
            { type: 'email', value: 'a@example.com' },
            { type: 'uri', value: 'urn:x:y' },
          ]),
          crlDistributionPoints(['http://pki.example.com/1.crl', 'http://pki2.example.com/1.crl']),
          authorityInformationAccess({
            ocsp: ['http://pki.example.com/ocsp'],
            caIssuers: ['http://pki.example.com/ca'],
          }),
          customExtension('1.3.6.1.4.1.99999.1', { critical: false }, octetString(new Uint8Array(200))),
        ],
      },
      sub.key,
    )
    openssl.write('root.pem', pem(root.certificate.der))
    openssl.write('sub.pem', pem(sub.certificate.der))
    openssl.write('leaf.pem', pem(leaf.der))
    const at = String((epoch + 10 * day) / 1000)
    expect(
      openssl.run('verify', '-x509_strict', '-attime', at, '-CAfile', 'root.pem', '-untrusted', 'sub.pem', 'leaf.pem'),
    ).toContain('leaf.pem: OK')
    const text = openssl.run('x509', '-in', 'leaf.pem', '-noout', '-text')
    expect(text).toContain('Not After : Jul  1 00:00:00 2050 GMT')
    expect(text).toContain('DNS:*.example.com, IP Address:192.0.2.7, email:a@example.com, URI:urn:x:y')
    expect(text).toContain('f1:f2:f3:f4:f5:f6:f7:f8:f9:fa:fb:fc:fd:fe:ff:00')
  })

  test('RSA with each hash', () => {
    using openssl = new OpenSsl()
    const key = rsaKey()
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      const root = aRoot({ ...aRootSpec(key), signatureAlgorithm: signatureAlgorithmFor('rsa', hash) }, key)
      openssl.write('root.pem', pem(root.certificate.der))
      expect(
        openssl.run('verify', '-x509_strict', '-attime', String(epoch / 1000), '-CAfile', 'root.pem', 'root.pem'),
      ).toContain('OK')
      expect(root.certificate.verify(key.spki)).toBe(true)
    }
  })

  test('node:crypto reads what we build', () => {
    const root = aRoot()
    const leaf = issue(aLeafSpec(root, ecKey()), root.key)
    const theirs = new X509Certificate(leaf.der)
    expect(theirs.verify(root.key.spki.publicKey())).toBe(true)
    expect(theirs.serialNumber.toLowerCase()).toBe(leaf.tbs.serial)
    expect(theirs.validToDate.getTime()).toBe(leaf.tbs.notAfter)
  })

  test('RFC 5280 §4.1.1.2: another algorithm outside than inside is not assembled', () => {
    const key = ecKey()
    const tbs = buildTbsCertificate(aRootSpec(key))
    const signature = signWith(key, 'ecdsaWithSha384', tbs)
    expect(() => assembleCertificate(tbs, 'ecdsaWithSha384', signature)).toThrow(
      expect.objectContaining({ code: 'BadAlgorithm' }),
    )
  })

  test('RFC 5280 §4.1.2.9: no extensions, no field', () => {
    const { tbs } = issue({ ...aRootSpec(ecKey()), extensions: [false] }, ecKey())
    expect(tbs.extensions).toEqual([])
    expect(tbs.der.subarray(-tbs.spkiDer.length).toHex()).toBe(tbs.spkiDer.toHex())
  })
})

describe('parseCertificate', () => {
  const root = aRoot()
  const leafKey = ecKey()
  const spec = aLeafSpec(root, leafKey)
  const leaf = issue(spec, root.key)

  test('gives back what went in, names and key octet for octet', () => {
    const { tbs } = leaf
    expect(tbs).toMatchObject({ version: 3, serial: spec.serial, notBefore: spec.notBefore, notAfter: spec.notAfter })
    expect(tbs.issuerDer.toHex()).toBe(root.certificate.tbs.subjectDer.toHex())
    expect(tbs.subject.toString()).toBe('CN=www.example.com')
    expect(tbs.issuer.fields()).toEqual({ country: 'CN', commonName: 'Root' })
    expect(tbs.spkiDer.toHex()).toBe(leafKey.spki.der.toHex())
    expect(tbs.read(oids.basicConstraints, readBasicConstraints)).toEqual({ ca: false, pathLength: undefined })
    expect(tbs.read(oids.nameConstraints, readBasicConstraints)).toBeUndefined()
    expect(leaf.isSelfIssued).toBe(false)
    expect(root.certificate.isSelfIssued).toBe(true)
    expect(leaf.sha256()).toBe(new X509Certificate(leaf.der).fingerprint256.replaceAll(':', '').toLowerCase())
  })

  test('verifies the signature over the original octets', () => {
    expect(leaf.verify(root.key.spki)).toBe(true)
    expect(leaf.verify(leafKey.spki)).toBe(false)
    expect(leaf.verify(rsaKey().spki)).toBe(false)
    const changed = Uint8Array.from(leaf.der)
    changed[changed.indexOf(0x77)]! ^= 2
    expect(parseCertificate(changed).verify(root.key.spki)).toBe(false)
  })

  test.each([
    ['EC', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384']],
    ['RSA', ['-newkey', 'rsa:2048', '-sha512']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('reads and verifies what OpenSSL makes: %s', (_, args) => {
    using openssl = new OpenSsl()
    openssl.run(
      'req',
      '-x509',
      ...args,
      '-nodes',
      '-keyout',
      'k.pem',
      '-out',
      'c.pem',
      '-subj',
      '/C=DE/CN=a',
      '-set_serial',
      '0xff00',
      '-days',
      '20000',
      '-addext',
      'subjectAltName=DNS:a.example,IP:::1',
    )
    const certificate = parseCertificate(readOnePem(openssl.read('c.pem').toString(), ['CERTIFICATE']).der)
    expect(certificate.tbs.serial).toBe('ff00')
    expect(certificate.tbs.read(oids.subjectAltName, readSubjectAltName)).toEqual([
      { type: 'dns', value: 'a.example' },
      { type: 'ip', value: '::1' },
    ])
    expect(certificate.verify(certificate.tbs.spki)).toBe(true)
  })

  test('an algorithm that we do not verify is said to be so', () => {
    using openssl = new OpenSsl()
    openssl.run(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-sha1',
      '-keyout',
      'k.pem',
      '-out',
      'c.pem',
      '-subj',
      '/CN=a',
    )
    const certificate = parseCertificate(readOnePem(openssl.read('c.pem').toString(), ['CERTIFICATE']).der)
    expect(() => certificate.verify(certificate.tbs.spki)).toThrow(
      expect.objectContaining({ code: 'UnsupportedAlgorithm' }),
    )
  })

  const fields = fieldsOf(leaf.tbs.der)
  const rebuilt =
    (...parts: Uint8Array[]) =>
    () =>
      parseTbsCertificate(sequence(...parts))
  const [version, serial, algorithm, issuer, validity, subject, spki, extensions] = fields as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]

  test('unique identifiers are read past', () => {
    const unique = Uint8Array.of(0x81, 2, 0, 5)
    expect(
      rebuilt(version, serial, algorithm, issuer, validity, subject, spki, unique, extensions)().hasUniqueIds,
    ).toBe(true)
    expect(rebuilt(version, serial, algorithm, issuer, validity, subject, spki, extensions)().hasUniqueIds).toBe(false)
  })

  test.each<[string, () => unknown]>([
    [
      'X.690 §11.5 version 1 written out',
      rebuilt(explicitTag(0, integer(0)), serial, algorithm, issuer, validity, subject, spki),
    ],
    ['version 4', rebuilt(explicitTag(0, integer(3)), serial, algorithm, issuer, validity, subject, spki, extensions)],
    [
      'a field after the extensions',
      rebuilt(version, serial, algorithm, issuer, validity, subject, spki, extensions, integer(1)),
    ],
    ['no key', rebuilt(version, serial, algorithm, issuer, validity, subject, extensions)],
    [
      'three times',
      rebuilt(
        version,
        serial,
        algorithm,
        issuer,
        sequence(validity.subarray(2), validity.subarray(2, 17)),
        subject,
        spki,
      ),
    ],
    [
      'no extension in the list',
      rebuilt(version, serial, algorithm, issuer, validity, subject, spki, explicitTag(3, sequence())),
    ],
    ['bytes after the certificate', () => parseCertificate(Buffer.concat([leaf.der, Buffer.of(0)]))],
    [
      'algorithms that differ',
      () => parseCertificate(sequence(leaf.tbs.der, sequence(oid(oids.ecdsaWithSha384)), bitString(leaf.signature))),
    ],
    [
      'a signature with unused bits',
      () => parseCertificate(sequence(leaf.tbs.der, algorithm, Uint8Array.of(3, 2, 1, 0))),
    ],
  ])('%s is refused', (_, parse) => {
    expect(parse).toThrow(X509Error)
  })

  test('RFC 5280 §4.2: an extension that is there twice is not given out', () => {
    const twice = issue({ ...spec, extensions: [...spec.extensions, ...spec.extensions] }, root.key)
    expect(() => twice.tbs.extension(oids.keyUsage)).toThrow(expect.objectContaining({ code: 'BadCertificate' }))
  })

  test('a certificate of 70 KB is refused by default and read under wider limits', () => {
    const half = octetString(new Uint8Array(35_000))
    const extensions = ['1.2.3', '1.2.4'].map((type) => customExtension(type, { critical: false }, half))
    const big = { ...spec, extensions }
    const tbs = buildTbsCertificate(big)
    const der = assembleCertificate(tbs, big.signatureAlgorithm, signWith(root.key, big.signatureAlgorithm, tbs))
    expect(() => parseCertificate(der)).toThrow(expect.objectContaining({ code: 'TooLarge' }))
    expect(parseCertificate(der, { maxBytes: 100_000, maxDepth: 24, maxNodes: 8192 }).tbs.serial).toBe(spec.serial)
  })

  test('a name with the raw string types of others is copied octet for octet', () => {
    const issuerName = buildName({ commonName: 'é' })
    expect(issue({ ...spec, issuer: issuerName }, root.key).tbs.issuerDer.toHex()).toBe(issuerName.toHex())
  })

  test('keys and extension values that cannot be read do not keep the certificate from being read', () => {
    const odd = issue(
      { ...spec, spki: sequence(sequence(oid(oids.ecPublicKey), boolean(true)), bitString(Uint8Array.of(1))) },
      root.key,
    )
    expect(odd.tbs.serial).toBe(spec.serial)
    expect(() => odd.tbs.spki).toThrow(X509Error)
  })
})

describe('serial numbers in text', () => {
  test.each([
    ['00', '00'],
    ['7f', '7f'],
    ['00ff', 'ff'],
    ['0100', '0100'],
    ['ff', '-01'],
    ['80', '-80'],
    ['ff00', '-0100'],
  ])('contents %s are %s', (contents, text) => {
    expect(serialFromContents(Buffer.from(contents, 'hex'))).toBe(text)
  })

  test('only whole octets in lowercase are taken, at most 64', () => {
    expect(serialOctets('0aff').toHex()).toBe('0aff')
    for (const text of ['', 'f', 'FF', '-01', '0x01', 'ab'.repeat(65)])
      expect(() => serialOctets(text)).toThrow(X509Error)
    expect(() => serialFromContents(new Uint8Array(65))).toThrow(X509Error)
  })
})

function fieldsOf(der: Uint8Array): Uint8Array[] {
  const reader = new DerReader(der).enter(tags.sequence)
  const fields: Uint8Array[] = []
  while (!reader.done) fields.push(reader.element())
  return fields
}
