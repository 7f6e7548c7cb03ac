import { equalBytes } from './bytes.ts'
import { nullValue, oid, sequence } from './der/writer.ts'
import { oids } from './oids.ts'

export type KeyType = 'rsa' | 'ec' | 'ed25519'
export type SignatureHash = 'sha256' | 'sha384' | 'sha512'

/**
 * The kinds of key that we make and issue for. A new kind is a row here; what classifies keys reads `type`, `bits` and
 * `curve`. `generate` is what node:crypto's generateKeyPair takes; `hash` is the usual partner (NIST SP 800-57 part 1
 * §5.6.2), null for a key that signs without one of its own choosing (RFC 8032 §5.1.6).
 */
export const keyAlgorithms = {
  rsa2048: {
    type: 'rsa',
    bits: 2048,
    hash: 'sha256',
    generate: ['rsa', { modulusLength: 2048, publicExponent: 65_537 }],
  },
  rsa3072: {
    type: 'rsa',
    bits: 3072,
    hash: 'sha256',
    generate: ['rsa', { modulusLength: 3072, publicExponent: 65_537 }],
  },
  rsa4096: {
    type: 'rsa',
    bits: 4096,
    hash: 'sha256',
    generate: ['rsa', { modulusLength: 4096, publicExponent: 65_537 }],
  },
  p256: { type: 'ec', bits: 256, hash: 'sha256', generate: ['ec', { namedCurve: 'prime256v1' }] },
  p384: { type: 'ec', bits: 384, hash: 'sha384', generate: ['ec', { namedCurve: 'secp384r1' }] },
  p521: { type: 'ec', bits: 521, hash: 'sha512', generate: ['ec', { namedCurve: 'secp521r1' }] },
  ed25519: { type: 'ed25519', bits: 256, hash: null, generate: ['ed25519', {}] },
} as const satisfies Record<string, KeyAlgorithm>

export interface KeyAlgorithm {
  readonly type: KeyType
  readonly bits: number
  readonly hash: SignatureHash | null
  readonly generate: readonly [string, Readonly<Record<string, unknown>>]
}

export type KeyAlgorithmName = keyof typeof keyAlgorithms

/** Named curves that can be read. `octets` is the length of a coordinate. */
export const curves = {
  p256: { oid: oids.prime256v1, octets: 32, bits: 256 },
  p384: { oid: oids.secp384r1, octets: 48, bits: 384 },
  p521: { oid: oids.secp521r1, octets: 66, bits: 521 },
} as const

export type CurveName = keyof typeof curves

export interface SignatureAlgorithm {
  readonly keyType: KeyType
  /** Also the digest name for node:crypto's sign and verify; null where the algorithm hashes by itself. */
  readonly digest: SignatureHash | null
  /** The AlgorithmIdentifier that we write and lint for. */
  readonly identifier: Uint8Array
  /** A second form to be accepted on reading: RFC 4055 §5 allows RSA without NULL parameters. */
  readonly alternative?: Uint8Array
}

/** RFC 4055 §5: parameters NULL. RFC 5758 §3.2, RFC 8410 §3: parameters absent. */
export const signatureAlgorithms = {
  sha256WithRsa: rsa(oids.sha256WithRsa, 'sha256'),
  sha384WithRsa: rsa(oids.sha384WithRsa, 'sha384'),
  sha512WithRsa: rsa(oids.sha512WithRsa, 'sha512'),
  ecdsaWithSha256: ecdsa(oids.ecdsaWithSha256, 'sha256'),
  ecdsaWithSha384: ecdsa(oids.ecdsaWithSha384, 'sha384'),
  ecdsaWithSha512: ecdsa(oids.ecdsaWithSha512, 'sha512'),
  ed25519: { keyType: 'ed25519', digest: null, identifier: sequence(oid(oids.ed25519)) },
} as const satisfies Record<string, SignatureAlgorithm>

export type SignatureAlgorithmName = keyof typeof signatureAlgorithms

const allSignatureAlgorithms = Object.entries<SignatureAlgorithm>(signatureAlgorithms) as [
  SignatureAlgorithmName,
  SignatureAlgorithm,
][]

/** Name of an AlgorithmIdentifier (whole element), undefined when it is none that we verify. */
export function signatureAlgorithmOf(identifier: Uint8Array): SignatureAlgorithmName | undefined {
  for (const [name, algorithm] of allSignatureAlgorithms) {
    if (equalBytes(algorithm.identifier, identifier)) return name
    if (algorithm.alternative && equalBytes(algorithm.alternative, identifier)) return name
  }
  return undefined
}

/** The algorithm with which a key of this type signs over this hash; null for Ed25519 and for nothing else. */
export function signatureAlgorithmFor(keyType: KeyType, hash: SignatureHash | null): SignatureAlgorithmName {
  for (const [name, algorithm] of allSignatureAlgorithms) {
    if (algorithm.keyType === keyType && algorithm.digest === hash) return name
  }
  throw new TypeError(`no signature algorithm for ${keyType} with ${hash ?? 'no hash'}`)
}

function rsa(type: string, hash: SignatureHash) {
  const identifier = sequence(oid(type), nullValue())
  return { keyType: 'rsa', digest: hash, identifier, alternative: sequence(oid(type)) } as const
}

function ecdsa(type: string, hash: SignatureHash) {
  return { keyType: 'ec', digest: hash, identifier: sequence(oid(type)) } as const
}
