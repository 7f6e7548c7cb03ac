import type { Write } from '../kernel/index.ts'

/** Work that falls due. `subject` is the id of what it is about; there is one row for a kind and a subject. */
export interface Job {
  kind: string
  subject: string
  /** Domain clock. */
  dueAt: number
  attempts: number
  /** Rises with each scheduling, so that work which came in while the job ran is not lost. */
  version: number
  lastError: string | null
}

export interface JobStore {
  /** Due now or earlier than it was: never later. */
  schedule(kind: string, subject: string, dueAt: number): Write
  /** Jobs due at `domainNow` whose lease has ended at `wallNow`. */
  due(domainNow: number, wallNow: number, limit: number): Promise<Job[]>
  /** Takes the lease, or nothing: false when somebody else was first. */
  take(job: Job, owner: string, wallNow: number, leaseUntil: number): Promise<boolean>
  /** Prolongs a lease; false when it is somebody else's by now. */
  renew(job: Job, owner: string, leaseUntil: number): Promise<boolean>
  /** Ends the lease; the job is gone, or due again at `nextDueAt`, unless it was scheduled anew meanwhile. */
  finish(job: Job, owner: string, nextDueAt: number | undefined): Write[]
  /** Ends the lease after a failure: due again at once, but not before `retryAtWall`. */
  fail(job: Job, owner: string, retryAtWall: number, error: string): Write
  /** Ends all leases: for a start that knows itself to be the only process, so that what a crash left goes on at once. */
  releaseAll(): Write
  /** Jobs that have failed and are waiting to be tried again. */
  failing(): Promise<Job[]>
}
