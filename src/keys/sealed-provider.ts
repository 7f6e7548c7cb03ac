import { createHash, createPrivateKey, createPublicKey, createSign, randomBytes, sign, verify } from 'node:crypto'
import type { KeyObject, Sign } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { factsOf, type KeyAlgorithm, type SignatureHash } from './algorithms.ts'
import type { Gate } from './gate.ts'
import { KeyCache } from './key-cache.ts'
import { generateExportableKey } from './key-generation.ts'
import { KeyringError } from './keyring-file.ts'
import type { DataKey, Keyring } from './keyring.ts'
import { associatedData, decrypt, encrypt, SealError } from './sealing.ts'
import { KeyError, type GeneratedKey, type KeyProvider, type KeyReference, type Linted } from './signer.ts'

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** First byte of a sealed private key; what follows is `encrypt`'s, under the data key. */
const sealedVersion = 1
const sealedLabel = Buffer.from('certkeep-private-key-1')
const challengeLabel = Buffer.from('certkeep control challenge 1\n')

/**
 * Ed25519 goes over its message twice (RFC 8032 §5.1.6), so it cannot be streamed: a CRL of more than this, some 1.3
 * million entries, cannot be signed by such a key.
 */
const maxOnePieceBytes = 64 << 20

const signInPool = promisify(sign)

/** Up to here a single chunk is signed in one call, which is cheaper; longer input is streamed. */
const oneShotBytes = 16_384
const bytesBetweenPauses = 1 << 20

interface SealedProviderOptions {
  readonly keyring: Keyring
  readonly cacheSize?: number
  readonly onePieceBytes?: number
  readonly gate?: Gate
}

/**
 * The provider without hardware. A private key is sealed by a data key of its own and kept by the caller; the data key
 * is in the keyring. Destroying the data key destroys the private key in every copy of the database.
 */
export class SealedProvider implements KeyProvider {
  readonly name = 'sealed'
  readonly medium = 'keyring'
  readonly #keyring: Keyring
  readonly #gate: Gate | undefined
  readonly #onePieceBytes: number
  readonly #cache: KeyCache<KeyReference>
  readonly #ended = new Set<string>()

  /**
   * @param cacheSize how many unsealed keys are kept in memory
   * @param onePieceBytes how much an Ed25519 key signs at most
   * @param gate limits RSA key generation; by default the one that all of the thread shares
   */
  constructor({ keyring, cacheSize = 256, onePieceBytes = maxOnePieceBytes, gate }: SealedProviderOptions) {
    this.#keyring = keyring
    this.#onePieceBytes = onePieceBytes
    this.#gate = gate
    this.#cache = new KeyCache(cacheSize, sameReference)
  }

