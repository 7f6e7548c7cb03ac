import { randomUUID } from 'node:crypto'
import { minute, type Clock, type Committer } from '../kernel/index.ts'
import type { Job, JobStore } from './store.ts'

/** Does what fell due for one subject. @returns when it is due again (domain clock), or undefined when it is done */
export type JobHandler = (subject: string) => Promise<number | undefined>

export interface JobParts {
  jobs: JobStore
  committer: Committer
  domainClock: Clock
  /** By which leases run: the same for all processes that share the jobs. */
  wallClock: Clock
  handlers: Readonly<Record<string, JobHandler>>
  /** A job failed and will be tried again: an alarm for the operator. */
  alarm: (job: Job, error: unknown) => void
  /** While it says yes nothing is done (a restored instance in quarantine). */
  held?: (() => boolean | Promise<boolean>) | undefined
}

/** So long a job of a process that died waits for another; one that is being done has its lease renewed. */
const leaseMs = minute / 2
const renewEveryMs = leaseMs / 3
const pollMs = 250
const atOnce = 50
const retryMs = (attempts: number): number => Math.min(minute, 500 * 2 ** Math.min(attempts, 10))

/**
 * Finds what has fallen due and hands it to its operation. A job is taken by a lease, so that several processes share
 * the work and one that died loses it after a while; its handler must be able to begin again at any point.
 */
export class JobRunner {
  private readonly parts: JobParts
  private readonly owner = randomUUID()
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private stopped = false

  constructor(parts: JobParts) {
    this.parts = parts
  }

  start(): void {
    this.timer = setInterval(() => void this.runDue(), pollMs)
  }

  /** Runs everything that is due, and what falls due by it. Calls while a run is under way share the next one. */
  async runDue(): Promise<void> {
    if (this.running) return this.running
    this.running = this.drain().finally(() => (this.running = undefined))
    return this.running
  }

  /** Resolves when the job that is running has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.timer)
    await this.running
  }

  private async drain(): Promise<void> {
    const { jobs, domainClock, wallClock, held } = this.parts
    if (await held?.()) return
    for (;;) {
      const due = await jobs.due(domainClock.now(), wallClock.now(), atOnce)
      let taken = 0
      for (const job of due) {
        if (this.stopped) return
        const now = wallClock.now()
        if (!(await jobs.take(job, this.owner, now, now + leaseMs))) continue
        taken++
        await this.run({ ...job, attempts: job.attempts + 1 })
      }
      // Those that ran are not due any more, or not yet again: behind them may be others.
      if (taken === 0) return
    }
  }

  /** What fails waits for another try. */
  private async run(job: Job): Promise<void> {
    const { jobs, committer, wallClock, handlers, alarm } = this.parts
    let ending = false
    const renewal = setInterval(
      () =>
        void jobs
          .renew(job, this.owner, wallClock.now() + leaseMs)
          .then((held) => held || ending || alarm(job, new Error('another process has taken this job over')))
          .catch((error: unknown) => alarm(job, error)),
      renewEveryMs,
    )
    try {
      const handler = handlers[job.kind]
      if (!handler) throw new Error(`nobody knows how to do ${job.kind}`)
      const next = await handler(job.subject)
      ending = true
      await committer.commit(jobs.finish(job, this.owner, next))
    } catch (error) {
      ending = true
      alarm(job, error)
      const message = error instanceof Error ? error.message : String(error)
      await committer.commit([jobs.fail(job, this.owner, wallClock.now() + retryMs(job.attempts), message)])
    } finally {
      clearInterval(renewal)
    }
  }
}
