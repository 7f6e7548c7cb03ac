import { isUtf8 } from 'node:buffer'
import { DerError } from '../errors.ts'
import { checkOid } from './oid.ts'
import { tags } from './tags.ts'
import { checkGeneralizedTime, checkUtcTime } from './time.ts'

/**
 * Throws DerError unless the contents in `bytes[start, end)` are what X.690 §8, §10, §11 allow for this universal tag.
 */
export function checkUniversal(tag: number, bytes: Uint8Array, start: number, end: number): void {
  switch (tag) {
    case tags.sequence:
    case tags.set:
    case tags.octetString:
    case tags.numericString:
    case tags.printableString:
    case tags.teletexString:
    case tags.ia5String:
    case tags.visibleString:
      return
    case tags.oid:
      return checkOid(bytes, start, end)
    case tags.integer:
    case tags.enumerated:
      return checkInteger(bytes, start, end)
    case tags.boolean:
      return checkBoolean(bytes, start, end)
    case tags.bitString:
      return checkBitString(bytes, start, end)
    case tags.utf8String:
      return checkUtf8(bytes, start, end)
    case tags.null:
      if (end !== start) throw new DerError('BadNull', `NULL at ${start} is not empty (X.690 §8.8.2)`)
      return
    case tags.utcTime:
      return checkUtcTime(bytes, start, end)
    case tags.generalizedTime:
      return checkGeneralizedTime(bytes, start, end)
    case tags.bmpString:
      if ((end - start) % 2 !== 0) throw badString(start)
      return
    case tags.universalString:
      if ((end - start) % 4 !== 0) throw badString(start)
      return
    case tags.relativeOid:
      return checkOid(bytes, start, end)
    default:
      // Among what falls here: end-of-contents, and string types in the constructed form that DER forbids (§10.2).
      throw new DerError('BadTag', `universal tag 0x${tag.toString(16)} at ${start} has no place in DER`)
  }
}

/** X.690 §8.3.2: the first nine bits are not all equal. */
export function checkInteger(bytes: Uint8Array, start: number, end: number): void {
  if (end === start) throw new DerError('BadInteger', `INTEGER at ${start} is empty (X.690 §8.3.1)`)
  if (end - start === 1) return
  const first = bytes[start]!
  const nextIsNegative = bytes[start + 1]! >= 0x80
  if ((first === 0 && !nextIsNegative) || (first === 0xff && nextIsNegative)) {
    throw new DerError('BadInteger', `INTEGER at ${start} is not minimal (X.690 §8.3.2)`)
  }
}

/** X.690 §11.1: TRUE is FF. */
export function checkBoolean(bytes: Uint8Array, start: number, end: number): void {
  if (end - start !== 1 || (bytes[start] !== 0 && bytes[start] !== 0xff)) {
    throw new DerError('BadBoolean', `BOOLEAN at ${start} is neither 00 nor FF (X.690 §11.1)`)
  }
}

/** X.690 §8.6.2, §11.2.1: unused bits are zero. */
export function checkBitString(bytes: Uint8Array, start: number, end: number): void {
  const unused = end > start ? bytes[start]! : 8
  const last = end - start > 1 ? bytes[end - 1]! : 0
  if (unused > 7 || (end - start === 1 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) {
    throw new DerError('BadBitString', `BIT STRING at ${start} breaks X.690 §8.6.2 or §11.2.1`)
  }
}

function checkUtf8(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if (bytes[i]! >= 0x80) {
      if (!isUtf8(bytes.subarray(i, end))) throw badString(start)
      return
    }
  }
}

function badString(start: number): DerError {
  return new DerError('BadString', `string at ${start} is not well formed for its type`)
}