  async generate({ keyId, accountId, algorithm }: Omit<KeyReference, 'sealedPrivateKey'>): Promise<GeneratedKey> {
    const { spki, pkcs8 } = await generateExportableKey(algorithm, this.#gate)
    try {
      return await this.#seal({ keyId, accountId, algorithm }, spki, pkcs8)
    } finally {
      pkcs8.fill(0)
    }
  }

  async importKey(request: Omit<KeyReference, 'sealedPrivateKey'>, pkcs8: Uint8Array): Promise<GeneratedKey> {
    const key = readPrivateKey(pkcs8)
    if (!isOf(key, request.algorithm))
      throw new KeyError('KeyUnusable', `The private key is not of the kind ${request.algorithm}.`)
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
    // As OpenSSL writes it: what came may carry attributes or a second copy of the public key.
    const own = key.export({ type: 'pkcs8', format: 'der' })
    try {
      return await this.#seal(request, spki, own)
    } finally {
      own.fill(0)
    }
  }

  /** First the data key, durably; then the private key sealed by it. A crash in between leaves a data key that opens nothing. */
  async #seal(
    { keyId, accountId, algorithm }: Omit<KeyReference, 'sealedPrivateKey'>,
    spki: Buffer,
    pkcs8: Uint8Array,
  ): Promise<GeneratedKey> {
    const dataKey = await translated(() => this.#keyring.create({ keyId, accountId, spkiSha256: sha256(spki) }))
    const sealed = encrypt(dataKey.key, binding({ keyId, accountId, algorithm }), pkcs8)
    return { spki, sealedPrivateKey: Buffer.concat([Buffer.of(sealedVersion), sealed]) }
  }

  async sign(reference: KeyReference, hash: SignatureHash | null, linted: Linted): Promise<Buffer> {
    if (!factsOf(reference.algorithm).hashes.includes(hash)) {
      const asked = hash ?? 'no hash'
      throw new KeyError('SignatureNotPossible', `A key of kind ${reference.algorithm} does not sign with ${asked}.`)
    }
    this.#refuseEnded(reference.keyId)
    return this.#cache.using(reference.keyId, async () => {
      let key = this.#cache.get(reference)
      if (!key) {
        key = await this.#unseal(reference)
        this.#cache.put(reference, key)
      }
      const bytes = linted.consume()
      const chunks = bytes instanceof Uint8Array ? [bytes] : bytes
      return hash === null
        ? this.#signWhole(reference.keyId, key, chunks)
        : this.#signChunks(reference.keyId, key, hash, chunks)
    })
  }

  async forget(keyId: string): Promise<void> {
    await this.#cache.forget(keyId)
  }

  async forgetAll(): Promise<void> {
    await this.#cache.forgetAll()
  }

  async destroy(keyId: string): Promise<'destroyed' | 'wasAbsent'> {
    this.#ended.add(keyId)
    await this.#cache.forget(keyId)
    return translated(() => this.#keyring.destroy(keyId))
  }

  async searchById(keyId: string): Promise<'present' | 'absent'> {
    return looking(() => this.#keyring.verifyAbsent(keyId))
  }

  async searchByPublicKey(spki: Uint8Array): Promise<string[]> {
    return looking(() => this.#keyring.findByPublicKey(sha256(spki)))
  }

  async proveControl(control: KeyReference, spki: Uint8Array): Promise<void> {
    const publicKey = readPublicKey(spki)
    await this.#cache.using(control.keyId, async () => {
      const key = await this.#unseal(control)
      const challenge = Buffer.concat([challengeLabel, randomBytes(32)])
      const [hash = null] = factsOf(control.algorithm).hashes
      if (!verify(hash, challenge, publicKey, sign(hash, challenge, key))) {
        throw new KeyError('KeyUnusable', `The control key ${control.keyId} does not belong to its public key.`)
      }
    })
  }

  async #signChunks(keyId: string, key: KeyObject, hash: SignatureHash, linted: Chunks): Promise<Buffer> {
    let only: Buffer | undefined
    let signer: Sign | undefined
    let sincePause = 0
    for await (const chunk of linted) {
      if (!signer && !only && chunk.byteLength <= oneShotBytes) {
        // A copy, because asking for the next chunk may reuse this one.
        only = Buffer.from(chunk)
        continue
      }
      signer ??= createSign(hash).update(only ?? '')
      signer.update(chunk)
      sincePause += chunk.byteLength
      if (sincePause < bytesBetweenPauses) continue
      sincePause = 0
      await setImmediate()
      this.#refuseEnded(keyId)
    }
    if (signer) return signer.sign(key)
    if (only) return sign(hash, only, key)
    throw new KeyError('SignatureNotPossible', 'There was nothing to sign.')
  }

  /** In the thread pool, where tens of megabytes keep nobody waiting. */
  async #signWhole(keyId: string, key: KeyObject, linted: Chunks): Promise<Buffer> {
    const pieces: Buffer[] = []
    let length = 0
    for await (const chunk of linted) {
      length += chunk.byteLength
      if (length > this.#onePieceBytes) {
        const limit = `${this.#onePieceBytes} bytes`
        throw new KeyError(
          'SignatureNotPossible',
          `More than ${limit}, which this kind of key cannot sign in one piece.`,
        )
      }
      // A copy, because asking for the next chunk may reuse this one.
      pieces.push(Buffer.from(chunk))
    }
    if (length === 0) throw new KeyError('SignatureNotPossible', 'There was nothing to sign.')
    const message = Buffer.concat(pieces)
    if (length <= oneShotBytes) return sign(null, message, key)
    const signature = await signInPool(null, message, key)
    this.#refuseEnded(keyId)
    return signature
  }

  #refuseEnded(keyId: string): void {
    if (this.#ended.has(keyId)) throw new KeyError('KeyNotFound', `The key ${keyId} is destroyed or about to be.`)
  }

  async #unseal(reference: KeyReference): Promise<KeyObject> {
    const dataKey = await translated(() => this.#keyring.open(reference))
    try {
      const key = unsealed(reference, dataKey)
      const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
      if (sha256(spki) === dataKey.spkiSha256) return key
    } catch (error) {
      if (!(error instanceof SealError)) throw error
    }
    throw new KeyError('KeyUnusable', `The key ${reference.keyId} does not open: damaged, or another key's.`)
  }
}

function unsealed(reference: KeyReference, dataKey: DataKey): KeyObject {
  const { sealedPrivateKey } = reference
  if (sealedPrivateKey[0] !== sealedVersion)
    throw new SealError('The sealed private key has a version that is not known.')
  const pkcs8 = decrypt(dataKey.key, binding(reference), sealedPrivateKey.subarray(1))
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } finally {
    pkcs8.fill(0)
  }
}

function binding({ keyId, accountId, algorithm }: Omit<KeyReference, 'sealedPrivateKey'>): Buffer {
  return associatedData(sealedLabel, [keyId, accountId, algorithm])
}

function sameReference(held: KeyReference, asked: KeyReference): boolean {
  return (
    held.accountId === asked.accountId &&
    held.algorithm === asked.algorithm &&
    Buffer.compare(held.sealedPrivateKey, asked.sealedPrivateKey) === 0
  )
}

function readPrivateKey(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({
      key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length),
      format: 'der',
      type: 'pkcs8',
    })
  } catch {
    throw new KeyError('KeyUnusable', 'The private key is malformed.')
  }
}

function isOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: KeyAlgorithm): boolean {
  const { type, ...details } = factsOf(algorithm).material
  const found: Readonly<Record<string, unknown>> = { ...asymmetricKeyDetails }
  return asymmetricKeyType === type && Object.entries(details).every(([name, value]) => found[name] === value)
}

function readPublicKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    throw new KeyError('KeyUnusable', 'The public key of the control key is malformed.')
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** For searches: whatever goes wrong, the search has not been made. */
async function looking<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error
    throw new KeyError('KeyLookupFailed', error.message)
  }
}

async function translated<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error
    throw new KeyError(keyErrorOf[error.code], error.message)
  }
}

const keyErrorOf = {
  KeyringMissing: 'KeyLookupFailed',
  KeyringUnsafe: 'KeyLookupFailed',
  KeyringUnavailable: 'KeyLookupFailed',
  DataKeyAbsent: 'KeyNotFound',
  DataKeyExists: 'KeyExists',
  DataKeyDamaged: 'KeyUnusable',
  InvalidId: 'KeyUnusable',
} as const satisfies Record<KeyringError['code'], KeyError['code']>
