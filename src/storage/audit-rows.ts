import { sql } from 'kysely'
import type { AuditRow } from '../backup/index.ts'
import type { Database } from './database.ts'
import { auditColumns } from './restore-store.ts'

type Numbered = AuditRow & { seq: number }

/**
 * The rows of the audit log behind a number, in their order, as far as none can come between them any more: on PostgreSQL a
 * number is taken before its commit, so a row counts only when every transaction that began before its own has ended.
 */
export function auditRows(db: Database): (seq: number, limit: number) => Promise<Numbered[]> {
  const settled =
    db.engine === 'sqlite'
      ? sql<number>`1`
      : sql<number>`(age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid))::int`
  const behind = db.query<{ seq: number; limit: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .select(auditColumns)
      .select(settled.as('settled'))
      .where('seq', '>', p.seq)
      .orderBy('seq')
      .limit(p.limit),
  )
  return async (seq, limit) => {
    const rows = await behind.all({ seq, limit })
    const open = rows.findIndex((row) => Number(row.settled) === 0)
    return (open < 0 ? rows : rows.slice(0, open)).map(({ settled: _settled, ...row }) => row)
  }
}
