import { expect, test } from 'vitest'
import { JobRunner } from './runner.ts'
import type { Job, JobStore } from './store.ts'

const dayMs = 86_400_000

/** Jobs in memory, of which a run gets `limit` at a time; what a store would commit is done at once. */
function storeOf(subjects: readonly string[]) {
  const rows = new Map(
    subjects.map((subject): [string, Job] => [
      subject,
      { kind: 'publishCrl', subject, dueAt: 0, attempts: 0, version: 1, lastError: null },
    ]),
  )
  const resting = new Set<string>()
  const store: Pick<JobStore, 'due' | 'take' | 'finish'> & { fail: (job: Job) => never[] } = {
    due: (now, _wall, limit) =>
      Promise.resolve(
        [...rows.values()].filter(({ dueAt, subject }) => dueAt <= now && !resting.has(subject)).slice(0, limit),
      ),
    take: () => Promise.resolve(true),
    finish(job, _owner, next) {
      if (next === undefined) rows.delete(job.subject)
      else rows.set(job.subject, { ...job, dueAt: next })
      return []
    },
    fail(job) {
      resting.add(job.subject)
      return []
    },
  }
  return store as unknown as JobStore
}

function runnerOver(store: JobStore, handler: (subject: string) => Promise<number | undefined>) {
  const alarms: unknown[] = []
  const clock = { now: () => 1_000 }
  const runner = new JobRunner({
    jobs: store,
    committer: { commit: () => Promise.resolve() },
    domainClock: clock,
    wallClock: clock,
    handlers: { publishCrl: handler },
    alarm: (_job, error) => void alarms.push(error),
  })
  return { runner, alarms }
}

const subjects = Array.from({ length: 120 }, (_, index) => `ca-${index}`)

test('one run does everything that is due, however much it is and though all of it comes again', async () => {
  const done: string[] = []
  const { runner } = runnerOver(storeOf(subjects), (subject) => {
    done.push(subject)
    return Promise.resolve(1_000 + dayMs)
  })
  await runner.runDue()
  expect(done).toEqual(subjects)
})

test('jobs that fail do not keep back those behind them', async () => {
  const done: string[] = []
  const { runner, alarms } = runnerOver(storeOf(subjects), (subject) => {
    if (subject !== 'ca-119') return Promise.reject(new Error('not today'))
    done.push(subject)
    return Promise.resolve(undefined)
  })
  await runner.runDue()
  expect(done).toEqual(['ca-119'])
  expect(alarms).toHaveLength(119)
})
