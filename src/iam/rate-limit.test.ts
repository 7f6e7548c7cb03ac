import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rateLimitMemory, SharedRateLimiter } from './rate-limit.ts'
import { inThreads } from './threads.fixture.ts'

const start = Date.UTC(2026, 10, 21)

function aLimiter(slots?: number) {
  const clock = { at: start, now: () => clock.at }
  const limiter = new SharedRateLimiter(rateLimitMemory(slots), clock)
  /** How many of so many calls pass now. */
  const passing = (user: string, calls: number, perSecond: number): number =>
    Array.from({ length: calls }, () => limiter.take(user, 'DoIt', perSecond)).filter((wait) => wait === 0).length
  return { clock, limiter, passing }
}

/** The most of these instants that lie in any one second. */
function mostInASecond(instants: readonly number[]): number {
  const sorted = instants.toSorted((a, b) => a - b)
  return Math.max(...sorted.map((from, index) => sorted.slice(index).filter((at) => at < from + 1_000).length))
}

describe('SharedRateLimiter: calls a second for one user and operation', () => {
  test.each([1, 5, 20, 100])('exactly %i pass at once', (perSecond) => {
    const { passing } = aLimiter()
    expect(passing('alice', perSecond * 3, perSecond)).toBe(perSecond)
  })

  test('each user and each operation has a limit of its own', () => {
    const { limiter, passing } = aLimiter()
    expect(passing('alice', 5, 3)).toBe(3)
    expect(passing('bob', 5, 3)).toBe(3)
    expect(limiter.take('alice', 'DoSomethingElse', 3)).toBe(0)
  })

  test('the second slides: each call makes room again one second later', () => {
    const { clock, passing } = aLimiter()
    expect(passing('alice', 5, 10)).toBe(5)
    clock.at = start + 400
    expect(passing('alice', 10, 10)).toBe(5)
    clock.at = start + 999
    expect(passing('alice', 10, 10)).toBe(0)
    clock.at = start + 1_000
    expect(passing('alice', 10, 10)).toBe(5)
    clock.at = start + 1_400
    expect(passing('alice', 10, 10)).toBe(5)
  })

  test('retry-after is right: a millisecond earlier is refused, at that moment a call passes', () => {
    const { clock, limiter } = aLimiter()
    limiter.take('alice', 'DoIt', 2)
    clock.at += 300
    limiter.take('alice', 'DoIt', 2)
    clock.at += 100
    const wait = limiter.take('alice', 'DoIt', 2)
    expect(wait).toBe(600)
    clock.at += wait - 1
    expect(limiter.take('alice', 'DoIt', 2)).toBe(1)
    clock.at += 1
    expect(limiter.take('alice', 'DoIt', 2)).toBe(0)
    expect(limiter.take('alice', 'DoIt', 2)).toBe(300)
  })

  test('a refused call is not counted', () => {
    const { clock, passing } = aLimiter()
    passing('alice', 2, 2)
    clock.at += 999
    expect(passing('alice', 1_000, 2)).toBe(0)
    clock.at += 1
    expect(passing('alice', 1_000, 2)).toBe(2)
  })

  test('a limit that a slot cannot hold is a bug', () => {
    const { limiter } = aLimiter()
    expect(() => limiter.take('alice', 'DoIt', 101)).toThrow('100')
  })

  test('a clock that is set back by an hour holds nobody up for longer than a second', () => {
    const { clock, limiter, passing } = aLimiter()
    passing('alice', 3, 3)
    clock.at = start - 3_600_000
    expect(limiter.take('alice', 'DoIt', 3)).toBe(1_000)
    clock.at += 999
    expect(passing('alice', 5, 3)).toBe(0)
    clock.at += 1
    expect(passing('alice', 5, 3)).toBe(3)
  })

  test('is what a list of all calls would say, also when few slots are shared by many pairs', () => {
    const step = fc.record({
      user: fc.constantFrom('a', 'b', 'c', 'd'),
      afterMs: fc.constantFrom(0, 0, 1, 250, 999, 1_000),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { clock, limiter } = aLimiter(4)
        const passed: Record<string, number[]> = {}
        for (const { user, afterMs } of steps) {
          clock.at += afterMs
          const mine = (passed[user] ??= [])
          const third = mine.at(-3)
          const wait = third === undefined ? 0 : Math.max(0, third + 1_000 - clock.at)
          expect(limiter.take(user, 'DoIt', 3)).toBe(wait)
          if (wait === 0) mine.push(clock.at)
        }
      }),
      { numRuns: 500, seed: 20_261_121 },
    )
  })
})

describe('SharedRateLimiter: slots', () => {
  test('more pairs in a second than there are slots are refused; a slot that rested a second is another one’s', () => {
    const { clock, limiter, passing } = aLimiter(1)
    expect(passing('alice', 1, 3)).toBe(1)
    clock.at += 999
    expect(limiter.take('bob', 'DoIt', 3)).toBe(1_000)
    expect(passing('alice', 1, 3)).toBe(1)
    clock.at += 999
    expect(limiter.take('bob', 'DoIt', 3)).toBe(1_000)
    clock.at += 1
    expect(passing('bob', 5, 3)).toBe(3)
    expect(limiter.take('alice', 'DoIt', 3)).toBe(1_000)
  })

  test('a pair that lies behind another keeps its place, and its count, when the other’s slot becomes free', () => {
    for (let index = 0; index < 20; index++) {
      const { clock, passing } = aLimiter(2)
      const user = `user ${index}` // about half of them lie behind
      passing('first', 1, 3)
      clock.at += 999
      expect(passing(user, 5, 3)).toBe(3)
      clock.at += 2
      expect(passing(user, 5, 3)).toBe(0)
    }
  })

  test('over the hours any number of pairs come and go', () => {
    const { clock, passing } = aLimiter(8)
    for (let hour = 0; hour < 50; hour++, clock.at += 1_000)
      for (let pair = 0; pair < 8; pair++) expect(passing(`user ${hour}/${pair}`, 4, 3)).toBe(3)
  })
})

describe('SharedRateLimiter over several threads', () => {
  test('at one moment exactly as many pass as the limit says, whoever asks', async () => {
    const users = ['alice', 'bob', 'carol', 'dave']
    const shared = { memory: rateLimitMemory(4), now: start, tickMs: 0 }
    const answers = await inThreads<Record<string, number[]>>(
      4,
      { do: 'take', users, perSecond: 20, calls: 200 },
      shared,
    )
    for (const user of users) expect(answers.flatMap((passed) => passed[user] ?? [])).toHaveLength(20)
  })

  test('while the time goes on no second holds more than the limit, and none is wasted', async () => {
    const shared = { memory: rateLimitMemory(), now: start, tickMs: 1 }
    const task = { do: 'take', users: ['alice'], perSecond: 7, calls: 5_000 } as const
    const answers = await inThreads<Record<string, number[]>>(3, { ...task, users: [...task.users] }, shared)
    const passed = answers.flatMap(({ alice }) => alice ?? [])
    expect(mostInASecond(passed)).toBe(7)
    // The clock moves a millisecond at each call, so there is always a call that could pass.
    expect(passed.length).toBeGreaterThanOrEqual(7 * Math.floor((3 * task.calls) / 1_000))
  })
})
