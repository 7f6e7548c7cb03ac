import { expect, test } from 'vitest'
import { minute } from '../kernel/index.ts'
import type { Job } from '../jobs/index.ts'
import { onEveryEngine, type storesOver } from './engines.fixture.ts'
import { now } from './objects.fixture.ts'

type Stores = ReturnType<typeof storesOver>

// The two clocks stand far apart, so that one taken for the other shows.
const domain = now
const wall = now - 400 * 24 * 60 * minute
const until = wall + 5 * minute

const due = (db: Stores, at = domain, wallNow = wall) => db.jobs.due(at, wallNow, 10)

async function scheduled(db: Stores, kind = 'endCa', subject = 'ca-1', dueAt = domain): Promise<Job> {
  await db.commit([db.jobs.schedule(kind, subject, dueAt)])
  return (await due(db, dueAt)).find((job) => job.kind === kind && job.subject === subject)!
}

onEveryEngine(
  (engine) => `JobStore on ${engine}`,
  (engine) => {
    test('a job is due by the domain clock, the earliest first', async () => {
      await using db = await engine.open()
      const times = { b: domain, a: domain - 1, c: domain + 1 }
      await db.commit(Object.entries(times).map(([subject, dueAt]) => db.jobs.schedule('endCa', subject, dueAt)))
      expect((await due(db)).map(({ subject }) => subject)).toEqual(['a', 'b'])
      expect((await db.jobs.due(domain + 1, wall, 2)).map(({ subject }) => subject)).toEqual(['a', 'b'])
      expect((await due(db))[0]).toMatchObject({
        kind: 'endCa',
        subject: 'a',
        dueAt: domain - 1,
        attempts: 0,
        lastError: null,
      })
    })

    test('scheduling again brings a job forward, never back; kind and subject name one job', async () => {
      await using db = await engine.open()
      await db.commit([db.jobs.schedule('endCa', 'ca-1', domain)])
      await db.commit([db.jobs.schedule('endCa', 'ca-1', domain + 10)])
      expect(await due(db)).toMatchObject([{ dueAt: domain }])
      await db.commit([db.jobs.schedule('endCa', 'ca-1', domain - 10), db.jobs.schedule('publishCrl', 'ca-1', domain)])
      expect(await due(db)).toMatchObject([{ dueAt: domain - 10 }, { kind: 'publishCrl', dueAt: domain }])
    })

    test('of two that saw the same job, one takes the lease', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      const answers = await Promise.all([db.jobs.take(job, 'a', wall, until), db.jobs.take(job, 'b', wall, until)])
      expect(answers.toSorted()).toEqual([false, true])
      expect(await due(db)).toEqual([])
    })

    test('a lease ends by the wall clock: another takes the job of one that died', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      await db.jobs.take(job, 'a', wall, until)
      expect(await due(db, domain, until - 1)).toEqual([])
      expect(await due(db, domain, until)).toMatchObject([{ attempts: 1 }])
      expect(await db.jobs.take(job, 'b', until - 1, until + minute)).toBe(false)
      expect(await db.jobs.take(job, 'b', until, until + minute)).toBe(true)
    })

    test('a job that is done is gone', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      const other = await scheduled(db, 'endCa', 'ca-2')
      await db.jobs.take(job, 'a', wall, until)
      await db.commit(db.jobs.finish(job, 'a', undefined))
      expect(await due(db, domain, until)).toEqual([other])
    })

    test('a job that is to be done again is due at its next time, with its attempts forgotten', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      await db.jobs.take(job, 'a', wall, until)
      await db.commit(db.jobs.finish(job, 'a', domain + 60))
      expect(await due(db, domain + 59)).toEqual([])
      expect(await due(db, domain + 60)).toMatchObject([{ subject: 'ca-1', dueAt: domain + 60, attempts: 0 }])
    })

    test('who saw a job before somebody else did it cannot take it for the time after next', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      await db.jobs.take(job, 'a', wall, until)
      await db.commit(db.jobs.finish(job, 'a', domain + 60))
      expect(await db.jobs.take(job, 'b', wall, until)).toBe(false)
    })

    test.each([undefined, domain + 60])(
      'what was scheduled while the job ran is not lost by its end (next: %s)',
      async (next) => {
        await using db = await engine.open()
        const job = await scheduled(db)
        await db.jobs.take(job, 'a', wall, until)
        await db.commit([db.jobs.schedule('endCa', 'ca-1', domain + 5)])
        await db.commit(db.jobs.finish(job, 'a', next))
        expect(await due(db, domain + 5)).toMatchObject([{ subject: 'ca-1', attempts: 0 }])
      },
    )

    test('who lost the lease ends nothing: neither what another does nor what came after it', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      await db.jobs.take(job, 'slow', wall, until)
      await db.jobs.take(job, 'b', until, until + minute)
      await db.commit(db.jobs.finish(job, 'slow', undefined))
      await db.commit([db.jobs.fail(job, 'slow', until, 'too late')])
      expect(await due(db, domain, until)).toEqual([])
      expect(await due(db, domain, until + minute)).toMatchObject([{ lastError: null }])

      await db.commit(db.jobs.finish(job, 'b', undefined))
      const anew = await scheduled(db)
      await db.commit(db.jobs.finish(job, 'slow', undefined))
      expect(await due(db)).toEqual([anew])
    })

    test('a job that failed waits for its retry by the wall clock, and says why', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      await db.jobs.take(job, 'a', wall, until)
      expect(await db.jobs.failing()).toEqual([])
      await db.commit([db.jobs.fail(job, 'a', wall + 1_000, 'x'.repeat(2_000))])
      expect(await due(db, domain, wall + 999)).toEqual([])
      const failed = { ...job, attempts: 1, lastError: 'x'.repeat(500) }
      expect(await due(db, domain, wall + 1_000)).toEqual([failed])
      expect(await db.jobs.failing()).toEqual([failed])

      expect(await db.jobs.take(failed, 'b', wall + 1_000, until)).toBe(true)
      await db.commit(db.jobs.finish(failed, 'b', domain + 60))
      expect(await db.jobs.failing()).toEqual([])
    })

    test('a process that starts alone takes over at once what its predecessor had taken or was to retry', async () => {
      await using db = await engine.open()
      const taken = await scheduled(db)
      const failed = await scheduled(db, 'endCa', 'ca-2')
      for (const job of [taken, failed]) await db.jobs.take(job, 'before', wall, until)
      await db.commit([db.jobs.fail(failed, 'before', until, 'why')])
      expect(await due(db)).toEqual([])
      await db.commit([db.jobs.releaseAll()])
      const again = await due(db)
      expect(again).toMatchObject([{ lastError: null }, { lastError: 'why' }])
      for (const job of again) expect(await db.jobs.take(job, 'after', wall, until)).toBe(true)
      await db.commit(db.jobs.finish(taken, 'before', undefined))
      expect(await due(db, domain, until)).toHaveLength(2)
    })

    test('a job that is not there cannot be taken', async () => {
      await using db = await engine.open()
      const job = await scheduled(db)
      expect(await db.jobs.take({ ...job, subject: 'another' }, 'a', wall, until)).toBe(false)
    })
  },
)
