import {
  argon2Sync,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

/** What opens a backup later: a passphrase, or the private half of an X25519 key whose public half is named now. */
export type Lock = { readonly passphrase: Uint8Array } | { readonly recipient: KeyObject }
/** The other half of a {@link Lock}. */
export type Unlock = { readonly passphrase: Uint8Array } | { readonly privateKey: KeyObject }

/** What a sealed file is: everything of an instance but its keys, or a numbered copy of its keyring. */
export type BackupKind = 'data' | 'keyring'

/** A backup cannot be made or read. One sentence for the operator; never a secret. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

export const minPassphraseCharacters = 12

const label = 'certkeep-backup-1'
const maxHeaderBytes = 1_024
/** Plaintext of a chunk; all but the last are as long. */
const chunkBytes = 65_536
const tagBytes = 16
const saltBytes = 16
const sealedChunkBytes = chunkBytes + tagBytes
/** argon2id (RFC 9106 §4, second recommended option: 64 MiB, three passes). A header that asks for more is refused. */
const cost = { memory: 65_536, passes: 3, parallelism: 4 } as const

interface Header {
  kind: BackupKind
  /** Of argon2id; or the public half of the key pair of this file, raw. */
  salt?: string
  ephemeral?: string
}

/**
 * Seals a stream of any length, so that a change, a missing end or chunks in another order are found:
 *
 *   file  = "certkeep-backup-1 " ‖ base64url(JSON of the header) ‖ "\n" ‖ chunk…
 *   chunk = AES-256-GCM of up to 64 KiB; nonce = number of the chunk (11) ‖ 1 for the last, else 0; associated data: none
 *
 * (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). The key is HKDF-SHA256 of what argon2id made of the
 * passphrase, or of the X25519 secret, with the hash of the header's line as salt: a changed header opens nothing.
 */
export async function* sealStream(
  kind: BackupKind,
  lock: Lock,
  plaintext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const { header, secret } =
    'passphrase' in lock ? byPassphrase(kind, lock.passphrase) : byRecipient(kind, lock.recipient)
  const line = Buffer.from(`${label} ${Buffer.from(JSON.stringify(header)).toString('base64url')}\n`)
  yield line
  const key = keyOf(secret, line)
  let index = 0
  let waiting = Buffer.alloc(0)
  for await (const piece of plaintext) {
    waiting = Buffer.concat([waiting, piece])
    for (; waiting.length > chunkBytes; waiting = waiting.subarray(chunkBytes))
      yield sealChunk(key, index++, false, waiting.subarray(0, chunkBytes))
  }
  yield sealChunk(key, index, true, waiting)
}

/**
 * Opens what {@link sealStream} sealed; the last chunk comes only when the file is whole.
 * @throws BackupError when the file is of another kind, is not opened by what was given, or was changed or cut short
 */
export async function* openStream(
  kind: BackupKind,
  unlock: Unlock,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  let waiting = Buffer.alloc(0)
  let key: Buffer | undefined
  let index = 0
  for await (const piece of sealed) {
    waiting = Buffer.concat([waiting, piece])
    if (!key) {
      const end = waiting.indexOf('\n')
      if (end < 0 && waiting.length <= maxHeaderBytes) continue
      const line = waiting.subarray(0, end + 1)
      key = keyOf(secretOf(readHeader(line, kind), unlock), line)
      waiting = waiting.subarray(end + 1)
    }
    for (; waiting.length > sealedChunkBytes; waiting = waiting.subarray(sealedChunkBytes))
      yield openChunk(key, index++, false, waiting.subarray(0, sealedChunkBytes))
  }
  if (!key) throw new BackupError('This is no backup of Certkeep.')
  yield openChunk(key, index, true, waiting)
}

function byPassphrase(kind: BackupKind, passphrase: Uint8Array): { header: Header; secret: Buffer } {
  const salt = randomBytes(saltBytes)
  return { header: { kind, salt: salt.toString('base64url') }, secret: stretched(passphrase, salt) }
}

function byRecipient(kind: BackupKind, recipient: KeyObject): { header: Header; secret: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const ephemeral = String(publicKey.export({ format: 'jwk' }).x)
  return { header: { kind, ephemeral }, secret: diffieHellman({ privateKey, publicKey: recipient }) }
}

function readHeader(line: Buffer, kind: BackupKind): Header {
  const [, encoded] = /^certkeep-backup-1 ([A-Za-z0-9_-]{1,900})\n$/.exec(line.toString('latin1')) ?? []
  if (encoded === undefined) throw new BackupError('This is no backup of Certkeep.')
  let header: Partial<Header> | null
  try {
    header = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Partial<Header> | null
  } catch {
    header = null
  }
  if (header === null || (header.kind !== 'data' && header.kind !== 'keyring'))
    throw new BackupError('The header of the backup is damaged.')
  if (header.kind !== kind)
    throw new BackupError(
      header.kind === 'data'
        ? 'This is a backup of the data, not of the keyring.'
        : 'This is a copy of the keyring, not a backup of the data.',
    )
  return header as Header
}

function secretOf({ salt, ephemeral }: Header, unlock: Unlock): Buffer {
  if ('passphrase' in unlock) {
    if (typeof salt !== 'string')
      throw new BackupError('The backup is sealed to a public key: name the file of its private key.')
    const bytes = Buffer.from(salt, 'base64url')
    if (bytes.length !== saltBytes) throw new BackupError('The header of the backup is damaged.')
    return stretched(unlock.passphrase, bytes)
  }
  if (typeof ephemeral !== 'string') throw new BackupError('The backup is sealed by a passphrase: name its file.')
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: ephemeral }, format: 'jwk' })
    return diffieHellman({ privateKey: unlock.privateKey, publicKey })
  } catch {
    throw new BackupError('The header of the backup is damaged, or the private key is not X25519.')
  }
}

const stretched = (passphrase: Uint8Array, nonce: Buffer): Buffer =>
  argon2Sync('argon2id', { message: passphrase, nonce, tagLength: 32, ...cost })

function keyOf(secret: Buffer, headerLine: Uint8Array): Buffer {
  const salt = createHash('sha256').update(headerLine).digest()
  const key = Buffer.from(hkdfSync('sha256', secret, salt, label, 32))
  secret.fill(0)
  return key
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

function sealChunk(key: Buffer, index: number, last: boolean, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, last))
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function openChunk(key: Buffer, index: number, last: boolean, sealed: Buffer): Buffer {
  const tagAt = sealed.length - tagBytes
  if (tagAt < 0) throw new BackupError('The backup is cut short.')
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, last), { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(tagAt))
  const plaintext = decipher.update(sealed.subarray(0, tagAt))
  try {
    decipher.final()
    return plaintext
  } catch {
    throw new BackupError(
      index === 0
        ? 'The backup does not open: another passphrase or key, or it was changed.'
        : 'The backup was changed or cut short.',
    )
  }
}
