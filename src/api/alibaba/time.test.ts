import { describe, expect, test } from 'vitest'
import { allowedSkewMs, checkRequestTime, parseRequestTime } from './time.ts'

describe('time of a request, contract alibaba-wire §4', () => {
  const text = '2026-01-15T08:30:45Z'
  const time = Date.UTC(2026, 0, 15, 8, 30, 45)

  test('is YYYY-MM-DDThh:mm:ssZ', () => {
    expect(parseRequestTime(text)).toBe(time)
    expect(parseRequestTime('2024-02-29T23:59:59Z')).toBe(Date.UTC(2024, 1, 29, 23, 59, 59))
  })

  test.each([
    '',
    '2026-01-15T08:30:45',
    '2026-01-15T08:30:45.000Z',
    '2026-01-15T08:30:45+00:00',
    '2026-01-15 08:30:45Z',
    '2026-1-15T08:30:45Z',
    '2026-01-15t08:30:45z',
    ' 2026-01-15T08:30:45Z',
    '2026-01-15T08:30:45Z\n',
    '+02026-01-15T08:30:45Z',
    '2026-02-29T08:30:45Z',
    '2026-02-31T08:30:45Z',
    '2026-13-01T08:30:45Z',
    '2026-00-01T08:30:45Z',
    '2026-01-15T24:00:00Z',
    '2026-01-15T08:60:45Z',
    '2026-01-15T08:30:60Z',
    '２０２６-01-15T08:30:45Z',
  ])('%j is InvalidTimeStamp.Format', (bad) => {
    expect(() => checkRequestTime(bad, time)).toThrow(
      expect.objectContaining({ code: 'InvalidTimeStamp.Format', status: 400 }),
    )
  })

  test('may be 15 minutes off, either way, and not a millisecond more', () => {
    expect(allowedSkewMs).toBe(900_000)
    expect(checkRequestTime(text, time + allowedSkewMs)).toBe(time)
    expect(checkRequestTime(text, time - allowedSkewMs)).toBe(time)
    for (const now of [time + allowedSkewMs + 1, time - allowedSkewMs - 1]) {
      expect(() => checkRequestTime(text, now)).toThrow(
        expect.objectContaining({ code: 'InvalidTimeStamp.Expired', status: 400 }),
      )
    }
  })
})
