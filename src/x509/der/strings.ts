import { isUtf8 } from 'node:buffer'
import { latin1 } from '../bytes.ts'
import { DerError } from '../errors.ts'
import { tags } from './tags.ts'

/** True if the universal tag is one of the character strings that `decodeString` reads. */
export function isStringTag(tag: number): boolean {
  return decoders.has(tag)
}

/**
 * Text of a character string's contents. Character sets of PrintableString, NumericString and T61String are read as
 * Latin-1 without complaint: old certificates break them, and what we write is linted. Throws DerError BadString.
 */
export function decodeString(tag: number, contents: Uint8Array): string {
  const decode = decoders.get(tag)
  if (!decode) throw new DerError('UnexpectedTag', `0x${tag.toString(16)} is not a character string`)
  return decode(contents)
}

const decoders = new Map<number, (contents: Uint8Array) => string>([
  [tags.utf8String, utf8],
  [tags.printableString, latin1],
  [tags.ia5String, latin1],
  [tags.visibleString, latin1],
  [tags.numericString, latin1],
  [tags.teletexString, latin1],
  [tags.bmpString, (contents) => codeUnits(contents, 2)],
  [tags.universalString, (contents) => codeUnits(contents, 4)],
])

function utf8(contents: Uint8Array): string {
  if (!isUtf8(contents)) throw new DerError('BadString', 'UTF8String is not well formed')
  return Buffer.from(contents.buffer, contents.byteOffset, contents.length).toString('utf8')
}

function codeUnits(contents: Uint8Array, size: 2 | 4): string {
  if (contents.length % size !== 0) throw new DerError('BadString', 'string ends within a character')
  let text = ''
  for (let i = 0; i < contents.length; i += size) {
    let point = 0
    for (let k = 0; k < size; k++) point = point * 256 + contents[i + k]!
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      throw new DerError('BadString', 'not a Unicode character')
    text += String.fromCodePoint(point)
  }
  return text
}
