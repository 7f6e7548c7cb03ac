import type { Notice, NoticeStore } from '../notices/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf } from './sql.ts'

type Row = Schema['notices']

const columns = columnsOf<Row>()(
  'id',
  'kind',
  'account_id',
  'object_id',
  'common_name',
  'issuer_name',
  'serial',
  'not_after',
  'within_days',
  'created_at',
  'sent_at',
)

const toNotice = (row: Row): Notice => ({
  id: row.id,
  kind: row.kind as Notice['kind'],
  accountId: row.account_id,
  objectId: row.object_id,
  commonName: row.common_name,
  issuerName: row.issuer_name,
  serial: row.serial,
  notAfter: row.not_after,
  withinDays: row.within_days,
})

type Found = Pick<Schema['certificates'], 'id' | 'account_id' | 'common_name' | 'not_after'> & {
  issuer_name: string | null
  serial: string | null
}

const announcing = (kind: Notice['kind'], row: Found, withinDays: number): Notice => ({
  id: `${row.id}.${Math.floor(row.not_after / 1_000)}.${withinDays}`,
  kind,
  accountId: row.account_id,
  objectId: row.id,
  commonName: row.common_name,
  issuerName: row.issuer_name,
  serial: row.serial,
  notAfter: row.not_after,
  withinDays,
})

interface Window {
  after: number
  upTo: number
  withinDays: number
  limit: number
}

export function noticeStore(db: Database): NoticeStore {
  const certificates = db.query<Window>()((q, p) =>
    q
      .selectFrom('certificates as c')
      .select(['c.id', 'c.account_id', 'c.common_name', 'c.issuer_name', 'c.serial', 'c.not_after'])
      .where('c.revoked_at', 'is', null)
      .where('c.not_after', '>', p.after)
      .where('c.not_after', '<=', p.upTo)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('notices as n')
              .select('n.id')
              .whereRef('n.object_id', '=', 'c.id')
              .whereRef('n.not_after', '=', 'c.not_after')
              .where('n.within_days', '<=', p.withinDays),
          ),
        ),
      )
      .orderBy('c.not_after')
      .limit(p.limit),
  )
  const cas = db.query<Window>()((q, p) =>
    q
      .selectFrom('cas as c')
      .select(['c.id', 'c.account_id', 'c.common_name', 'c.issuer_name', 'c.serial', 'c.not_after'])
      .where('c.state', 'in', ['active', 'disabled'])
      .where('c.revoked_at', 'is', null)
      .where('c.not_after', '>', p.after)
      .where('c.not_after', '<=', p.upTo)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('notices as n')
              .select('n.id')
              .whereRef('n.object_id', '=', 'c.id')
              .whereRef('n.not_after', '=', 'c.not_after')
              .where('n.within_days', '<=', p.withinDays),
          ),
        ),
      )
      .orderBy('c.not_after')
      .limit(p.limit),
  )
  const insert = db.write<Row>()((q, p) =>
    q
      .insertInto('notices')
      .values(bound(p, columns))
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  const unsent = db.query<{ limit: number }>()((q, p) =>
    q.selectFrom('notices').selectAll().where('sent_at', 'is', null).orderBy('created_at').limit(p.limit),
  )
  const sent = db.write<{ id: string; at: number }>()((q, p) =>
    q.updateTable('notices').set({ sent_at: p.at }).where('id', '=', p.id),
  )
  const forget = db.write<{ before: number }>()((q, p) => q.deleteFrom('notices').where('not_after', '<', p.before))
  const count = db.query<Omit<Window, 'withinDays'>>()((q, p) =>
    q
      .selectFrom(
        q
          .selectFrom('certificates')
          .select('not_after')
          .where('revoked_at', 'is', null)
          .where('not_after', '>', p.after)
          .where('not_after', '<=', p.upTo)
          .limit(p.limit)
          .as('some'),
      )
      .select((e) => e.fn.countAll<number>().as('total')),
  )
  return {
    async unannounced({ after, upTo, withinDays }, limit) {
      const window = { after, upTo, withinDays, limit }
      const found = [
        ...(await certificates.all(window)).map((row) => announcing('certificate', row, withinDays)),
        ...(await cas.all(window)).map((row) => announcing('ca', { ...row, not_after: row.not_after! }, withinDays)),
      ]
      return found.slice(0, limit)
    },
    insert: (notice, at) =>
      insert({
        id: notice.id,
        kind: notice.kind,
        account_id: notice.accountId,
        object_id: notice.objectId,
        common_name: notice.commonName,
        issuer_name: notice.issuerName,
        serial: notice.serial,
        not_after: notice.notAfter,
        within_days: notice.withinDays,
        created_at: at,
        sent_at: null,
      }),
    unsent: async (limit) => (await unsent.all({ limit })).map(toNotice),
    sent: (id, at) => sent({ id, at }),
    forget: (expiredBefore) => forget({ before: expiredBefore }),
    countExpiring: async ({ after, upTo }, limit) => Number((await count.first({ after, upTo, limit }))!.total),
  }
}
