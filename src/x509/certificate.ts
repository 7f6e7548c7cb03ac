import { hash } from 'node:crypto'
import { signatureAlgorithmOf, signatureAlgorithms } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { allocate, equalBytes } from './bytes.ts'
import { checkDer, defaultDerLimits, DerReader } from './der/reader.ts'
import type { DerLimits } from './der/reader.ts'
import { contextTagOctet, tags } from './der/tags.ts'
import { timeLength, writeTime } from './der/time.ts'
import { bitString, constructed, explicitTag, integer, sequence, writeHeader } from './der/writer.ts'
import type { Part } from './der/writer.ts'
import { fail } from './errors.ts'
import { readExtensions } from './extensions/extension.ts'
import type { Extension } from './extensions/extension.ts'
import { parseName } from './names.ts'
import type { Name } from './names.ts'
import { serialFromContents, serialInteger } from './serial.ts'
import { parseSpki } from './spki.ts'
import type { Spki } from './spki.ts'

/**
 * What goes into a certificate. Names and key are DER, so that they are copied octet for octet from where they come.
 */
export interface CertificateSpec {
  /** Hexadecimal text or unsigned big-endian octets. */
  readonly serial: string | Uint8Array
  readonly signatureAlgorithm: SignatureAlgorithmName
  readonly issuer: Uint8Array
  /** Milliseconds since 1970; the fraction of a second is dropped. */
  readonly notBefore: number
  /** Milliseconds since 1970, included in the validity. */
  readonly notAfter: number
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  /** In the order in which they are written; `false` is left out. */
  readonly extensions: readonly (Extension | false)[]
}

const versionTag = contextTagOctet(0, true)
const issuerUniqueIdTag = contextTagOctet(1, false)
const subjectUniqueIdTag = contextTagOctet(2, false)
const extensionsTag = contextTagOctet(3, true)
const version3 = explicitTag(0, integer(2))

/**
 * RFC 5280 §4.1
 *   TBSCertificate ::= SEQUENCE {
 *        version          [0] EXPLICIT Version DEFAULT v1,
 *        serialNumber         CertificateSerialNumber,
 *        signature            AlgorithmIdentifier,
 *        issuer               Name,
 *        validity             Validity,
 *        subject              Name,
 *        subjectPublicKeyInfo SubjectPublicKeyInfo,
 *        issuerUniqueID   [1] IMPLICIT UniqueIdentifier OPTIONAL,
 *        subjectUniqueID  [2] IMPLICIT UniqueIdentifier OPTIONAL,
 *        extensions       [3] EXPLICIT Extensions OPTIONAL }
 * Always v3, without unique identifiers. Builds what it is told; what may be signed, `lintCertificate` decides.
 */
export function buildTbsCertificate(spec: CertificateSpec): Uint8Array {
  const extensions: Part[] = spec.extensions.map((extension) => extension && extension.der)
  return sequence(
    version3,
    serialInteger(spec.serial),
    signatureAlgorithms[spec.signatureAlgorithm].identifier,
    spec.issuer,
    validity(spec.notBefore, spec.notAfter),
    spec.subject,
    spec.spki,
    extensions.some(Boolean) && explicitTag(3, constructed(tags.sequence, extensions)),
  )
}

/** RFC 5280 §4.1.2.5: Validity ::= SEQUENCE { notBefore Time, notAfter Time } */
function validity(notBefore: number, notAfter: number): Uint8Array {
  const length = timeLength(notBefore) + timeLength(notAfter)
  const out = allocate(2 + length)
  writeTime(notAfter, out, writeTime(notBefore, out, writeHeader(tags.sequence, length, out, 0)))
  return out
}

/**
 * RFC 5280 §4.1
 *   Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 * Throws X509Error BadAlgorithm unless the algorithm is the one inside (§4.1.1.2).
 */
export function assembleCertificate(
  tbs: Uint8Array,
  algorithm: SignatureAlgorithmName,
  signature: Uint8Array,
): Uint8Array {
  const { identifier } = signatureAlgorithms[algorithm]
  const inside = new DerReader(tbs).enter(tags.sequence)
  if (inside.peek() === versionTag) inside.next()
  inside.take(tags.integer)
  if (!equalBytes(inside.element(tags.sequence), identifier)) {
    throw fail('BadAlgorithm', 'signature algorithm differs from the one that is to be signed (RFC 5280 §4.1.1.2)')
  }
  return sequence(tbs, identifier, bitString(signature))
}

/** A parsed TBSCertificate. Raw fields are views of `der`; names, key and extension values are read when asked for. */
export class TbsCertificate {
  readonly der: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** Contents octets of the INTEGER. */
  readonly serialContents: Uint8Array
  /** AlgorithmIdentifier, whole element. */
  readonly signatureIdentifier: Uint8Array
  readonly issuerDer: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  readonly validityDer: Uint8Array
  readonly subjectDer: Uint8Array
  readonly spkiDer: Uint8Array
  readonly hasUniqueIds: boolean
  readonly extensions: readonly Extension[]
  #issuer: Name | undefined
  #subject: Name | undefined
  #spki: Spki | undefined

