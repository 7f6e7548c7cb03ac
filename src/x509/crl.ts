import { signatureAlgorithms } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { allocate, concatBytes } from './bytes.ts'
import { tags } from './der/tags.ts'
import { timeLength, writeTime } from './der/time.ts'
import { bitString, explicitTag, headerLength, integer, sequence, time, writeHeader } from './der/writer.ts'
import { fail } from './errors.ts'
import type { Extension } from './extensions/extension.ts'
import { reasonCode, reasonCodes } from './extensions/reason-code.ts'
import type { RevocationReason } from './extensions/reason-code.ts'

/** One revoked certificate. */
export interface CrlEntry {
  /** See `serialFromContents`: whole octets in lowercase hexadecimal. */
  readonly serialHex: string
  /** Milliseconds since 1970; the fraction of a second is dropped. */
  readonly revokedAt: number
  /** `unspecified` and absent are the same (RFC 5280 §5.3.1). */
  readonly reason?: RevocationReason | undefined
}

/** What goes into a CRL besides its entries. */
export interface CrlSpec {
  readonly signatureAlgorithm: SignatureAlgorithmName
  readonly issuer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** CRL number and authority key identifier (both required by RFC 5280 §5.2), issuing distribution point if any. */
  readonly extensions: readonly (Extension | false)[]
}

/** Encoded entries, which can be read any number of times; each chunk holds whole entries. */
export interface CrlEntries {
  readonly byteLength: number
  chunks(): Iterable<Uint8Array>
}

/** A TBSCertList as chunks, the same ones each time: header up to the entries, entries, what follows them. */
export interface TbsCertList extends Iterable<Uint8Array> {
  readonly byteLength: number
  readonly signatureAlgorithm: SignatureAlgorithmName
}

const chunkBytes = 65_536
/** No entry is longer: serial of 64 octets, GeneralizedTime, reason. All its lengths fit one octet. */
const maxEntryBytes = 2 + 67 + 17 + 14
const maxSerialOctets = 64

/** crlEntryExtensions with one reason code, by code. */
const reasonExtensions: readonly (Uint8Array | undefined)[] = Array.from({ length: 11 }, (_, code) => {
  const name = (Object.keys(reasonCodes) as RevocationReason[]).find((reason) => reasonCodes[reason] === code)
  const extension = name && reasonCode(name)
  return extension && sequence(extension.der)
})

/**
 * Entries from a source that can be iterated again and gives the same each time. One pass here, one for every
 * `chunks()`; memory stays flat. Throws X509Error BadSerial or BadTime; `chunks()` throws CrlSourceChanged when a
 * later pass differs in length.
 */
export function streamCrlEntries(source: Iterable<CrlEntry>): CrlEntries {
  let byteLength = 0
  for (const entry of source) byteLength += entryLength(entry)
  return { byteLength, chunks: () => encodeEntries(source, byteLength) }
}

/**
 * Entries from a source that can be read only once: they are kept encoded, at most 49 bytes each for 16-byte serials.
 */
export async function collectCrlEntries(source: AsyncIterable<CrlEntry>): Promise<CrlEntries> {
  const encoder = new EntryEncoder()
  const chunks: Uint8Array[] = []
  for await (const entry of source) {
    const full = encoder.add(entry)
    if (full) chunks.push(full)
  }
  const last = encoder.flush()
  if (last) chunks.push(last)
  return { byteLength: chunks.reduce((sum, chunk) => sum + chunk.length, 0), chunks: () => chunks }
}

/**
 * RFC 5280 §5.1
 *   TBSCertList ::= SEQUENCE {
 *        version              Version OPTIONAL,            -- v2
 *        signature            AlgorithmIdentifier,
 *        issuer               Name,
 *        thisUpdate           Time,
 *        nextUpdate           Time OPTIONAL,
 *        revokedCertificates  SEQUENCE OF SEQUENCE {
 *             userCertificate     CertificateSerialNumber,
 *             revocationDate      Time,
 *             crlEntryExtensions  Extensions OPTIONAL } OPTIONAL,
 *        crlExtensions        [0] EXPLICIT Extensions OPTIONAL }
 * Always v2 with nextUpdate. With nothing revoked revokedCertificates is absent, not empty (§5.1.2.6).
 */
