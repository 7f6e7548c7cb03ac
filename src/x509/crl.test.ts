import { createSign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concatBytes } from './bytes.ts'
import { assembleCrl, buildTbsCertList, encodeCrlEntries, streamCrlEntries } from './crl.ts'
import type { CrlSpec } from './crl.ts'
import type { CrlEntry } from './crl-entry.ts'
import { parseCrl } from './crl-reader.ts'
import { bitString, integer, oid, sequence, time } from './der/writer.ts'
import { X509Error } from './errors.ts'
import {
  authorityKeyIdentifier,
  crlNumber,
  extension,
  issuingDistributionPoint,
  readCrlNumber,
  reasonCodes,
} from './extensions/index.ts'
import type { RevocationReason } from './extensions/index.ts'
import { oids } from './oids.ts'
import { readOnePem, writePem } from './pem.ts'
import { aRoot, aLeafSpec, day, ecKey, epoch, issue, signWith } from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const ca = aRoot()
const aCrl: CrlSpec = {
  signatureAlgorithm: 'ecdsaWithSha256',
  issuer: ca.certificate.tbs.subjectDer,
  thisUpdate: epoch,
  nextUpdate: epoch + 7 * day,
  extensions: [authorityKeyIdentifier(ca.key.spki.keyIdentifier()), crlNumber(1_700_000_000n)],
}
const revoked: CrlEntry[] = [
  { serialHex: '7102030405060708090a0b0c0d0e0f10', revokedAt: epoch, reason: 'keyCompromise' },
  { serialHex: 'f102030405060708090a0b0c0d0e0f10', revokedAt: epoch, reason: 'unspecified' },
  { serialHex: '0a', revokedAt: Date.UTC(2050, 0, 1) },
]

function build(entries: readonly CrlEntry[], change: Partial<CrlSpec> = {}): Uint8Array {
  const tbs = buildTbsCertList({ ...aCrl, ...change }, streamCrlEntries(entries))
  const sign = createSign('sha256')
  for (const chunk of tbs) sign.update(chunk)
  const crl = assembleCrl(tbs, sign.sign(ca.key.privateKey))
  const der = concatBytes([...crl])
  expect(der.length).toBe(crl.byteLength)
  return der
}

function* manyEntries(count: number): Generator<CrlEntry> {
  for (let i = 0; i < count; i++) {
    yield { serialHex: `7${i.toString(16).padStart(31, '0')}`, revokedAt: epoch + i * 1000, reason: 'superseded' }
  }
}

