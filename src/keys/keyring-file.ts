/** What one data key's file says. Only `wrapped` is secret, and it is sealed; the rest is bound to it by the sealing. */
export interface DataKeyFile {
  readonly keyId: string
  readonly accountId: string
  /** SHA-256 of the SubjectPublicKeyInfo whose private key the data key seals, 64 lower-case hexadecimal digits. */
  readonly spkiSha256: string
  readonly wrapped: Buffer
}

export type KeyringErrorCode =
  /** The keyring itself is not where it should be, or is another one than was opened. */
  | 'KeyringMissing'
  /** The look-up worked, and there is no such data key. */
  | 'DataKeyAbsent'
  | 'DataKeyExists'
  /** The data key is there and is not what was written, or belongs to another account. */
  | 'DataKeyDamaged'
  /** The folder may be read or written by others, or is not a folder. */
  | 'KeyringUnsafe'
  /** A system call failed: nothing is known. */
  | 'KeyringUnavailable'
  | 'InvalidId'

/** The keyring cannot answer. One sentence; names files and ids, never key bytes. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError'
  readonly code: KeyringErrorCode

  constructor(code: KeyringErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const keyIdFormat = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const accountIdFormat = /^[A-Za-z0-9_-]{1,128}$/
const spkiSha256Format = /^[0-9a-f]{64}$/
const base64urlFormat = /^[A-Za-z0-9_-]{1,1024}$/

export const maxKeyringFileBytes = 2048

/** Key ids become file names, so only a lower-case UUID is one. @throws KeyringError InvalidId */
export function checkKeyId(keyId: string): void {
  if (!keyIdFormat.test(keyId)) throw new KeyringError('InvalidId', 'A key id is a lower-case UUID.')
}

/** @throws KeyringError InvalidId */
export function checkAccountId(accountId: string): void {
  if (!accountIdFormat.test(accountId)) {
    throw new KeyringError('InvalidId', 'An account id has 1 to 128 letters, digits, hyphens and underscores.')
  }
}

/** The key id that a file name of the keyring stands for, or undefined when it is no data key's name. */
export function keyIdOfFileName(name: string): string | undefined {
  const keyId = name.endsWith('.key') ? name.slice(0, -'.key'.length) : ''
  return keyIdFormat.test(keyId) ? keyId : undefined
}

/** One line: `certkeep-data-key-1 <keyId> <accountId> <spkiSha256> <base64url of the sealed data key>`. */
export function writeDataKeyFile({ keyId, accountId, spkiSha256, wrapped }: DataKeyFile): Buffer {
  return Buffer.from(`certkeep-data-key-1 ${keyId} ${accountId} ${spkiSha256} ${wrapped.toString('base64url')}\n`)
}

/**
 * Reads what {@link writeDataKeyFile} wrote, and nothing else.
 *
 * @throws KeyringError DataKeyDamaged
 */
export function parseDataKeyFile(content: Uint8Array, name: string): DataKeyFile {
  const fields = splitLine(content, 'certkeep-data-key-1', 4)
  const [keyId = '', accountId = '', spkiSha256 = '', encoded = ''] = fields ?? []
  const wrapped = fromBase64url(encoded)
  if (!keyIdFormat.test(keyId) || !accountIdFormat.test(accountId) || !spkiSha256Format.test(spkiSha256) || !wrapped) {
    throw new KeyringError('DataKeyDamaged', `The keyring's file ${name} does not hold a data key.`)
  }
  return { keyId, accountId, spkiSha256, wrapped }
}

/** One line: `certkeep-keyring-1 <keyringId> <base64url of the sealed proof>`. */
export function writeControlFile({ keyringId, proof }: { keyringId: string; proof: Buffer }): Buffer {
  return Buffer.from(`certkeep-keyring-1 ${keyringId} ${proof.toString('base64url')}\n`)
}

/**
 * Reads what {@link writeControlFile} wrote, and nothing else.
 *
 * @throws KeyringError KeyringMissing: without a control file that can be read, a folder is no keyring
 */
export function parseControlFile(content: Uint8Array): { keyringId: string; proof: Buffer } {
  const [keyringId = '', encoded = ''] = splitLine(content, 'certkeep-keyring-1', 2) ?? []
  const proof = fromBase64url(encoded)
  if (!keyIdFormat.test(keyringId) || !proof) {
    throw new KeyringError('KeyringMissing', "The keyring's control file is damaged.")
  }
  return { keyringId, proof }
}

function splitLine(content: Uint8Array, label: string, fields: number): string[] | undefined {
  if (content.byteLength > maxKeyringFileBytes) return undefined
  const [first, ...rest] = Buffer.from(content).toString('latin1').split(' ')
  const last = rest.at(-1)
  if (first !== label || rest.length !== fields || !last?.endsWith('\n')) return undefined
  return [...rest.slice(0, -1), last.slice(0, -1)]
}

function fromBase64url(text: string): Buffer | undefined {
  const bytes = base64urlFormat.test(text) ? Buffer.from(text, 'base64url') : undefined
  return bytes?.toString('base64url') === text ? bytes : undefined
}
