import type { MirrorEntries } from '../backup/index.ts'
import type { Database } from './database.ts'
import { auditColumns } from './restore-store.ts'

/**
 * The audit log for a mirror: in the order of the Merkle log, which nothing comes between any more. Numbers begin with 1 here;
 * the first entry has the index 0.
 */
export function auditRows(db: Database): MirrorEntries {
  const behind = db.query<{ seq: number; limit: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .select(auditColumns)
      .select('log_index')
      .where('log_index', '>=', p.seq)
      .orderBy('log_index')
      .limit(p.limit),
  )
  const last = db.query<object>()((q) => q.selectFrom('audit_entries').select((e) => e.fn.max('seq').as('seq')))
  const open = db.query<{ mark: number }>()((q, p) =>
    q.selectFrom('audit_entries').select('seq').where('log_index', 'is', null).where('seq', '<=', p.mark).limit(1),
  )
  return {
    after: async (seq, limit) =>
      (await behind.all({ seq, limit })).map(({ log_index, ...row }) => ({ ...row, seq: log_index! + 1 })),
    mark: async () => Number((await last.first({}))?.seq ?? 0),
    placed: async (mark) => (await open.first({ mark })) === undefined,
  }
}
