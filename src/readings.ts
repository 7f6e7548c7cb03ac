import type { Thread } from './compose.ts'
import { holdReason } from './end-of-life/index.ts'
import { day, minute, type Clock } from './kernel/index.ts'
import type { InstanceReadings } from './metrics/index.ts'
import type { CommitCounters } from './storage/index.ts'

const expiringDays = [1, 7, 30] as const
/** Counting is not free, and the number need not be exact. */
const countedUpTo = 100_000
const countedForMs = minute
const dueAtMost = 50

/** What a scrape of the metrics looks up. */
export function readingsOf(
  { deps, jobs, notices, meta }: Thread,
  counters: CommitCounters,
  clock: Clock,
  tlsNotAfter: () => number | undefined,
): () => Promise<InstanceReadings> {
  let expiring: InstanceReadings['expiring'] = []
  let countedAt = Number.NEGATIVE_INFINITY
  const count = async () => {
    if (clock.now() - countedAt < countedForMs) return expiring
    countedAt = clock.now()
    const after = deps.domainClock.now()
    expiring = await Promise.all(
      expiringDays.map(async (days) => ({
        days,
        count: await notices.countExpiring({ after, upTo: after + days * day }, countedUpTo),
      })),
    )
    return expiring
  }
  return async () => {
    const end = tlsNotAfter()
    return {
      commits: counters.read(),
      jobs: await jobsByKind(jobs, deps.domainClock.now()),
      expiring: await count(),
      alarms: await deps.alarms.count(),
      onHold: (await holdReason(meta)) !== undefined,
      tlsNotAfter: end === undefined ? undefined : Math.floor(end / 1_000),
    }
  }
}

async function jobsByKind(jobs: Thread['jobs'], now: number): Promise<InstanceReadings['jobs']> {
  const byKind = new Map<string, { due: number; failing: number; oldestAgeSeconds: number }>()
  const of = (kind: string) => {
    const found = byKind.get(kind) ?? { due: 0, failing: 0, oldestAgeSeconds: 0 }
    byKind.set(kind, found)
    return found
  }
  // Also those that are being done: a job that hangs is one that waits.
  for (const { kind, dueAt } of await jobs.due(now, Number.MAX_SAFE_INTEGER, dueAtMost)) {
    const found = of(kind)
    found.due++
    found.oldestAgeSeconds = Math.max(found.oldestAgeSeconds, (now - dueAt) / 1_000)
  }
  for (const { kind } of await jobs.failing()) of(kind).failing++
  return [...byKind].map(([kind, found]) => ({ kind, ...found }))
}
