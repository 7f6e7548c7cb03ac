import { describe, expect, test } from 'vitest'
import { concatBytes } from './bytes.ts'
import { buildTbsCertificate, parseCertificate, parseTbsCertificate } from './certificate.ts'
import type { TbsCertificate } from './certificate.ts'
import { assembleCrl, buildTbsCertList, streamCrlEntries } from './crl.ts'
import { parseCrl } from './crl-reader.ts'
import { assembleCsr, buildCsrInfo, parseCsr, verifyCsr } from './csr.ts'
import { checkDer, DerReader } from './der/reader.ts'
import { constructed, explicitTag, integer, octetString, primitive, sequence } from './der/writer.ts'
import { X509Error } from './errors.ts'
import {
  authorityInformationAccess,
  authorityKeyIdentifier,
  crlDistributionPoints,
  crlNumber,
  extension,
  issuingDistributionPoint,
  nameConstraints,
  readAuthorityInformationAccess,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCrlDistributionPoints,
  readCrlNumber,
  readExtendedKeyUsage,
  readIssuingDistributionPoint,
  readKeyUsage,
  readNameConstraints,
  readReasonCode,
  readSubjectAltName,
  readSubjectKeyIdentifier,
  subjectAltName,
} from './extensions/index.ts'
import { lintCertificate } from './lint/index.ts'
import { nameConstraintsViolation } from './name-constraints-check.ts'
import { buildName, parseName } from './names.ts'
import { parseOcspRequest } from './ocsp-request.ts'
import { issuerIdentifiers } from './ocsp-response.ts'
import { oids } from './oids.ts'
import { readPem, writePem } from './pem.ts'
import { readPrivateKey } from './private-key.ts'
import { checkKey, parseSpki } from './spki.ts'
import { aLeafSpec, aRoot, day, ecKey, epoch, issue, rsaKey, signWith } from './test-support/hierarchy.ts'

/** Deterministic numbers from 0 up to a bound (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const telling = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x31, 0x02, 0x03, 0x05, 0x06, 0x0c, 0x17, 0xa0, 0xa3,
]

/** One to three changes: an octet, a run taken out, put in, doubled or overwritten, the end cut. */
function mutated(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes)
  for (let changes = 1 + pick(3); changes > 0; changes--) {
    const at = pick(out.length + 1)
    const length = 1 + pick(8)
    const octets = Uint8Array.from({ length }, () => (pick(2) ? pick(256) : telling[pick(telling.length)]!))
    switch (pick(6)) {
      case 0:
        if (at < out.length) out[at]! ^= 1 << pick(8)
        break
      case 1:
        if (at < out.length) out[at] = octets[0]!
        break
      case 2:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)])
        break
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...octets, ...out.subarray(at)])
        break
      case 4:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(pick(out.length + 1))])
        break
      default:
        out.set(octets.subarray(0, Math.max(0, out.length - at)), Math.min(at, out.length))
    }
  }
  return out
}

const inputs = 10_000

/** Feeds mutations of the samples; counts how many were read. Anything thrown must be of the declared class. */
function fuzz(
  samples: readonly Uint8Array[],
  seed: number,
  read: (bytes: Uint8Array) => unknown,
): { read: number; refused: number } {
  const pick = numbers(seed)
  const counts = { read: 0, refused: 0 }
  for (let i = 0; i < inputs; i++) {
    const bytes = mutated(samples[i % samples.length]!, pick)
    try {
      read(bytes)
      counts.read++
    } catch (error) {
      if (!(error instanceof X509Error)) throw new Error(`${String(error)} on ${bytes.toHex()}`, { cause: error })
      counts.refused++
    }
  }
  return counts
}

const ca = aRoot({
  extensions: [
    nameConstraints({
      permitted: [
        { type: 'dns', value: 'example.com' },
        { type: 'ip', value: '10.0.0.0/8' },
      ],
      excluded: [{ type: 'directoryName', der: buildName({ country: 'CN' }) }],
    }),
  ],
})
const key = ecKey()
const spec = aLeafSpec(ca, key)
const richSpec = {
  ...spec,
  extensions: [
    ...spec.extensions,
    crlDistributionPoints(['http://a.example/1.crl']),
    authorityInformationAccess({ ocsp: ['http://a.example/ocsp'], caIssuers: ['http://a.example/ca'] }),
  ],
}
const csrInfo = buildCsrInfo({ subject: spec.subject, spki: key.spki.der, extensions: spec.extensions })
const csr = assembleCsr(csrInfo, 'ecdsaWithSha256', signWith(key, 'ecdsaWithSha256', csrInfo))
const crlTbs = buildTbsCertList(
  {
    signatureAlgorithm: 'ecdsaWithSha256',
    issuer: ca.certificate.tbs.subjectDer,
    thisUpdate: epoch,
    nextUpdate: epoch + day,
    extensions: [
      crlNumber(5n),
      authorityKeyIdentifier(key.spki.keyIdentifier()),
      issuingDistributionPoint({ only: 'user' }),
    ],
  },
  streamCrlEntries([
    { serialHex: '0a', revokedAt: epoch, reason: 'keyCompromise' },
    { serialHex: 'ff', revokedAt: epoch },
  ]),
)
const crl = concatBytes([...assembleCrl(crlTbs, new Uint8Array(64))])
const names = subjectAltName([
  { type: 'dns', value: '*.xn--bcher-kva.example' },
  { type: 'ip', value: '::1' },
  { type: 'email', value: 'a@b.example' },
  { type: 'uri', value: 'http://[::1]/a' },
]).value
const rsa = rsaKey()

