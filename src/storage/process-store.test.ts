import { describe, expect, test } from 'vitest'
import { Problem } from '../kernel/index.ts'
import { storesOver } from './engines.fixture.ts'
import { migratePostgres, openPool, postgresDatabase, processStore, rateShareStore } from './index.ts'
import { aKey, bytes, otherwise } from './objects.fixture.ts'
import { aPostgresSchema, postgresIsMissing } from './postgres-server.fixture.ts'

const bug = otherwise('Bug')
const pair = new Uint8Array(16).fill(7)
const longAgo = -48 * 3_600_000

async function aDatabase() {
  const schema = await aPostgresSchema({ fsync: false })
  const pool = openPool({ url: schema.url, size: 8 })
  await migratePostgres(pool, 17)
  const stores = storesOver(postgresDatabase(pool))
  return {
    ...stores,
    processes: processStore(stores.db, 'emulator.clock'),
    shares: rateShareStore(pool),
    rows: async (table: string) => (await pool.query(`SELECT * FROM ${table}`)).rows.length,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await schema[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(postgresIsMissing !== undefined)('the processes of one database', () => {
  test('count while their lease holds, by the database’s clock', async () => {
    await using db = await aDatabase()
    const now = await db.processes.hold('a', 10_000)
    await db.processes.hold('b', 10_000)
    await db.processes.hold('c', -1)
    const glance = await db.processes.glance()
    expect(glance).toMatchObject({ processes: 2, rights: '0', emulatorClock: undefined, condemnedKeys: 0 })
    expect(glance.now).toBeGreaterThanOrEqual(now)
    await db.processes.hold('c', 10_000)
    expect((await db.processes.glance()).processes).toBe(3)
  })

  test('a look tells of any change of rights, of the emulator’s clock, and of keys to be destroyed', async () => {
    await using db = await aDatabase()
    const account = (id: string) => ({ id, domainId: `d${id}`, name: `n${id}`, iamVersion: 1, createdAt: 0 })
    await db.commit([db.iam.insertAccount(account('1')), db.iam.insertAccount(account('2'))])
    const { rights } = await db.processes.glance()
    const key = aKey()
    await db.commit([
      db.iam.raiseVersion('2'),
      db.meta.write('emulator.clock', '{}'),
      db.keys.insert(key),
      db.keys.condemn(key.id, bug),
    ])
    const after = await db.processes.glance()
    expect(after.rights).not.toBe(rights)
    expect(after).toMatchObject({ emulatorClock: '{}', condemnedKeys: 1 })
  })

  test('each confirms for itself, and who has not is named as long as its lease holds', async () => {
    await using db = await aDatabase()
    const key = aKey()
    await db.commit([db.keys.insert(key), db.keys.condemn(key.id, bug)])
    await db.processes.hold('a', 10_000)
    await db.processes.hold('b', 10_000)
    await db.processes.hold('gone', -1)
    expect(await db.processes.condemned('a')).toEqual([{ keyId: key.id, confirmed: [], asked: [] }])
    await db.processes.confirm(key.id, 'a', 'forgotten')
    await db.processes.confirm(key.id, 'a', 'forgotten')
    expect(await db.processes.unconfirmed(key.id, 'forgotten')).toEqual(['b'])
    expect(await db.processes.unconfirmed(key.id, 'absent')).toEqual(['a', 'b'])
    expect(await db.processes.condemned('b')).toEqual([{ keyId: key.id, confirmed: [], asked: ['forgotten'] }])
    await db.processes.confirm(key.id, 'b', 'forgotten')
    expect(await db.processes.unconfirmed(key.id, 'forgotten')).toEqual([])
    expect(await db.processes.condemned('b')).toMatchObject([{ confirmed: ['forgotten'] }])
  })

  test('one that leaves is gone a second later: what it let pass still counts against the limits', async () => {
    await using db = await aDatabase()
    await db.processes.hold('a', 60_000)
    await db.processes.leave('a')
    const { now } = await db.processes.glance()
    const [row] = await db.db.read((q) => q.selectFrom('processes').select('lease_until'))
    expect(row!.lease_until - now).toBeLessThanOrEqual(1_000)
    expect(row!.lease_until - now).toBeGreaterThan(-10_000)
  })

  test('what speaks of keys and processes that are gone is swept away', async () => {
    await using db = await aDatabase()
    const [gone, condemned] = [aKey(), aKey()]
    await db.commit([gone, condemned].flatMap((key) => [db.keys.insert(key), db.keys.condemn(key.id, bug)]))
    for (const { id } of [gone, condemned]) await db.processes.confirm(id, 'a', 'forgotten')
    await db.commit([db.keys.destroyed(gone.id, 1, bug)])
    await db.processes.hold('a', 10_000)
    await db.processes.hold('old', longAgo)
    await db.processes.sweep()
    expect([await db.rows('key_confirmations'), await db.rows('processes')]).toEqual([1, 1])
  })
})

describe.skipIf(postgresIsMissing !== undefined)('shares of a limit', () => {
  test('are never more than the limit together, also when all ask at once', async () => {
    await using db = await aDatabase()
    const ids = ['a', 'b', 'c', 'd']
    for (const id of ids) await db.processes.hold(id, 60_000)
    for (let round = 0; round < 10; round++) {
      const shares = await Promise.all(ids.map((id, index) => db.shares.claim(pair, id, 20 + index * 20, 100)))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100)
      await db.shares.giveUp(ids[round % 4]!, [pair])
    }
  })

  test('of a process without a lease are free for others', async () => {
    await using db = await aDatabase()
    await db.processes.hold('a', 60_000)
    await db.processes.hold('b', 60_000)
    expect(await db.shares.claim(pair, 'a', 100, 100)).toBe(100)
    expect(await db.shares.claim(pair, 'b', 40, 100)).toBe(0)
    expect(await db.shares.others('a', [pair, bytes(1)])).toEqual([{ pair, held: 0, wanted: 40 }])
    await db.processes.hold('a', -1)
    expect(await db.shares.claim(pair, 'b', 40, 100)).toBe(40)
    expect(await db.shares.others('b', [pair])).toEqual([])
  })

  test('can be given back in part, and altogether', async () => {
    await using db = await aDatabase()
    await db.processes.hold('a', 60_000)
    await db.processes.hold('b', 60_000)
    await db.shares.claim(pair, 'a', 100, 100)
    expect(await db.shares.claim(pair, 'a', 70, 100)).toBe(70)
    expect(await db.shares.claim(pair, 'b', 100, 100)).toBe(30)
    await db.shares.giveUpAll('a')
    expect(await db.shares.claim(pair, 'b', 100, 100)).toBe(100)
  })

  test('cannot be had while the database is away', async () => {
    const pool = openPool({ url: 'postgresql://somebody@127.0.0.1:1/none', size: 1 })
    const shares = rateShareStore(pool)
    await expect(shares.claim(pair, 'a', 1, 1)).rejects.toBeInstanceOf(Problem)
    await expect(shares.others('a', [pair])).rejects.toBeInstanceOf(Problem)
    await pool.end()
  })
})
