import { signatureAlgorithmOf, signatureAlgorithms } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { checkDer, checkSetOrder, DerReader } from './der/reader.ts'
import { contextTagOctet, tags } from './der/tags.ts'
import { bitString, constructed, inSetOrder, integer, oid, sequence, set } from './der/writer.ts'
import { fail } from './errors.ts'
import { readExtendedKeyUsage } from './extensions/extended-key-usage.ts'
import { readExtensions } from './extensions/extension.ts'
import type { Extension } from './extensions/extension.ts'
import { readKeyUsage } from './extensions/key-usage.ts'
import type { KeyUsage } from './extensions/key-usage.ts'
import { readSubjectAltName } from './extensions/subject-alt-name.ts'
import type { GeneralName } from './general-names.ts'
import { parseName } from './names.ts'
import type { Name } from './names.ts'
import { oids } from './oids.ts'
import { parseSpki } from './spki.ts'
import type { Spki } from './spki.ts'

/**
 * What a request asks for beyond subject and key. Only these three are surfaced; a profile decides what of it is
 * granted.
 */
export interface RequestedExtensions {
  readonly subjectAltName: readonly GeneralName[]
  readonly keyUsage: readonly KeyUsage[]
  /** Dotted OIDs. */
  readonly extendedKeyUsage: readonly string[]
  /** OIDs of extensions and attributes that were read past. */
  readonly others: readonly string[]
}

const attributesTag = contextTagOctet(0, true)
const maxAttributes = 32

/** A parsed request. Raw fields are views of `der`. */
export class Csr {
  readonly der: Uint8Array
  /** CertificationRequestInfo: the octets under the signature. */
  readonly info: CsrInfo
  readonly signatureIdentifier: Uint8Array
  readonly signature: Uint8Array

  constructor(der: Uint8Array) {
    this.der = der
    const reader = new DerReader(der).enter(tags.sequence)
    this.info = new CsrInfo(reader.element(tags.sequence))
    this.signatureIdentifier = reader.element(tags.sequence)
    this.signature = reader.bitString()
    reader.expectEnd()
  }

  get spki(): Spki {
    return this.info.spki
  }

  get requested(): RequestedExtensions {
    return this.info.requested
  }

  get signatureAlgorithm(): SignatureAlgorithmName | undefined {
    return signatureAlgorithmOf(this.signatureIdentifier)
  }
}

/**
 * RFC 2986 §4.1
 *   CertificationRequestInfo ::= SEQUENCE {
 *        version       INTEGER { v1(0) },
 *        subject       Name,
 *        subjectPKInfo SubjectPublicKeyInfo,
 *        attributes    [0] IMPLICIT SET OF Attribute }
 *   Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET SIZE (1..MAX) OF ANY }
 * Absent attributes are read as none: some encoders leave the empty set out.
 */
export class CsrInfo {
  readonly der: Uint8Array
  readonly subjectDer: Uint8Array
  readonly spki: Spki
  readonly requested: RequestedExtensions
  #subject: Name | undefined

  constructor(der: Uint8Array) {
    this.der = der
    const reader = new DerReader(der).enter(tags.sequence)
    if (reader.smallInteger(2 ** 31) !== 0) throw fail('BadCsr', 'version is not v1 (RFC 2986 §4.1)')
    this.subjectDer = reader.element(tags.sequence)
    this.spki = parseSpki(reader.element(tags.sequence))
    this.requested = reader.done ? nothingRequested : readAttributes(reader)
    reader.expectEnd()
  }

  get subject(): Name {
    return (this.#subject ??= parseName(this.subjectDer))
  }
}

const nothingRequested: RequestedExtensions = { subjectAltName: [], keyUsage: [], extendedKeyUsage: [], others: [] }

function readAttributes(reader: DerReader): RequestedExtensions {
  const attributes = reader.enter(attributesTag)
  if (attributes.done) return nothingRequested
  // An IMPLICIT SET OF: the walk over the tree cannot know that this tag stands for one.
  checkSetOrder(attributes.bytes, attributes.pos, attributes.end)
  const types: string[] = []
  let extensions: readonly Extension[] = []
  while (!attributes.done) {
    const attribute = attributes.enter(tags.sequence)
    const type = attribute.oid()
    const values = attribute.enter(tags.set)
    attribute.expectEnd()
    if (values.done) throw fail('BadCsr', `attribute ${type} has no value`)
    if (types.includes(type)) throw fail('BadCsr', `attribute ${type} is there twice`)
    if (types.push(type) > maxAttributes) throw fail('BadCsr', `more than ${maxAttributes} attributes`)
    if (type !== oids.extensionRequest) continue
    extensions = readExtensions(values)
    values.expectEnd()
  }
  const others = types.filter((type) => type !== oids.extensionRequest)
  return extensions.length === 0 ? { ...nothingRequested, others } : requestedFrom(extensions, others)
}

function requestedFrom(extensions: readonly Extension[], others: string[]): RequestedExtensions {
  let { subjectAltName, keyUsage, extendedKeyUsage } = nothingRequested
  const seen = new Set<string>()
  for (const { oid: type, value } of extensions) {
    if (seen.has(type)) throw fail('BadCsr', `extension ${type} is requested twice`)
    seen.add(type)
    if (type === oids.subjectAltName) subjectAltName = readSubjectAltName(value)
    else if (type === oids.keyUsage) keyUsage = readKeyUsage(value)
    else if (type === oids.extendedKeyUsage) extendedKeyUsage = readExtendedKeyUsage(value)
    else others.push(type)
  }
  return { subjectAltName, keyUsage, extendedKeyUsage, others }
}

/**
 * Reads a PKCS #10 request (RFC 2986) that is all of `der`, in strict DER. The signature is not judged; see
 * `verifyCsr`. Throws X509Error.
 */
export function parseCsr(der: Uint8Array): Csr {
  checkDer(der)
  return new Csr(der)
}

/**
 * Proof of possession: true if the signature over the original octets was made by the key inside. Throws X509Error
 * UnsupportedAlgorithm or BadKey.
 */
export function verifyCsr(csr: Csr): boolean {
  const algorithm = csr.signatureAlgorithm
  if (!algorithm) throw fail('UnsupportedAlgorithm', 'the signature algorithm is not supported')
  return csr.spki.verify(algorithm, csr.info.der, csr.signature)
}

/**
 * CertificationRequestInfo for `subject` (a Name) and `spki`; extensions, if any, as one extensionRequest (RFC 2985
 * §5.4.2).
 */
export function buildCsrInfo(spec: {
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  readonly extensions: readonly (Extension | false)[]
}): Uint8Array {
  const extensions = spec.extensions.flatMap((extension) => (extension ? [extension.der] : []))
  const request = extensions.length > 0 && sequence(oid(oids.extensionRequest), set(sequence(...extensions)))
  return sequence(integer(0), spec.subject, spec.spki, constructed(attributesTag, inSetOrder([request])))
}

/**
 * RFC 2986 §4.2: CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature BIT
 * STRING }
 */
export function assembleCsr(info: Uint8Array, algorithm: SignatureAlgorithmName, signature: Uint8Array): Uint8Array {
  return sequence(info, signatureAlgorithms[algorithm].identifier, bitString(signature))
}

/** As `parseCsr`, for bytes that wait to be signed. */
export function parseCsrInfo(der: Uint8Array): CsrInfo {
  checkDer(der)
  return new CsrInfo(der)
}
