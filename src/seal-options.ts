import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { BackupError, minPassphraseCharacters, type Lock, type Unlock } from './backup/index.ts'

export interface LockFiles {
  passphraseFile?: string | undefined
  /** PEM of an X25519 public key. */
  recipient?: string | undefined
}

export interface UnlockFiles {
  passphraseFile?: string | undefined
  /** PEM of the X25519 private key. */
  identity?: string | undefined
}

/** @throws BackupError */
export function lockOf({ passphraseFile, recipient }: LockFiles): Lock {
  if ((passphraseFile === undefined) === (recipient === undefined))
    throw new BackupError('Say what the backup is sealed to: either --passphrase-file or --recipient.')
  if (passphraseFile !== undefined) return { passphrase: passphraseIn(passphraseFile) }
  return { recipient: keyIn(recipient!, createPublicKey) }
}

/** @throws BackupError */
export function unlockOf({ passphraseFile, identity }: UnlockFiles): Unlock {
  if ((passphraseFile === undefined) === (identity === undefined))
    throw new BackupError('Say what opens the backup: either --passphrase-file or --identity.')
  if (passphraseFile !== undefined) return { passphrase: passphraseIn(passphraseFile) }
  return { privateKey: keyIn(identity!, createPrivateKey) }
}

function passphraseIn(path: string): Uint8Array {
  const passphrase = contentOf(path)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (passphrase.length < minPassphraseCharacters)
    throw new BackupError(`The passphrase in ${path} is shorter than ${minPassphraseCharacters} characters.`)
  return Buffer.from(passphrase.normalize('NFC'))
}

function keyIn(path: string, read: (pem: Buffer) => KeyObject): KeyObject {
  const pem = contentOf(path)
  let key: KeyObject | undefined
  try {
    key = read(pem)
  } catch {
    key = undefined
  }
  if (key?.asymmetricKeyType !== 'x25519') throw new BackupError(`${path} holds no X25519 key in PEM.`)
  return key
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new BackupError(`${path} cannot be read (${code}).`)
  }
}