export function buildTbsCertList(spec: CrlSpec, entries: CrlEntries): TbsCertList {
  const { signatureAlgorithm } = spec
  const fields = concatBytes([
    integer(1),
    signatureAlgorithms[signatureAlgorithm].identifier,
    spec.issuer,
    time(spec.thisUpdate),
    time(spec.nextUpdate),
  ])
  const extensions = spec.extensions.flatMap((extension) => (extension ? [extension.der] : []))
  const trailer = extensions.length > 0 ? explicitTag(0, sequence(...extensions)) : allocate(0)
  const listHeader = entries.byteLength > 0 ? header(entries.byteLength) : allocate(0)
  const contentLength = fields.length + listHeader.length + entries.byteLength + trailer.length
  const start = concatBytes([header(contentLength), fields, listHeader])
  return {
    byteLength: headerLength(contentLength) + contentLength,
    signatureAlgorithm,
    *[Symbol.iterator]() {
      yield start
      yield* entries.chunks()
      yield trailer
    },
  }
}

/**
 * RFC 5280 §5.1: CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue BIT STRING }, as
 * chunks.
 */
export function assembleCrl(tbs: TbsCertList, signature: Uint8Array): Iterable<Uint8Array> & { byteLength: number } {
  const trailer = concatBytes([signatureAlgorithms[tbs.signatureAlgorithm].identifier, bitString(signature)])
  const contentLength = tbs.byteLength + trailer.length
  return {
    byteLength: headerLength(contentLength) + contentLength,
    *[Symbol.iterator]() {
      yield header(contentLength)
      yield* tbs
      yield trailer
    },
  }
}

function header(contentLength: number): Uint8Array {
  const out = allocate(headerLength(contentLength))
  writeHeader(tags.sequence, contentLength, out, 0)
  return out
}

function* encodeEntries(source: Iterable<CrlEntry>, byteLength: number): Generator<Uint8Array> {
  const encoder = new EntryEncoder()
  let written = 0
  for (const entry of source) {
    const chunk = encoder.add(entry)
    if (!chunk) continue
    written += chunk.length
    if (written > byteLength) break
    yield chunk
  }
  const last = encoder.flush()
  written += last?.length ?? 0
  if (written !== byteLength) throw fail('CrlSourceChanged', 'the revocations changed between two passes over them')
  if (last) yield last
}

function serialLength(serialHex: string): number {
  const octets = serialHex.length / 2
  if (!Number.isInteger(octets) || octets === 0 || octets > maxSerialOctets) throw badSerial()
  const hasLeadingZeros = octets > 1 && serialHex.startsWith('00')
  if (hasLeadingZeros) throw badSerial()
  return octets + (hexDigit(serialHex.charCodeAt(0)) >= 8 ? 1 : 0)
}

function entryLength({ serialHex, revokedAt, reason }: CrlEntry): number {
  return 4 + serialLength(serialHex) + timeLength(revokedAt) + (reason && reason !== 'unspecified' ? 14 : 0)
}

class EntryEncoder {
  #chunk = allocate(chunkBytes)
  #pos = 0

  /** Writes an entry; returns a chunk when it became full. */
  add(entry: CrlEntry): Uint8Array | undefined {
    const full = this.#pos + maxEntryBytes > chunkBytes ? this.flush() : undefined
    this.#pos = writeEntry(entry, this.#chunk, this.#pos)
    return full
  }

  flush(): Uint8Array | undefined {
    if (this.#pos === 0) return undefined
    const chunk = this.#chunk.subarray(0, this.#pos)
    this.#chunk = allocate(chunkBytes)
    this.#pos = 0
    return chunk
  }
}

function writeEntry({ serialHex, revokedAt, reason }: CrlEntry, out: Uint8Array, at: number): number {
  const octets = serialHex.length / 2
  const contents = serialLength(serialHex)
  let pos = at + 2
  out[pos++] = tags.integer
  out[pos++] = contents
  if (contents !== octets) out[pos++] = 0
  for (let i = 0; i < serialHex.length; i += 2) {
    out[pos++] = hexDigit(serialHex.charCodeAt(i)) * 16 + hexDigit(serialHex.charCodeAt(i + 1))
  }
  pos = writeTime(revokedAt, out, pos)
  const extensions = reason && reasonExtensions[reasonCodes[reason]]
  if (extensions) {
    out.set(extensions, pos)
    pos += extensions.length
  }
  out[at] = tags.sequence
  out[at + 1] = pos - at - 2
  return pos
}

/** Value of a lowercase hexadecimal digit by its character code; 255 for every other. */
const hexDigits = new Uint8Array(128).fill(255)
for (let value = 0; value < 16; value++) hexDigits[value.toString(16).charCodeAt(0)] = value

function hexDigit(unit: number): number {
  const value = hexDigits[unit]
  if (value === undefined || value > 15) throw badSerial()
  return value
}

function badSerial() {
  return fail('BadSerial', 'a revoked serial must be whole octets in lowercase hexadecimal without leading zeros')
}