const readers = [
  readAuthorityInformationAccess,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCrlDistributionPoints,
  readCrlNumber,
  readExtendedKeyUsage,
  readIssuingDistributionPoint,
  readKeyUsage,
  readNameConstraints,
  readReasonCode,
  readSubjectAltName,
  readSubjectKeyIdentifier,
]

function readAll(tbs: TbsCertificate): void {
  void tbs.serial
  tbs.issuer.toString()
  tbs.subject.fields()
  for (const { oid } of tbs.extensions) for (const reader of readers) softly(() => tbs.read<unknown>(oid, reader))
  softly(() => tbs.spki.keyIdentifier())
}

/** Passes over a refusal of ours only, so that what follows is read too. */
function softly(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
  }
}

describe(`of ${inputs} mutated inputs each, parsers read some, refuse the rest with their error, and come back`, () => {
  const certificate = issue(richSpec, ca.key).der
  const mixed = {
    read: expect.toSatisfy((n: number) => n > 0) as number,
    refused: expect.toSatisfy((n: number) => n > 0) as number,
  }

  test('strict DER: what is accepted is the only encoding of its tree', () => {
    const reencoded = (reader: DerReader): Uint8Array[] => {
      const parts: Uint8Array[] = []
      while (!reader.done) {
        const [tag, contents] = [reader.peek(), reader.contents(reader.peek())]
        if ((tag & 0x1f) === 0x1f) return [reader.bytes.subarray(0, reader.end)]
        parts.push(tag & 0x20 ? constructed(tag, reencoded(new DerReader(contents))) : primitive(tag, contents))
      }
      return parts
    }
    const counts = fuzz([certificate, csr, crl, key.spki.der, names], 1, (bytes) => {
      checkDer(bytes)
      expect(concatBytes(reencoded(new DerReader(bytes))).toHex()).toBe(bytes.toHex())
    })
    expect(counts).toEqual(mixed)
  })

  test('certificates', () => {
    expect(fuzz([certificate, ca.certificate.der], 2, (bytes) => readAll(parseCertificate(bytes).tbs))).toEqual(mixed)
  })

  test('requests, with proof of possession: none passes but for changes that change nothing', () => {
    let proved = 0
    const counts = fuzz([csr], 3, (bytes) => {
      const parsed = parseCsr(bytes)
      if (verifyCsr(parsed)) {
        proved++
        expect(parsed.info.der.toHex()).toBe(csrInfo.toHex())
      }
    })
    expect(counts).toEqual(mixed)
    expect(proved).toBeLessThan(inputs / 10)
  })

  test('CRLs', () => {
    expect(fuzz([crl], 4, (bytes) => [...parseCrl(bytes).entries()])).toEqual(mixed)
  })

  test('OCSP requests', () => {
    const { subjectDer, spki } = ca.certificate.tbs
    const certIds = issuerIdentifiers(subjectDer, spki.keyBits).map((issuer) => sequence(sequence(issuer, integer(77))))
    const nonce = extension(oids.ocspNonce, { critical: false }, octetString(new Uint8Array(32))).der
    const requests = certIds.flatMap((one) => [
      sequence(sequence(sequence(one))),
      sequence(sequence(sequence(one, one), explicitTag(2, sequence(nonce)))),
    ])
    const limits = { maxBytes: 4_096, maxCertIds: 8 }
    expect(fuzz(requests, 12, (bytes) => parseOcspRequest(bytes, limits))).toEqual(mixed)
  })

  test('keys', () => {
    expect(fuzz([key.spki.der, rsa.spki.der], 5, (bytes) => checkKey(parseSpki(bytes), 'upload'))).toEqual(mixed)
  })

  test('names and name constraints', () => {
    const constraints = ca.certificate.tbs.extensions[0]!.value
    const subject = parseName(spec.subject)
    expect(fuzz([spec.subject], 6, (bytes) => parseName(bytes).toString())).toEqual(mixed)
    const counts = fuzz([constraints], 7, (bytes) =>
      nameConstraintsViolation([readNameConstraints(bytes)], { subject, altNames: readSubjectAltName(names) }),
    )
    expect(counts).toEqual(mixed)
  })

  test('values of extensions', () => {
    const values = [...richSpec.extensions, ...ca.certificate.tbs.extensions].flatMap((each) =>
      each ? [each.value] : [],
    )
    expect(fuzz([...values, names], 8, (bytes) => readers.map((reader) => softly(() => reader(bytes))))).toMatchObject({
      read: inputs,
    })
  })

  test('the linter', () => {
    const tbs = buildTbsCertificate(richSpec)
    const profile = { kind: 'leaf', signatureAlgorithm: 'ecdsaWithSha256', chain: ca.chain } as const
    const counts = fuzz([tbs], 9, (bytes) => {
      parseTbsCertificate(bytes)
      softly(() => lintCertificate(bytes, profile))
    })
    expect(counts).toEqual(mixed)
  })

  test('PEM and private keys', () => {
    const pems = [key, rsa].map((pair) =>
      Buffer.from(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
    )
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
    expect(
      fuzz([Buffer.from(writePem('CERTIFICATE', certificate))], 10, (bytes) =>
        readPem(text(bytes), { surroundingText: true }),
      ),
    ).toEqual(mixed)
    expect(fuzz(pems, 11, (bytes) => readPrivateKey(text(bytes)))).toEqual(mixed)
  })
})
