import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { factsOf, type KeyAlgorithm, type KeyAlgorithmFacts } from './algorithms.ts'
import { Gate } from './gate.ts'

/** Too many slow keys are being made already; nothing was made, and the caller may come again later. */
export class KeyGenerationBusy extends Error {
  override readonly name = 'KeyGenerationBusy'
  constructor() {
    super('Too many RSA keys are being made; try again later.')
  }
}

/** A key pair in DER: SubjectPublicKeyInfo (RFC 5280 §4.1) and unencrypted PKCS #8 (RFC 5208). Zero `pkcs8` after use. */
export interface ExportableKey {
  readonly spki: Buffer
  readonly pkcs8: Buffer
}

const generate = promisify(generateKeyPair)
const publicKeyEncoding = { type: 'spki', format: 'der' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'der' } as const

/** A gate for slow keys: two at a time leave the thread pool room for files and passwords. */
export function keyGenerationGate({ running = 2, waiting = 32 } = {}): Gate {
  return new Gate({ running, waiting, busy: () => new KeyGenerationBusy() })
}

/** One for the whole thread: the cores it guards are one, whoever asks for a key. */
const sharedGate = keyGenerationGate()

/**
 * Makes a key pair whose private half may leave us: for certificates whose key we make, sealed by the caller with the
 * purpose `certificate-key`. CA keys are made by a KeyProvider and have no such way out.
 *
 * @throws KeyGenerationBusy when the queue of slow keys is full
 */
export async function generateExportableKey(algorithm: KeyAlgorithm, gate: Gate = sharedGate): Promise<ExportableKey> {
  const { material, slowToGenerate } = factsOf(algorithm)
  const make = async (): Promise<ExportableKey> => {
    const { publicKey, privateKey } = await pairOf(material)
    return { spki: publicKey, pkcs8: privateKey }
  }
  return slowToGenerate ? gate.run(make) : make()
}

async function pairOf(material: KeyAlgorithmFacts['material']) {
  switch (material.type) {
    case 'rsa':
      return generate('rsa', { modulusLength: material.modulusLength, publicKeyEncoding, privateKeyEncoding })
    case 'ec':
      return generate('ec', { namedCurve: material.namedCurve, publicKeyEncoding, privateKeyEncoding })
    case 'ed25519':
      return generate('ed25519', { publicKeyEncoding, privateKeyEncoding })
  }
}
