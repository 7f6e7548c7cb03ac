import { latin1 } from '../bytes.ts'
import { DerError } from '../errors.ts'
import { oidFromContents } from './oid.ts'
import { checkBitString, checkBoolean, checkInteger, checkUniversal } from './primitives.ts'
import { tags } from './tags.ts'
import { timeFromContents } from './time.ts'

/** What a DER value may cost before it is refused. */
export interface DerLimits {
  readonly maxBytes: number
  /** Elements inside elements; a primitive at the top has depth 1. */
  readonly maxDepth: number
  readonly maxNodes: number
}

/** Room for every certificate and request seen in practice (the largest in use stay under 20 KiB and depth 10). */
export const defaultDerLimits: DerLimits = { maxBytes: 65_536, maxDepth: 24, maxNodes: 8192 }

/**
 * Walks the whole tree once and throws DerError unless `bytes` are exactly one element in strict DER (X.690 §10, §11):
 * definite and minimal lengths, minimal INTEGER and OBJECT IDENTIFIER, BOOLEAN 00 or FF, unused bits zero, SET OF in
 * order, primitive strings, nothing after the element. What is inside OCTET STRING and BIT STRING is opaque here.
 */
export function checkDer(bytes: Uint8Array, limits: DerLimits = defaultDerLimits): void {
  if (bytes.length > limits.maxBytes) throw new DerError('TooLarge', `more than ${limits.maxBytes} bytes`)
  const reader = new DerReader(bytes)
  walk(reader, limits, 1, 0)
  if (reader.pos !== bytes.length) throw new DerError('TrailingBytes', `bytes after the element, from ${reader.pos}`)
}

/**
 * Checks one element (with all below it) at the reader's position, or every sibling up to the reader's end for `depth`
 * > 1.
 */
function walk(reader: DerReader, limits: DerLimits, depth: number, nodesBefore: number): number {
  if (depth > limits.maxDepth) throw new DerError('TooDeep', `nested deeper than ${limits.maxDepth}`)
  let nodes = nodesBefore
  do {
    reader.next()
    if (++nodes > limits.maxNodes) throw new DerError('TooManyNodes', `more than ${limits.maxNodes} elements`)
    const { tag, contentStart, contentEnd } = reader
    if (tag < 0x40) checkUniversal(tag, reader.bytes, contentStart, contentEnd)
    if ((tag & 0x20) !== 0 && contentEnd > contentStart) {
      const outerEnd = reader.end
      reader.pos = contentStart
      reader.end = contentEnd
      nodes = walk(reader, limits, depth + 1, nodes)
      reader.end = outerEnd
      if (tag === tags.set) checkSetOrder(reader.bytes, contentStart, contentEnd)
    }
  } while (depth > 1 && reader.pos < reader.end)
  return nodes
}

/** X.690 §11.6: the encodings of a SET OF ascend. Throws DerError BadSetOrder. */
export function checkSetOrder(bytes: Uint8Array, start: number, end: number): void {
  const reader = new DerReader(bytes, start, end)
  reader.next()
  for (let previous = start, previousEnd = reader.pos; !reader.done;) {
    const from = reader.pos
    reader.next()
    if (compareRanges(bytes, previous, previousEnd, from, reader.pos) > 0) {
      throw new DerError('BadSetOrder', `SET OF at ${start} is not in order (X.690 §11.6)`)
    }
    previous = from
    previousEnd = reader.pos
  }
}

function compareRanges(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  let i = a
  let j = b
  while (i < aEnd && j < bEnd) {
    const difference = bytes[i++]! - bytes[j++]!
    if (difference !== 0) return difference
  }
  return aEnd - a - (bEnd - b)
}

/**
 * A cursor over sibling elements. Each method takes the element at the cursor, checks its header and, for a typed
 * method, its contents, and moves behind it; all throw DerError. Views share memory with `bytes`.
 */
