import { expect, test } from 'vitest'
import type { Database } from './database.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { aCrl, bytes, otherwise } from './objects.fixture.ts'

/** Writes and conditions on the simplest table there is. */
const valuesOf = (db: Database) => ({
  insert: db.write<{ key: string; value: string }>()((q, p) =>
    q.insertInto('meta').values({ key: p.key, value: p.value }),
  ),
  change: db.write<{ was: string; value: string }>()((q, p) =>
    q.updateTable('meta').set({ value: p.value }).where('value', '=', p.was),
  ),
  holding: db.query<{ value: string }>()((q, p) => q.selectFrom('meta').select('key').where('value', '=', p.value)),
  all: async (): Promise<Record<string, string>> => {
    const rows = await db.read((q) => q.selectFrom('meta').select(['key', 'value']).orderBy('key'))
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
  },
})

const missed = otherwise('Missed')
const another = otherwise('Another')

onEveryEngine(
  (engine) => `commit on ${engine}, design 7`,
  (engine) => {
    test('all writes of a set are there when it returns', async () => {
      await using stores = await engine.open()
      const { insert, all } = valuesOf(stores.db)
      await stores.commit([insert({ key: 'a', value: '1' }, 1, missed), insert({ key: 'b', value: '2' })])
      expect(await all()).toEqual({ a: '1', b: '2' })
    })

    test('an empty set holds', async () => {
      await using stores = await engine.open()
      await expect(stores.commit([])).resolves.toBeUndefined()
    })

    test.each([0, 1, 2])('a set whose write %i does not hold leaves no trace', async (position) => {
      await using stores = await engine.open()
      const { insert, change, all } = valuesOf(stores.db)
      const set = [insert({ key: 'a', value: '1' }), insert({ key: 'b', value: '2' })]
      const misses = change({ was: 'nothing like it', value: 'x' }, 1, missed)
      await expect(stores.commit(set.toSpliced(position, 0, misses))).rejects.toBe(missed)
      expect(await all()).toEqual({})
    })

    test('what is heard is the very problem of the first write that did not hold', async () => {
      await using stores = await engine.open()
      const { change } = valuesOf(stores.db)
      const missing = { was: 'nothing like it', value: 'x' }
      await expect(stores.commit([change(missing, 1, missed), change(missing, 1, another)])).rejects.toBe(missed)
      await expect(stores.commit([change(missing, 0, missed), change(missing, 1, another)])).rejects.toBe(another)
    })

    test('a write without a problem of its own that does not hold is a bug, and told as one', async () => {
      await using stores = await engine.open()
      const { change, insert, all } = valuesOf(stores.db)
      const misses = { ...change({ was: 'nothing like it', value: 'x' }), rows: 1 }
      await expect(stores.commit([insert({ key: 'a', value: '1' }), misses])).rejects.toThrow('must hold')
      expect(await all()).toEqual({})
    })

    test('touching more rows than said is not holding', async () => {
      await using stores = await engine.open()
      const { change, insert, all } = valuesOf(stores.db)
      await stores.commit(['a', 'b'].map((key) => insert({ key, value: 'same' })))
      await expect(stores.commit([change({ was: 'same', value: 'x' }, 1, missed)])).rejects.toBe(missed)
      expect(await all()).toEqual({ a: 'same', b: 'same' })
      await stores.commit([change({ was: 'same', value: 'x' }, 2, missed)])
      expect(await all()).toEqual({ a: 'x', b: 'x' })
    })

    test('a write of any number of rows holds always', async () => {
      await using stores = await engine.open()
      const { change, insert, all } = valuesOf(stores.db)
      await stores.commit([change({ was: 'nothing like it', value: 'x' }), insert({ key: 'a', value: '1' })])
      expect(await all()).toEqual({ a: '1' })
    })

    test.each([0, 1, 2])('a guard holds when it finds as many rows as it says: %i', async (found) => {
      await using stores = await engine.open()
      const { holding, insert } = valuesOf(stores.db)
      await stores.commit(Array.from({ length: found }, (_, index) => insert({ key: `k${index}`, value: 'same' })))
      for (const wanted of [0, 1, 2]) {
        const commit = stores.commit([holding.guard({ value: 'same' }, missed, wanted)])
        if (wanted === found) await expect(commit).resolves.toBeUndefined()
        else await expect(commit).rejects.toBe(missed)
      }
    })

    test('a guard that does not hold undoes the set', async () => {
      await using stores = await engine.open()
      const { holding, insert, all } = valuesOf(stores.db)
      const guard = holding.guard({ value: '1' }, missed, 0)
      await stores.commit([guard, insert({ key: 'a', value: '1' })])
      await expect(stores.commit([guard, insert({ key: 'b', value: '2' })])).rejects.toBe(missed)
      expect(await all()).toEqual({ a: '1' })
    })

    test('a guard sees the writes before it in its set', async () => {
      await using stores = await engine.open()
      const { holding, insert, all } = valuesOf(stores.db)
      await stores.commit([insert({ key: 'a', value: '1' }), holding.guard({ value: '1' }, missed)])
      expect(await all()).toEqual({ a: '1' })
    })

    test('a unique violation inside a set undoes the set, is no problem of the caller, and harms nothing later', async () => {
      await using stores = await engine.open()
      const { insert, all } = valuesOf(stores.db)
      await stores.commit([insert({ key: 'a', value: '1' })])
      const set = [insert({ key: 'b', value: '2' }), insert({ key: 'a', value: '3' }, 1, missed)]
      const commit = stores.commit(set)
      await expect(commit).rejects.toThrow(/unique/i)
      await expect(commit).rejects.not.toBe(missed)
      expect(await all()).toEqual({ a: '1' })
      await stores.commit([insert({ key: 'b', value: '2' })])
      expect(await all()).toEqual({ a: '1', b: '2' })
    })

    test('of many compare-and-swaps on one value at once, one holds', async () => {
      await using stores = await engine.open()
      const { change, insert, all } = valuesOf(stores.db)
      await stores.commit([insert({ key: 'a', value: 'old' })])
      const rivals = Array.from({ length: 20 }, (_, index) => change({ was: 'old', value: `new ${index}` }, 1, missed))
      const ends = await Promise.allSettled(rivals.map((rival) => stores.commit([rival])))
      const winners = ends.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      expect(winners).toHaveLength(1)
      expect(await all()).toEqual({ a: `new ${winners[0]}` })
    })

    test('a value that is left out is a bug, and not taken for nothing', async () => {
      await using stores = await engine.open()
      const { holding, insert } = valuesOf(stores.db)
      const none = {} as { key: string; value: string }
      expect(() => holding.guard(none, missed, 0)).toThrow('no value for value')
      expect(() => insert({ ...none, value: '1' })).toThrow('no value for key')
    })

    test('values come back as they went in: bytes without any, the largest safe integer, every kind of text', async () => {
      await using stores = await engine.open()
      const size = Number.MAX_SAFE_INTEGER
      const crl = aCrl({ caId: `'";--\\%\n🔒`, number: size, thisUpdate: -1, size, sha256: bytes() })
      await stores.commit(stores.revocations.publish(crl, [], missed, undefined))
      expect(await stores.revocations.latestCrl(crl.caId)).toEqual(crl)
    })
  },
)
