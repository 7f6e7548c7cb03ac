import { createHash, randomBytes } from 'node:crypto'
import { der } from '../x509/index.ts'
import { checkContent, checkName, checkPassword, utf16 } from './content.ts'
import type { KeystoreContent } from './content.ts'
import { KeystoreError } from './errors.ts'
import { encryptedPrivateKeyInfo } from './pbes2.ts'

export interface JksContent extends KeystoreContent {
  /** Name of the entry. Written in lower case: Java lowers what it looks for, but not what it reads. */
  readonly alias: string
  /** Creation date of the entry, whole milliseconds since 1970. */
  readonly createdAt: number
}

const magic = 0xfeed_feed
const version = 2
const privateKeyEntry = 1
/** Sun's own arc: the key protector of JKS. */
const keyProtector = '1.3.6.1.4.1.42.2.17.1.1'
const sha1Octets = 20

/**
 * A Java key store of Sun's type JKS, version 2, with one PrivateKeyEntry; numbers high octet first, text with two octets of length
 * in modified UTF-8 (java.io.DataOutput). The format is written down nowhere but in what reads it, sun.security.provider.JavaKeyStore.
 *
 *   u4 0xFEEDFEED, u4 version, u4 count of entries
 *   u4 1 (PrivateKeyEntry), text alias, u8 date, u4 length, EncryptedPrivateKeyInfo
 *   u4 count of certificates, each: text "X.509", u4 length, DER
 *   SHA-1(password in UTF-16 ‖ "Mighty Aphrodite" ‖ all of the above)
 *
 * SHA-1 without iterations is all that protects store and key, so the password has to be long and random; where the reader leaves
 * a choice, take PKCS #12. The password is printable ASCII: Java's tools agree on nothing else. Throws KeystoreError.
 */
export function writeJks(content: JksContent): Uint8Array {
  const { certificate, chain, privateKeyPkcs8, password, alias, createdAt } = content
  checkContent(content)
  checkName(alias)
  checkPassword(password)
  if (!/^[\x20-\x7e]+$/.test(password))
    throw new KeystoreError('BadPassword', 'the password of a JKS is printable ASCII')

  const secret = utf16(password)
  try {
    const key = protectKey(privateKeyPkcs8, secret)
    const header = [u4(magic), u4(version), u4(1)]
    const entry = [u4(privateKeyEntry), text(alias.toLowerCase()), u8(createdAt), counted(key), u4(1 + chain.length)]
    const certificates = [certificate, ...chain].flatMap((each) => [text('X.509'), counted(each)])
    const store = Buffer.concat([...header, ...entry, ...certificates])
    return Buffer.concat([store, sha1(secret, Buffer.from('Mighty Aphrodite'), store)])
  } finally {
    secret.fill(0)
  }
}

/**
 * sun.security.provider.KeyProtector. EncryptedPrivateKeyInfo (RFC 5208 §6) whose encryptedData is
 *   salt ‖ key XOR keystream ‖ SHA-1(password ‖ key)
 * where the keystream is W1 ‖ W2 ‖ …, W0 the salt, and Wi = SHA-1(password ‖ Wi-1).
 */
function protectKey(key: Uint8Array, secret: Uint8Array): Uint8Array {
  const salt = randomBytes(sha1Octets)
  const hidden = Buffer.alloc(key.length)
  let word: Uint8Array = salt
  for (let at = 0; at < key.length; at++) {
    const within = at % sha1Octets
    if (within === 0) word = sha1(secret, word)
    hidden[at] = key[at]! ^ word[within]!
  }
  const ciphertext = Buffer.concat([salt, hidden, sha1(secret, key)])
  return encryptedPrivateKeyInfo({ algorithm: der.sequence(der.oid(keyProtector), der.nullValue()), ciphertext })
}

function sha1(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function u4(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

function u8(value: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeBigInt64BE(BigInt(value))
  return out
}

function counted(bytes: Uint8Array): Buffer {
  return Buffer.concat([u4(bytes.length), bytes])
}

/** Modified UTF-8: each UTF-16 unit alone in UTF-8's way, so that a surrogate pair takes six octets. U+0000 does not come here. */
function text(value: string): Buffer {
  const octets: number[] = []
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit < 0x80) octets.push(unit)
    else if (unit < 0x800) octets.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
    else octets.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
  }
  return Buffer.from([octets.length >> 8, octets.length & 0xff, ...octets])
}
