import { Problem, type Write } from '../kernel/index.ts'
import type { Job, JobStore } from '../jobs/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

const toJob = (row: Schema['jobs']): Job => ({
  kind: row.kind,
  subject: row.subject,
  dueAt: row.due_at,
  attempts: row.attempts,
  version: row.version,
  lastError: row.last_error,
})

const taken = new Problem('JobTaken', 'somebody else was first')

export function jobStore(db: Database): JobStore {
  const schedule = db.write<{ kind: string; subject: string; dueAt: number }>()((q, p) =>
    q
      .insertInto('jobs')
      .values({
        kind: p.kind,
        subject: p.subject,
        due_at: p.dueAt,
        lease_owner: null,
        lease_until: 0,
        attempts: 0,
        version: 1,
        last_error: null,
      })
      .onConflict((conflict) =>
        conflict.columns(['kind', 'subject']).doUpdateSet((e) => ({
          due_at: e
            .case()
            .when('jobs.due_at', '<', e.ref('excluded.due_at'))
            .then(e.ref('jobs.due_at'))
            .else(e.ref('excluded.due_at'))
            .end(),
          version: e('jobs.version', '+', 1),
        })),
      ),
  )
  const due = db.query<{ domainNow: number; wallNow: number; limit: number }>()((q, p) =>
    q
      .selectFrom('jobs')
      .selectAll()
      .where('due_at', '<=', p.domainNow)
      .where('lease_until', '<=', p.wallNow)
      .orderBy('due_at')
      .limit(p.limit),
  )
  const failing = db.query<object>()((q) => q.selectFrom('jobs').selectAll().where('last_error', 'is not', null))
  // Only as it was read: since then somebody else may have done it, and have set the day of its next time.
  const take = db.write<
    Pick<Job, 'kind' | 'subject' | 'version' | 'dueAt'> & { owner: string; now: number; until: number }
  >()((q, p) =>
    q
      .updateTable('jobs')
      .set((e) => ({ lease_owner: p.owner, lease_until: p.until, attempts: e('attempts', '+', 1) }))
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('version', '=', p.version)
      .where('due_at', '=', p.dueAt)
      .where('lease_until', '<=', p.now),
  )
  const renew = db.write<{ kind: string; subject: string; owner: string; until: number }>()((q, p) =>
    q
      .updateTable('jobs')
      .set({ lease_until: p.until })
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('lease_owner', '=', p.owner),
  )
  // Only by the holder of the lease: who lost it may be speaking of a row that is gone, and there is a new one of its name.
  const remove = db.write<{ kind: string; subject: string; version: number; owner: string }>()((q, p) =>
    q
      .deleteFrom('jobs')
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('version', '=', p.version)
      .where('lease_owner', '=', p.owner),
  )
  const repeat = db.write<{ kind: string; subject: string; version: number; owner: string; next: number }>()((q, p) =>
    q
      .updateTable('jobs')
      .set({ due_at: p.next })
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('version', '=', p.version)
      .where('lease_owner', '=', p.owner),
  )
  const release = db.write<{ kind: string; subject: string; owner: string }>()((q, p) =>
    q
      .updateTable('jobs')
      .set({ lease_owner: null, lease_until: 0, attempts: 0, last_error: null })
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('lease_owner', '=', p.owner),
  )
  const releaseAll = db.write<object>()((q) => q.updateTable('jobs').set({ lease_owner: null, lease_until: 0 }))
  const fail = db.write<{ kind: string; subject: string; owner: string; until: number; error: string }>()((q, p) =>
    q
      .updateTable('jobs')
      .set({ lease_owner: null, lease_until: p.until, last_error: p.error })
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject)
      .where('lease_owner', '=', p.owner),
  )

  async function holds(write: Write): Promise<boolean> {
    try {
      await db.commit([write])
      return true
    } catch (error) {
      if (error === taken) return false
      throw error
    }
  }

  return {
    schedule: (kind, subject, dueAt) => schedule({ kind, subject, dueAt }),
    due: async (domainNow, wallNow, limit) => (await due.all({ domainNow, wallNow, limit })).map(toJob),
    take: ({ kind, subject, version, dueAt }, owner, wallNow, leaseUntil) =>
      holds(take({ kind, subject, version, dueAt, owner, now: wallNow, until: leaseUntil }, 1, taken)),
    renew: ({ kind, subject }, owner, leaseUntil) =>
      holds(renew({ kind, subject, owner, until: leaseUntil }, 1, taken)),
    finish: ({ kind, subject, version }, owner, nextDueAt) => [
      nextDueAt === undefined
        ? remove({ kind, subject, version, owner })
        : repeat({ kind, subject, version, owner, next: nextDueAt }),
      release({ kind, subject, owner }),
    ],
    fail: ({ kind, subject }, owner, retryAtWall, error) =>
      fail({ kind, subject, owner, until: retryAtWall, error: error.slice(0, 500) }),
    releaseAll: () => releaseAll({}),
    failing: async () => (await failing.all({})).map(toJob),
  }
}
