import { describe, expect, test } from 'vitest'
import { minute } from '../kernel/index.ts'
import { nonceMemory, SharedNonces, type NonceAnswer } from './nonces.ts'
import { aNonce, inThreads } from './threads.fixture.ts'

const start = Date.UTC(2026, 10, 21)
const halfHour = 30 * minute

function someNonces(cells?: number) {
  const clock = { at: start, now: () => clock.at }
  const nonces = new SharedNonces(nonceMemory(cells), clock)
  const remember = (number: number, timestampMs = clock.at, keyHash = aNonce(number).keyHash): NonceAnswer =>
    nonces.remember(aNonce(number).hash, keyHash, timestampMs)
  return { clock, nonces, remember }
}

/** Nonces that all want the same cell. */
const crowded = (number: number): Uint8Array => {
  const { hash } = aNonce(number)
  hash.fill(0, 8, 12)
  return hash
}

describe('SharedNonces: a replay is refused', () => {
  test('a nonce is fresh once; others are not touched by it', () => {
    const { remember } = someNonces(1_024)
    expect(remember(1)).toBe('fresh')
    expect(remember(1)).toBe('used')
    expect(remember(2)).toBe('fresh')
    expect(remember(1)).toBe('used')
  })

  test.each([-15, 0, 15])(
    'as long as the request’s time, %i minutes from now, is in the window of 15 minutes',
    (ahead) => {
      const { clock, remember } = someNonces(1_024)
      const timestampMs = start + ahead * minute
      expect(remember(1, timestampMs)).toBe('fresh')
      for (; clock.at <= timestampMs + 15 * minute; clock.at += minute) expect(remember(1, timestampMs)).toBe('used')
    },
  )

  test('an instant before the end of the window, wherever in a minute that lies', () => {
    for (let offset = 0; offset < minute; offset += 7_001) {
      const { clock, remember } = someNonces(1_024)
      expect(remember(1, start + offset)).toBe('fresh')
      clock.at = start + offset + 15 * minute
      expect(remember(1, start + offset)).toBe('used')
    }
  })

  test('also when what lay before it has left the window and its cell is free', () => {
    const { clock, nonces } = someNonces(64)
    expect(nonces.remember(crowded(1), 1, start - 10 * minute)).toBe('fresh')
    expect(nonces.remember(crowded(2), 2, start)).toBe('fresh')
    clock.at += 10 * minute
    expect(nonces.remember(crowded(2), 2, start)).toBe('used')
    expect(nonces.remember(crowded(3), 3, clock.at)).toBe('fresh')
    expect(nonces.remember(crowded(2), 2, start)).toBe('used')
    expect(nonces.remember(crowded(3), 3, start + 10 * minute)).toBe('used')
  })

  test('bytes that are a part of a larger buffer are read as that part', () => {
    const { nonces } = someNonces(1_024)
    const buffer = Buffer.concat([Buffer.from('padding'), aNonce(1).hash])
    expect(nonces.remember(buffer.subarray(7), 1, start)).toBe('fresh')
    expect(nonces.remember(aNonce(1).hash, 1, start)).toBe('used')
  })
})

describe('SharedNonces: room', () => {
  test('a full table says so; what has left the window makes room', () => {
    const { clock, remember } = someNonces(8)
    for (let number = 0; number < 8; number++) expect(remember(number)).toBe('fresh')
    expect(remember(8)).toBe('full')
    expect(remember(3, start)).toBe('used')
    clock.at += 15 * minute
    expect(remember(8)).toBe('full')
    clock.at += minute
    for (let number = 10; number < 18; number++) expect(remember(number)).toBe('fresh')
  })

  test('over days a small table is enough', () => {
    const { clock, remember } = someNonces(64)
    for (let number = 0; number < 5_000; number++, clock.at += minute) {
      expect(remember(number)).toBe('fresh')
      expect(remember(number)).toBe('used')
      if (number >= 10) expect(remember(number - 10, clock.at - 10 * minute)).toBe('used')
    }
  })

  test('one key fills a quarter of the table at most, and shuts out nobody else', () => {
    const { remember } = someNonces(64)
    const mine = Array.from({ length: 20 }, (_, number) => remember(number, start, 7))
    expect(mine).toEqual([...Array(16).fill('fresh'), ...Array(4).fill('full')])
    expect(remember(30, start, 8)).toBe('fresh')
  })

  test('replays are not counted against a key', () => {
    const { remember } = someNonces(64)
    for (let times = 0; times < 40; times++) remember(1, start, 7)
    expect(remember(2, start, 7)).toBe('fresh')
  })

  test.each([1, 2, 3, 4, 48])('a key that was full has room again %i half-hours later', (later) => {
    const { clock, remember } = someNonces(64)
    for (let number = 0; number < 17; number++) remember(number, start, 7)
    expect(remember(20, start, 7)).toBe('full')
    clock.at += later * halfHour
    expect(remember(21, clock.at, 7)).toBe('fresh')
  })

  test('a key that calls once in every hour is never full', () => {
    const { clock, remember } = someNonces(64)
    for (let number = 0; number < 50; number++, clock.at += 2 * halfHour)
      expect(remember(number, clock.at, 7)).toBe('fresh')
  })
})

describe('SharedNonces over several threads', () => {
  test('each nonce is fresh for one of them, also in a table that is nearly full', async () => {
    const numbers = Array.from({ length: 900 }, (_, number) => number)
    const shared = { memory: nonceMemory(1_024), now: start, tickMs: 0 }
    const fresh = await inThreads<number[]>(4, { do: 'remember', numbers, timestampMs: start }, shared)
    expect(fresh.flat().toSorted((a, b) => a - b)).toEqual(numbers)
  })

  test('also while cells become free: what was in the window before is still known', async () => {
    const memory = nonceMemory(1_024)
    const before = new SharedNonces(memory, { now: () => start })
    const known = Array.from({ length: 800 }, (_, number) => number)
    // Every other one leaves the window while the threads are at it: one minute passes with 10 ms at each look.
    for (const number of known) {
      const { hash, keyHash } = aNonce(number)
      expect(before.remember(hash, keyHash, number % 2 ? start : start - 15 * minute)).toBe('fresh')
    }
    const again = known.filter((number) => number % 2)
    const anew = Array.from({ length: 100 }, (_, index) => 1_000 + index)
    const shared = { memory, now: start + minute - 2_000, tickMs: 10 }
    const numbers = again.flatMap((number, index) => [number, anew[index % anew.length]!])
    const fresh = await inThreads<number[]>(3, { do: 'remember', numbers, timestampMs: start }, shared)
    expect(fresh.flat().toSorted((a, b) => a - b)).toEqual(anew)
  })
})
