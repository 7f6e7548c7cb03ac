import { DerError } from '../errors.ts'
import { oids } from '../oids.ts'

/** Longest accepted contents; the longest in use (UUID-based arcs) need about 20 octets. */
const maxOidOctets = 128
const safeLimit = 2 ** 46

/** Contents octets of an OBJECT IDENTIFIER (X.690 §8.19). Throws DerError BadOid when the text is none. */
export function oidToContents(oid: string): Uint8Array {
  return encodedByText.get(oid) ?? encode(oid)
}

/**
 * Dotted text of the contents octets in `bytes[start, end)`: minimal arcs, none unfinished (X.690 §8.19.2). Throws
 * DerError BadOid. Known identifiers come from a table, without building a string.
 */
export function oidFromContents(bytes: Uint8Array, start: number, end: number): string {
  for (const known of knownByHash.get(hash(bytes, start, end)) ?? []) {
    if (sameOctets(known.contents, bytes, start, end)) return known.text
  }
  return decode(bytes, start, end)
}

/** Throws DerError BadOid unless `bytes[start, end)` are valid contents. */
export function checkOid(bytes: Uint8Array, start: number, end: number): void {
  if (end <= start || end - start > maxOidOctets || bytes[end - 1]! >= 0x80) throw badOid(start)
  for (let i = start; i < end; i++) {
    if (bytes[i] === 0x80 && (i === start || bytes[i - 1]! < 0x80)) throw badOid(start)
  }
}

/** True if `oid` is `arc` itself or below it. */
export function isUnderArc(oid: string, arc: string): boolean {
  return oid.startsWith(arc) && (oid.length === arc.length || oid[arc.length] === '.')
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  checkOid(bytes, start, end)
  let text = ''
  for (let i = start; i < end;) {
    let arc: number | bigint = 0
    for (;;) {
      const octet = bytes[i++]!
      if (typeof arc === 'number' && arc > safeLimit) arc = BigInt(arc)
      arc = typeof arc === 'number' ? arc * 128 + (octet & 0x7f) : arc * 128n + BigInt(octet & 0x7f)
      if (octet < 0x80) break
    }
    if (text !== '') text += `.${arc}`
    else if (arc < 80) text = `${arc < 40 ? 0 : 1}.${Number(arc) % 40}`
    else text = `2.${typeof arc === 'number' ? arc - 80 : arc - 80n}`
  }
  return text
}

function encode(oid: string): Uint8Array {
  if (oid.length > 512 || !/^[0-2](\.(0|[1-9][0-9]*))+$/.test(oid))
    throw new DerError('BadOid', 'not an object identifier')
  const arcs = oid.split('.').map(BigInt)
  const [first = 0n, second = 0n] = arcs
  if (first < 2n && second > 39n) throw new DerError('BadOid', 'not an object identifier')
  const octets: number[] = []
  for (let arc of [first * 40n + second, ...arcs.slice(2)]) {
    const group = [Number(arc & 0x7fn)]
    for (arc >>= 7n; arc > 0n; arc >>= 7n) group.unshift(Number(arc & 0x7fn) | 0x80)
    octets.push(...group)
  }
  if (octets.length > maxOidOctets) throw new DerError('BadOid', 'object identifier is too long')
  return Uint8Array.from(octets)
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start
  for (let i = start; i < end; i++) h = (Math.imul(h, 31) + bytes[i]!) | 0
  return h
}

function sameOctets(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false
  return true
}

function badOid(start: number): DerError {
  return new DerError('BadOid', `object identifier at ${start} is not valid DER (X.690 §8.19)`)
}

const encodedByText = new Map<string, Uint8Array>(Object.values(oids).map((oid) => [oid, encode(oid)]))
const knownByHash = Map.groupBy(
  [...encodedByText].map(([text, contents]) => ({ text, contents })),
  ({ contents }) => hash(contents, 0, contents.length),
)
