import { signatureAlgorithmOf } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { equalBytes } from './bytes.ts'
import { checkDer, DerReader } from './der/reader.ts'
import { contextTagOctet, tags } from './der/tags.ts'
import { fail } from './errors.ts'
import { readExtensions } from './extensions/extension.ts'
import type { Extension } from './extensions/extension.ts'
import { readCrlEntry } from './crl-entry.ts'
import type { CrlEntry } from './crl-entry.ts'
import { parseName } from './names.ts'
import type { Name } from './names.ts'
import type { Spki } from './spki.ts'

const extensionsTag = contextTagOctet(0, true)

/** A parsed CRL. Entries are read one by one from `der`, each time that they are asked for. */
export class Crl {
  readonly der: Uint8Array
  readonly tbsDer: Uint8Array
  readonly version: number
  readonly signatureIdentifier: Uint8Array
  readonly signature: Uint8Array
  readonly issuer: Name
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** True if the field is there; RFC 5280 §5.1.2.6 wants it absent when empty. */
  readonly hasRevokedCertificates: boolean
  readonly extensions: readonly Extension[]
  readonly #entriesStart: number
  readonly #entriesEnd: number

  constructor(der: Uint8Array) {
    this.der = der
    const outer = new DerReader(der).enter(tags.sequence)
    this.tbsDer = outer.element(tags.sequence)
    this.signatureIdentifier = outer.element(tags.sequence)
    this.signature = outer.bitString()
    outer.expectEnd()

    const tbs = new DerReader(this.tbsDer).enter(tags.sequence)
    this.version = tbs.peek() === tags.integer ? tbs.smallInteger(1) + 1 : 1
    if (!equalBytes(tbs.element(tags.sequence), this.signatureIdentifier)) {
      throw fail('BadCrl', 'signature algorithm differs inside and outside (RFC 5280 §5.1.1.2)')
    }
    this.issuer = parseName(tbs.element(tags.sequence))
    this.thisUpdate = tbs.time()
    const hasNextUpdate = tbs.peek() === tags.utcTime || tbs.peek() === tags.generalizedTime
    this.nextUpdate = hasNextUpdate ? tbs.time() : undefined
    this.hasRevokedCertificates = tbs.peek() === tags.sequence
    if (this.hasRevokedCertificates) tbs.take(tags.sequence)
    this.#entriesStart = this.hasRevokedCertificates ? tbs.contentStart : 0
    this.#entriesEnd = this.hasRevokedCertificates ? tbs.contentEnd : 0
    this.extensions = tbs.done ? [] : readCrlExtensions(tbs)
    tbs.expectEnd()
  }

  get signatureAlgorithm(): SignatureAlgorithmName | undefined {
    return signatureAlgorithmOf(this.signatureIdentifier)
  }

  extension(oid: string): Extension | undefined {
    return this.extensions.find((each) => each.oid === oid)
  }

  /**
   * The revoked certificates in the order of the encoding, each judged as it comes. Throws X509Error; among others for
   * a critical entry extension that we do not process (RFC 5280 §5.3: such a CRL must not be used).
   */
  *entries(): Generator<CrlEntry> {
    const list = new DerReader(this.tbsDer, this.#entriesStart, this.#entriesEnd)
    while (!list.done) yield readCrlEntry(list)
  }

  /**
   * True if the signature was made by this key. Throws X509Error UnsupportedAlgorithm or BadKey when that cannot be
   * told.
   */
  verify(issuerKey: Spki): boolean {
    const algorithm = this.signatureAlgorithm
    if (!algorithm) throw fail('UnsupportedAlgorithm', 'the signature algorithm is not supported')
    return issuerKey.verify(algorithm, this.tbsDer, this.signature)
  }
}

/**
 * Reads a CRL that is all of `der`. Header and extensions are judged now, entries by `entries()`, so that the size may
 * be large: `maxBytes` is 256 MiB if not given. Throws X509Error.
 */
export function parseCrl(der: Uint8Array, { maxBytes = 1 << 28 } = {}): Crl {
  if (der.length > maxBytes) throw fail('BadCrl', `more than ${maxBytes} bytes`)
  const reader = new DerReader(der)
  reader.take(tags.sequence)
  reader.expectEnd()
  return new Crl(der)
}

function readCrlExtensions(tbs: DerReader): readonly Extension[] {
  const inside = tbs.enter(extensionsTag)
  checkDer(inside.bytes.subarray(inside.pos, inside.end))
  const extensions = readExtensions(inside)
  inside.expectEnd()
  return extensions
}
