import { HuaweiWireError, type WireCode } from './errors.ts'

/** Private keys travel in queries of other dialects; the design allows request lines up to 64 KiB. */
const maxTargetLength = 65_536
const maxQueryPairs = 256

/** A request target split, and its query taken apart: names and values as decoded bytes, in the order sent. */
export interface Target {
  /** Without the query, still percent-encoded. */
  path: string
  query: readonly QueryPair[]
}

export interface QueryPair {
  name: Buffer
  value: Buffer
}

/**
 * Splits a request target. `+` is a literal plus, a name without `=` has an empty value, empty pieces between `&` do not count
 * (huawei-wire.md §3.2).
 * @throws HuaweiWireError with `malformed` when the target is too long, does not start with `/`, or has a broken escape
 */
export function parseTarget(target: string, malformed: WireCode): Target {
  if (target.length > maxTargetLength) throw new HuaweiWireError(malformed, 'the request target is too long')
  if (!target.startsWith('/')) throw new HuaweiWireError(malformed, 'the request target is not a path')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const pieces = mark < 0 ? [] : target.slice(mark + 1).split('&')
  const named = pieces.filter((piece) => piece !== '')
  if (named.length > maxQueryPairs) throw new HuaweiWireError(malformed, 'the query has too many parameters')
  const query = named.map((piece) => {
    const equals = piece.indexOf('=')
    const name = equals < 0 ? piece : piece.slice(0, equals)
    const value = equals < 0 ? '' : piece.slice(equals + 1)
    return { name: percentDecode(name, malformed), value: percentDecode(value, malformed) }
  })
  return { path, query }
}

const escape = /%([0-9A-Fa-f]{2})/g

/**
 * The bytes that a percent-encoded text stands for.
 * @throws HuaweiWireError with `malformed` on a broken escape or a character that is no byte
 */
export function percentDecode(text: string, malformed: WireCode): Buffer {
  const octets = text.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const escapes = text.length - octets.length
  const percents = text.includes('%') ? text.split('%').length - 1 : 0
  if (percents * 2 !== escapes) throw new HuaweiWireError(malformed, 'the request target has a broken percent escape')
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) throw new HuaweiWireError(malformed, 'the request target is not made of bytes')
  }
  return Buffer.from(octets, 'latin1')
}

const encodedByte = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return /[A-Za-z0-9\-_.~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Percent-encodes all bytes but `A–Z a–z 0–9 - _ . ~`, in upper-case hex (huawei-wire.md §3.2, RFC 3986 §2.3). */
export function percentEncode(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += encodedByte[byte]
  return text
}
