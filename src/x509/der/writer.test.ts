import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DerError } from '../errors.ts'
import { oids } from '../oids.ts'
import { checkDer, DerReader } from './reader.ts'
import {
  bitString,
  boolean,
  enumerated,
  explicitTag,
  ia5String,
  implicitTag,
  integer,
  namedBits,
  octetString,
  oid,
  printableString,
  sequence,
  setOf,
  time,
  utf8String,
} from './writer.ts'

const hex = (bytes: Uint8Array) => bytes.toHex()

describe('DER writer', () => {
  test('X.690 §8.3: INTEGER is minimal two’s complement', () => {
    const cases: [bigint | number, string][] = [
      [0, '020100'],
      [127, '02017f'],
      [128, '02020080'],
      [-1, '0201ff'],
      [-128, '020180'],
      [-129, '0202ff7f'],
      [65_537, '0203010001'],
      [1n << 64n, '0209010000000000000000'],
    ]
    for (const [value, expected] of cases) expect(hex(integer(value))).toBe(expected)
  })

  test('octets given as a magnitude are positive, whatever their first bit, and lose leading zeros', () => {
    expect(hex(integer(Uint8Array.of(0x80)))).toBe('02020080')
    expect(hex(integer(Uint8Array.of(0, 0, 5)))).toBe('020105')
    expect(hex(integer(Uint8Array.of(0)))).toBe('020100')
    expect(hex(integer(new Uint8Array()))).toBe('020100')
  })

  test('any bigint comes back, in strict DER', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 200n), max: 1n << 200n }), (value) => {
        const der = integer(value)
        checkDer(der)
        const contents = new DerReader(der).integer()
        expect(BigInt.asIntN(contents.length * 8, BigInt(`0x${contents.toHex()}`))).toBe(value)
      }),
      { seed: 1 },
    )
  })

  test('parts that are false are left out', () => {
    expect(hex(sequence(false, boolean(true), false))).toBe('30030101ff')
    expect(hex(setOf(false, integer(1)))).toBe('3103020101')
  })

  test('X.690 §8.1.3: lengths are minimal at each step of their size', () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
      const der = octetString(new Uint8Array(length))
      checkDer(der, { maxBytes: 1 << 20, maxDepth: 1, maxNodes: 1 })
      expect(new DerReader(der).octetString().length).toBe(length)
    }
    expect(hex(octetString(new Uint8Array(256)).subarray(0, 4))).toBe('04820100')
  })

  test('X.690 §11.6: SET OF is put in order', () => {
    expect(hex(setOf(integer(2), integer(256), integer(1)))).toBe('310a02010102010202020100')
  })

  test('X.690 §8.19: OBJECT IDENTIFIER, known and unknown, with arcs beyond 2^53', () => {
    expect(hex(oid(oids.commonName))).toBe('0603550403')
    expect(hex(oid('2.999.3'))).toBe('0603883703')
    const uuid = '2.25.329800735698586629295641978511506172918'
    for (const text of [uuid, '0.39', '1.0.8571', '2.100', ...Object.values(oids)])
      expect(new DerReader(oid(text)).oid()).toBe(text)
    for (const text of ['', '1', '3.1', '1.40', '1.2.', '1.02', '1.2.a', '-1.2', `1.2.${'9'.repeat(600)}`]) {
      expect(() => oid(text), text).toThrow(DerError)
    }
  })

  test('any OBJECT IDENTIFIER comes back', () => {
    const arc = fc.bigInt({ min: 0n, max: 1n << 70n })
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2),
        fc.integer({ min: 0, max: 39 }),
        fc.array(arc, { maxLength: 8 }),
        (a, b, rest) => {
          const text = [a, b, ...rest].join('.')
          expect(new DerReader(oid(text)).oid()).toBe(text)
        },
      ),
      { seed: 2 },
    )
  })

  test('X.690 §11.2.2: named bits lose trailing zeros', () => {
    expect(hex(namedBits(0b101))).toBe('030205a0')
    expect(hex(namedBits(1 << 8))).toBe('0303070080')
    expect(hex(namedBits(0))).toBe('030100')
  })

  test('RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on', () => {
    const text = (ms: number) => Buffer.from(time(ms).subarray(2)).toString()
    expect(text(Date.UTC(2049, 11, 31, 23, 59, 59, 999))).toBe('491231235959Z')
    expect(text(Date.UTC(2050, 0, 1))).toBe('20500101000000Z')
    expect(text(Date.UTC(1950, 0, 1))).toBe('500101000000Z')
    expect(text(Date.UTC(1949, 11, 31))).toBe('19491231000000Z')
    expect(text(Date.UTC(9999, 11, 31, 23, 59, 59))).toBe('99991231235959Z')
    for (const ms of [NaN, Infinity, Date.UTC(10_000, 0, 1), -1e15]) expect(() => time(ms)).toThrow(DerError)
  })

  test('any instant of the years 0 to 9999 comes back to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        const der = time(seconds * 1000)
        checkDer(der)
        expect(new DerReader(der).time()).toBe(seconds * 1000)
      }),
      { seed: 3, numRuns: 2000 },
    )
  })

  test('strings keep to their characters', () => {
    expect(hex(utf8String('é'))).toBe('0c02c3a9')
    expect(() => utf8String('\ud800')).toThrow(DerError)
    expect(() => printableString('a*b')).toThrow(DerError)
    expect(() => ia5String('é')).toThrow(DerError)
  })

  test('context tags: EXPLICIT wraps, IMPLICIT keeps the constructed bit', () => {
    expect(hex(explicitTag(3, integer(2)))).toBe('a303020102')
    expect(hex(implicitTag(1, boolean(true)))).toBe('8101ff')
    expect(hex(implicitTag(0, sequence()))).toBe('a000')
    expect(hex(bitString(Uint8Array.of(1)))).toBe('03020001')
    expect(() => enumerated(128)).toThrow(DerError)
  })
})
