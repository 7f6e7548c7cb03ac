import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { keyAlgorithms, signatureAlgorithmFor, signatureAlgorithmOf, signatureAlgorithms } from './algorithms.ts'
import type { KeyAlgorithmName } from './algorithms.ts'
import { bitString, integer, nullValue, oid, sequence } from './der/writer.ts'
import { oids } from './oids.ts'
import { hasClosePrimes, hasSmallFactor, isRocaFingerprint } from './rsa-weakness.ts'
import { checkKey, parseSpki } from './spki.ts'
import { ecKey, rsaKey } from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const rsaSpki = (n: bigint, e: bigint | number = 65_537) =>
  sequence(sequence(oid(oids.rsaEncryption), nullValue()), bitString(sequence(integer(n), integer(e))))
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return 'accepted'
}
const issuing = (der: Uint8Array) => codeOf(() => checkKey(parseSpki(der), 'issue'))
const modulusOf = (spki: ReturnType<typeof parseSpki>) =>
  BigInt(`0x${spki.kind.type === 'rsa' ? spki.kind.modulus.toHex() : '0'}`)

/** Smallest prime above `start` by Fermat's test, enough to build bad keys from. */
function nextPrime(start: bigint): bigint {
  const power = (base: bigint, exponent: bigint, modulus: bigint) => {
    let result = 1n
    for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus)
      if (e & 1n) result = (result * b) % modulus
    return result
  }
  let n = start | 1n
  while (hasSmallFactor(n) || power(2n, n - 1n, n) !== 1n) n += 2n
  return n
}

describe('SubjectPublicKeyInfo', () => {
  test('every key algorithm that we generate is classified as itself and accepted', () => {
    for (const [name, { generate }] of Object.entries(keyAlgorithms) as [
      KeyAlgorithmName,
      (typeof keyAlgorithms)[KeyAlgorithmName],
    ][]) {
      if (name === 'rsa4096' || name === 'rsa3072') continue
      const { publicKey } = generateKeyPairSync(generate[0] as 'ec', generate[1] as { namedCurve: string })
      const spki = parseSpki(publicKey.export({ format: 'der', type: 'spki' }))
      expect(spki.algorithm).toBe(name)
      expect(codeOf(() => checkKey(spki, 'issue'))).toBe('accepted')
    }
    expect(parseSpki(rsaSpki((1n << 3071n) + 1n)).algorithm).toBe('rsa3072')
    expect(parseSpki(rsaSpki((1n << 4095n) + 1n)).algorithm).toBe('rsa4096')
  })

  test('RFC 5280 §4.2.1.2 (1): the key identifier is the one that OpenSSL computes', () => {
    using openssl = new OpenSsl()
    openssl.run(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'k.pem',
      '-out',
      'c.pem',
      '-subj',
      '/CN=a',
    )
    openssl.run('ec', '-in', 'k.pem', '-pubout', '-out', 'p.pem')
    const text = openssl.run('x509', '-in', 'c.pem', '-noout', '-ext', 'subjectKeyIdentifier')
    const der = createPublicKey(openssl.read('p.pem')).export({ format: 'der', type: 'spki' })
    expect(text.replaceAll(/[^0-9A-F]/g, '').toLowerCase()).toContain(
      Buffer.from(parseSpki(der).keyIdentifier()).toString('hex'),
    )
  })

  test('uploads may bring RSA of other sizes; issuing may not', () => {
    const { spki } = rsaKey(2304)
    expect(codeOf(() => checkKey(spki, 'upload'))).toBe('accepted')
    expect(codeOf(() => checkKey(spki, 'issue'))).toBe('UnsupportedAlgorithm')
  })

  test('RFC 8410 §3, §4: Ed25519 without parameters, 32 octets', () => {
    const bits = new Uint8Array(32).fill(9)
    const ed25519 = (parameters: Uint8Array[], key: Uint8Array) =>
      codeOf(() => parseSpki(sequence(sequence(oid(oids.ed25519), ...parameters), bitString(key))))
    expect(ed25519([], bits)).toBe('accepted')
    expect(ed25519([nullValue()], bits)).toBe('BadKey')
    expect(ed25519([], bits.subarray(1))).toBe('BadKey')
  })

  test('curves and algorithms that we do not know are read but not accepted', () => {
    for (const spki of [
      ecKey('secp256k1').spki,
      parseSpki(sequence(sequence(oid('1.2.3')), bitString(new Uint8Array(3)))),
    ]) {
      expect(spki.kind.type).toBe('other')
      expect(codeOf(() => checkKey(spki, 'upload'))).toBe('UnsupportedAlgorithm')
    }
  })

  test('RFC 5480 §2.1.1, §2.2: only named curves and uncompressed points', () => {
    const point = ecKey().spki.keyBits
    const p256 = (parameters: Uint8Array, bits: Uint8Array) =>
      codeOf(() => parseSpki(sequence(sequence(oid(oids.ecPublicKey), parameters), bitString(bits))))
    expect(p256(oid(oids.prime256v1), point)).toBe('accepted')
    expect(p256(sequence(integer(1)), point)).toBe('BadKey')
    expect(p256(oid(oids.prime256v1), Uint8Array.of(2, ...point.subarray(1, 33)))).toBe('BadKey')
    expect(p256(oid(oids.prime256v1), point.subarray(0, 64))).toBe('BadKey')
    expect(p256(oid(oids.secp384r1), point)).toBe('BadKey')
  })

  test('a point off its curve is refused', () => {
    const der = Uint8Array.from(ecKey().spki.der)
    der[der.length - 1]! ^= 1
    expect(issuing(der)).toBe('BadKey')
  })

  test('RFC 3279 §2.3.1: RSA parameters are NULL, numbers positive', () => {
    const n = modulusOf(rsaKey().spki)
    const der = (parameters: Uint8Array[], key: Uint8Array) =>
      codeOf(() => parseSpki(sequence(sequence(oid(oids.rsaEncryption), ...parameters), bitString(key))))
    expect(der([], sequence(integer(n), integer(3)))).toBe('BadKey')
    expect(der([nullValue()], sequence(integer(-n), integer(3)))).toBe('BadKey')
    expect(der([nullValue()], sequence(integer(n)))).toBe('Truncated')
    expect(der([nullValue()], sequence(integer(n), integer(3), integer(3)))).toBe('TrailingBytes')
  })
})

