import { describe, expect, test } from 'vitest'
import { DerError } from '../errors.ts'
import { checkDer, DerReader } from './reader.ts'
import { tags } from './tags.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const refusal = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof DerError) return error.code
    throw error
  }
  return 'accepted'
}
const check = (hex: string) => refusal(() => checkDer(bytes(hex)))

describe('strict DER, X.690', () => {
  test.each([
    ['§10.1 indefinite length', '30 80 05 00 00 00', 'IndefiniteLength'],
    ['§10.1 long form for a short length', '04 81 01 00', 'NonMinimalLength'],
    ['§10.1 long form with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, 'NonMinimalLength'],
    ['§8.1.3.5 the reserved length FF', '04 ff 00', 'LengthTooLarge'],
    ['lengths of five octets and more', '04 85 01 00 00 00 00', 'LengthTooLarge'],
    ['contents that end too early', '30 03 05 00', 'Truncated'],
    ['a child longer than its parent', '30 02 04 01 00', 'Truncated'],
    ['a grandchild that reaches out of its parent', '30 04 30 03 05 00', 'Truncated'],
    ['a lone tag', '30', 'Truncated'],
    ['nothing at all', '', 'Truncated'],
    ['bytes after the element', '05 00 00', 'TrailingBytes'],
    ['§8.3.2 INTEGER with a needless 00', '02 02 00 7f', 'BadInteger'],
    ['§8.3.2 INTEGER with a needless FF', '02 02 ff 80', 'BadInteger'],
    ['§8.3.1 an empty INTEGER', '02 00', 'BadInteger'],
    ['§8.4 ENUMERATED like INTEGER', '0a 02 00 01', 'BadInteger'],
    ['§11.1 BOOLEAN 01', '01 01 01', 'BadBoolean'],
    ['§8.2.1 BOOLEAN of two octets', '01 02 ff ff', 'BadBoolean'],
    ['§8.8.2 NULL with contents', '05 01 00', 'BadNull'],
    ['§8.19.2 an arc with a leading 80', '06 03 2a 80 01', 'BadOid'],
    ['§8.19.2 an unfinished arc', '06 02 2a 86', 'BadOid'],
    ['§8.19 an empty OBJECT IDENTIFIER', '06 00', 'BadOid'],
    ['§8.6.2.2 eight unused bits', '03 02 08 00', 'BadBitString'],
    ['§8.6.2.3 unused bits without bits', '03 01 01', 'BadBitString'],
    ['§8.6.2 a BIT STRING without its first octet', '03 00', 'BadBitString'],
    ['§11.2.1 unused bits that are set', '03 02 04 08', 'BadBitString'],
    ['§10.2 a constructed string', '24 04 04 02 00 00', 'BadTag'],
    ['§8.9.1 a primitive SEQUENCE', '10 00', 'BadTag'],
    ['end-of-contents', '30 02 00 00', 'BadTag'],
    ['§11.6 SET OF out of order', '31 06 02 01 02 02 01 01', 'BadSetOrder'],
    ['§11.6 SET OF out of order, by length', '31 07 04 02 00 00 04 01 00', 'BadSetOrder'],
    ['§8.21 UTF8String that is not UTF-8', '0c 02 c0 80', 'BadString'],
    ['BMPString with half a character', '1e 01 41', 'BadString'],
    ['§11.8 UTCTime without seconds', `17 0b ${Buffer.from('2601010000Z').toString('hex')}`, 'BadTime'],
    ['§11.8 UTCTime with an offset', `17 11 ${Buffer.from('260101000000+0100').toString('hex')}`, 'BadTime'],
    ['§11.7 fraction with a final zero', `18 12 ${Buffer.from('20260101000000.10Z').toString('hex')}`, 'BadTime'],
    ['§8.1.2.4 a small tag number in the long form', '9f 1e 00', 'BadTag'],
    ['§8.1.2.4 a tag number with a leading 80', '9f 80 1f 00', 'BadTag'],
    ['an endless tag number', '9f ff ff ff ff ff 00', 'BadTag'],
  ])('%s is refused', (_, hex, code) => {
    expect(check(hex.replaceAll(' ', ''))).toBe(code)
  })

  test.each([
    ['an empty SEQUENCE', '30 00'],
    ['a length of 128 in two octets', `04 81 80 ${'00'.repeat(128)}`],
    ['negative and zero INTEGER', '30 06 02 01 00 02 01 80'],
    ['a SET OF in order, with equal members', '31 09 02 01 01 02 01 01 02 01 02'],
    ['a BIT STRING with unused bits zero', '03 02 04 10'],
    ['a fraction of a second in GeneralizedTime', `18 11 ${Buffer.from('20260101000000.1Z').toString('hex')}`],
    ['a context tag above 30', '9f 1f 00'],
    ['opaque contents of an OCTET STRING', '04 02 30 80'],
  ])('%s is accepted', (_, hex) => {
    expect(check(hex)).toBe('accepted')
  })

  test('depth, number of elements and size are limited', () => {
    const limits = { maxBytes: 1000, maxDepth: 4, maxNodes: 6 }
    const run = (hex: string) => refusal(() => checkDer(bytes(hex), limits))
    expect(run('30 06 30 04 30 02 05 00')).toBe('accepted')
    expect(run('30 08 30 06 30 04 30 02 05 00')).toBe('TooDeep')
    expect(run('30 0a 05 00 05 00 05 00 05 00 05 00')).toBe('accepted')
    expect(run('30 0c 05 00 05 00 05 00 05 00 05 00 05 00')).toBe('TooManyNodes')
    expect(run(`04 82 03 e5 ${'00'.repeat(997)}`)).toBe('TooLarge')
  })
})

describe('DerReader', () => {
  test('takes siblings in turn and says where something else stands', () => {
    const reader = new DerReader(bytes('30 08 02 01 05 01 01 ff 05 00')).enter(tags.sequence)
    expect(reader.smallInteger(10)).toBe(5)
    expect(refusal(() => reader.smallInteger(10))).toBe('UnexpectedTag')
    expect(reader.boolean()).toBe(true)
    expect(refusal(() => reader.expectEnd())).toBe('TrailingBytes')
    reader.take(tags.null)
    expect(reader.done).toBe(true)
    expect(refusal(() => reader.next())).toBe('Truncated')
  })

  test('integers outside of their range are refused, negative and huge ones too', () => {
    for (const hex of ['02 01 0b', '02 01 ff', '02 09 01 00 00 00 00 00 00 00 00']) {
      expect(refusal(() => new DerReader(bytes(hex)).smallInteger(10))).toBe('BadInteger')
    }
  })

  test('X.690 §11.2.2: a named bit list has no trailing zero bits', () => {
    expect(new DerReader(bytes('03 02 05 a0')).namedBits()).toBe(0b101)
    expect(new DerReader(bytes('03 03 07 00 80')).namedBits()).toBe(1 << 8)
    expect(new DerReader(bytes('03 01 00')).namedBits()).toBe(0)
    expect(refusal(() => new DerReader(bytes('03 02 04 a0')).namedBits())).toBe('BadBitString')
    expect(refusal(() => new DerReader(bytes('03 02 00 00')).namedBits())).toBe('BadBitString')
    expect(refusal(() => new DerReader(bytes('03 04 00 00 00 01')).namedBits())).toBe('BadBitString')
  })

  test('RFC 5280 §4.1.2.5: times are whole, valid instants', () => {
    const time = (tag: number, text: string) =>
      new DerReader(Uint8Array.of(tag, text.length, ...Buffer.from(text))).time()
    expect(time(tags.utcTime, '491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(time(tags.utcTime, '500101000000Z')).toBe(Date.UTC(1950, 0, 1))
    expect(time(tags.generalizedTime, '20500228000000Z')).toBe(Date.UTC(2050, 1, 28))
    expect(time(tags.generalizedTime, '99991231235959Z')).toBe(Date.UTC(9999, 11, 31, 23, 59, 59))
    for (const text of [
      '20500229000000Z',
      '20501301000000Z',
      '20500100000000Z',
      '20500101240000Z',
      '20500101006000Z',
      '20500101000060Z',
      '2050010100000aZ',
      '20500101000000.5Z',
    ]) {
      expect(refusal(() => time(tags.generalizedTime, text))).toBe('BadTime')
    }
  })
})
