import { writePem } from '../x509/index.ts'
import { checkPassword, checkPrivateKeyInfo } from './content.ts'
import { encryptedPrivateKeyInfo, encryptPbes2 } from './pbes2.ts'

/** About 15 ms where the processor knows SHA-256. */
const iterations = 100_000

/**
 * `ENCRYPTED PRIVATE KEY` in PEM (RFC 7468 §11): the PrivateKeyInfo under PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC. Its
 * password is any Unicode text of 1 to 256 UTF-16 units without control characters, and counts as UTF-8.
 * Throws KeystoreError BadKey or BadPassword.
 */
export function encryptPrivateKey(privateKeyPkcs8: Uint8Array, password: string, lineEnd?: '\n' | '\r\n'): string {
  checkPrivateKeyInfo(privateKeyPkcs8)
  checkPassword(password)
  const info = encryptedPrivateKeyInfo(encryptPbes2(privateKeyPkcs8, password, iterations))
  return writePem('ENCRYPTED PRIVATE KEY', info, lineEnd)
}
