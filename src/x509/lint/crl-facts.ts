import { createHash } from 'node:crypto'
import { concatBytes } from '../bytes.ts'
import type { StreamedTbsCertList, TbsCertList } from '../crl.ts'
import { checkInteger } from '../der/primitives.ts'
import { checkDer, DerReader } from '../der/reader.ts'
import { contextTagOctet, tags } from '../der/tags.ts'
import { isUtcTime } from '../der/time.ts'
import { sequence } from '../der/writer.ts'
import { DerError } from '../errors.ts'
import { readExtensions } from '../extensions/extension.ts'
import type { Extension } from '../extensions/extension.ts'
import { reasonCode, reasonCodes } from '../extensions/reason-code.ts'
import type { RevocationReason } from '../extensions/reason-code.ts'
import type { CrlProfile } from './profile.ts'

/** What the rules ask of a TBSCertList, read from its bytes in one pass. */
export interface CrlFacts {
  readonly profile: CrlProfile
  readonly version: number
  readonly signatureIdentifier: Uint8Array
  readonly issuerDer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  readonly timesInRightForm: boolean
  readonly hasRevokedCertificates: boolean
  readonly entryCount: number
  /** What is wrong with the first bad entry. */
  readonly entryProblem: string | undefined
  readonly extensions: readonly Extension[]
  /** SHA-256 of all the bytes read: what was linted is recognised when it is signed. */
  readonly digest: Uint8Array
}

const extensionsTag = contextTagOctet(0, true)
const maxSerialOctets = 20

/** crlEntryExtensions that we write: one reason code, in its only encoding. */
const knownEntryExtensions = (Object.keys(reasonCodes) as RevocationReason[]).flatMap((reason) => {
  const extension = reasonCode(reason)
  return extension ? [sequence(extension.der)] : []
})

/**
 * Reads a stream whose first chunk is the header and whose chunks hold whole entries, as `TbsCertList` promises.
 * Throws X509Error.
 */
export function readCrlFacts(tbs: TbsCertList, profile: CrlProfile): CrlFacts {
  const reader = new CrlFactsReader(tbs.byteLength, profile)
  for (const chunk of tbs) reader.take(chunk)
  return reader.end()
}

/** The same of chunks that have to be waited for. */
export async function readStreamedCrlFacts(tbs: StreamedTbsCertList, profile: CrlProfile): Promise<CrlFacts> {
  const reader = new CrlFactsReader(tbs.byteLength, profile)
  for await (const chunk of tbs) reader.take(chunk)
  return reader.end()
}

class CrlFactsReader {
  readonly #byteLength: number
  readonly #profile: CrlProfile
  readonly #hash = createHash('sha256')
  readonly #entries = new EntryChecker()
  readonly #trailer: Uint8Array[] = []
  #header: ReturnType<typeof readHeader> | undefined
  #offset = 0

  constructor(byteLength: number, profile: CrlProfile) {
    this.#byteLength = byteLength
    this.#profile = profile
  }

  take(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#offset += chunk.length
    if (!this.#header) this.#header = readHeader(chunk, this.#byteLength)
    else if (this.#offset <= this.#header.entriesEnd) this.#entries.check(chunk)
    else this.#trailer.push(chunk)
  }

  end(): CrlFacts {
    if (!this.#header || this.#offset !== this.#byteLength)
      throw new DerError('Truncated', 'the TBSCertList has not the length it states')
    const { entriesEnd, ...fields } = this.#header
    const rest = concatBytes(this.#trailer)
    if (entriesEnd + rest.length !== this.#offset)
      throw new DerError('Truncated', 'revokedCertificates does not end where it says')
    return {
      profile: this.#profile,
      ...fields,
      entryCount: this.#entries.count,
      entryProblem: this.#entries.problem,
      extensions: rest.length > 0 ? readCrlExtensions(rest) : [],
      digest: this.#hash.digest(),
    }
  }
}

function readHeader(chunk: Uint8Array, byteLength: number) {
  const reader = new DerReader(chunk, 0, byteLength)
  reader.take(tags.sequence)
  if (reader.contentEnd !== byteLength) throw new DerError('TrailingBytes', 'the TBSCertList is longer than it says')
  // The fields lie in this chunk; only the lengths of TBSCertList and revokedCertificates point beyond it.
  reader.pos = reader.contentStart
  reader.end = chunk.length
  const version = reader.peek() === tags.integer ? reader.smallInteger(1) + 1 : 1
  const signatureIdentifier = reader.element(tags.sequence)
  const issuerDer = reader.element(tags.sequence)
  const thisUpdate = reader.time()
  const thisInRightForm = isUtcTime(thisUpdate) === (reader.tag === tags.utcTime)
  const hasNextUpdate = reader.peek() === tags.utcTime || reader.peek() === tags.generalizedTime
  const nextUpdate = hasNextUpdate ? reader.time() : undefined
  const nextInRightForm = nextUpdate === undefined || isUtcTime(nextUpdate) === (reader.tag === tags.utcTime)
  const timesInRightForm = thisInRightForm && nextInRightForm
  const hasRevokedCertificates = reader.peek() === tags.sequence
  let entriesEnd = reader.pos
  if (hasRevokedCertificates) {
    reader.end = byteLength
    reader.take(tags.sequence)
    entriesEnd = reader.contentEnd
    if (reader.contentStart !== chunk.length) throw new DerError('TrailingBytes', 'entries in the chunk of the header')
  } else reader.expectEnd()
  return {
    version,
    signatureIdentifier,
    issuerDer,
    thisUpdate,
    nextUpdate,
    timesInRightForm,
    hasRevokedCertificates,
    entriesEnd,
  }
}

function readCrlExtensions(bytes: Uint8Array): Extension[] {
  checkDer(bytes)
  return readExtensions(new DerReader(bytes).enter(extensionsTag))
}

/** Judges every entry without making an object of it: a CRL may hold millions. */
class EntryChecker {
  count = 0
  problem: string | undefined

  check(chunk: Uint8Array): void {
    const reader = new DerReader(chunk)
    while (reader.pos < chunk.length) {
      reader.take(tags.sequence)
      const end = reader.contentEnd
      reader.pos = reader.contentStart
      reader.end = end
      this.problem ??= entryProblem(reader)
      reader.pos = end
      reader.end = chunk.length
      this.count++
    }
  }
}

function entryProblem(reader: DerReader): string | undefined {
  const { bytes } = reader
  reader.take(tags.integer)
  const { contentStart, contentEnd } = reader
  checkInteger(bytes, contentStart, contentEnd)
  if (bytes[contentStart]! >= 0x80) return 'a negative serial number'
  if (contentEnd - contentStart > maxSerialOctets) return `a serial number of more than ${maxSerialOctets} octets`
  const revokedAt = reader.time()
  if (isUtcTime(revokedAt) !== (reader.tag === tags.utcTime)) return 'a revocationDate in the wrong form'
  if (reader.done) return undefined
  for (const known of knownEntryExtensions) if (holds(bytes, reader.pos, reader.end, known)) return undefined
  return 'entry extensions other than one reason code'
}

function holds(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  if (end - start !== expected.length) return false
  // From the end: the reason code is the last octet and the only difference.
  for (let i = expected.length - 1; i >= 0; i--) if (bytes[start + i] !== expected[i]) return false
  return true
}
