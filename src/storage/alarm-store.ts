import type { Alarm, AlarmStore } from '../end-of-life/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

const toAlarm = (row: Schema['alarms']): Alarm => ({
  kind: row.kind as Alarm['kind'],
  subject: row.subject,
  accountId: row.account_id,
  reason: row.reason,
  raisedAt: row.raised_at,
  lastAt: row.last_at,
  times: row.times,
})

const maxReason = 500

export function alarmStore(db: Database): AlarmStore {
  const raise = db.write<{ kind: string; subject: string; accountId: string; reason: string; now: number }>()((q, p) =>
    q
      .insertInto('alarms')
      .values({
        kind: p.kind,
        subject: p.subject,
        account_id: p.accountId,
        reason: p.reason,
        raised_at: p.now,
        last_at: p.now,
        times: 1,
      })
      .onConflict((conflict) =>
        conflict.columns(['kind', 'subject']).doUpdateSet((e) => ({
          reason: e.ref('excluded.reason'),
          last_at: e.ref('excluded.last_at'),
          times: e('alarms.times', '+', 1),
        })),
      ),
  )
  const clear = db.write<{ kind: string; subject: string }>()((q, p) =>
    q.deleteFrom('alarms').where('kind', '=', p.kind).where('subject', '=', p.subject),
  )
  const list = db.query<{ accountId: string; limit: number }>()((q, p) =>
    q
      .selectFrom('alarms')
      .selectAll()
      .where('account_id', 'in', [p.accountId, ''])
      .orderBy('raised_at')
      .orderBy('kind')
      .orderBy('subject')
      .limit(p.limit),
  )
  const count = db.query<object>()((q) =>
    q
      .selectFrom('alarms')
      .groupBy('kind')
      .select((e) => ['kind', e.fn.countAll<number>().as('count')]),
  )
  return {
    raise: ({ kind, subject, accountId, reason }, now) =>
      raise({ kind, subject, accountId, reason: reason.slice(0, maxReason), now }),
    clear: (kind, subject) => clear({ kind, subject }),
    list: async (accountId, limit) => (await list.all({ accountId, limit })).map(toAlarm),
    count: async () => (await count.all({})).map((row) => ({ kind: row.kind, count: Number(row.count) })),
  }
}
