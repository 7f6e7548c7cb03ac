import { createHmac, hash, randomBytes } from 'node:crypto'
import { der } from '../x509/index.ts'
import { checkContent, checkName, checkPassword, utf16 } from './content.ts'
import type { KeystoreContent } from './content.ts'
import { pkcs12Oids as oids } from './oids.ts'
import { encryptedPrivateKeyInfo, encryptPbes2 } from './pbes2.ts'
import { deriveNow, kdfPurpose } from './pkcs12-kdf.ts'

export interface Pkcs12Content extends KeystoreContent {
  /** What key and certificate are called where they are listed, Java's alias; any Unicode, 1 to 255 UTF-16 units. */
  readonly friendlyName: string
}

/**
 * Of all three derivations, since who guesses passwords takes the cheapest. OpenSSL 3 writes 2,048 and Java 17 10,000; the MAC's, which
 * node:crypto does not have, costs about 1.5 µs a round here, so this is some 40 ms on the caller's thread.
 */
const iterations = 20_000

/**
 * A PKCS #12 file in password privacy and password integrity mode (RFC 7292 §3.1).
 *   PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }     §4
 *   AuthenticatedSafe ::= SEQUENCE OF ContentInfo                                                    §4.1
 * The certificates are in encrypted data; the key, encrypted itself, in plain data. Encryption is PBES2 with PBKDF2-HMAC-SHA-256 and
 * AES-256-CBC, the MAC HMAC-SHA-256: what OpenSSL 3 and Java 17 write when nothing is asked of them.
 *
 * The password has 1 to 256 UTF-16 units of any Unicode without control characters. PBES2 takes it in UTF-8 and the MAC in UTF-16, as
 * OpenSSL does; Java 17 opens stores with passwords of ASCII only. Throws KeystoreError.
 */
export function writePkcs12(content: Pkcs12Content): Uint8Array {
  const { certificate, chain, privateKeyPkcs8, password, friendlyName } = content
  checkContent(content)
  checkName(friendlyName)
  checkPassword(password)

  const attributes = bagAttributes(friendlyName, certificate)
  const certBags = der.sequence(certBag(certificate, attributes), ...chain.map((each) => certBag(each)))
  const shrouded = encryptedPrivateKeyInfo(encryptPbes2(privateKeyPkcs8, password, iterations))
  const keyBags = der.sequence(safeBag(oids.shroudedKeyBag, shrouded, attributes))

  const authenticatedSafe = der.sequence(encryptedData(certBags, password), data(keyBags))
  return der.sequence(der.integer(3), data(authenticatedSafe), macData(authenticatedSafe, password))
}

/**
 * RFC 7292 §4.2
 *   SafeBag ::= SEQUENCE {
 *        bagId          OBJECT IDENTIFIER,
 *        bagValue       [0] EXPLICIT ANY DEFINED BY bagId,
 *        bagAttributes  SET OF PKCS12Attribute OPTIONAL }
 */
function safeBag(bagId: string, bagValue: Uint8Array, attributes?: Uint8Array): Uint8Array {
  return der.sequence(der.oid(bagId), der.explicitTag(0, bagValue), attributes ?? false)
}

/**
 * RFC 7292 §4.2.3
 *   CertBag ::= SEQUENCE { certId x509Certificate, certValue [0] EXPLICIT OCTET STRING }
 */
function certBag(certificate: Uint8Array, attributes?: Uint8Array): Uint8Array {
  const value = der.sequence(der.oid(oids.x509Certificate), der.explicitTag(0, der.octetString(certificate)))
  return safeBag(oids.certBag, value, attributes)
}

/**
 * RFC 2985 §5.5: friendlyName BMPString, and localKeyID OCTET STRING, which is any value that key and certificate share.
 *   PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY }
 * A name beyond the BMP goes in surrogate pairs: X.680 has no such BMPString, but Java reads it, and a person's name may need it.
 */
function bagAttributes(friendlyName: string, certificate: Uint8Array): Uint8Array {
  const name = der.primitive(der.tags.bmpString, utf16(friendlyName))
  const keyId = der.octetString(hash('sha256', certificate, 'buffer'))
  return der.setOf(
    der.sequence(der.oid(oids.friendlyName), der.set(name)),
    der.sequence(der.oid(oids.localKeyId), der.set(keyId)),
  )
}

/** RFC 5652 §3, §4: ContentInfo ::= SEQUENCE { contentType id-data, content [0] EXPLICIT OCTET STRING } */
function data(content: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oids.data), der.explicitTag(0, der.octetString(content)))
}

/**
 * RFC 5652 §8, §6.1: ContentInfo of id-encryptedData
 *   EncryptedData ::= SEQUENCE { version INTEGER (0), encryptedContentInfo EncryptedContentInfo }
 *   EncryptedContentInfo ::= SEQUENCE {
 *        contentType                 id-data,
 *        contentEncryptionAlgorithm  AlgorithmIdentifier,
 *        encryptedContent            [0] IMPLICIT OCTET STRING }
 */
function encryptedData(content: Uint8Array, password: string): Uint8Array {
  const { algorithm, ciphertext } = encryptPbes2(content, password, iterations)
  const info = der.sequence(der.oid(oids.data), algorithm, der.implicitTag(0, der.octetString(ciphertext)))
  return der.sequence(der.oid(oids.encryptedData), der.explicitTag(0, der.sequence(der.integer(0), info)))
}

/**
 * RFC 7292 §4, Appendix A: HMAC over the contents octets of authSafe.
 *   MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
 *   DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
 */
function macData(authenticatedSafe: Uint8Array, password: string): Uint8Array {
  const salt = randomBytes(16)
  const key = deriveNow({ hash: 'sha256', purpose: kdfPurpose.mac, password, salt, iterations, octets: 32 })
  const digest = createHmac('sha256', key).update(authenticatedSafe).digest()
  key.fill(0)
  const mac = der.sequence(der.sequence(der.oid(oids.sha256), der.nullValue()), der.octetString(digest))
  return der.sequence(mac, der.octetString(salt), der.integer(iterations))
}
