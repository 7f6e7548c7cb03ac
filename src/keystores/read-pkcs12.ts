import { createHmac, timingSafeEqual } from 'node:crypto'
import { der, privateKeyFrom, X509Error, type PrivateKey } from '../x509/index.ts'
import { checkedSalt, decryptAs, Password, rounds, unsupported } from './decrypt.ts'
import { KeystoreError } from './errors.ts'
import { pkcs12Oids as oids } from './oids.ts'
import { deriveInTurns, kdfPurpose, type Pkcs12Hash } from './pkcs12-kdf.ts'
import { encryptedPrivateKey } from './read-private-key.ts'

const limits = { maxBytes: 262_144, maxDepth: 32, maxNodes: 16_384 }
const maxParts = 16
const maxBags = 64

/** What is in a PKCS #12 file. */
export interface Pkcs12Contents {
  readonly privateKey: PrivateKey
  /** DER, in the order of the file. */
  readonly certificates: readonly Uint8Array[]
}

const macHashes: Readonly<Record<string, { hash: Pkcs12Hash; octets: number }>> = {
  [oids.sha1]: { hash: 'sha1', octets: 20 },
  [oids.sha256]: { hash: 'sha256', octets: 32 },
  [oids.sha384]: { hash: 'sha384', octets: 48 },
  [oids.sha512]: { hash: 'sha512', octets: 64 },
}

/**
 * Reads a PKCS #12 file in password privacy and password integrity mode (RFC 7292 §3.1) with one private key, as OpenSSL and
 * Java write it: strict DER, at most 256 KiB. The MAC is verified in constant time before anything is decrypted. Read
 * are PBES2 with PBKDF2 and AES or 3DES, and 3DES of PKCS #12; RC2 and RC4 are refused by name. All derivations
 * together may take a million rounds.
 * Throws KeystoreError and nothing else; no message holds any of the key.
 */
export function readPkcs12(bytes: Uint8Array, passphrase: string): Promise<Pkcs12Contents> {
  return told(async () => {
    const password = new Password(passphrase)
    const { authenticatedSafe, mac } = readPfx(bytes)
    await verifyMac(authenticatedSafe, mac, password)
    return readAuthenticatedSafe(authenticatedSafe, password)
  })
}

/** RFC 7292 §4: PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL } */
function readPfx(bytes: Uint8Array): { authenticatedSafe: Uint8Array; mac: der.DerReader } {
  der.checkDer(bytes, limits)
  const pfx = new der.DerReader(bytes).enter(der.tags.sequence)
  if (pfx.smallInteger(255) !== 3) throw new KeystoreError('Malformed', 'not a PKCS #12 file of version 3')
  const authSafe = pfx.enter(der.tags.sequence)
  if (authSafe.oid() !== oids.data)
    throw new KeystoreError('Unsupported', 'it is protected with a public key, which is not read here')
  const authenticatedSafe = authSafe.enter(der.contextTagOctet(0, true)).octetString()
  if (pfx.done) throw new KeystoreError('Unsupported', 'it has no MAC, so nothing shows that it is whole')
  const mac = pfx.enter(der.tags.sequence)
  pfx.expectEnd()
  return { authenticatedSafe, mac }
}

/**
 * RFC 7292 §4, Appendix A
 *   MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
 *   DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
 */
async function verifyMac(content: Uint8Array, mac: der.DerReader, password: Password): Promise<void> {
  const info = mac.enter(der.tags.sequence)
  const algorithm = info.enter(der.tags.sequence).oid()
  const digest = info.octetString()
  const known = Object.hasOwn(macHashes, algorithm) ? macHashes[algorithm] : undefined
  if (!known) throw unsupported(algorithm)
  const { hash, octets } = known
  const salt = checkedSalt(mac.octetString())
  const iterations = mac.done ? 1 : rounds(mac)
  mac.expectEnd()
  password.spend(iterations)
  const key = await deriveInTurns({
    hash,
    purpose: kdfPurpose.mac,
    password: password.text,
    salt,
    iterations,
    octets,
  })
  const expected = createHmac(hash, key).update(content).digest()
  key.fill(0)
  if (digest.length !== octets || !timingSafeEqual(expected, digest))
    throw new KeystoreError('BadPassword', 'the passphrase is wrong, or the file was changed')
}

