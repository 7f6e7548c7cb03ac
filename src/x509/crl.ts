import { signatureAlgorithms } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { allocate, concatBytes } from './bytes.ts'
import type { CrlEntry } from './crl-entry.ts'
import { tags } from './der/tags.ts'
import { timeLength, writeTime } from './der/time.ts'
import { bitString, explicitTag, headerLength, integer, sequence, time, writeHeader } from './der/writer.ts'
import { fail } from './errors.ts'
import type { Extension } from './extensions/extension.ts'
import { reasonCode, reasonCodes } from './extensions/reason-code.ts'
import type { RevocationReason } from './extensions/reason-code.ts'

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

/** As {@link TbsCertList}, of chunks that have to be waited for. */
export interface StreamedTbsCertList extends AsyncIterable<Uint8Array> {
  readonly byteLength: number
  readonly signatureAlgorithm: SignatureAlgorithmName
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
 * Encodes entries that come page by page and can be read only once; each chunk (of a quarter MiB) holds whole entries, at
 * most 49 bytes each for 16-byte serials. Throws X509Error BadSerial or BadTime.
 */
export async function* encodeCrlEntries(pages: AsyncIterable<readonly CrlEntry[]>): AsyncGenerator<Uint8Array> {
  const encoder = new EntryEncoder(262_144)
  for await (const page of pages)
    for (const entry of page) {
      const full = encoder.add(entry)
      if (full) yield full
    }
  const last = encoder.flush()
  if (last) yield last
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
  const { start, trailer, byteLength } = tbsCertListFrame(spec, entries.byteLength)
  return {
    byteLength,
    signatureAlgorithm: spec.signatureAlgorithm,
    *[Symbol.iterator]() {
      yield start
      yield* entries.chunks()
      yield trailer
    },
  }
}

/** What stands before and after so many bytes of entries in a TBSCertList, and the length of it all. */
export function tbsCertListFrame(
  spec: CrlSpec,
  entriesLength: number,
): { start: Uint8Array; trailer: Uint8Array; byteLength: number } {
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
  const listHeader = entriesLength > 0 ? header(entriesLength) : allocate(0)
  const contentLength = fields.length + listHeader.length + entriesLength + trailer.length
  const start = concatBytes([header(contentLength), fields, listHeader])
  return { start, trailer, byteLength: headerLength(contentLength) + contentLength }
}

/**
 * RFC 5280 §5.1: CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue BIT STRING }, as
 * chunks.
 */
export function assembleCrl(tbs: TbsCertList, signature: Uint8Array): Iterable<Uint8Array> & { byteLength: number } {
  const { start, trailer, byteLength } = crlFrame(tbs, signature)
  return {
    byteLength,
    *[Symbol.iterator]() {
      yield start
      yield* tbs
      yield trailer
    },
  }
}

/** What stands before and after the TBSCertList in a CRL, and the length of it all. */
export function crlFrame(
  tbs: Pick<TbsCertList, 'byteLength' | 'signatureAlgorithm'>,
  signature: Uint8Array,
): { start: Uint8Array; trailer: Uint8Array; byteLength: number } {
  const trailer = concatBytes([signatureAlgorithms[tbs.signatureAlgorithm].identifier, bitString(signature)])
  const contentLength = tbs.byteLength + trailer.length
  return { start: header(contentLength), trailer, byteLength: headerLength(contentLength) + contentLength }
}

function header(contentLength: number): Uint8Array {
  const out = allocate(headerLength(contentLength))
  writeHeader(tags.sequence, contentLength, out, 0)
  return out
}

function* encodeEntries(source: Iterable<CrlEntry>, byteLength: number): Generator<Uint8Array> {
  const encoder = new EntryEncoder(chunkBytes)
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
  readonly #size: number
  #chunk: Uint8Array
  #pos = 0

  constructor(size: number) {
    this.#size = size
    this.#chunk = allocate(size)
  }

  /** Writes an entry; returns a chunk when it became full. */
  add(entry: CrlEntry): Uint8Array | undefined {
    const full = this.#pos + maxEntryBytes > this.#size ? this.flush() : undefined
    this.#pos = writeEntry(entry, this.#chunk, this.#pos)
    return full
  }

  flush(): Uint8Array | undefined {
    if (this.#pos === 0) return undefined
    const chunk = this.#chunk.subarray(0, this.#pos)
    this.#chunk = allocate(this.#size)
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
