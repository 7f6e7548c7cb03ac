import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newDecimalId, newHexId, newNumberedUuid, newRequestId, newSerial, newUuid, numberOfUuid } from './index.ts'

const many = <T>(make: () => T): T[] => Array.from({ length: 2_000 }, make)

describe('newSerial, RFC 5280 §4.1.2.2', () => {
  const serials = many(newSerial)

  test('16 octets as lower-case hex', () => {
    for (const serial of serials) expect(serial).toMatch(/^[0-9a-f]{32}$/)
  })

  test('positive as a DER INTEGER: the first bit is clear', () => {
    for (const serial of serials) expect(Number.parseInt(serial.slice(0, 2), 16)).toBeLessThan(0x80)
  })

  test('never zero in front: every serial has all its octets', () => {
    for (const serial of serials) expect(serial.slice(0, 2)).not.toBe('00')
  })

  test('no two alike, and every octet but the first takes every value', () => {
    expect(new Set(serials).size).toBe(serials.length)
    const octets = new Set(serials.flatMap((serial) => serial.slice(2).match(/../g)))
    expect(octets.size).toBe(256)
  })
})

describe('numbers of certificates', () => {
  const fromText = (uuid: string) => BigInt(`0x${uuid.replaceAll('-', '').slice(0, 12)}`)

  test('the number of a UUID is its first 48 random bits: whole, and of 15 digits at most', () => {
    const uuids = fc.uuid({ version: 4 })
    fc.assert(
      fc.property(uuids, (uuid) => {
        const number = numberOfUuid(uuid)
        expect(number).toBeLessThan(1e15)
        expect(BigInt(number)).toBe(fromText(uuid))
      }),
      { numRuns: 2_000, seed: 20_261_121 },
    )
  })

  test.each([
    ['00000000-0000-4000-8000-000000000000', 0],
    ['ffffffff-ffff-4fff-bfff-ffffffffffff', 2 ** 48 - 1],
    ['00000000-0001-4000-8000-000000000000', 1],
    ['00000000-0000-4100-8000-000000000000', 0],
  ])('%s is %i: what follows, the version among it, is left out', (uuid, number) => {
    expect(numberOfUuid(uuid)).toBe(number)
  })

  test.each(['', 'no-uuid'])('what is no UUID has no number: %j', (text) => {
    expect(numberOfUuid(text)).toBeNaN()
  })

  test('a new one never looks like a row count', () => {
    for (const uuid of many(newNumberedUuid)) expect(numberOfUuid(uuid)).toBeGreaterThanOrEqual(1_000_000_000)
  })
})

describe('ids have the shapes that clients expect', () => {
  test.each([
    [
      'a UUID of version 4 in lower case',
      newUuid,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    ['32 hex digits (Huawei)', newHexId, /^[0-9a-f]{32}$/],
    ['16 decimal digits, the first not 0 (Alibaba)', newDecimalId, /^[1-9][0-9]{15}$/],
    ['a UUID in upper case (Alibaba)', newRequestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/],
  ])('%s, no two alike', (_, make, shape) => {
    const ids = many(make)
    for (const id of ids) expect(id).toMatch(shape)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
