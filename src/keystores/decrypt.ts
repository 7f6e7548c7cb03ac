import { createDecipheriv, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { der } from '../x509/index.ts'
import { checkPassword } from './content.ts'
import { KeystoreError } from './errors.ts'
import { pbeOids as oids, unreadSchemes } from './oids.ts'
import { deriveInTurns, kdfPurpose } from './pkcs12-kdf.ts'

const inPool = promisify(pbkdf2)

/** Go's newest writers take 600,000 rounds; OpenSSL 2,048. */
const maxRounds = 1_000_000
const maxSalt = 1024

/** A password with the rounds of key derivation that may be spent on it, all uses together: a file must not choose what opening it costs. */
export class Password {
  readonly text: string
  #rounds: number

  /** Throws KeystoreError BadPassword unless it is one that a key store can have. */
  constructor(text: string, rounds: number = maxRounds) {
    checkPassword(text)
    this.text = text
    this.#rounds = rounds
  }

  /** Throws KeystoreError TooExpensive. */
  spend(rounds: number): void {
    this.#rounds -= rounds
    if (this.#rounds < 0) {
      throw new KeystoreError('TooExpensive', 'opening it would take more rounds of key derivation than are granted')
    }
  }
}

const ciphers: Readonly<Record<string, { name: string; key: number; iv: number }>> = {
  [oids.aes128Cbc]: { name: 'aes-128-cbc', key: 16, iv: 16 },
  [oids.aes192Cbc]: { name: 'aes-192-cbc', key: 24, iv: 16 },
  [oids.aes256Cbc]: { name: 'aes-256-cbc', key: 32, iv: 16 },
  [oids.desEde3Cbc]: { name: 'des-ede3-cbc', key: 24, iv: 8 },
}
const pseudorandom: Readonly<Record<string, string>> = {
  [oids.hmacWithSha1]: 'sha1',
  [oids.hmacWithSha256]: 'sha256',
  [oids.hmacWithSha384]: 'sha384',
  [oids.hmacWithSha512]: 'sha512',
}

/**
 * Decrypts what an AlgorithmIdentifier (the reader's next element) says: PBES2 with PBKDF2 and AES or 3DES (RFC 8018 §6.2), or
 * 3DES as PKCS #12 derives its key (RFC 7292 §C). The plaintext is the caller's to zero. Throws KeystoreError Unsupported,
 * TooExpensive, BadPassword; DerError for what is not strict DER.
 */
export async function decryptAs(
  identifier: der.DerReader,
  ciphertext: Uint8Array,
  password: Password,
): Promise<Buffer> {
  const algorithm = identifier.oid()
  if (algorithm === oids.pbes2) return pbes2(identifier.enter(der.tags.sequence), ciphertext, password)
  if (algorithm === oids.pbeWithShaAnd3KeyTripleDes)
    return tripleDes(identifier.enter(der.tags.sequence), ciphertext, password)
  throw unsupported(algorithm)
}

/**
 * RFC 8018 §A.4
 *   PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier }
 */
async function pbes2(parameters: der.DerReader, ciphertext: Uint8Array, password: Password): Promise<Buffer> {
  const derivation = parameters.enter(der.tags.sequence)
  const scheme = parameters.enter(der.tags.sequence)
  const derive = derivation.oid()
  if (derive !== oids.pbkdf2) throw unsupported(derive)
  const cipherOid = scheme.oid()
  const cipher = Object.hasOwn(ciphers, cipherOid) ? ciphers[cipherOid] : undefined
  if (!cipher) throw unsupported(cipherOid)
  const iv = scheme.octetString()
  if (iv.length !== cipher.iv) throw new KeystoreError('Malformed', 'an initialisation vector of the wrong length')

  const { salt, iterations, keyLength, prf } = pbkdf2Parameters(derivation.enter(der.tags.sequence))
  if (keyLength !== undefined && keyLength !== cipher.key)
    throw new KeystoreError('Malformed', 'a key length that is not the cipher’s')
  password.spend(iterations)
  const key = await inPool(password.text, salt, iterations, cipher.key, prf)
  return decrypt(cipher.name, key, iv, ciphertext)
}

/**
 * RFC 8018 §A.2
 *   PBKDF2-params ::= SEQUENCE {
 *        salt            CHOICE { specified OCTET STRING, … },
 *        iterationCount  INTEGER,
 *        keyLength       INTEGER OPTIONAL,
 *        prf             AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
 */
function pbkdf2Parameters(reader: der.DerReader) {
  const salt = checkedSalt(reader.octetString())
  const iterations = rounds(reader)
  const keyLength = reader.peek() === der.tags.integer ? reader.smallInteger(64) : undefined
  const prfOid = reader.done ? oids.hmacWithSha1 : reader.enter(der.tags.sequence).oid()
  const prf = Object.hasOwn(pseudorandom, prfOid) ? pseudorandom[prfOid] : undefined
  if (prf === undefined) throw unsupported(prfOid)
  return { salt, iterations, keyLength, prf }
}

/** RFC 7292 §C: pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER } */
async function tripleDes(parameters: der.DerReader, ciphertext: Uint8Array, password: Password): Promise<Buffer> {
  const salt = checkedSalt(parameters.octetString())
  const iterations = rounds(parameters)
  // 24 octets of key take two blocks of SHA-1, the vector one more.
  password.spend(3 * iterations)
  const common = { hash: 'sha1', password: password.text, salt, iterations } as const
  const key = await deriveInTurns({ ...common, purpose: kdfPurpose.key, octets: 24 })
  const iv = await deriveInTurns({ ...common, purpose: kdfPurpose.iv, octets: 8 })
  return decrypt('des-ede3-cbc', key, iv, ciphertext)
}

/** With padding; zeroes the key. Throws KeystoreError BadPassword: the padding is all that tells a wrong key here. */
export function decrypt(cipher: string, key: Buffer, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  try {
    const decipher = createDecipheriv(cipher, key, iv)
    const head = decipher.update(ciphertext)
    const plaintext = Buffer.concat([head, decipher.final()])
    head.fill(0)
    return plaintext
  } catch {
    throw wrongPassword()
  } finally {
    key.fill(0)
  }
}

export const wrongPassword = (): KeystoreError =>
  new KeystoreError('BadPassword', 'the passphrase is wrong, or the key is damaged')

export function unsupported(oid: string): KeystoreError {
  const name = Object.hasOwn(unreadSchemes, oid) ? unreadSchemes[oid] : `the algorithm ${oid}`
  return new KeystoreError(
    'Unsupported',
    `it is protected with ${name}, which is not read here: write it anew with AES`,
  )
}

/** An iteration count, at least 1. */
export function rounds(reader: der.DerReader): number {
  const iterations = reader.smallInteger(2 ** 40)
  if (iterations < 1) throw new KeystoreError('Malformed', 'a key derivation of no rounds')
  return iterations
}

export function checkedSalt(salt: Uint8Array): Uint8Array {
  if (salt.length > maxSalt) throw new KeystoreError('Malformed', `a salt of more than ${maxSalt} octets`)
  return salt
}
