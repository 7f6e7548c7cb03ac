import type { AccountGuards, Approval, ApprovalState, ApprovalSubject, GuardStore } from '../guards/index.ts'
import { none } from '../guards/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

type ApprovalRow = Schema['approvals']

const approvalColumns = columnsOf<ApprovalRow>()(
  'id',
  'account_id',
  'operation',
  'object_id',
  'ca_id',
  'digest',
  'subject',
  'state',
  'requested_by',
  'requested_by_name',
  'requested_as',
  'requested_at',
  'expires_at',
  'decided_by',
  'decided_by_name',
  'decided_at',
  'version',
)

const toApproval = (row: ApprovalRow): Approval => ({
  id: row.id,
  accountId: row.account_id,
  operation: row.operation,
  objectId: row.object_id,
  caId: row.ca_id,
  digest: row.digest,
  subject: JSON.parse(row.subject) as ApprovalSubject,
  state: row.state as ApprovalState,
  requestedBy: row.requested_by,
  requestedByName: row.requested_by_name,
  requestedAs: row.requested_as,
  requestedAt: row.requested_at,
  expiresAt: row.expires_at,
  decidedBy: row.decided_by,
  decidedByName: row.decided_by_name,
  decidedAt: row.decided_at,
  version: row.version,
})

const toRow = (approval: Approval): ApprovalRow => ({
  id: approval.id,
  account_id: approval.accountId,
  operation: approval.operation,
  object_id: approval.objectId,
  ca_id: approval.caId,
  digest: approval.digest,
  subject: JSON.stringify(approval.subject),
  state: approval.state,
  requested_by: approval.requestedBy,
  requested_by_name: approval.requestedByName,
  requested_as: approval.requestedAs,
  requested_at: approval.requestedAt,
  expires_at: approval.expiresAt,
  decided_by: approval.decidedBy,
  decided_by_name: approval.decidedByName,
  decided_at: approval.decidedAt,
  version: approval.version,
})

/** What a condition on the guards of an account holds on to. */
const guardsOf = ({ accountId }: { accountId: string }): string => `guards ${accountId}`

function settings(db: Database) {
  const read = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('guards').selectAll().where('account_id', '=', p.accountId),
  )
  const insert = db.write<{ accountId: string; document: string }>()(
    (q, p) =>
      q
        .insertInto('guards')
        .values({ account_id: p.accountId, version: 1, document: p.document })
        .onConflict((conflict) => conflict.column('account_id').doNothing()),
    guardsOf,
  )
  const update = db.write<{ accountId: string; document: string; was: number }>()(
    (q, p) =>
      q
        .updateTable('guards')
        .set((e) => ({ version: e('version', '+', 1), document: p.document }))
        .where('account_id', '=', p.accountId)
        .where('version', '=', p.was),
    guardsOf,
  )
  const unset = db.query<{ accountId: string }>()(
    (q, p) => q.selectFrom('guards').select('account_id').where('account_id', '=', p.accountId),
    guardsOf,
  )
  const unchanged = db.query<{ accountId: string; version: number }>()(
    (q, p) =>
      q
        .selectFrom('guards')
        .select('account_id')
        .where('account_id', '=', p.accountId)
        .where('version', '=', p.version),
    guardsOf,
  )
  return {
    async guards(accountId) {
      const row = await read.first({ accountId })
      if (!row) return { accountId, version: 0, account: none, cas: {} }
      const document = JSON.parse(row.document) as Pick<AccountGuards, 'account' | 'cas'>
      return { accountId, version: row.version, ...document }
    },
    replaceGuards({ accountId, version }, { account, cas }, changed) {
      const document = JSON.stringify({ account, cas })
      return version === 0
        ? insert({ accountId, document }, 1, changed)
        : update({ accountId, document, was: version }, 1, changed)
    },
    guardsUnchanged: ({ accountId, version }, changed) =>
      version === 0 ? unset.guard({ accountId }, changed, 0) : unchanged.guard({ accountId, version }, changed),
  } satisfies Partial<GuardStore>
}

