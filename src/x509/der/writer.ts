import { allocate, concatBytes } from '../bytes.ts'
import { DerError } from '../errors.ts'
import { oidToContents } from './oid.ts'
import { contextTagOctet, tags } from './tags.ts'
import { timeLength, writeTime } from './time.ts'

/** A piece of a constructed element: encoded DER, or `false` for a piece that is left out. */
export type Part = Uint8Array | false

/** Octets that identifier and length take for contents of this many octets. */
export function headerLength(contentLength: number): number {
  if (contentLength < 0x80) return 2
  if (contentLength < 0x100) return 3
  if (contentLength < 0x1_0000) return 4
  if (contentLength < 0x100_0000) return 5
  return 6
}

/** Writes identifier and length (X.690 §8.1, minimal); returns the position after them. Contents below 2^32 octets. */
export function writeHeader(tag: number, contentLength: number, out: Uint8Array, at: number): number {
  let pos = at
  out[pos++] = tag
  if (contentLength < 0x80) {
    out[pos++] = contentLength
    return pos
  }
  const octets = headerLength(contentLength) - 2
  out[pos++] = 0x80 | octets
  for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) out[pos++] = (contentLength >>> shift) & 0xff
  return pos
}

/** An element of any tag around encoded parts. */
export function constructed(tag: number, parts: readonly Part[]): Uint8Array {
  let length = 0
  for (const part of parts) if (part) length += part.length
  const out = allocate(headerLength(length) + length)
  let pos = writeHeader(tag, length, out, 0)
  for (const part of parts) {
    if (!part) continue
    out.set(part, pos)
    pos += part.length
  }
  return out
}

/** An element of any tag around raw contents. */
export function primitive(tag: number, contents: Uint8Array): Uint8Array {
  const out = allocate(headerLength(contents.length) + contents.length)
  out.set(contents, writeHeader(tag, contents.length, out, 0))
  return out
}

export function sequence(...parts: Part[]): Uint8Array {
  return constructed(tags.sequence, parts)
}

/** A SET whose parts come in the order given: the caller knows that it is right (a SET of one). */
export function set(...parts: Part[]): Uint8Array {
  return constructed(tags.set, parts)
}

/** A SET OF: the parts are put into the order of X.690 §11.6. */
export function setOf(...parts: Part[]): Uint8Array {
  return constructed(tags.set, inSetOrder(parts))
}

/** X.690 §11.6: encodings ascending. For an IMPLICIT SET OF. */
export function inSetOrder(parts: readonly Part[]): Uint8Array[] {
  return parts.filter((part) => part !== false).toSorted((a, b) => Buffer.compare(a, b))
}

/** A Uint8Array is an unsigned big-endian magnitude; numbers must be safe integers. */
export function integer(value: bigint | number | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return unsignedInteger(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new DerError('BadInteger', 'not a safe integer')
    if (value >= 0 && value < 0x80) return Uint8Array.of(tags.integer, 1, value)
  }
  return primitive(tags.integer, twosComplement(BigInt(value)))
}

/** ENUMERATED, 0 to 127. */
export function enumerated(value: number): Uint8Array {
  if (!(Number.isInteger(value) && value >= 0 && value < 0x80)) throw new DerError('BadInteger', 'not 0 to 127')
  return Uint8Array.of(tags.enumerated, 1, value)
}

export function oid(dotted: string): Uint8Array {
  return primitive(tags.oid, oidToContents(dotted))
}

export function boolean(value: boolean): Uint8Array {
  return Uint8Array.of(tags.boolean, 1, value ? 0xff : 0)
}

export function nullValue(): Uint8Array {
  return Uint8Array.of(tags.null, 0)
}

/** A BIT STRING of whole octets. */
export function bitString(bytes: Uint8Array): Uint8Array {
  const out = allocate(headerLength(bytes.length + 1) + bytes.length + 1)
  const pos = writeHeader(tags.bitString, bytes.length + 1, out, 0)
  out[pos] = 0
  out.set(bytes, pos + 1)
  return out
}

/**
 * A named bit list (X.690 §11.2.2): bit n of `bits` is named bit n; trailing zero bits are left out. At most 31 bits.
 */
export function namedBits(bits: number, tag: number = tags.bitString): Uint8Array {
  const count = 32 - Math.clz32(bits)
  const octets = Math.ceil(count / 8)
  const out = new Uint8Array(3 + octets)
  out[0] = tag
  out[1] = 1 + octets
  out[2] = octets * 8 - count
  for (let bit = 0; bit < count; bit++) if ((bits & (1 << bit)) !== 0) out[3 + (bit >> 3)]! |= 0x80 >> (bit & 7)
  return out
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return primitive(tags.octetString, bytes)
}

export function utf8String(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new DerError('BadString', 'text holds half a surrogate pair')
  return primitive(tags.utf8String, Buffer.from(text, 'utf8'))
}

/** X.680 §41.4: letters, digits, space and ' ( ) + , - . / : = ? */
export function printableString(text: string): Uint8Array {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new DerError('BadString', 'text is not a PrintableString')
  return primitive(tags.printableString, Buffer.from(text, 'latin1'))
}

/** An IA5String, or under `tag` an IMPLICIT one. */
export function ia5String(text: string, tag: number = tags.ia5String): Uint8Array {
  const out = allocate(headerLength(text.length) + text.length)
  const pos = writeHeader(tag, text.length, out, 0)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) throw new DerError('BadString', 'text is not ASCII')
    out[pos + i] = unit
  }
  return out
}

/** Milliseconds since 1970 as UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
export function time(ms: number): Uint8Array {
  const out = allocate(timeLength(ms))
  writeTime(ms, out, 0)
  return out
}

/** [n] EXPLICIT: a constructed element around an encoded one. */
export function explicitTag(number: number, ...parts: Part[]): Uint8Array {
  return constructed(contextTagOctet(number, true), parts)
}

/** [n] IMPLICIT: the encoded element under another identifier; its constructed bit stays. */
export function implicitTag(number: number, element: Uint8Array): Uint8Array {
  const out = concatBytes([element])
  out[0] = contextTagOctet(number, (element[0]! & 0x20) !== 0)
  return out
}

function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const pad = magnitude.length === 0 || magnitude[start]! >= 0x80 ? 1 : 0
  const length = magnitude.length - start + pad
  const out = allocate(headerLength(length) + length)
  const pos = writeHeader(tags.integer, length, out, 0)
  if (pad) out[pos] = 0
  out.set(start === 0 ? magnitude : magnitude.subarray(start), pos + pad)
  return out
}

function twosComplement(value: bigint): Uint8Array {
  let octets = 1
  while (BigInt.asIntN(octets * 8, value) !== value) octets++
  const hex = BigInt.asUintN(octets * 8, value).toString(16)
  return Buffer.from(hex.padStart(octets * 2, '0'), 'hex')
}