export class DerReader {
  readonly bytes: Uint8Array
  pos: number
  end: number
  /** Of the element taken last: first identifier octet and bounds of the contents. */
  tag = 0
  contentStart = 0
  contentEnd = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.pos = start
    this.end = end
  }

  get done(): boolean {
    return this.pos >= this.end
  }

  /** First identifier octet of the element at the cursor, or -1 at the end. */
  peek(): number {
    return this.pos < this.end ? this.bytes[this.pos]! : -1
  }

  /** Takes one element of any tag, header only. Its tag and bounds are in the fields. */
  next(): void {
    const { bytes, end } = this
    let pos = this.pos
    if (pos + 2 > end) throw truncated(pos)
    const tag = bytes[pos++]!
    if ((tag & 0x1f) === 0x1f) pos = this.skipTagNumber(pos)
    if (pos >= end) throw truncated(pos)
    let length = bytes[pos++]!
    if (length >= 0x80) {
      const octets = length & 0x7f
      if (octets === 0) throw new DerError('IndefiniteLength', `indefinite length at ${pos - 1} (X.690 §10.1)`)
      if (octets > 4) throw new DerError('LengthTooLarge', `length of ${octets} octets at ${pos - 1}`)
      if (pos + octets > end) throw truncated(pos)
      length = 0
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[pos++]!
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) {
        throw new DerError('NonMinimalLength', `length at ${pos - octets - 1} is not minimal (X.690 §10.1)`)
      }
    }
    if (length > end - pos) throw truncated(pos)
    this.tag = tag
    this.contentStart = pos
    this.contentEnd = pos + length
    this.pos = pos + length
  }

  /** Takes one element with this first identifier octet, header only. */
  take(tag: number): void {
    if (this.pos < this.end && this.bytes[this.pos] !== tag) {
      throw new DerError(
        'UnexpectedTag',
        `0x${this.bytes[this.pos]!.toString(16)} at ${this.pos}, not 0x${tag.toString(16)}`,
      )
    }
    this.next()
  }

  /** Takes a constructed element; the result reads what is inside. */
  enter(tag: number): DerReader {
    this.take(tag)
    return new DerReader(this.bytes, this.contentStart, this.contentEnd)
  }

  /** Takes an element; the result is its contents octets, not checked further. */
  contents(tag: number): Uint8Array {
    this.take(tag)
    return this.bytes.subarray(this.contentStart, this.contentEnd)
  }

  /** Takes an element; the result is all of it, header included. */
  element(tag?: number): Uint8Array {
    const start = this.pos
    if (tag === undefined) this.next()
    else this.take(tag)
    return this.bytes.subarray(start, this.pos)
  }

  /** Contents octets of an INTEGER: minimal two's complement. */
  integer(): Uint8Array {
    const contents = this.contents(tags.integer)
    checkInteger(this.bytes, this.contentStart, this.contentEnd)
    return contents
  }

  /** An INTEGER (or what `tag` says, such as ENUMERATED or an IMPLICIT one) from 0 to `max`, at most 2^48. */
  smallInteger(max: number, tag: number = tags.integer): number {
    this.take(tag)
    const { bytes, contentStart, contentEnd } = this
    checkInteger(bytes, contentStart, contentEnd)
    let value = 0
    if (contentEnd - contentStart > 7 || bytes[contentStart]! >= 0x80) value = Infinity
    for (let i = contentStart; i < contentEnd; i++) value = value * 256 + bytes[i]!
    if (value > max) throw new DerError('BadInteger', `INTEGER at ${contentStart} is not between 0 and ${max}`)
    return value
  }

  boolean(tag: number = tags.boolean): boolean {
    this.take(tag)
    checkBoolean(this.bytes, this.contentStart, this.contentEnd)
    return this.bytes[this.contentStart] === 0xff
  }

  /** Dotted text of an OBJECT IDENTIFIER. */
  oid(): string {
    this.take(tags.oid)
    return oidFromContents(this.bytes, this.contentStart, this.contentEnd)
  }

  octetString(): Uint8Array {
    return this.contents(tags.octetString)
  }

  /** Octets of a BIT STRING that must be a whole number of octets (keys, signatures). */
  bitString(): Uint8Array {
    this.take(tags.bitString)
    checkBitString(this.bytes, this.contentStart, this.contentEnd)
    if (this.bytes[this.contentStart] !== 0) {
      throw new DerError('BadBitString', `BIT STRING at ${this.contentStart} is not a whole number of octets`)
    }
    return this.bytes.subarray(this.contentStart + 1, this.contentEnd)
  }

  /**
   * Bits of a named bit list (X.690 §11.2.2: no trailing zero bits), bit 0 of the list as bit 0 of the number. At most
   * 16 named bits.
   */
  namedBits(tag: number = tags.bitString): number {
    this.take(tag)
    const { bytes, contentStart, contentEnd } = this
    checkBitString(bytes, contentStart, contentEnd)
    const octets = contentEnd - contentStart - 1
    const unused = bytes[contentStart]!
    if (octets > 2 || (octets > 0 && (bytes[contentEnd - 1]! & (1 << unused)) === 0)) {
      throw new DerError('BadBitString', `named bit list at ${contentStart} is too long or has trailing zero bits`)
    }
    let value = 0
    for (let bit = 0; bit < octets * 8; bit++) {
      if ((bytes[contentStart + 1 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) value |= 1 << bit
    }
    return value
  }

  /** IA5String, or an IMPLICIT one under `tag`: ASCII only. */
  ia5String(tag: number = tags.ia5String): string {
    this.take(tag)
    for (let i = this.contentStart; i < this.contentEnd; i++) {
      if (this.bytes[i]! >= 0x80) throw new DerError('BadString', `IA5String at ${this.contentStart} is not ASCII`)
    }
    return latin1(this.bytes, this.contentStart, this.contentEnd)
  }

  /** UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5) as milliseconds since 1970. */
  time(): number {
    const tag = this.peek()
    this.take(tag === tags.generalizedTime ? tag : tags.utcTime)
    return timeFromContents(this.tag, this.bytes, this.contentStart, this.contentEnd)
  }

  /** Throws DerError TrailingBytes unless everything was taken. */
  expectEnd(): void {
    if (this.pos !== this.end) throw new DerError('TrailingBytes', `unexpected element at ${this.pos}`)
  }

  /** X.690 §8.1.2.4: numbers from 31 on, in base 128 without leading zeros. */
  private skipTagNumber(start: number): number {
    let pos = start
    let number = 0
    for (;;) {
      if (pos >= this.end) throw truncated(pos)
      const octet = this.bytes[pos++]!
      number = number * 128 + (octet & 0x7f)
      if (number === 0 || pos - start > 4) throw new DerError('BadTag', `tag number at ${start} is not valid`)
      if (octet < 0x80) break
    }
    if (number < 31) throw new DerError('BadTag', `tag number at ${start} is not minimal (X.690 §8.1.2.4)`)
    return pos
  }
}

function truncated(pos: number): DerError {
  return new DerError('Truncated', `the element ends before its length says, at ${pos}`)
}
