import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'
import { hashBytes } from './merkle.ts'

/**
 * What the log was at a moment, signed by the instance: a signed note (c2sp.org/signed-note) with a checkpoint
 * (c2sp.org/tlog-checkpoint) in it, so that tools of others can hold and compare it.
 *
 *   <origin>\n<size>\n<root, base64>\ntime <ms since 1970>\n\n— <origin> <base64(key id (4) ‖ Ed25519 signature)>\n
 */
export interface Checkpoint {
  origin: string
  size: number
  root: Uint8Array
  /** Wall clock, ms since 1970. */
  time: number
}

/** Signs with the instance's audit key. */
export interface NoteSigner {
  /** `certkeep/<instance id>`: the name of the key, and of the log. */
  readonly origin: string
  /** The 32 bytes of an Ed25519 key. */
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

/** A note is not what it should be, or not signed by whom it should be. The message is a sentence. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
}

const ed25519 = Buffer.of(1)
const maxNoteBytes = 4_096
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex') // RFC 8410 §4: SubjectPublicKeyInfo of Ed25519

export const publicKeyOf = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })

/** c2sp.org/signed-note, "Signatures": the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key). */
const keyIdOf = (origin: string, key: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${origin}\n`), ed25519, key]), 'buffer').subarray(0, 4)

/** The key as verifiers take it: `<origin>+<key id>+<base64(0x01 ‖ key)>`. */
export const verifierKey = ({ origin, publicKey }: Pick<NoteSigner, 'origin' | 'publicKey'>): string =>
  `${origin}+${keyIdOf(origin, publicKey).toString('hex')}+${Buffer.concat([ed25519, publicKey]).toString('base64')}`

/** @throws CheckpointError */
export function readVerifierKey(text: string): Pick<NoteSigner, 'origin' | 'publicKey'> {
  const [, origin, id, encoded] = /^([^\s+]{1,128})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text.trim()) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  const key = { origin: origin ?? '', publicKey: bytes.subarray(1) }
  if (bytes.length !== 33 || bytes[0] !== 1 || keyIdOf(key.origin, key.publicKey).toString('hex') !== id)
    throw new CheckpointError('this is no key of an audit log: <name>+<id>+<key> is wanted.')
  return key
}

export function signCheckpoint(signer: NoteSigner, { size, root, time }: Omit<Checkpoint, 'origin'>): string {
  const { origin, publicKey } = signer
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\ntime ${time}\n`
  const signature = Buffer.concat([keyIdOf(origin, publicKey), signer.sign(Buffer.from(text))])
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`
}

/** What a note says, and that this key signed it. @throws CheckpointError */
export function openCheckpoint(note: string, key: Pick<NoteSigner, 'origin' | 'publicKey'>): Checkpoint {
  const checkpoint = readCheckpoint(note)
  const end = note.indexOf('\n\n') + 1
  const [, signer, encoded] = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(note.slice(end + 1).trimEnd()) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  const signed =
    checkpoint.origin === key.origin &&
    signer === key.origin &&
    bytes.length === 68 &&
    keyIdOf(key.origin, key.publicKey).equals(bytes.subarray(0, 4)) &&
    verify(null, Buffer.from(note.slice(0, end)), publicKeyOf(key.publicKey), bytes.subarray(4))
  if (!signed) throw new CheckpointError(`the checkpoint is not signed by the audit key of ${key.origin}.`)
  return checkpoint
}

/** What a note says, whoever wrote it. @throws CheckpointError */
export function readCheckpoint(note: string): Checkpoint {
  const [, origin, size, root, time] =
    note.length > maxNoteBytes
      ? []
      : (/^([^\s+]{1,128})\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\ntime (\d{1,15})\n\n/.exec(note) ?? [])
  const bytes = Buffer.from(root ?? '', 'base64')
  if (origin === undefined || bytes.length !== hashBytes)
    throw new CheckpointError('this is no checkpoint of an audit log.')
  return { origin, size: Number(size), root: bytes, time: Number(time) }
}

/** A signer over a private key object; who made it knows how it is kept. */
export const noteSigner = (origin: string, publicKey: Uint8Array, privateKey: KeyObject): NoteSigner => ({
  origin,
  publicKey,
  sign: (bytes) => sign(null, bytes, privateKey),
})