function approvals(db: Database) {
  const find = db.query<{ accountId: string; id: string }>()((q, p) =>
    q.selectFrom('approvals').selectAll().where('id', '=', p.id).where('account_id', '=', p.accountId),
  )
  const open = db.query<{ accountId: string; digest: string }>()((q, p) =>
    q
      .selectFrom('approvals')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('digest', '=', p.digest)
      .where('state', 'in', ['waiting', 'approved'])
      .orderBy('requested_at', 'desc'),
  )
  const insert = db.write<ApprovalRow>()((q, p) => q.insertInto('approvals').values(bound(p, approvalColumns)))
  const replace = db.write<ApprovalRow & { was: number }>()((q, p) =>
    q.updateTable('approvals').set(bound(p, approvalColumns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const supersede = db.write<Record<'accountId' | 'operation' | 'objectId' | 'requestedBy' | 'digest', string>>()(
    (q, p) =>
      q
        .updateTable('approvals')
        .set((e) => ({ state: 'void', version: e('version', '+', 1) }))
        .where('account_id', '=', p.accountId)
        .where('operation', '=', p.operation)
        .where('object_id', '=', p.objectId)
        .where('requested_by', '=', p.requestedBy)
        .where('digest', '!=', p.digest)
        .where('state', 'in', ['waiting', 'approved']),
  )
  return {
    async approval(accountId, id) {
      const row = await find.first({ accountId, id })
      return row && toApproval(row)
    },
    async approvals(accountId, state, { offset, limit }) {
      const rows = await db.read((q) => {
        const all = q.selectFrom('approvals').selectAll().where('account_id', '=', accountId)
        const narrow = state === undefined ? all : all.where('state', '=', state)
        return narrow.orderBy('requested_at', 'desc').orderBy('id').limit(limit).offset(offset)
      })
      const [count] = await db.read((q) => {
        const all = q
          .selectFrom('approvals')
          .select((e) => e.fn.countAll<number>().as('total'))
          .where('account_id', '=', accountId)
        return state === undefined ? all : all.where('state', '=', state)
      })
      return { rows: rows.map(toApproval), total: Number(count!.total) }
    },
    openApprovals: async (accountId, digest) => (await open.all({ accountId, digest })).map(toApproval),
    insertApproval: (approval) => insert(toRow(approval), 1, otherwiseBug),
    replaceApproval: (was, next, changed) =>
      replace({ ...toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    voidApprovals: ({ accountId, operation, objectId, requestedBy, digest }) =>
      supersede({ accountId, operation, objectId, requestedBy, digest }),
  } satisfies Partial<GuardStore>
}

function counts(db: Database) {
  const count = db.query<{ accountId: string; day: number; kind: string; subject: string }>()((q, p) =>
    q
      .selectFrom('guard_counts')
      .select('count')
      .where('account_id', '=', p.accountId)
      .where('day', '=', p.day)
      .where('kind', '=', p.kind)
      .where('subject', '=', p.subject),
  )
  const countOne = db.write<{ accountId: string; day: number; kind: string; subject: string; cap: number }>()((q, p) =>
    q
      .insertInto('guard_counts')
      .values({ account_id: p.accountId, day: p.day, kind: p.kind, subject: p.subject, count: 1 })
      .onConflict((conflict) =>
        conflict
          .columns(['account_id', 'day', 'kind', 'subject'])
          .doUpdateSet((e) => ({ count: e('guard_counts.count', '+', 1) }))
          .where('guard_counts.count', '<', p.cap),
      ),
  )
  const forget = db.write<{ accountId: string; before: number }>()((q, p) =>
    q.deleteFrom('guard_counts').where('account_id', '=', p.accountId).where('day', '<', p.before),
  )
  const given = db.query<{ accountId: string; since: number }>()((q, p) =>
    q
      .selectFrom('rights_given')
      .select(['principal_id', 'given_by'])
      .where('account_id', '=', p.accountId)
      .where('given_at', '>', p.since),
  )
  const note = db.write<Schema['rights_given']>()((q, p) =>
    q
      .insertInto('rights_given')
      .values(bound(p, ['account_id', 'principal_id', 'given_by', 'given_at']))
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'principal_id', 'given_by']).doUpdateSet(bound(p, ['given_at'])),
      ),
  )
  return {
    count: async (of) => (await count.first(of))?.count ?? 0,
    countOne: (of, cap, reached) => countOne({ ...of, cap }, 1, reached),
    forgetCounts: (accountId, before) => forget({ accountId, before }),
    rightsGivenSince: async (accountId, since) =>
      (await given.all({ accountId, since })).map((row) => ({ principalId: row.principal_id, givenBy: row.given_by })),
    noteRights: (accountId, principalId, givenBy, at) =>
      note({ account_id: accountId, principal_id: principalId, given_by: givenBy, given_at: at }),
  } satisfies Partial<GuardStore>
}

export const guardStore = (db: Database): GuardStore => ({ ...settings(db), ...approvals(db), ...counts(db) })
