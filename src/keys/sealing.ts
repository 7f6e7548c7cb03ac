import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { MasterKey } from './master-key.ts'

/**
 * What sealed values are for. Each purpose has a key of its own, so a value sealed for one opens for no other, and the
 * secrets of access keys never share a key with what protects CA keys. The text is in every envelope: never rename one.
 */
export const sealingPurposes = [
  'data-key',
  'keyring-control',
  'certificate-key',
  'ocsp-responder-key',
  'access-key-secret',
  'session-secret',
  'token',
  'eab-secret',
  'webhook-secret',
  'target-credential',
  'audit-key',
] as const
export type SealingPurpose = (typeof sealingPurposes)[number]

/** What keyed hashes are for; each has a key of its own, apart from all sealing keys. */
export const hashPurposes = ['nonce', 'audit'] as const
export type HashPurpose = (typeof hashPurposes)[number]

/** A value cannot be sealed or opened. Never says more than which check failed, and never holds a secret. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

const envelopeVersion = 1
const keyIdBytes = 8
const nonceBytes = 12
const tagBytes = 16
const maxPlaintextBytes = 1 << 20
const maxPurposeBytes = 32
const maxContextParts = 16
const maxContextPartBytes = 1024
const maxEnvelopeBytes = 1 + keyIdBytes + 1 + maxPurposeBytes + nonceBytes + maxPlaintextBytes + tagBytes

/**
 * Seals small secrets under the master key.
 *
 *   envelope = version (1) ‖ master key id (8) ‖ length of purpose (1) ‖ purpose ‖ nonce (12) ‖ ciphertext ‖ tag (16)
 *
 * AES-256-GCM under HKDF-SHA256(master key, purpose), a random nonce each (good for 2^32 values per purpose: NIST SP
 * 800-38D §8.3). Associated data: everything before the nonce, and the context. Keeps no state but derived keys, so calls
 * may run concurrently.
 */
export class Sealer {
  readonly #current: MasterKey
  readonly #byId: ReadonlyMap<string, MasterKey>
  readonly #derived = new Map<string, KeyObject>()

  /** Seals under `current`; opens what `current` or any of `earlier` sealed. */
  constructor({ current, earlier = [] }: { current: MasterKey; earlier?: readonly MasterKey[] }) {
    this.#current = current
    this.#byId = new Map([...earlier, current].map((masterKey) => [masterKey.keyId, masterKey]))
  }

  /** The master key that new values are sealed under. */
  get keyId(): string {
    return this.#current.keyId
  }

