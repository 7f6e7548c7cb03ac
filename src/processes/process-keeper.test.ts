import { describe, expect, test } from 'vitest'
import { RightsGeneration, rightsMemory } from '../iam/index.ts'
import { Freshness, freshnessMemory, RightsOfAllProcesses } from './freshness.ts'
import { KeysOfAllProcesses, LeasedKeys } from './leased-keys.ts'
import { ProcessKeeper } from './process-keeper.ts'
import type { ProcessStore, Stage } from './store.ts'
import type { KeyProvider } from '../keys/index.ts'

const start = 1_800_000_000_000

/** What the processes share, with its own clock. */
class Shared {
  now = start + 5_000_000
  rights = '1'
  emulatorClock: string | undefined
  away = false
  readonly leases = new Map<string, number>()
  readonly condemned = new Set<string>()
  /** What happened, in order. */
  readonly said: string[] = []
  readonly confirmed: { keyId: string; id: string; stage: Stage }[] = []

  store(): ProcessStore {
    const live = () => [...this.leases].filter(([, until]) => until > this.now).map(([id]) => id)
    const there = <T>(value: T): Promise<T> =>
      this.away ? Promise.reject(new Error('the database is away')) : Promise.resolve(value)
    return {
      glance: () =>
        there({
          now: this.now,
          rights: this.rights,
          emulatorClock: this.emulatorClock,
          processes: live().length,
          condemnedKeys: this.condemned.size,
        }),
      hold: (id, leaseMs) => {
        if (!this.away) {
          this.leases.set(id, this.now + leaseMs)
          this.said.push(`${id} holds its lease`)
        }
        return there(this.now)
      },
      leave: async (id) => void this.leases.delete(id),
      condemned: (id) =>
        there(
          [...this.condemned].map((keyId) => {
            const rows = this.confirmed.filter((row) => row.keyId === keyId)
            return {
              keyId,
              asked: rows.map(({ stage }) => stage),
              confirmed: rows.filter((row) => row.id === id).map(({ stage }) => stage),
            }
          }),
        ),
      confirm: async (keyId, id, stage) => void this.confirmed.push({ keyId, id, stage }),
      unconfirmed: (keyId, stage) =>
        there(
          live().filter(
            (id) => !this.confirmed.some((row) => row.keyId === keyId && row.id === id && row.stage === stage),
          ),
        ),
      sweep: async () => undefined,
    }
  }
}

/** One process; its timer is not started, so each look is asked for. */
function aProcess(shared: Shared, id: string, { absent = true } = {}) {
  const clock = { at: 1_000, now: () => clock.at }
  const { said } = shared
  const alarms: string[] = []
  const freshness = new Freshness(freshnessMemory(), clock)
  const generation = new RightsGeneration(rightsMemory())
  const keeper = new ProcessKeeper({
    id,
    store: shared.store(),
    freshness,
    rights: generation,
    rates: { look: async () => undefined, reset: async () => void said.push(`${id} gave up its limits`) },
    clock,
    forgetHere: async (keyId) => void said.push(`${id} forgot ${keyId}`),
    forgetAllHere: async () => void said.push(`${id} forgot all`),
    absentHere: async () => absent,
    emulatorClock: undefined,
    emulatorClockChanged: (value) => said.push(`clock ${value}`),
    sleep: async (ms) => {
      clock.at += ms
      await new Promise(setImmediate)
    },
    alarm: (message) => alarms.push(message),
  })
  return { keeper, clock, said, alarms, freshness, generation, id }
}

