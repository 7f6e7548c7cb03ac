import { concatBytes } from './bytes.ts'
import { DerReader } from './der/reader.ts'
import { tags } from './der/tags.ts'

/**
 * Serials of entries that are in one CRL and not in another, both of our own making: linted, and their serials in
 * ascending order. In one pass over both, without an object for each of perhaps millions.
 * @param older a whole CRL, cut anywhere but in its header
 * @param newer chunks of whole entries, see `encodeCrlEntries`
 */
export async function* lostSerials(
  older: { size: number; chunks: AsyncIterable<Uint8Array> },
  newer: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const before = new Cursor(entryBytes(older))
  const now = new Cursor(newer)
  let more = now.step() || (await now.more())
  while (before.step() || (await before.more())) {
    let order = more ? compare(now, before) : 1
    while (order < 0) {
      more = now.step() || (await now.more())
      order = more ? compare(now, before) : 1
    }
    if (order > 0) yield before.serial()
  }
}

/** The bytes of revokedCertificates, which is where a CRL says. */
async function* entryBytes({
  size,
  chunks,
}: {
  size: number
  chunks: AsyncIterable<Uint8Array>
}): AsyncGenerator<Uint8Array> {
  let from: number | undefined
  let to = 0
  let offset = 0
  for await (const chunk of chunks) {
    if (from === undefined) [from, to] = entriesIn(chunk, size)
    const [start, end] = [Math.max(from - offset, 0), Math.min(to - offset, chunk.length)]
    if (start < end) yield chunk.subarray(start, end)
    offset += chunk.length
    if (offset >= to) return
  }
}

/** Where the entries begin and end; nowhere in a CRL without any. @param first its first bytes, with all of the header */
function entriesIn(first: Uint8Array, size: number): [number, number] {
  // Only the two outer lengths and that of the list point beyond what is at hand.
  const reader = new DerReader(first, 0, size)
  const into = () => {
    reader.take(tags.sequence)
    reader.pos = reader.contentStart
  }
  into()
  into()
  reader.take(tags.integer)
  reader.take(tags.sequence) // signature
  reader.take(tags.sequence) // issuer
  reader.time()
  reader.time()
  if (reader.peek() !== tags.sequence) return [0, 0]
  reader.take(tags.sequence)
  return [reader.contentStart, reader.contentEnd]
}

/** Stands on the serial of one entry after the other. All lengths in an entry take one octet. */
class Cursor {
  readonly #chunks: AsyncIterator<Uint8Array>
  bytes: Uint8Array = new Uint8Array()
  start = 0
  end = 0
  #next = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** To the next entry; false when more bytes are needed for that. */
  step(): boolean {
    const { bytes } = this
    const at = this.#next
    if (at + 4 > bytes.length || at + 2 + bytes[at + 1]! > bytes.length) return false
    this.start = at + 4
    this.end = this.start + bytes[at + 3]!
    if (bytes[this.start] === 0 && this.end - this.start > 1) this.start++
    this.#next = at + 2 + bytes[at + 1]!
    return true
  }

  /** To the next entry, with the next chunk; false at the end. */
  async more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return false
      this.bytes = this.#next < this.bytes.length ? concatBytes([this.bytes.subarray(this.#next), value]) : value
      this.#next = 0
      if (this.step()) return true
    }
  }

  serial(): string {
    return this.bytes.subarray(this.start, this.end).toHex()
  }
}

/** By octets, the shorter first: the order of their hexadecimal text. */
function compare(a: Cursor, b: Cursor): number {
  let i = a.start
  let j = b.start
  while (i < a.end && j < b.end) {
    const difference = a.bytes[i++]! - b.bytes[j++]!
    if (difference !== 0) return difference
  }
  return a.end - a.start - (b.end - b.start)
}
