import { createHash } from 'node:crypto'
import { der, privateKeyFrom, readPem, theKeyAmong, X509Error, type PemBlock, type PrivateKey } from '../x509/index.ts'
import { decrypt, decryptAs, Password, wrongPassword } from './decrypt.ts'
import { KeystoreError } from './errors.ts'

/**
 * Reads the one private key in `pem`, encrypted or not: PKCS #8, PKCS #1, SEC 1; `ENCRYPTED PRIVATE KEY` (RFC 5958 §3) under
 * PBES2 or 3DES; and the older way of RFC 1421 headers with AES, which is how step-ca keeps its keys. A passphrase that is not
 * needed is not looked at. What was decoded is zeroed. Throws KeystoreError; no message holds any of the key.
 */
export async function readProtectedKey(pem: string, passphrase: string | undefined): Promise<PrivateKey> {
  try {
    const blocks = readPem(pem, { maxLength: 65_536, maxBlocks: 2, encryptedKeys: true })
    try {
      const block = theKeyAmong(blocks)
      if (block.label !== 'ENCRYPTED PRIVATE KEY' && !block.dek) return privateKeyFrom(block.label, block.der)
      if (passphrase === undefined)
        throw new KeystoreError('BadPassword', 'the key is encrypted, and there is no passphrase')
      return await opened(block, new Password(passphrase))
    } finally {
      for (const block of blocks) block.der.fill(0)
    }
  } catch (error) {
    if (error instanceof X509Error) throw new KeystoreError('BadKey', error.message)
    throw error
  }
}

async function opened(block: PemBlock, password: Password): Promise<PrivateKey> {
  const plaintext = block.dek ? byHeaders(block, block.dek, password) : await encryptedPrivateKey(block.der, password)
  try {
    return privateKeyFrom(block.dek ? block.label : 'PRIVATE KEY', plaintext)
  } catch (error) {
    // One wrong password in 256 or so leaves a padding that looks right.
    if (error instanceof X509Error) throw wrongPassword()
    throw error
  } finally {
    plaintext.fill(0)
  }
}

/** RFC 5958 §3: the PrivateKeyInfo inside, to be zeroed. Throws KeystoreError, DerError. */
export async function encryptedPrivateKey(bytes: Uint8Array, password: Password): Promise<Buffer> {
  der.checkDer(bytes)
  const reader = new der.DerReader(bytes).enter(der.tags.sequence)
  const algorithm = reader.enter(der.tags.sequence)
  const ciphertext = reader.octetString()
  reader.expectEnd()
  return decryptAs(algorithm, ciphertext, password)
}

const headerCiphers: Readonly<Record<string, { name: string; key: number }>> = {
  'AES-128-CBC': { name: 'aes-128-cbc', key: 16 },
  'AES-192-CBC': { name: 'aes-192-cbc', key: 24 },
  'AES-256-CBC': { name: 'aes-256-cbc', key: 32 },
}

/** The key is MD5 of the password and the first eight octets of the vector, one round: OpenSSL's way, of no standard. */
function byHeaders(block: PemBlock, { cipher, iv }: NonNullable<PemBlock['dek']>, password: Password): Buffer {
  const known = Object.hasOwn(headerCiphers, cipher) ? headerCiphers[cipher] : undefined
  if (!known)
    throw new KeystoreError(
      'Unsupported',
      `it is encrypted with ${cipher}, which is not read here: convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc`,
    )
  if (iv.length !== 16) throw new KeystoreError('Malformed', 'an initialisation vector of the wrong length')
  const key = Buffer.alloc(known.key)
  let last = Buffer.alloc(0)
  for (let at = 0; at < key.length; at += last.copy(key, at)) {
    last = createHash('md5').update(last).update(password.text, 'utf8').update(iv.subarray(0, 8)).digest()
  }
  last.fill(0)
  return decrypt(known.name, key, iv, block.der)
}