describe('a process among others', () => {
  test('holds its lease only as long as it can tell the others, and less long than they believe', async () => {
    const shared = new Shared()
    const { keeper, freshness, clock, id } = aProcess(shared, 'a')
    expect(freshness.leaseHolds()).toBe(false)
    await keeper.look()
    expect(freshness.leaseHolds()).toBe(true)
    shared.away = true
    for (let second = 0; second < 30 && freshness.leaseHolds(); second++) {
      clock.at += 1_000
      shared.now += 1_000
      await expect(
        keeper.look().then(
          () => 'seen',
          () => 'away',
        ),
      ).resolves.toBe('away')
    }
    expect(freshness.leaseHolds()).toBe(false)
    expect(shared.leases.get(id)! - shared.now).toBeGreaterThanOrEqual(1_000)
  })

  test('that lost its lease lets go of all keys and limits before it takes a new one', async () => {
    const shared = new Shared()
    const { keeper, said, clock } = aProcess(shared, 'a')
    await keeper.look()
    clock.at += 5_000
    await keeper.look()
    expect(said.splice(0)).toEqual(['a forgot all', 'a gave up its limits', 'a holds its lease', 'a holds its lease'])
    clock.at += 60_000
    await keeper.look()
    expect(said).toEqual(['a forgot all', 'a gave up its limits', 'a holds its lease'])
  })

  test('knows the clock of the database', async () => {
    const shared = new Shared()
    const { keeper, clock } = aProcess(shared, 'a')
    await keeper.look()
    clock.at += 1_234
    expect(keeper.databaseClock.now()).toBe(shared.now + 1_234)
  })

  test('forgets what it remembers of rights when another changed them', async () => {
    const shared = new Shared()
    const { keeper, generation } = aProcess(shared, 'a')
    await keeper.look()
    const before = generation.current()
    await keeper.look()
    expect(generation.current()).toBe(before)
    shared.rights = '2'
    await keeper.look()
    expect(generation.current()).not.toBe(before)
  })

  test('within a second, also when it cannot look any more: nothing is remembered on the word of an old look', async () => {
    const shared = new Shared()
    const memory = rightsMemory()
    const { keeper, freshness, clock } = aProcess(shared, 'a')
    const rights = new RightsOfAllProcesses(memory, freshness)
    await keeper.look()
    const before = rights.current()
    clock.at += 800
    expect(rights.current()).toBe(before)
    clock.at += 200
    expect(rights.current()).not.toBe(before)
    expect(rights.current()).not.toBe(rights.current())
  })

  test('hears of the emulator’s clock from another, and not of what it set itself', async () => {
    const shared = new Shared()
    const { keeper, said } = aProcess(shared, 'a')
    await keeper.look()
    shared.emulatorClock = 'one'
    await keeper.look()
    await keeper.look()
    shared.emulatorClock = 'two'
    const looking = keeper.look()
    keeper.clockWasSet() // while the look was under way: what it saw is older
    await looking
    expect(said.filter((each) => each.startsWith('clock'))).toEqual(['clock one'])
  })

  test('which is alone destroys a key without waiting', async () => {
    const shared = new Shared()
    const { keeper, said } = aProcess(shared, 'a')
    await keeper.look()
    await keeper.forgetEverywhere('k')
    await keeper.absentEverywhere('k')
    expect(said.filter((each) => each === 'a forgot k')).toHaveLength(2)
  })

  test('waits until every other has confirmed that it holds the key no more', async () => {
    const shared = new Shared()
    const a = aProcess(shared, 'a')
    const b = aProcess(shared, 'b')
    await a.keeper.look()
    await b.keeper.look()
    shared.condemned.add('k')
    let done = false
    const forgotten = a.keeper.forgetEverywhere('k').then(() => (done = true))
    await new Promise(setImmediate)
    expect(done).toBe(false)
    await b.keeper.look()
    await b.keeper.confirmed()
    await forgotten
    expect(shared.said).toContain('b forgot k')
  })

  test('does not wait for one whose lease has ended', async () => {
    const shared = new Shared()
    const a = aProcess(shared, 'a')
    await aProcess(shared, 'b').keeper.look()
    shared.now += 60_000
    await a.keeper.look()
    await expect(a.keeper.forgetEverywhere('k')).resolves.toBeUndefined()
  })

  test('names who has not confirmed, and destroys nothing', async () => {
    const shared = new Shared()
    const a = aProcess(shared, 'a')
    await a.keeper.look()
    await aProcess(shared, 'silent').keeper.look()
    let destroyed = false
    const keys = { destroy: async () => (destroyed = true) } as unknown as KeyProvider
    await expect(a.keeper.forgetEverywhere('k')).rejects.toThrow('silent')
    const everywhere = new KeysOfAllProcesses(keys, (keyId) => a.keeper.absentEverywhere(keyId))
    await expect(everywhere.destroy('k')).rejects.toThrow('silent')
    expect(destroyed).toBe(true)
  })

  test('that looks into a copy of the keyring does not confirm that a key is gone', async () => {
    const shared = new Shared()
    const a = aProcess(shared, 'a')
    const copy = aProcess(shared, 'copy', { absent: false })
    await a.keeper.look()
    await copy.keeper.look()
    shared.condemned.add('k')
    shared.confirmed.push({ keyId: 'k', id: 'a', stage: 'absent' })
    await copy.keeper.look()
    await copy.keeper.confirmed()
    expect(copy.alarms.join()).toContain('copy')
    await expect(a.keeper.absentEverywhere('k')).rejects.toThrow('copy')
    await expect(copy.keeper.absentEverywhere('k')).rejects.toThrow('still in the keyring')
  })
})

describe('keys of a process among others', () => {
  test('sign only while the lease holds', async () => {
    const clock = { at: 0, now: () => clock.at }
    const freshness = new Freshness(freshnessMemory(), clock)
    const keys = new LeasedKeys({ sign: async () => Buffer.of(1) } as unknown as KeyProvider, freshness)
    const sign = () => keys.sign({} as never, 'sha256', {} as never)
    await expect(sign()).rejects.toMatchObject({ code: 'Unavailable' })
    freshness.leaseUntil(10)
    await expect(sign()).resolves.toEqual(Buffer.of(1))
    clock.at = 10
    await expect(sign()).rejects.toMatchObject({ code: 'Unavailable' })
  })
})
