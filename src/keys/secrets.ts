import { createHash, randomBytes } from 'node:crypto'
import { nextSecretBytes } from '../kernel/index.ts'

const upperAlphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const alphanumeric = `${upperAlphanumeric}abcdefghijklmnopqrstuvwxyz`

/** A new access key id: `CK` and 18 upper-case letters and digits, 20 in all, as long as Huawei's and accepted by both clouds' SDKs. */
export function newAccessKeyId(): string {
  return `CK${randomText(upperAlphanumeric, 18)}`
}

/** A new access key secret: 40 letters and digits (238 bits); no character that a URL, a header, JSON or a shell escapes. */
export function newAccessKeySecret(): string {
  return randomText(alphanumeric, 40)
}

/** A new opaque token: 32 random bytes as 43 characters of base64url. Shown once; only its hash is kept. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * What is kept of a token: SHA-256 over its characters. A token is 256 random bits, so nothing slower or salted is
 * needed, and looking up by the hash tells nothing by its timing that helps in finding the token.
 */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest()
}

function randomText(alphabet: string, length: number): string {
  // Bytes at or above the last multiple of the alphabet's size are dropped: a plain remainder would favour its beginning.
  const limit = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length) {
    const bytes = nextSecretBytes(2 * length)
    for (const byte of bytes) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % alphabet.length)
    }
    bytes.fill(0)
  }
  return text
}