interface Found {
  readonly keys: PrivateKey[]
  readonly certificates: Uint8Array[]
}

/**
 * What is under the MAC. RFC 7292 §4.1: AuthenticatedSafe ::= SEQUENCE OF ContentInfo. Throws KeystoreError and nothing else.
 */
export function readAuthenticatedSafe(bytes: Uint8Array, password: Password): Promise<Pkcs12Contents> {
  return told(async () => {
    der.checkDer(bytes, limits)
    const parts = new der.DerReader(bytes).enter(der.tags.sequence)
    const found: Found = { keys: [], certificates: [] }
    for (let count = 0; !parts.done;) {
      if (++count > maxParts) throw new KeystoreError('Malformed', `more than ${maxParts} parts`)
      await readPart(parts.enter(der.tags.sequence), password, found)
    }
    const [privateKey, ...others] = found.keys
    if (!privateKey) throw new KeystoreError('BadKey', 'there is no private key in it')
    if (others.length > 0) throw new KeystoreError('BadKey', 'there is more than one private key in it')
    return { privateKey, certificates: found.certificates }
  })
}

/**
 * ContentInfo of id-data: SafeContents in an OCTET STRING; of id-encryptedData (RFC 5652 §8, §6.1):
 *   EncryptedData ::= SEQUENCE { version INTEGER (0), encryptedContentInfo SEQUENCE {
 *        contentType id-data, contentEncryptionAlgorithm AlgorithmIdentifier, encryptedContent [0] IMPLICIT OCTET STRING } }
 */
async function readPart(part: der.DerReader, password: Password, found: Found): Promise<void> {
  const type = part.oid()
  const content = part.enter(der.contextTagOctet(0, true))
  if (type === oids.data) return readSafeContents(content.octetString(), password, found)
  if (type !== oids.encryptedData)
    throw new KeystoreError('Unsupported', 'a part of it is protected with a public key, which is not read here')
  const data = content.enter(der.tags.sequence)
  data.smallInteger(2)
  const info = data.enter(der.tags.sequence)
  if (info.oid() !== oids.data) throw new KeystoreError('Malformed', 'encrypted content that is no data')
  const algorithm = info.enter(der.tags.sequence)
  const plaintext = await decryptAs(algorithm, info.contents(der.contextTagOctet(0, false)), password)
  try {
    await readSafeContents(plaintext, password, found)
  } finally {
    plaintext.fill(0)
  }
}

/**
 * RFC 7292 §4.2: SafeContents ::= SEQUENCE OF SafeBag
 *   SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY, bagAttributes SET OF … OPTIONAL }
 */
async function readSafeContents(bytes: Uint8Array, password: Password, found: Found): Promise<void> {
  der.checkDer(bytes, limits)
  const bags = new der.DerReader(bytes).enter(der.tags.sequence)
  while (!bags.done) {
    const bag = bags.enter(der.tags.sequence)
    const type = bag.oid()
    const value = bag.enter(der.contextTagOctet(0, true))
    if (found.keys.length + found.certificates.length >= maxBags)
      throw new KeystoreError('Malformed', `more than ${maxBags} keys and certificates`)
    await readBag(type, value, password, found)
  }
}

async function readBag(type: string, value: der.DerReader, password: Password, found: Found): Promise<void> {
  switch (type) {
    case oids.keyBag:
      found.keys.push(keyOf(Buffer.from(value.element())))
      return
    case oids.shroudedKeyBag:
      found.keys.push(keyOf(await encryptedPrivateKey(value.element(), password)))
      return
    case oids.certBag: {
      const bag = value.enter(der.tags.sequence)
      // The other kind is an SDSI certificate, which nobody has.
      if (bag.oid() === oids.x509Certificate)
        found.certificates.push(Buffer.from(bag.enter(der.contextTagOctet(0, true)).octetString()))
      return
    }
    case oids.crlBag:
      return
    default:
      throw new KeystoreError('Unsupported', `a bag of the kind ${type}, which is not read here`)
  }
}

function keyOf(pkcs8: Buffer): PrivateKey {
  try {
    return privateKeyFrom('PRIVATE KEY', pkcs8)
  } finally {
    pkcs8.fill(0)
  }
}

async function told<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof X509Error) throw new KeystoreError('Malformed', error.message)
    throw error
  }
}
