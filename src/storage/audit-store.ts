import { newEntrySalt, type AuditEntry, type AuditFilter, type AuditStore } from '../audit/index.ts'
import type { SelectQueryBuilder } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

type Row = Omit<Schema['audit_entries'], 'seq' | 'log_index' | 'erased'>

const entryColumns = columnsOf<Row>()(
  'at',
  'account_id',
  'user_id',
  'user_name',
  'access_key_id',
  'source_ip',
  'door',
  'request_id',
  'operation',
  'object_type',
  'object_id',
  'outcome',
  'code',
  'facts',
  'salt',
)

export const toEntry = (row: Omit<Row, 'salt'>): AuditEntry => ({
  at: row.at,
  accountId: row.account_id,
  userId: row.user_id,
  userName: row.user_name,
  accessKeyId: row.access_key_id,
  sourceIp: row.source_ip,
  door: row.door,
  requestId: row.request_id,
  operation: row.operation,
  objectType: row.object_type,
  objectId: row.object_id,
  outcome: row.outcome as AuditEntry['outcome'],
  code: row.code,
  facts: JSON.parse(row.facts) as Record<string, unknown>,
})

function narrowed<Out>(
  query: SelectQueryBuilder<Schema, 'audit_entries', Out>,
  accountId: string,
  { objectType, objectId }: AuditFilter,
) {
  let narrow = query.where('account_id', '=', accountId)
  if (objectType !== undefined) narrow = narrow.where('object_type', '=', objectType)
  if (objectId !== undefined) narrow = narrow.where('object_id', '=', objectId)
  return narrow
}

export function auditStore(db: Database): AuditStore {
  const insert = db.write<Row>()((q, p) => q.insertInto('audit_entries').values(bound(p, entryColumns)))
  return {
    insert: (entry) =>
      insert(
        {
          at: entry.at,
          account_id: entry.accountId,
          user_id: entry.userId,
          user_name: entry.userName,
          access_key_id: entry.accessKeyId,
          source_ip: entry.sourceIp,
          door: entry.door,
          request_id: entry.requestId,
          operation: entry.operation,
          object_type: entry.objectType,
          object_id: entry.objectId,
          outcome: entry.outcome,
          code: entry.code,
          facts: JSON.stringify(entry.facts),
          salt: newEntrySalt(),
        },
        1,
        otherwiseBug,
      ),
    async list(accountId, filter, { offset, limit }) {
      const [count] = await db.read((q) =>
        narrowed(
          q.selectFrom('audit_entries').select((e) => e.fn.countAll<number>().as('total')),
          accountId,
          filter,
        ),
      )
      const rows = await db.read((q) =>
        narrowed(q.selectFrom('audit_entries').selectAll(), accountId, filter)
          .orderBy('seq', 'desc')
          .limit(limit)
          .offset(offset),
      )
      return { rows: rows.map((row) => ({ ...toEntry(row), index: row.log_index })), total: Number(count!.total) }
    },
  }
}
