/**
 * All that is known of each kind of key we make. A further kind (SM2, ML-DSA) is a further row: code asks
 * the row and never looks at a name.
 */
export interface KeyAlgorithmFacts {
  /** What node:crypto makes it from. */
  readonly material:
    | { readonly type: 'rsa'; readonly modulusLength: number }
    | { readonly type: 'ec'; readonly namedCurve: string }
    | { readonly type: 'ed25519' }
  /** Making one takes seconds of a core, so it is queued. */
  readonly slowToGenerate: boolean
  /**
   * The digests it signs with. ECDSA signatures are DER (RFC 3279 §2.2.3), RSA ones PKCS #1 v1.5 (RFC 8017 §8.2). null:
   * none, the whole message is signed (RFC 8032 §5.1), so that it must be at hand in one piece.
   */
  readonly hashes: readonly (SignatureHash | null)[]
}

export type SignatureHash = 'sha256' | 'sha384' | 'sha512'

const sha2 = ['sha256', 'sha384', 'sha512'] as const

export const keyAlgorithms = {
  rsa2048: { material: { type: 'rsa', modulusLength: 2048 }, slowToGenerate: true, hashes: sha2 },
  rsa3072: { material: { type: 'rsa', modulusLength: 3072 }, slowToGenerate: true, hashes: sha2 },
  rsa4096: { material: { type: 'rsa', modulusLength: 4096 }, slowToGenerate: true, hashes: sha2 },
  p256: { material: { type: 'ec', namedCurve: 'prime256v1' }, slowToGenerate: false, hashes: sha2 },
  p384: { material: { type: 'ec', namedCurve: 'secp384r1' }, slowToGenerate: false, hashes: sha2 },
  p521: { material: { type: 'ec', namedCurve: 'secp521r1' }, slowToGenerate: false, hashes: sha2 },
  ed25519: { material: { type: 'ed25519' }, slowToGenerate: false, hashes: [null] },
} as const satisfies Record<string, KeyAlgorithmFacts>

export type KeyAlgorithm = keyof typeof keyAlgorithms

/** The row of an algorithm. */
export function factsOf(algorithm: KeyAlgorithm): KeyAlgorithmFacts {
  return keyAlgorithms[algorithm]
}
