import { describe, expect, test } from 'vitest'
import { rateLimitMemory, SharedRateLimiter } from '../iam/index.ts'
import { Freshness, freshnessMemory } from './freshness.ts'
import { RateLeases } from './rate-leases.ts'
import { LeasedRateLimiter, shareMemory, SharedShares } from './rate-shares.ts'
import type { RateShareStore } from './store.ts'

const start = 1_800_000_000_000
const limit = 100

/** The table of shares without a database; claims for a pair follow each other, as the real ones do. */
class Table implements RateShareStore {
  readonly rows = new Map<string, Map<string, { share: number; wanted: number }>>()
  claims = 0

  async claim(pair: Uint8Array, id: string, wanted: number, most: number) {
    this.claims++
    const row = this.row(pair)
    const others = [...row].filter(([each]) => each !== id).reduce((sum, [, { share }]) => sum + share, 0)
    const share = Math.max(0, Math.min(wanted, most - others))
    row.set(id, { share, wanted })
    return share
  }

  async others(id: string, pairs: readonly Uint8Array[]) {
    return pairs.map((pair) => {
      const rest = [...this.row(pair)].filter(([each]) => each !== id).map(([, row]) => row)
      return {
        pair,
        held: rest.reduce((sum, { share }) => sum + share, 0),
        wanted: rest.reduce((sum, { wanted }) => sum + wanted, 0),
      }
    })
  }

  async giveUp(id: string, pairs: readonly Uint8Array[]) {
    for (const pair of pairs) this.row(pair).delete(id)
  }

  async giveUpAll(id: string) {
    for (const row of this.rows.values()) row.delete(id)
  }

  held(): number {
    return [...this.rows.values()].flatMap((row) => [...row.values()]).reduce((sum, { share }) => sum + share, 0)
  }

  private row(pair: Uint8Array) {
    const name = Buffer.from(pair).toString('hex')
    if (!this.rows.has(name)) this.rows.set(name, new Map())
    return this.rows.get(name)!
  }
}

/** Processes that share a table and a clock; time passes only by `pass`. */
function several(count: number, { entries = 16 } = {}) {
  const clock = { at: start, now: () => clock.at }
  const table = new Table()
  const processes = Array.from({ length: count }, (_, index) => {
    const shares = new SharedShares(shareMemory(entries))
    const freshness = new Freshness(freshnessMemory(), clock)
    freshness.leaseUntil(Number.MAX_SAFE_INTEGER)
    const leases = new RateLeases({ store: table, id: `p${index}`, shares, clock })
    const exact = new SharedRateLimiter(rateLimitMemory(64), clock)
    const limiter = new LeasedRateLimiter({ shares, exact, freshness, clock, ask: (request) => leases.lease(request) })
    const passed: number[] = []
    return {
      leases,
      freshness,
      passed,
      /** @returns how many of so many calls passed */
      async call(calls: number, user = 'u') {
        let through = 0
        for (let call = 0; call < calls; call++)
          if ((await limiter.take(user, 'DoIt', limit)) === 0) {
            through++
            passed.push(clock.at)
          }
        return through
      },
    }
  })
  const look = async () => {
    for (const { leases } of processes) await leases.look(count)
  }
  return {
    clock,
    table,
    processes,
    look,
    /** Time passes in steps of 50 ms; each look is every 200. */
    pass: async (ms: number, meanwhile: () => Promise<unknown> = async () => undefined) => {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.at += 50
        await meanwhile()
        if ((clock.at - start) % 200 === 0) await look()
      }
    },
    /** The most that passed in any second, over all processes. */
    most: () => {
      const all = processes.flatMap(({ passed }) => passed).toSorted((a, b) => a - b)
      return Math.max(
        ...all.map((from, first) => all.filter((at, index) => index >= first && at < from + 1_000).length),
      )
    },
  }
}