describe('Ed25519 points', () => {
  const ed25519 = (hex: string) => issuing(sequence(sequence(oid(oids.ed25519)), bitString(Buffer.from(hex, 'hex'))))

  test('of small order are refused, whatever the sign of x', () => {
    const order8 = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'
    for (const hex of [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      `ec${'ff'.repeat(30)}7f`,
      order8,
      `${order8.slice(0, 62)}85`,
    ])
      expect(ed25519(hex), hex).toBe('WeakKey')
  })

  test('RFC 8032 §5.1.3: y is below the prime', () => {
    for (const first of ['ed', 'ee', 'ff']) expect(ed25519(`${first}${'ff'.repeat(30)}7f`)).toBe('BadKey')
    expect(ed25519(`eb${'ff'.repeat(30)}7f`)).toBe('accepted')
  })
})

describe('weak RSA keys', () => {
  const n = modulusOf(rsaKey().spki)

  test('sizes: exactly those issued for; 2048 to 8192 for uploads', () => {
    expect(issuing(rsaSpki(n))).toBe('accepted')
    expect(issuing(rsaSpki(n >> 1n))).toBe('UnsupportedAlgorithm')
    expect(codeOf(() => checkKey(parseSpki(rsaSpki(n >> 1n)), 'upload'))).toBe('WeakKey')
    expect(codeOf(() => checkKey(parseSpki(rsaSpki((1n << 8192n) + 1n)), 'upload'))).toBe('WeakKey')
  })

  test('FIPS 186-5 §A.1.1: the exponent is odd, from 65537 to below 2^256', () => {
    for (const e of [1, 3, 65_535, 65_536, 65_538, (1n << 256n) + 1n])
      expect(issuing(rsaSpki(n, e)), `${e}`).toBe('WeakKey')
    expect(issuing(rsaSpki(n, 65_539))).toBe('accepted')
  })

  test('small factors and an even modulus', () => {
    const top = 1n << 2047n
    for (const p of [2n, 3n, 7n, 751n]) expect(issuing(rsaSpki(top + p - (top % p))), `${p}`).toBe('WeakKey')
    expect(hasSmallFactor(757n * 761n)).toBe(false)
  })

  test('CVE-2022-26320: close primes are found by Fermat’s method', () => {
    const p = nextPrime((3n << 1022n) + 12_345n)
    expect(hasClosePrimes(p * nextPrime(p + 2n))).toBe(true)
    expect(issuing(rsaSpki(p * nextPrime(p + 2n)))).toBe('WeakKey')
    expect(hasClosePrimes(p * p)).toBe(true)
    expect(hasClosePrimes(p * nextPrime(p + (1n << 1000n)))).toBe(false)
  })

  test('CVE-2017-15361: the fingerprint of ROCA', () => {
    let m = 1n
    for (let q = 2n; q < 168n; q++) if (q === 2n || !hasDivisor(q)) m *= q
    const rocaPrime = (k: bigint, a: number) => k * m + (65_537n ** BigInt(a) % m)
    const product = rocaPrime((1n << 800n) + 5n, 100) * rocaPrime((1n << 800n) + 9n, 321)
    expect(isRocaFingerprint(product)).toBe(true)
    expect(isRocaFingerprint(product + 2n)).toBe(false)
    expect(isRocaFingerprint(n)).toBe(false)
  })

  function hasDivisor(q: bigint): boolean {
    for (let d = 2n; d * d <= q; d++) if (q % d === 0n) return true
    return false
  }
})

describe('signature algorithms', () => {
  test('each is found by its identifier, RSA also without parameters (RFC 4055 §5)', () => {
    for (const [name, { identifier }] of Object.entries(signatureAlgorithms))
      expect(signatureAlgorithmOf(identifier)).toBe(name)
    expect(signatureAlgorithmOf(sequence(oid(oids.sha256WithRsa)))).toBe('sha256WithRsa')
    expect(signatureAlgorithmOf(sequence(oid(oids.ecdsaWithSha256), nullValue()))).toBeUndefined()
  })

  test('each pair of key type and hash has one; Ed25519 has no hash (RFC 8410 §3)', () => {
    expect(signatureAlgorithmFor('rsa', 'sha384')).toBe('sha384WithRsa')
    expect(signatureAlgorithmFor('ec', 'sha512')).toBe('ecdsaWithSha512')
    expect(signatureAlgorithmFor('ed25519', null)).toBe('ed25519')
    expect(() => signatureAlgorithmFor('ed25519', 'sha256')).toThrow(TypeError)
    expect(() => signatureAlgorithmFor('ec', null)).toThrow(TypeError)
  })
})
