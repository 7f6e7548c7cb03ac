import { expect, test } from 'vitest'
import { day } from '../kernel/index.ts'
import type { UseMark } from '../use-marks/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { now, ours, theirs } from './objects.fixture.ts'

const aMark = (given: Partial<UseMark> = {}): UseMark => ({
  kind: 'crl',
  subject: 'a',
  serial: '',
  firstAt: now,
  lastAt: now,
  count: 1,
  ...given,
})

onEveryEngine(
  (engine) => `marks of use on ${engine}`,
  (engine) => {
    test('add up: the first instant stays, the last moves on and never back', async () => {
      await using db = await engine.open()
      await db.commit([db.useMarks.add(aMark({ count: 2 }))])
      await db.commit([db.useMarks.add(aMark({ firstAt: now + 5, lastAt: now + 9, count: 3 }))])
      await db.commit([db.useMarks.add(aMark({ firstAt: now - 5, lastAt: now - 1 }))])
      expect(await db.useMarks.of('a', '')).toEqual([aMark({ lastAt: now + 9, count: 6 })])
    })

    test('are of one subject, serial and source each', async () => {
      await using db = await engine.open()
      const marks = [aMark(), aMark({ kind: 'ocsp' }), aMark({ serial: '0a' }), aMark({ subject: 'b' })]
      await db.commit(marks.map((mark) => db.useMarks.add(mark)))
      expect((await db.useMarks.of('a', '')).map(({ kind }) => kind).toSorted()).toEqual(['crl', 'ocsp'])
      expect(await db.useMarks.of('a', '0a')).toHaveLength(1)
    })

    test('are forgotten by age, but not one that was seen again meanwhile', async () => {
      await using db = await engine.open()
      const [old, seenAgain] = [aMark(), aMark({ subject: 'b' })]
      await db.commit([old, seenAgain, aMark({ subject: 'c', lastAt: now + day })].map((mark) => db.useMarks.add(mark)))
      const found = await db.useMarks.olderThan(now + 1, 10)
      expect(found.map(({ subject }) => subject).toSorted()).toEqual(['a', 'b'])
      await db.commit([db.useMarks.add({ ...seenAgain, lastAt: now + 2 })])
      await db.commit(found.map((mark) => db.useMarks.forget(mark)))
      expect(await db.useMarks.of('a', '')).toEqual([])
      expect(await db.useMarks.of('b', '')).toHaveLength(1)
      expect(await db.useMarks.olderThan(now + day + 1, 1)).toHaveLength(1)
    })
  },
)

onEveryEngine(
  (engine) => `alarms on ${engine}`,
  (engine) => {
    const alarm = { kind: 'ca-ending', subject: 'ca', accountId: ours, reason: 'first' } as const

    test('stay with the instant of the first, and count how often', async () => {
      await using db = await engine.open()
      await db.commit([db.alarms.raise(alarm, now)])
      await db.commit([db.alarms.raise({ ...alarm, reason: 'then' }, now + 5)])
      expect(await db.alarms.list(ours, 10)).toEqual([
        { ...alarm, reason: 'then', raisedAt: now, lastAt: now + 5, times: 2 },
      ])
      await db.commit([db.alarms.clear('ca-ending', 'ca')])
      expect(await db.alarms.list(ours, 10)).toEqual([])
    })

    test('are shown to whose they are, those of the instance to everybody', async () => {
      await using db = await engine.open()
      await db.commit([
        db.alarms.raise(alarm, now),
        db.alarms.raise({ kind: 'time-hold', subject: '', accountId: '', reason: 'a jump' }, now),
      ])
      expect((await db.alarms.list(theirs, 10)).map(({ kind }) => kind)).toEqual(['time-hold'])
      expect(await db.alarms.list(ours, 10)).toHaveLength(2)
      expect((await db.alarms.count()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
        { kind: 'ca-ending', count: 1 },
        { kind: 'time-hold', count: 1 },
      ])
    })
  },
)