describe('CRL, RFC 5280 §5', () => {
  test('§5.1.2.6: nothing revoked: revokedCertificates is absent, not empty', () => {
    const crl = parseCrl(build([]))
    expect(crl.hasRevokedCertificates).toBe(false)
    expect([...crl.entries()]).toEqual([])
  })

  test('entries come back in their order; §5.3.1: unspecified is left out', () => {
    const crl = parseCrl(build(revoked))
    expect([...crl.entries()]).toEqual([revoked[0], { serialHex: revoked[1]!.serialHex, revokedAt: epoch }, revoked[2]])
    expect(crl).toMatchObject({ version: 2, thisUpdate: aCrl.thisUpdate, nextUpdate: aCrl.nextUpdate })
    expect(crl.issuer.der.toHex()).toBe(aCrl.issuer.toHex())
    expect(readCrlNumber(crl.extension(oids.crlNumber)!.value)).toBe(1_700_000_000n)
    expect(crl.verify(ca.key.spki)).toBe(true)
    expect(crl.verify(ecKey().spki)).toBe(false)
  })

  test('every reason comes back', () => {
    const entries = (Object.keys(reasonCodes) as RevocationReason[])
      .filter((reason) => reason !== 'unspecified')
      .map((reason, i) => ({ serialHex: `1${i.toString(16)}`, revokedAt: epoch, reason }))
    expect([...parseCrl(build(entries)).entries()]).toEqual(entries)
  })

  test('openssl crl verifies it, and openssl verify -crl_check finds the revoked one', () => {
    using openssl = new OpenSsl()
    const leaf = issue(aLeafSpec(ca, ecKey()), ca.key)
    const der = build([...revoked, { serialHex: leaf.tbs.serial, revokedAt: epoch, reason: 'cessationOfOperation' }], {
      extensions: [...aCrl.extensions, issuingDistributionPoint({ only: 'user' })],
    })
    openssl.write('ca.pem', writePem('CERTIFICATE', ca.certificate.der))
    openssl.write('leaf.pem', writePem('CERTIFICATE', leaf.der))
    openssl.write('crl.pem', writePem('X509 CRL', der))
    const text = openssl.run('crl', '-in', 'crl.pem', '-CAfile', 'ca.pem', '-noout', '-text')
    expect(text).toContain('verify OK')
    expect(text).toContain('Cessation Of Operation')
    const verify = (crl: Uint8Array) => {
      openssl.write('crl.pem', writePem('X509 CRL', crl))
      const at = String((epoch + 3 * day) / 1000)
      return openssl.try(
        'verify',
        '-x509_strict',
        '-attime',
        at,
        '-crl_check',
        '-CRLfile',
        'crl.pem',
        '-CAfile',
        'ca.pem',
        'leaf.pem',
      )
    }
    expect(verify(der).text).toContain('certificate revoked')
    expect(verify(build([]))).toMatchObject({ ok: true })
  })

  test('reads and verifies what OpenSSL makes', () => {
    using openssl = new OpenSsl()
    openssl.write(
      'index.txt',
      'R\t300101000000Z\t260101000000Z,superseded\t1234\tunknown\t/CN=a\nR\t300101000000Z\t260101000000Z\tABCD\tunknown\t/CN=b\n',
    )
    openssl.write('number', '10\n')
    openssl.write(
      'c.cnf',
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=7\n',
    )
    openssl.write('ca.pem', writePem('CERTIFICATE', ca.certificate.der))
    openssl.write('ca.key', ca.key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    openssl.run('ca', '-config', 'c.cnf', '-gencrl', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-out', 'crl.pem')
    const crl = parseCrl(readOnePem(openssl.read('crl.pem').toString(), ['X509 CRL']).der)
    expect(crl.verify(ca.key.spki)).toBe(true)
    expect(readCrlNumber(crl.extension(oids.crlNumber)!.value)).toBe(16n)
    expect([...crl.entries()]).toEqual([
      { serialHex: '1234', revokedAt: epoch, reason: 'superseded' },
      { serialHex: 'abcd', revokedAt: epoch },
    ])
  })

  test('an entry of a 16-byte serial with a reason takes 49 octets', () => {
    expect(streamCrlEntries([revoked[0]!]).byteLength).toBe(49)
  })

  test('chunks stay small whatever the number of entries, and all entries are there', () => {
    const count = 20_000
    const entries = streamCrlEntries({ [Symbol.iterator]: () => manyEntries(count) })
    const sizes = [...entries.chunks()].map((chunk) => chunk.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(49 * count)
    const tbs = buildTbsCertList(aCrl, entries)
    const tbsDer = concatBytes([...tbs])
    const crl = parseCrl(concatBytes([...assembleCrl(tbs, signWith(ca.key, 'ecdsaWithSha256', tbsDer))]))
    expect(crl.verify(ca.key.spki)).toBe(true)
    let i = 0
    for (const entry of crl.entries()) if (Number.parseInt(entry.serialHex.slice(16), 16) === i) i++
    expect(i).toBe(count)
  })

  test('entries that come in pages are encoded once, in chunks of whole entries', async () => {
    const count = 20_000
    const all = [...manyEntries(count)]
    const pages = (async function* () {
      for (let at = 0; at < count; at += 777) yield await Promise.resolve(all.slice(at, at + 777))
    })()
    const chunks = await Array.fromAsync(encodeCrlEntries(pages))
    const streamed = streamCrlEntries({ [Symbol.iterator]: () => manyEntries(count) })
    expect(concatBytes(chunks).toHex()).toBe(concatBytes([...streamed.chunks()]).toHex())
    expect(chunks.length).toBeGreaterThan(2)
    for (const chunk of chunks) expect(chunk[0]).toBe(0x30)
  })

  test.each([
    ['grows', 2000, 3000],
    ['shrinks', 3000, 2000],
    ['grows from nothing', 0, 1],
  ])('a source that %s between two passes is noticed', (_, first, second) => {
    let passes = 0
    const entries = streamCrlEntries({ [Symbol.iterator]: () => manyEntries(passes++ === 0 ? first : second) })
    expect(() => [...entries.chunks()]).toThrow(expect.objectContaining({ code: 'CrlSourceChanged' }))
  })

  test.each(['', 'f', 'FF', '-01', '0001', '00ff', 'zz', 'é1', 'ab'.repeat(65)])(
    'serial %j is refused',
    (serialHex) => {
      expect(() => [...streamCrlEntries([{ serialHex, revokedAt: epoch }]).chunks()]).toThrow(
        expect.objectContaining({ code: 'BadSerial' }),
      )
    },
  )

  test('the serial 0, which others may have given out, can be revoked', () => {
    expect([...parseCrl(build([{ serialHex: '00', revokedAt: epoch }])).entries()]).toEqual([
      { serialHex: '00', revokedAt: epoch },
    ])
  })
})

describe('parseCrl', () => {
  const der = build(revoked)
  const algorithm = sequence(oid(oids.ecdsaWithSha256))
  const crlOf = (...fields: Uint8Array[]) => sequence(sequence(...fields), algorithm, bitString(new Uint8Array(8)))
  const head = [integer(1), algorithm, aCrl.issuer, time(epoch), time(epoch + day)] as const

  test('a version 1 CRL without nextUpdate is read', () => {
    expect(parseCrl(crlOf(algorithm, aCrl.issuer, time(epoch)))).toMatchObject({ version: 1, nextUpdate: undefined })
  })

  test('RFC 5280 §5.3: a critical entry extension that we do not process spoils the CRL', () => {
    const entry = (critical: boolean) =>
      sequence(integer(5), time(epoch), sequence(extension(oids.certificateIssuer, { critical }, sequence()).der))
    expect([...parseCrl(crlOf(...head, sequence(entry(false)))).entries()]).toHaveLength(1)
    expect(() => [...parseCrl(crlOf(...head, sequence(entry(true)))).entries()]).toThrow(
      expect.objectContaining({ code: 'BadCrl' }),
    )
  })

  test.each<[string, () => unknown]>([
    ['bytes after it', () => parseCrl(concatBytes([der, Uint8Array.of(0)]))],
    ['a cut end', () => parseCrl(der.subarray(0, -1))],
    [
      'algorithms that differ',
      () => parseCrl(sequence(sequence(...head), sequence(oid(oids.ecdsaWithSha384)), bitString(new Uint8Array(8)))),
    ],
    ['something behind the extensions', () => parseCrl(crlOf(...head, sequence(), integer(1)))],
    ['an entry without a date', () => [...parseCrl(crlOf(...head, sequence(sequence(integer(5))))).entries()]],
    ['too many bytes', () => parseCrl(der, { maxBytes: 100 })],
  ])('%s: refused', (_, parse) => {
    expect(parse).toThrow(X509Error)
  })
})