  constructor(der: Uint8Array) {
    this.der = der
    const reader = new DerReader(der).enter(tags.sequence)
    this.version = readVersion(reader)
    this.serialContents = reader.integer()
    this.signatureIdentifier = reader.element(tags.sequence)
    this.issuerDer = reader.element(tags.sequence)
    const times = reader.enter(tags.sequence)
    this.validityDer = der.subarray(times.pos, times.end)
    this.notBefore = times.time()
    this.notAfter = times.time()
    times.expectEnd()
    this.subjectDer = reader.element(tags.sequence)
    this.spkiDer = reader.element(tags.sequence)
    const mark = reader.pos
    if (reader.peek() === issuerUniqueIdTag) reader.next()
    if (reader.peek() === subjectUniqueIdTag) reader.next()
    this.hasUniqueIds = reader.pos !== mark
    this.extensions = readExtensionsField(reader)
    reader.expectEnd()
  }

  /** See `serialFromContents`. */
  get serial(): string {
    return serialFromContents(this.serialContents)
  }

  get issuer(): Name {
    return (this.#issuer ??= parseName(this.issuerDer))
  }

  get subject(): Name {
    return (this.#subject ??= parseName(this.subjectDer))
  }

  get spki(): Spki {
    return (this.#spki ??= parseSpki(this.spkiDer))
  }

  /**
   * The extension with this OID, or undefined. Throws X509Error BadCertificate when it is there twice (RFC 5280 §4.2).
   */
  extension(oid: string): Extension | undefined {
    let found: Extension | undefined
    for (const each of this.extensions) {
      if (each.oid !== oid) continue
      if (found) throw fail('BadCertificate', `extension ${oid} is there twice`)
      found = each
    }
    return found
  }

  /** The value of the extension with this OID through its reader, or undefined. Throws X509Error. */
  read<T>(oid: string, reader: (value: Uint8Array) => T): T | undefined {
    const found = this.extension(oid)
    return found && reader(found.value)
  }
}

function readVersion(reader: DerReader): number {
  if (reader.peek() !== versionTag) return 1
  const inside = reader.enter(versionTag)
  const version = inside.smallInteger(2) + 1
  inside.expectEnd()
  // v1 is the DEFAULT, which DER leaves out (X.690 §11.5).
  if (version === 1) throw fail('BadCertificate', 'version 1 is written out')
  return version
}

function readExtensionsField(reader: DerReader): readonly Extension[] {
  if (reader.peek() !== extensionsTag) return []
  const inside = reader.enter(extensionsTag)
  const extensions = readExtensions(inside)
  inside.expectEnd()
  return extensions
}

/** A parsed Certificate. */
export class Certificate {
  readonly der: Uint8Array
  readonly tbs: TbsCertificate
  /** AlgorithmIdentifier outside of the TBS; equal to the one inside. */
  readonly signatureIdentifier: Uint8Array
  readonly signature: Uint8Array

  constructor(der: Uint8Array) {
    this.der = der
    const reader = new DerReader(der).enter(tags.sequence)
    this.tbs = new TbsCertificate(reader.element(tags.sequence))
    this.signatureIdentifier = reader.element(tags.sequence)
    this.signature = reader.bitString()
    reader.expectEnd()
    if (!equalBytes(this.signatureIdentifier, this.tbs.signatureIdentifier)) {
      throw fail('BadCertificate', 'signature algorithm differs inside and outside (RFC 5280 §4.1.1.2)')
    }
  }

  /** Undefined for an algorithm that we do not verify. */
  get signatureAlgorithm(): SignatureAlgorithmName | undefined {
    return signatureAlgorithmOf(this.signatureIdentifier)
  }

  /** RFC 5280 §3.2: issuer and subject are the same name, octet for octet. Says nothing about the key. */
  get isSelfIssued(): boolean {
    return equalBytes(this.tbs.issuerDer, this.tbs.subjectDer)
  }

  /** SHA-256 over the whole certificate, in lowercase hexadecimal. */
  sha256(): string {
    return hash('sha256', this.der, 'hex')
  }

  /**
   * True if the signature was made by this key. Throws X509Error UnsupportedAlgorithm or BadKey when that cannot be
   * told.
   */
  verify(issuerKey: Spki): boolean {
    const algorithm = this.signatureAlgorithm
    if (!algorithm) throw fail('UnsupportedAlgorithm', 'the signature algorithm is not supported')
    return issuerKey.verify(algorithm, this.tbs.der, this.signature)
  }
}

/**
 * Reads a certificate that is all of `der`, in strict DER. Judges form only: no signature, no dates, no extension
 * values. Throws X509Error.
 */
export function parseCertificate(der: Uint8Array, limits: DerLimits = defaultDerLimits): Certificate {
  checkDer(der, limits)
  return new Certificate(der)
}

/** As `parseCertificate`, for bytes that wait to be signed. */
export function parseTbsCertificate(der: Uint8Array): TbsCertificate {
  checkDer(der)
  return new TbsCertificate(der)
}
