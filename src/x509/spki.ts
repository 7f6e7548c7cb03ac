import { createPublicKey, hash, verify as cryptoVerify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { curves, keyAlgorithms, signatureAlgorithms } from './algorithms.ts'
import type { CurveName, KeyAlgorithmName, KeyType, SignatureAlgorithmName } from './algorithms.ts'
import { equalBytes } from './bytes.ts'
import { checkDer, DerReader } from './der/reader.ts'
import { tags } from './der/tags.ts'
import { fail } from './errors.ts'
import { oids } from './oids.ts'
import { isRocaFingerprint, hasClosePrimes, hasSmallFactor } from './rsa-weakness.ts'

/** What a SubjectPublicKeyInfo says about its key. Anything we do not classify is `other`. */
export type KeyKind =
  | { readonly type: 'rsa'; readonly bits: number; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  | { readonly type: 'ec'; readonly curve: CurveName }
  | { readonly type: 'ed25519' }
  | { readonly type: 'other'; readonly oid: string }

/**
 * For which purpose a key is judged. `issue`: exactly a size or curve of `keyAlgorithms`. `upload`: RSA of 2048 to
 * 8192 bits, any curve we can read, Ed25519.
 */
export type KeyPolicy = 'issue' | 'upload'

const nullParameters = Uint8Array.of(tags.null, 0)
const maxExponentOctets = 32

/**
 * RFC 5280 §4.1
 *   SubjectPublicKeyInfo ::= SEQUENCE {
 *        algorithm         AlgorithmIdentifier,
 *        subjectPublicKey  BIT STRING }
 */
export class Spki {
  readonly der: Uint8Array
  readonly kind: KeyKind
  /** Contents of subjectPublicKey. */
  readonly keyBits: Uint8Array
  #publicKey: KeyObject | undefined
  #keyIdentifier: Uint8Array | undefined

  constructor(der: Uint8Array, kind: KeyKind, keyBits: Uint8Array) {
    this.der = der
    this.kind = kind
    this.keyBits = keyBits
  }

  get keyType(): KeyType | undefined {
    return this.kind.type === 'other' ? undefined : this.kind.type
  }

  /** Which row of `keyAlgorithms` this key is, if any. */
  get algorithm(): KeyAlgorithmName | undefined {
    const { kind } = this
    if (kind.type === 'ec') return kind.curve
    if (kind.type === 'ed25519') return 'ed25519'
    if (kind.type !== 'rsa') return undefined
    return allKeyAlgorithms.find(([, row]) => row.type === 'rsa' && row.bits === kind.bits)?.[0]
  }

  /** SHA-256 over the whole SubjectPublicKeyInfo, in lowercase hexadecimal. */
  sha256(): string {
    return hash('sha256', this.der, 'hex')
  }

  /** RFC 5280 §4.2.1.2 (1): SHA-1 over the bits of subjectPublicKey. An identifier, not a protection. */
  keyIdentifier(): Uint8Array {
    return (this.#keyIdentifier ??= hash('sha1', this.keyBits, 'buffer'))
  }

  /** Imports the key, once. OpenSSL checks here that an EC point is on its curve. Throws X509Error BadKey. */
  publicKey(): KeyObject {
    try {
      this.#publicKey ??= createPublicKey({ key: this.der as Buffer, format: 'der', type: 'spki' })
    } catch {
      throw fail('BadKey', 'the public key cannot be imported')
    }
    return this.#publicKey
  }

  /**
   * True if `signature` over `data` was made with this key's private half. Throws X509Error BadKey when the key cannot
   * be imported.
   */
  verify(algorithm: SignatureAlgorithmName, data: Uint8Array, signature: Uint8Array): boolean {
    const { keyType, digest } = signatureAlgorithms[algorithm]
    return keyType === this.kind.type && cryptoVerify(digest, data, this.publicKey(), signature)
  }
}

const allKeyAlgorithms = Object.entries(keyAlgorithms) as [KeyAlgorithmName, { type: KeyType; bits: number }][]

/**
 * Reads a SubjectPublicKeyInfo that is all of `der`. Throws X509Error (DerError or BadKey). Weak keys are read; see
 * `checkKey`.
 */
export function parseSpki(der: Uint8Array): Spki {
  checkDer(der)
  const reader = new DerReader(der).enter(tags.sequence)
  const identifier = reader.enter(tags.sequence)
  const keyBits = reader.bitString()
  reader.expectEnd()
  const algorithm = identifier.oid()
  const parameters = identifier.done ? undefined : identifier.element()
  identifier.expectEnd()
  return new Spki(der, kindOf(algorithm, parameters, keyBits), keyBits)
}

function kindOf(algorithm: string, parameters: Uint8Array | undefined, keyBits: Uint8Array): KeyKind {
  if (algorithm === oids.ecPublicKey) return ecKind(parameters, keyBits)
  if (algorithm === oids.rsaEncryption) return rsaKind(parameters, keyBits)
  if (algorithm === oids.ed25519) {
    if (parameters || keyBits.length !== 32) throw fail('BadKey', 'not an Ed25519 key of RFC 8410 §4')
    return { type: 'ed25519' }
  }
  return { type: 'other', oid: algorithm }
}

/**
 * RFC 5480 §2.1.1: namedCurve only. §2.2: an uncompressed point; the compressed form is optional there and refused
 * here.
 */
function ecKind(parameters: Uint8Array | undefined, point: Uint8Array): KeyKind {
  if (parameters?.[0] !== tags.oid) throw fail('BadKey', 'an EC key must name its curve')
  const oid = new DerReader(parameters).oid()
  for (const curve of Object.keys(curves) as CurveName[]) {
    if (curves[curve].oid !== oid) continue
    if (point[0] !== 4 || point.length !== 1 + 2 * curves[curve].octets) {
      throw fail('BadKey', 'an EC key must be an uncompressed point of its curve')
    }
    return { type: 'ec', curve }
  }
  return { type: 'other', oid }
}

/** RFC 3279 §2.3.1: parameters NULL; RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
function rsaKind(parameters: Uint8Array | undefined, keyBits: Uint8Array): KeyKind {
  if (!parameters || !equalBytes(parameters, nullParameters)) throw fail('BadKey', 'RSA parameters must be NULL')
  checkDer(keyBits)
  const reader = new DerReader(keyBits).enter(tags.sequence)
  const modulus = magnitude(reader.integer())
  const exponent = magnitude(reader.integer())
  reader.expectEnd()
  const bits = modulus.length === 0 ? 0 : modulus.length * 8 - (Math.clz32(modulus[0]!) - 24)
  return { type: 'rsa', bits, modulus, exponent }
}

function magnitude(contents: Uint8Array): Uint8Array {
  if (contents[0]! >= 0x80) throw fail('BadKey', 'an RSA key with a negative number')
  return contents[0] === 0 ? contents.subarray(1) : contents
}

/**
 * Refuses keys that must not be certified: sizes and curves outside of the policy; RSA with an even modulus, an
 * exponent below 65537, even or above 2^256 (FIPS 186-5 §A.1.1), small factors, the ROCA fingerprint (CVE-2017-15361)
 * or close primes; EC points off their curve; Ed25519 points of small order. Throws X509Error WeakKey, BadKey or UnsupportedAlgorithm.
 */
export function checkKey(spki: Spki, policy: KeyPolicy): void {
  const { kind } = spki
  if (kind.type === 'other') throw fail('UnsupportedAlgorithm', `keys of ${kind.oid} are not accepted`)
  if (policy === 'issue' && spki.algorithm === undefined) throw fail('UnsupportedAlgorithm', describeUnsupported(kind))
  if (kind.type === 'rsa') checkRsa(kind)
  if (kind.type === 'ed25519') checkEd25519(spki.keyBits)
  spki.publicKey()
}

/** The five y of points whose order divides 8 (RFC 7748 §6.1 has the same for X25519): anybody can sign for such a key. */
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
])

function checkEd25519(point: Uint8Array): void {
  const y = Uint8Array.from(point)
  // The last bit is the sign of x (RFC 8032 §5.1.2).
  y[31]! &= 0x7f
  const isBelowPrime = y[31] !== 0x7f || y[0]! < 0xed || y.subarray(1, 31).some((octet) => octet !== 0xff)
  if (!isBelowPrime) throw fail('BadKey', 'the Ed25519 point is not reduced (RFC 8032 §5.1.3)')
  if (smallOrder.has(y.toHex())) throw fail('WeakKey', 'the Ed25519 point is of small order')
}

function describeUnsupported(kind: KeyKind): string {
  return kind.type === 'rsa'
    ? `an RSA key of ${kind.bits} bits is not among the sizes issued for`
    : `a ${kind.type} key is not issued for`
}

function checkRsa({ bits, modulus, exponent }: Extract<KeyKind, { type: 'rsa' }>): void {
  if (bits < 2048 || bits > 8192) throw fail('WeakKey', `an RSA key of ${bits} bits; 2048 to 8192 are accepted`)
  if (exponent.length > maxExponentOctets || (exponent.at(-1)! & 1) === 0 || isBelow65537(exponent)) {
    throw fail('WeakKey', 'the RSA exponent must be odd, at least 65537 and below 2^256')
  }
  const n = BigInt(`0x${modulus.toHex()}`)
  if (hasSmallFactor(n)) throw fail('WeakKey', 'the RSA modulus has a small factor')
  if (isRocaFingerprint(n)) throw fail('WeakKey', 'the RSA key carries the ROCA fingerprint (CVE-2017-15361)')
  if (hasClosePrimes(n)) throw fail('WeakKey', 'the primes of the RSA key are too close to each other')
}

function isBelow65537(exponent: Uint8Array): boolean {
  return exponent.length < 3 || (exponent.length === 3 && exponent[0] === 1 && exponent[1] === 0 && exponent[2]! < 1)
}
