import { expect, test } from 'vitest'
import { day } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { aCertificate, now, otherwise } from './objects.fixture.ts'

const week = { after: now + day, upTo: now + 7 * day, withinDays: 7 }

onEveryEngine(
  (engine) => `NoticeStore on ${engine}`,
  (engine) => {
    test('a window holds its end and not its beginning', async () => {
      await using db = await engine.open()
      const ends = [week.after, week.after + 1, week.upTo, week.upTo + 1]
      await db.commit(ends.map((notAfter) => db.certificates.insert(aCertificate({ notAfter }), otherwise('Taken'))))
      const found = await db.notices.unannounced(week, 10)
      expect(found.map(({ notAfter }) => notAfter).toSorted((a, b) => a - b)).toEqual([week.after + 1, week.upTo])
      expect(await db.notices.countExpiring(week, 10)).toBe(2)
      expect(await db.notices.countExpiring(week, 1)).toBe(1)
    })

    test('what was announced is not announced again, until it is nearer or ends at another time', async () => {
      await using db = await engine.open()
      const certificate = aCertificate({ notAfter: week.upTo })
      await db.commit([db.certificates.insert(certificate, otherwise('Taken'))])
      const [notice] = await db.notices.unannounced(week, 10)
      await db.commit([db.notices.insert(notice!, now), db.notices.insert(notice!, now)])
      expect(await db.notices.unannounced(week, 10)).toEqual([])
      expect(await db.notices.unannounced({ ...week, withinDays: 30 }, 10)).toEqual([])
      expect(await db.notices.unannounced({ ...week, withinDays: 1 }, 10)).toHaveLength(1)
      expect(await db.notices.unsent(10)).toEqual([notice])
    })

    test('sent is sent; long after their end notices are forgotten', async () => {
      await using db = await engine.open()
      await db.commit([db.certificates.insert(aCertificate({ notAfter: week.upTo }), otherwise('Taken'))])
      const [notice] = await db.notices.unannounced(week, 10)
      await db.commit([db.notices.insert(notice!, now)])
      await db.commit([db.notices.sent(notice!.id, now)])
      expect(await db.notices.unsent(10)).toEqual([])
      await db.commit([db.notices.forget(week.upTo)])
      expect(await db.notices.unannounced(week, 10)).toEqual([])
      await db.commit([db.notices.forget(week.upTo + 1)])
      expect(await db.notices.unannounced(week, 10)).toHaveLength(1)
    })
  },
)
