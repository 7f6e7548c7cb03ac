import { describe, expect, test } from 'vitest'
import { UsageError } from './errors.ts'
import { dateCell, readDuration, readValidity, relative, timeCell } from './times.ts'

const now = Date.UTC(2026, 0, 31, 12, 0, 30)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('times as people read them', () => {
  test.each([
    [0, 'now'],
    [30_000, 'now'],
    [-5 * minute, '5 min ago'],
    [89 * minute, 'in 89 min'],
    [3 * hour, 'in 3 h'],
    [-47 * hour, '47 h ago'],
    [89.9 * day, 'in 90 d'],
    [120 * day, 'in 4 mo'],
    [3_652 * day, 'in 10 y'],
    [-800 * day, '2 y ago'],
  ])('%d ms from now: %s', (distance, text) => {
    expect(relative(now + distance, now)).toBe(text)
  })

  test('absolute in UTC, with how far it is', () => {
    expect(dateCell(now + 30 * day, now)).toBe('2026-03-02 (in 30 d)')
    expect(timeCell(now - 2 * hour, now)).toBe('2026-01-31 10:00Z (2 h ago)')
    expect(dateCell(null, now)).toBe('-')
  })
})

describe('times as people write them', () => {
  test.each([
    ['10y', { unit: 'year', amount: 10 }],
    ['6mo', { unit: 'month', amount: 6 }],
    ['90d', { unit: 'day', amount: 90 }],
    ['12h', { unit: 'hour', amount: 12 }],
  ])('validity %s', (text, validity) => {
    expect(readValidity(text)).toEqual(validity)
  })

  test.each(['', '0d', '10', '10m', '1y6mo', '-1d', '1e3d', ' 1d'])('%j is no validity', (text) => {
    expect(() => readValidity(text)).toThrow(UsageError)
  })

  test.each([
    ['8d', 8 * 86_400],
    ['1d12h', 129_600],
    ['90m', 5_400],
    ['2w', 1_209_600],
    ['-30s', -30],
  ])('duration %s', (text, seconds) => {
    expect(readDuration(text)).toBe(seconds)
  })

  test.each(['', '8', 'd', '1.5d', '1y', '1d 2h'])('%j is no duration', (text) => {
    expect(() => readDuration(text)).toThrow(UsageError)
  })
})
