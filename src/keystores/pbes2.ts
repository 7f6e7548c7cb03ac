import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { der } from '../x509/index.ts'
import { pbeOids as oids } from './oids.ts'

/** RFC 8018 §4.1 asks for 64 bits at least; NIST SP 800-132 §5.1 for 128. */
const saltOctets = 16

export interface Encrypted {
  /** DER of the AlgorithmIdentifier that says how to decrypt. */
  readonly algorithm: Uint8Array
  readonly ciphertext: Uint8Array
}

/**
 * RFC 8018 §6.2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, salt and IV fresh. The password counts as UTF-8.
 *   AlgorithmIdentifier ::= SEQUENCE { algorithm id-PBES2, parameters PBES2-params }
 *   PBES2-params ::= SEQUENCE {                                          §A.4
 *        keyDerivationFunc  AlgorithmIdentifier {id-PBKDF2},
 *        encryptionScheme   AlgorithmIdentifier {aes256-CBC-PAD} }       §B.2.5: the parameter is the IV
 *   PBKDF2-params ::= SEQUENCE {                                         §A.2
 *        salt            CHOICE { specified OCTET STRING, … },
 *        iterationCount  INTEGER,
 *        keyLength       INTEGER OPTIONAL,                               left out: the cipher has one length
 *        prf             AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
 */
export function encryptPbes2(plaintext: Uint8Array, password: string, iterations: number): Encrypted {
  const salt = randomBytes(saltOctets)
  const iv = randomBytes(16)
  const key = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  key.fill(0)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])

  const prf = der.sequence(der.oid(oids.hmacWithSha256), der.nullValue())
  const keyDerivation = der.sequence(
    der.oid(oids.pbkdf2),
    der.sequence(der.octetString(salt), der.integer(iterations), prf),
  )
  const encryption = der.sequence(der.oid(oids.aes256Cbc), der.octetString(iv))
  return { algorithm: der.sequence(der.oid(oids.pbes2), der.sequence(keyDerivation, encryption)), ciphertext }
}

/**
 * RFC 5208 §6
 *   EncryptedPrivateKeyInfo ::= SEQUENCE {
 *        encryptionAlgorithm  AlgorithmIdentifier,
 *        encryptedData        OCTET STRING }
 */
export function encryptedPrivateKeyInfo({ algorithm, ciphertext }: Encrypted): Uint8Array {
  return der.sequence(algorithm, der.octetString(ciphertext))
}