  /**
   * @param context whose and which value this is (account id, object id, …), in an order the caller keeps to: it opens
   *   only with the same. At most 16 parts of 1024 bytes.
   * @param plaintext at most 1 MiB; stays the caller's, who zeroes it
   * @throws SealError when a limit is passed
   */
  seal(purpose: SealingPurpose, context: readonly string[], plaintext: Uint8Array): Buffer {
    if (plaintext.byteLength > maxPlaintextBytes) throw new SealError('The value is too long to be sealed.')
    const header = envelopeHeader(this.#current.keyId, purpose)
    const key = this.#derive(this.#current, `seal ${purpose}`)
    return Buffer.concat([header, encrypt(key, associatedData(header, context), plaintext)])
  }

  /**
   * The plaintext of an envelope, for the caller to zero after use.
   *
   * @throws SealError when it was not sealed for this purpose and context, under a key we have, or was changed since
   */
  open(purpose: SealingPurpose, context: readonly string[], envelope: Uint8Array): Buffer {
    const { keyId, header, body } = readEnvelope(purpose, envelope)
    const masterKey = this.#byId.get(keyId)
    if (!masterKey) throw new SealError(`The value is sealed under the master key ${keyId}, which is not loaded.`)
    return decrypt(this.#derive(masterKey, `seal ${purpose}`), associatedData(header, context), body)
  }

  /**
   * HMAC-SHA256 under a key of this purpose. Changes when the master key is rotated: good for what is forgotten soon
   * (nonces), not for what must be found for years.
   */
  keyedHash(purpose: HashPurpose, bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#derive(this.#current, `hash ${purpose}`))
      .update(bytes)
      .digest()
  }

  #derive(masterKey: MasterKey, use: string): KeyObject {
    const name = `${masterKey.keyId} ${use}`
    let derived = this.#derived.get(name)
    if (!derived) {
      const bytes = Buffer.from(hkdfSync('sha256', masterKey.key, 'certkeep-sealing-1', use, 32))
      derived = createSecretKey(bytes)
      bytes.fill(0)
      this.#derived.set(name, derived)
    }
    return derived
  }
}

/**
 * The id of the master key an envelope names, so that a rotation finds what is still under an earlier one. Not
 * authenticated: opening is.
 *
 * @throws SealError when it is no envelope of this purpose
 */
export function masterKeyOf(purpose: SealingPurpose, envelope: Uint8Array): string {
  return readEnvelope(purpose, envelope).keyId
}

function envelopeHeader(keyId: string, purpose: SealingPurpose): Buffer {
  return Buffer.concat([
    Buffer.of(envelopeVersion),
    Buffer.from(keyId, 'hex'),
    Buffer.of(purpose.length),
    Buffer.from(purpose, 'latin1'),
  ])
}

function readEnvelope(purpose: SealingPurpose, envelope: Uint8Array): { keyId: string; header: Buffer; body: Buffer } {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength)
  const headerLength = 1 + keyIdBytes + 1 + (bytes[1 + keyIdBytes] ?? 0)
  if (bytes.length > maxEnvelopeBytes || bytes.length < headerLength + nonceBytes + tagBytes) {
    throw new SealError('The sealed value is malformed.')
  }
  if (bytes[0] !== envelopeVersion) throw new SealError('The sealed value has a version that is not known.')
  const keyId = bytes.toString('hex', 1, 1 + keyIdBytes)
  const header = bytes.subarray(0, headerLength)
  if (!header.equals(envelopeHeader(keyId, purpose))) {
    throw new SealError(`The value is not sealed for the purpose ${purpose}.`)
  }
  return { keyId, header, body: bytes.subarray(headerLength) }
}

/**
 * AES-256-GCM with a random nonce: nonce (12) ‖ ciphertext ‖ tag (16). `key` is 32 bytes; `plaintext` stays the caller's.
 */
export function encrypt(key: KeyObject, associated: Uint8Array, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(associated)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/**
 * Undoes {@link encrypt}; the result is the caller's to zero.
 *
 * @throws SealError unless key and associated data are the same and nothing was changed
 */
export function decrypt(key: KeyObject, associated: Uint8Array, sealed: Uint8Array): Buffer {
  if (sealed.byteLength < nonceBytes + tagBytes || sealed.byteLength > nonceBytes + maxPlaintextBytes + tagBytes) {
    throw new SealError('The sealed value is malformed.')
  }
  const tagAt = sealed.byteLength - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(tagAt))
  const plaintext = decipher.update(sealed.subarray(nonceBytes, tagAt))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    throw new SealError('The sealed value was changed, or belongs elsewhere.')
  }
}

/**
 * Binds `context` to `header` without ambiguity: every part carries its length, so ['ab', 'c'] is not ['a', 'bc'].
 *
 * @throws SealError when there are more than 16 parts or one is longer than 1024 bytes
 */
export function associatedData(header: Uint8Array, context: readonly string[]): Buffer {
  if (context.length > maxContextParts) throw new SealError('The context of a sealed value has too many parts.')
  const parts = context.map((part) => {
    const bytes = Buffer.from(part, 'utf8')
    if (bytes.length > maxContextPartBytes) throw new SealError('A part of the context of a sealed value is too long.')
    return lengthPrefixed(bytes)
  })
  return Buffer.concat([lengthPrefixed(header), Buffer.of(parts.length), ...parts])
}

function lengthPrefixed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return Buffer.concat([length, bytes])
}
