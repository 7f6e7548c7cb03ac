import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.fixture.ts'
import { anEntry, now, ours, theirs } from './objects.fixture.ts'

const page = { offset: 0, limit: 10 }

onEveryEngine(
  (engine) => `AuditStore on ${engine}, design 8`,
  (engine) => {
    test('an entry is read as it was inserted', async () => {
      await using db = await engine.open()
      const refused = { outcome: 'refused', code: 'AccessDenied', accessKeyId: 'LTAI1' } as const
      const entry = anEntry({ ...refused, userName: '用户', facts: { days: 7, nested: { a: [null, 'b'] } } })
      await db.commit([db.audit.insert(entry)])
      expect(await db.audit.list(ours, {}, page)).toEqual({ rows: [{ ...entry, index: null }], total: 1 })
    })

    test('newest first is by the order of the commits, whatever the clock said', async () => {
      await using db = await engine.open()
      for (const [at, operation] of [
        [now, 'First'],
        [now - 1_000, 'Second'],
        [now, 'Third'],
      ] as const)
        await db.commit([db.audit.insert(anEntry({ at, operation }))])
      const { rows } = await db.audit.list(ours, {}, page)
      expect(rows.map(({ operation }) => operation)).toEqual(['Third', 'Second', 'First'])
    })

    test('pages hold each entry once, and the total counts all', async () => {
      await using db = await engine.open()
      await db.commit(Array.from({ length: 5 }, (_, index) => db.audit.insert(anEntry({ code: String(index) }))))
      const pages = [0, 2, 4, 6].map((offset) => db.audit.list(ours, {}, { offset, limit: 2 }))
      const read = await Promise.all(pages)
      expect(read.map(({ total }) => total)).toEqual([5, 5, 5, 5])
      expect(read.flatMap(({ rows }) => rows.map(({ code }) => code))).toEqual(['4', '3', '2', '1', '0'])
      expect(await db.audit.list(ours, {}, { offset: 0, limit: 0 })).toEqual({ rows: [], total: 5 })
    })

    test('shows entries of one object, and nothing of another account', async () => {
      await using db = await engine.open()
      const entries = [
        anEntry({ objectType: 'ca', objectId: 'x', operation: 'CaX' }),
        anEntry({ objectType: 'cert', objectId: 'x', operation: 'CertificateX' }),
        anEntry({ objectType: 'ca', objectId: 'y', operation: 'CaY' }),
        anEntry({ objectType: 'ca', objectId: 'x', operation: 'Theirs', accountId: theirs }),
      ]
      await db.commit(entries.map((entry) => db.audit.insert(entry)))
      const operations = async (filter: { objectType?: string; objectId?: string }) =>
        (await db.audit.list(ours, filter, page)).rows.map(({ operation }) => operation)
      expect(await operations({})).toEqual(['CaY', 'CertificateX', 'CaX'])
      expect(await operations({ objectType: 'ca' })).toEqual(['CaY', 'CaX'])
      expect(await operations({ objectId: 'x' })).toEqual(['CertificateX', 'CaX'])
      expect(await operations({ objectType: 'ca', objectId: 'x' })).toEqual(['CaX'])
    })

    test('the entry of an act that does not hold is undone with it', async () => {
      await using db = await engine.open()
      const wrong = { ...db.meta.write('a', '1'), rows: 2, otherwise: undefined }
      await expect(db.commit([db.audit.insert(anEntry()), wrong])).rejects.toThrow('a write that must hold did not')
      expect(await db.audit.list(ours, {}, page)).toEqual({ rows: [], total: 0 })
    })
  },
)
