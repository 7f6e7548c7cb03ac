import { sql, type SqlBool } from 'kysely'
import type { AuditLogStore, Erased, FieldName, ReceiptStore, StoredEntry } from '../audit/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Row = Schema['audit_entries']

const toStored = (row: Omit<Row, 'seq'> & { seq: number }): StoredEntry => ({
  seq: row.seq,
  index: row.log_index,
  texts: {
    at: String(row.at),
    accountId: row.account_id,
    userId: row.user_id,
    userName: row.user_name,
    accessKeyId: row.access_key_id ?? '',
    sourceIp: row.source_ip,
    door: row.door,
    requestId: row.request_id,
    operation: row.operation,
    objectType: row.object_type,
    objectId: row.object_id,
    outcome: row.outcome,
    code: row.code,
    facts: row.facts,
  },
  salt: row.salt,
  erased: row.erased === null ? undefined : (JSON.parse(row.erased) as Erased),
})

const nothing = { size: 0, checkpoint: '', leaseOwner: null, leaseUntil: 0 }

/** What stands in the row where a field was erased. Only these can be. */
const erasable = { userName: 'user_name', sourceIp: 'source_ip', facts: 'facts' } as const

export function auditLogStore(db: Database): AuditLogStore {
  const state = db.query<object>()((q) => q.selectFrom('audit_log').selectAll().where('id', '=', 0))
  const begin = db.write<object>()((q) =>
    q
      .insertInto('audit_log')
      .values({ id: 0, size: 0, checkpoint: '', lease_owner: null, lease_until: 0 })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  const advance = db.write<{
    from: number
    to: number
    checkpoint: string
    owner: string
    now: number
    leaseUntil: number
  }>()((q, p) =>
    q
      .updateTable('audit_log')
      .set({ size: p.to, checkpoint: p.checkpoint, lease_owner: p.owner, lease_until: p.leaseUntil })
      .where('id', '=', 0)
      .where('size', '=', p.from)
      .where((where) => where.or([where('lease_owner', '=', p.owner), where('lease_until', '<=', p.now)])),
  )
  const tile = db.query<{ level: number; number: number }>()((q, p) =>
    q.selectFrom('audit_tiles').select('hashes').where('level', '=', p.level).where('number', '=', p.number),
  )
  const putTile = db.write<{ level: number; number: number; hashes: Uint8Array }>()((q, p) =>
    q
      .insertInto('audit_tiles')
      .values({ level: p.level, number: p.number, hashes: p.hashes })
      .onConflict((conflict) => conflict.columns(['level', 'number']).doUpdateSet({ hashes: p.hashes })),
  )
  const unnumbered = db.query<{ limit: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .selectAll()
      .where('log_index', 'is', null)
      .orderBy('log_index') // as the index has it, which is what finds them
      .orderBy('seq')
      .limit(p.limit),
  )
  const number = db.write<{ fromSeq: number; toSeq: number; ahead: number }>()((q, p) =>
    q
      .updateTable('audit_entries')
      .set((e) => ({ log_index: e('seq', '-', p.ahead) }))
      .where('seq', '>=', p.fromSeq)
      .where('seq', '<=', p.toSeq)
      .where('log_index', 'is', null),
  )
  const setSalt = db.write<{ seq: number; salt: Uint8Array }>()((q, p) =>
    q
      .updateTable('audit_entries')
      .set({ salt: p.salt })
      .where('seq', '=', p.seq)
      .where('salt', 'is', null)
      .where('erased', 'is', null),
  )
  const entries = db.query<{ from: number; to: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .selectAll()
      .where('log_index', '>=', p.from)
      .where('log_index', '<', p.to)
      .orderBy('log_index')
      .orderBy('seq'),
  )
  const ofCa = db.query<{ caId: string; operation: string }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .selectAll()
      // Written out, so that the index of exactly these is used.
      .where(sql<SqlBool>`object_type = 'ca'`)
      .where('object_id', '=', p.caId)
      .where('operation', '=', p.operation)
      .orderBy('seq', 'desc')
      .limit(1),
  )
  const ofAccount = db.query<{ accountId: string; after: number; limit: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('seq', '>', p.after)
      .orderBy('seq')
      .limit(p.limit),
  )
  const erase = db.write<{
    seq: number
    erased: string
    userName: string
    sourceIp: string
    facts: string
    was: string
  }>()((q, p) =>
    q
      .updateTable('audit_entries')
      .set({ salt: null, erased: p.erased, user_name: p.userName, source_ip: p.sourceIp, facts: p.facts })
      .where('seq', '=', p.seq)
      .where(sql<SqlBool>`coalesce(erased, '') = ${p.was}`),
  )
  return {
    async state() {
      const row = await state.first({})
      if (!row) return nothing
      const { size, checkpoint, lease_owner: leaseOwner, lease_until: leaseUntil } = row
      return { size, checkpoint, leaseOwner, leaseUntil }
    },
    readTile: async (level, at) => (await tile.first({ level, number: at }))?.hashes,
    unnumbered: async (limit) => (await unnumbered.all({ limit })).map(toStored),
    advance: (step, otherwise) => [...(step.from === 0 ? [begin({})] : []), advance({ ...step }, 1, otherwise)],
    putTile: (made) => putTile({ ...made }),
    number: ({ fromSeq, toSeq, fromIndex }, otherwise) =>
      number({ fromSeq, toSeq, ahead: fromSeq - fromIndex }, toSeq - fromSeq + 1, otherwise),
    setSalt: (seq, salt, otherwise) => setSalt({ seq, salt }, 1, otherwise),
    entries: async (from, to) => (await entries.all({ from, to })).map(toStored),
    async lastOfCa(caId, operation) {
      const row = await ofCa.first({ caId, operation })
      return row && toStored(row)
    },
    ofAccount: async (accountId, after, limit) => (await ofAccount.all({ accountId, after, limit })).map(toStored),
    erase(entry, gone, left, otherwise) {
      const kept = (name: keyof typeof erasable, empty = '') =>
        (gone as readonly FieldName[]).includes(name) ? empty : entry.texts[name]
      const was = entry.erased === undefined ? '' : JSON.stringify(entry.erased)
      const texts = { userName: kept('userName'), sourceIp: kept('sourceIp'), facts: kept('facts', '{}') }
      return erase({ seq: entry.seq, erased: JSON.stringify(left), was, ...texts }, 1, otherwise)
    },
  }
}

export function receiptStore(db: Database): ReceiptStore {
  const find = db.query<{ caId: string }>()((q, p) =>
    q.selectFrom('receipts').select(['statement', 'signature']).where('ca_id', '=', p.caId),
  )
  const insert = db.write<{ caId: string; statement: string; signature: Uint8Array }>()((q, p) =>
    q.insertInto('receipts').values({ ca_id: p.caId, statement: p.statement, signature: p.signature }),
  )
  return {
    find: (caId) => find.first({ caId }),
    insert: ({ caId, statement, signature }, otherwise) => insert({ caId, statement, signature }, 1, otherwise),
  }
}
