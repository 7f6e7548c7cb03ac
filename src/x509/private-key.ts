import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { checkDer, DerReader } from './der/reader.ts'
import { tags } from './der/tags.ts'
import { fail } from './errors.ts'
import { readPem } from './pem.ts'
import type { PemBlock } from './pem.ts'
import { parseSpki } from './spki.ts'
import type { Spki } from './spki.ts'

/** A private key with its public half. The key material lives in the KeyObject only. */
export interface PrivateKey {
  readonly key: KeyObject
  readonly spki: Spki
}

/**
 * PEM labels of unencrypted keys (RFC 5958, RFC 8017 §A.1.2, RFC 5915): what node:crypto calls the form, and the tag
 * of what follows the version in it. node:crypto would take one form under the name of another.
 */
const forms = {
  'PRIVATE KEY': { type: 'pkcs8', second: tags.sequence },
  'RSA PRIVATE KEY': { type: 'pkcs1', second: tags.integer },
  'EC PRIVATE KEY': { type: 'sec1', second: tags.octetString },
} as const

/** What `openssl ecparam -genkey` writes before the key; it repeats what the key says. */
const ecParameters = 'EC PARAMETERS'

/**
 * Reads the one unencrypted private key in `pem`: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), in strict DER. The decoded
 * copy is zeroed. Throws X509Error EncryptedKey for an encrypted key, otherwise DerError, BadPem or BadKey; no message
 * holds any of the text.
 */
export function readPrivateKey(pem: string): PrivateKey {
  const blocks = readPem(pem, { maxLength: 65_536, maxBlocks: 2 })
  try {
    const block = theKeyAmong(blocks)
    return privateKeyFrom(block.label, block.der)
  } finally {
    for (const block of blocks) block.der.fill(0)
  }
}

/** The one block that is not `EC PARAMETERS`. Throws X509Error BadPem when there are more. */
export function theKeyAmong(blocks: readonly PemBlock[]): PemBlock {
  const [first, second] = blocks
  const block = first?.label === ecParameters && second ? second : first
  if (!block || (blocks.length > 1 && block !== second)) throw fail('BadPem', 'more than one PEM block')
  return block
}

/**
 * The unencrypted key in `der`, of the form that goes by this PEM label; zeroing `der` is the caller's. Throws X509Error
 * DerError, BadPem for another label, BadKey.
 */
export function privateKeyFrom(label: string, der: Uint8Array): PrivateKey {
  if (!Object.hasOwn(forms, label)) throw fail('BadPem', 'not a private key')
  const { type, second } = forms[label as keyof typeof forms]
  checkDer(der)
  const inside = new DerReader(der).enter(tags.sequence)
  inside.take(tags.integer)
  inside.take(second)
  return importKey(der, type)
}

function importKey(der: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1'): PrivateKey {
  try {
    const key = createPrivateKey({ key: der as Buffer, format: 'der', type })
    return { key, spki: parseSpki(createPublicKey(key).export({ format: 'der', type: 'spki' })) }
  } catch {
    // OpenSSL's messages may quote what they read.
    throw fail('BadKey', 'the private key cannot be imported')
  }
}

/** True if the private key belongs to this public key. */
export function keyMatches(key: KeyObject, spki: Spki): boolean {
  return createPublicKey(key).equals(spki.publicKey())
}
