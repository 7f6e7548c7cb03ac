import { sql } from 'kysely'
import type { UseMark, UseMarkStore } from '../use-marks/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf } from './sql.ts'

type Row = Schema['use_marks']

const columns = columnsOf<Row>()('subject', 'serial', 'source', 'first_at', 'last_at', 'count')

const toMark = (row: Row): UseMark => ({
  kind: row.source as UseMark['kind'],
  subject: row.subject,
  serial: row.serial,
  firstAt: row.first_at,
  lastAt: row.last_at,
  count: row.count,
})

const toRow = (mark: UseMark): Row => ({
  subject: mark.subject,
  serial: mark.serial,
  source: mark.kind,
  first_at: mark.firstAt,
  last_at: mark.lastAt,
  count: mark.count,
})

export function useMarkStore(db: Database): UseMarkStore {
  const add = db.write<Row>()((q, p) =>
    q
      .insertInto('use_marks')
      .values(bound(p, columns))
      .onConflict((conflict) =>
        conflict.columns(['subject', 'serial', 'source']).doUpdateSet((e) => ({
          count: e('use_marks.count', '+', e.ref('excluded.count')),
          last_at: sql<number>`case when excluded.last_at > use_marks.last_at then excluded.last_at else use_marks.last_at end`,
        })),
      ),
  )
  const of = db.query<{ subject: string; serial: string }>()((q, p) =>
    q.selectFrom('use_marks').selectAll().where('subject', '=', p.subject).where('serial', '=', p.serial),
  )
  const older = db.query<{ before: number; limit: number }>()((q, p) =>
    q.selectFrom('use_marks').selectAll().where('last_at', '<', p.before).orderBy('last_at').limit(p.limit),
  )
  const forget = db.write<Row>()((q, p) =>
    q
      .deleteFrom('use_marks')
      .where('subject', '=', p.subject)
      .where('serial', '=', p.serial)
      .where('source', '=', p.source)
      .where('last_at', '=', p.last_at),
  )
  return {
    add: (mark) => add(toRow(mark)),
    of: async (subject, serial) => (await of.all({ subject, serial })).map(toMark),
    olderThan: async (before, limit) => (await older.all({ before, limit })).map(toMark),
    forget: (mark) => forget(toRow(mark)),
  }
}
