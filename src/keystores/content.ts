import { der } from '../x509/index.ts'
import { KeystoreError } from './errors.ts'

/** What every key store holds: one private key with its certificate and what leads from there to the root. */
export interface KeystoreContent {
  /** DER of the certificate (RFC 5280 §4.1). That it belongs to the key is the caller's to know. */
  readonly certificate: Uint8Array
  /** DER of the issuer, its issuer and so on; up to 16, and none if the certificate stands alone. */
  readonly chain: readonly Uint8Array[]
  /** DER of the unencrypted PrivateKeyInfo (RFC 5208 §5, RFC 5958 §2). Only read; zeroing it is the caller's. */
  readonly privateKeyPkcs8: Uint8Array
  /** Opens the store and, where the format asks twice, the key in it. */
  readonly password: string
}

const maxChain = 16
/** RFC 2985 §5.5.1: pkcs-9-ub-friendlyName. */
const maxName = 255
const maxPassword = 256

/** Throws KeystoreError ChainTooLong, BadCertificate or BadKey: a store around something else would only fail at its reader. */
export function checkContent({ certificate, chain, privateKeyPkcs8 }: KeystoreContent): void {
  if (chain.length > maxChain)
    throw new KeystoreError('ChainTooLong', `more than ${maxChain} certificates in the chain`)
  for (const each of [certificate, ...chain]) checkCertificate(each)
  checkPrivateKeyInfo(privateKeyPkcs8)
}

/** Certificate ::= SEQUENCE { tbsCertificate SEQUENCE …; no deeper. */
function checkCertificate(bytes: Uint8Array): void {
  try {
    der.checkDer(bytes)
    new der.DerReader(bytes).enter(der.tags.sequence).enter(der.tags.sequence)
  } catch {
    throw new KeystoreError('BadCertificate', 'not the DER of a certificate')
  }
}

/**
 * PrivateKeyInfo ::= SEQUENCE { version INTEGER (0..1), privateKeyAlgorithm SEQUENCE …; no deeper. An encrypted key, PKCS #1 and
 * SEC 1 begin otherwise. Throws KeystoreError BadKey.
 */
export function checkPrivateKeyInfo(bytes: Uint8Array): void {
  try {
    der.checkDer(bytes)
    const fields = new der.DerReader(bytes).enter(der.tags.sequence)
    fields.smallInteger(1)
    fields.enter(der.tags.sequence)
  } catch {
    throw new KeystoreError('BadKey', 'not the DER of an unencrypted PKCS #8 key')
  }
}

/** Throws KeystoreError BadPassword unless there are 1 to 256 UTF-16 units of Unicode without control characters. */
export function checkPassword(password: string): void {
  if (password.length === 0) throw new KeystoreError('BadPassword', 'the password is empty')
  if (password.length > maxPassword) throw new KeystoreError('BadPassword', 'the password is too long')
  // Half a surrogate pair has no UTF-8, and no prompt takes a control character.
  if (/[\p{Cc}\p{Cs}]/u.test(password))
    throw new KeystoreError('BadPassword', 'the password holds what cannot be typed')
}

/** A friendlyName or alias. Throws KeystoreError BadName unless there are 1 to 255 UTF-16 units of Unicode without control characters. */
export function checkName(name: string): void {
  if (name.length === 0 || name.length > maxName || /[\p{Cc}\p{Cs}]/u.test(name)) {
    throw new KeystoreError('BadName', `a name in a key store has 1 to ${maxName} characters, none of them a control`)
  }
}

/** UTF-16, high octet first: BMPString with surrogate pairs, as OpenSSL and Java read and write it. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}