describe('rate limits over several processes, design 7', () => {
  test('a process alone has the whole limit, from the first call on', async () => {
    const { processes } = several(1)
    expect(await processes[0]!.call(120)).toBe(limit)
  })

  test('two processes that begin at once share it', async () => {
    const all = several(2)
    const { processes } = all
    const [a, b] = processes
    await a!.leases.look(2)
    await b!.leases.look(2)
    expect([await a!.call(120), await b!.call(120)]).toEqual([50, 50])
    expect(all.most()).toBe(limit)
  })

  test('one that is called more than its part takes what the other leaves', async () => {
    const all = several(2)
    const { processes } = all
    const [a] = processes
    await all.look()
    await all.pass(3_000, () => a!.call(10))
    const before = a!.passed.length
    await all.pass(1_000, () => a!.call(10))
    expect(a!.passed.length - before).toBe(limit)
  })

  test('what one holds beyond its part it gives back when another is called', async () => {
    const all = several(2)
    const { processes } = all
    const [a, b] = processes
    await all.look()
    await all.pass(3_000, () => a!.call(10))
    await all.pass(3_000, async () => [await a!.call(10), await b!.call(10)])
    const before = b!.passed.length
    await all.pass(1_000, async () => [await a!.call(10), await b!.call(10)])
    expect(b!.passed.length - before).toBeGreaterThanOrEqual(limit / 2)
    expect(all.most()).toBeLessThanOrEqual(limit)
  })

  test('whatever is called where, in no second more pass than the limit, and the table never says more', async () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const all = several(3)
    const { processes, table } = all
    let rates = [0, 0, 0]
    for (let turn = 0; turn < 80; turn++) {
      rates = rates.map(() => [0, 0, 2, 4, 20][random(5)]!)
      await all.pass(400 + 50 * random(60), async () => {
        for (const [index, rate] of rates.entries()) await processes[index]!.call(rate)
        expect(table.held()).toBeLessThanOrEqual(limit)
      })
    }
    expect(all.most()).toBeLessThanOrEqual(limit)
    expect(all.most()).toBeGreaterThan(limit * 0.9)
  })

  test('a pair that nobody calls is given up, and is there again with the next call', async () => {
    const all = several(2)
    const { processes, table } = all
    const [a] = processes
    await all.look()
    expect(await a!.call(1)).toBe(1)
    await all.pass(5_000)
    expect(table.held()).toBe(0)
    expect(await a!.call(1)).toBe(1)
  })

  test('with a share at hand, calls that pass and calls that are refused ask nobody', async () => {
    const { processes, table } = several(1)
    const [a] = processes
    await a!.call(1)
    const { claims } = table
    await a!.call(500)
    expect(table.claims).toBe(claims)
  })

  test('a process whose lease has ended lets nothing pass', async () => {
    const { processes, clock, table } = several(1)
    const [a] = processes
    expect(await a!.call(1)).toBe(1)
    a!.freshness.leaseUntil(clock.at)
    expect(await a!.call(1)).toBe(0)
    await a!.leases.reset()
    a!.freshness.leaseUntil(Number.MAX_SAFE_INTEGER)
    expect(table.held()).toBe(0)
    expect(await a!.call(1)).toBe(1)
  })

  test('more pairs at once than there is room for are slower, not unlimited; room comes back', async () => {
    const all = several(1, { entries: 2 })
    const { processes } = all
    const [a] = processes
    expect([await a!.call(1, 'a'), await a!.call(1, 'b'), await a!.call(1, 'c')]).toEqual([1, 1, 0])
    await all.pass(5_000)
    expect(await a!.call(1, 'c')).toBe(1)
  })

  test('without a database a new pair hears of that, and the next call asks again', async () => {
    const { processes, table } = several(1)
    const claim = table.claim.bind(table)
    table.claim = () => Promise.reject(new Error('away'))
    await expect(processes[0]!.call(1)).rejects.toThrow('away')
    table.claim = claim
    expect(await processes[0]!.call(1)).toBe(1)
  })
})
