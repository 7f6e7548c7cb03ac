import type { KeyAlgorithm, SignatureHash } from './algorithms.ts'

/**
 * What the lint hands out for bytes that it has seen, and the only thing that is ever signed. `consume` may be called once;
 * it gives the bytes, as one piece or as chunks in order (a CRL); a chunk may be reused once the next is asked for.
 */
export interface Linted {
  readonly kind: string
  consume(): Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** Names a private key: what its row in the database holds. */
export interface KeyReference {
  /** A lower-case UUID, never reused. */
  readonly keyId: string
  readonly accountId: string
  readonly algorithm: KeyAlgorithm
  /** As `generate` returned it; of no use without the provider. */
  readonly sealedPrivateKey: Uint8Array
}

export interface GeneratedKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Buffer
  /** For the caller to store in the key's row. */
  readonly sealedPrivateKey: Buffer
}

export type KeyErrorCode =
  /** The look-up worked and the provider has no such key: destroyed, or never made. Trying again does not help. */
  | 'KeyNotFound'
  /** There is a key of this id already. */
  | 'KeyExists'
  /** The key is there, but not for this reference: another account, algorithm or sealed private key, or damaged. */
  | 'KeyUnusable'
  /** The provider could not look: nothing is known about the key. Never a reason to believe that it is gone. */
  | 'KeyLookupFailed'
  /** The algorithm does not sign with this hash, or there was nothing to sign, or more than can be signed in one piece. */
  | 'SignatureNotPossible'

/** What a KeyProvider fails with. One sentence, never key bytes. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode

  constructor(code: KeyErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Where private keys live and the only way to use one. There is no way to export one.
 *
 * All calls may run concurrently, in any number of threads with a provider each, except that for one key `generate` and
 * `destroy` are the caller's to keep apart. A provider never retries. Errors are KeyError with the codes above;
 * `KeyGenerationBusy` comes from `generate` only.
 */
export interface KeyProvider {
  /** Stable, for receipts and messages. */
  readonly name: string
  /** Where the key material is, and with that which level of destruction a receipt may come to claim. */
  readonly medium: 'keyring' | 'hsm'

  /**
   * Makes a key pair. What the provider keeps of it is durable when this returns; the caller then stores the result.
   * A crash or an error in between leaves a key that nobody names: `destroy` it, or leave it and take another id.
   *
   * @throws KeyError KeyExists, KeyLookupFailed
   * @throws KeyGenerationBusy nothing was made
   */
  generate(request: Omit<KeyReference, 'sealedPrivateKey'>): Promise<GeneratedKey>

  /**
   * Takes in a private key that was made elsewhere (unencrypted PKCS #8, only read). What the provider keeps of it is durable
   * when this returns, as with `generate`; copies outside are not the provider's to know or destroy.
   *
   * @throws KeyError KeyExists, KeyLookupFailed; KeyUnusable when it is no key of this algorithm
   */
  importKey(request: Omit<KeyReference, 'sealedPrivateKey'>, pkcs8: Uint8Array): Promise<GeneratedKey>

  /**
   * Signs what was linted: a DER signature for ECDSA, PKCS #1 v1.5 for RSA, 64 octets for Ed25519, whose `hash` is null.
   * Long input is streamed, with pauses in which other work gets its turn; for Ed25519 it is gathered first, up to
   * 64 MiB. The token is redeemed only after the key has been found fit.
   *
   * @throws KeyError KeyNotFound, KeyUnusable, KeyLookupFailed, SignatureNotPossible; whatever `consume` throws
   */
  sign(key: KeyReference, hash: SignatureHash | null, linted: Linted): Promise<Buffer>

  /**
   * Resolves when nothing in this thread holds the private key any more: dropped from memory, and signatures under
   * way have ended. This is the confirmation that a process gives before destruction. A later `sign` fetches the key again.
   */
  forget(keyId: string): Promise<void>

  /** The same for every key. */
  forgetAll(): Promise<void>

  /**
   * Destroys the key, durably when this returns; forgets it first, and from the call on this provider refuses to sign
   * with it. May be repeated after an error or a crash at any point. `wasAbsent` is said only after a look-up that worked.
   *
   * @throws KeyError KeyLookupFailed; the key may or may not be there
   */
  destroy(keyId: string): Promise<'destroyed' | 'wasAbsent'>

  /**
   * Whether anything of the key is left, by a fresh look at the medium.
   *
   * @throws KeyError KeyLookupFailed
   */
  searchById(keyId: string): Promise<'present' | 'absent'>

  /**
   * The ids of all keys with this public key (DER), by a fresh look at the medium.
   *
   * @throws KeyError KeyLookupFailed, also when some key cannot be read: it could be the one looked for
   */
  searchByPublicKey(spki: Uint8Array): Promise<string[]>

  /**
   * Proves that the provider reaches its keys: fetches the control key afresh, signs a random challenge with it and checks
   * the signature with `spki`. The challenge is of the provider's own making and is no DER, so this signs nothing for anybody.
   *
   * @throws KeyError as `sign` does
   */
  proveControl(control: KeyReference, spki: Uint8Array): Promise<void>
}
