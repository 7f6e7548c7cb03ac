import { sql } from 'kysely'
import { numberOfUuid, problem } from '../kernel/index.ts'
import type { RestoreStore } from '../backup/index.ts'
import type { Database } from './database.ts'
import { issuanceLedger } from './ledger-store.ts'
import { revocationStore } from './revocation-store.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf } from './sql.ts'

/** All but the place, which is given anew. */
type PlainAuditRow = Omit<Schema['audit_entries'], 'seq' | 'log_index'>

export const auditColumns = columnsOf<PlainAuditRow>()(
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
  'erased',
)

const final = ['ending', 'destroyed']
const changed = problem('ChangedMeanwhile')

/** Writes that bring a restored database forward; they touch what is there, and do nothing where it is not. */
export function restoreStore(db: Database): RestoreStore {
  const ledger = issuanceLedger(db)
  const size = db.query<object>()((q) => q.selectFrom('audit_log').select('size').where('id', '=', 0))
  const unnumbered = db.query<object>()((q) =>
    q
      .selectFrom('audit_entries')
      .select(['seq', ...auditColumns])
      .where('log_index', 'is', null)
      .orderBy('seq'),
  )
  const insertAudit = db.write<PlainAuditRow>()((q, p) => q.insertInto('audit_entries').values(bound(p, auditColumns)))
  const dropAudit = db.write<{ seq: number }>()((q, p) =>
    q.deleteFrom('audit_entries').where('seq', '=', p.seq).where('log_index', 'is', null),
  )
  const state = db.query<{ caId: string }>()((q, p) => q.selectFrom('cas').select('state').where('id', '=', p.caId))
  const revocations = revocationStore(db)
  const certificateRevoked = db.write<{ number: number; id: string; at: number; reason: string }>()((q, p) =>
    q
      .updateTable('certificates')
      .set((e) => ({ revoked_at: p.at, revocation_reason: p.reason, version: e('version', '+', 1) }))
      .where('number', '=', p.number)
      .where('id', '=', p.id)
      .where('revoked_at', 'is', null),
  )
  const certificateDeleted = db.write<{ number: number; id: string }>()((q, p) =>
    q.deleteFrom('certificates').where('number', '=', p.number).where('id', '=', p.id),
  )
  const setState = db.write<{ caId: string; state: string }>()((q, p) =>
    q
      .updateTable('cas')
      .set((e) => ({ state: p.state, version: e('version', '+', 1) }))
      .where('id', '=', p.caId),
  )
  const schedule = db.write<{ caId: string; state: string; dueAt: number | null; deletion: string | null }>()((q, p) =>
    q
      .updateTable('cas')
      .set((e) => ({ state: p.state, due_at: p.dueAt, deletion: p.deletion, version: e('version', '+', 1) }))
      .where('id', '=', p.caId)
      .where('state', 'not in', final),
  )
  const install = db.write<
    Pick<
      Schema['cas'],
      | 'id'
      | 'serial'
      | 'not_before'
      | 'not_after'
      | 'issuer_id'
      | 'issuer_name'
      | 'path_length'
      | 'key_usages'
      | 'signature_hash'
      | 'certificate'
    >
  >()((q, p) =>
    q
      .updateTable('cas')
      .set((e) => ({
        state: 'active',
        version: e('version', '+', 1),
        serial: p.serial,
        not_before: p.not_before,
        not_after: p.not_after,
        issuer_id: p.issuer_id,
        issuer_name: p.issuer_name,
        path_length: p.path_length,
        key_usages: p.key_usages,
        signature_hash: p.signature_hash,
        certificate: p.certificate,
      }))
      .where('id', '=', p.id)
      .where('state', '=', 'pendingActivation'),
  )
  const caRevoked = db.write<{ caId: string; at: number; reason: string }>()((q, p) =>
    q
      .updateTable('cas')
      .set((e) => ({ revoked_at: p.at, revocation_reason: p.reason, version: e('version', '+', 1) }))
      .where('id', '=', p.caId)
      .where('revoked_at', 'is', null),
  )
  const crlNumber = db.write<{ caId: string; number: number }>()((q, p) =>
    q.updateTable('cas').set({ crl_number: p.number }).where('id', '=', p.caId).where('crl_number', '<', p.number),
  )
  const dropCrls = db.write<{ caId: string; number: number }>()((q, p) =>
    q.deleteFrom('crls').where('ca_id', '=', p.caId).where('number', '<', p.number),
  )
  const dropParts = db.write<{ caId: string; number: number }>()((q, p) =>
    q.deleteFrom('crl_parts').where('ca_id', '=', p.caId).where('number', '<', p.number),
  )
  const destroyKey = db.write<{ id: string; at: number }>()((q, p) =>
    q
      .updateTable('keys')
      .set({ state: 'destroyed', sealed_private_key: null, destroyed_at: p.at })
      .where('id', '=', p.id)
      .where('state', '!=', 'destroyed'),
  )
  const keysInState = db.query<{ state: string }>()((q, p) =>
    q.selectFrom('keys').select('id').where('state', '=', p.state).orderBy('id'),
  )
  const copy = db.write<{ number: number; madeAt: number; place: string }>()((q, p) =>
    q
      .insertInto('keyring_copies')
      .values({ number: p.number, made_at: p.madeAt, place: p.place, attested_at: null, attested_by: null })
      .onConflict((conflict) => conflict.column('number').doNothing()),
  )
  const copyKeys = db.write<{ number: number }>()((q, p) =>
    q
      .insertInto('keyring_copy_keys')
      .columns(['key_id', 'number'])
      .expression((e) =>
        e
          .selectFrom('keys')
          .innerJoin('keyring_copies as c', (join) => join.on('c.number', '=', p.number))
          .where('keys.state', '!=', 'destroyed')
          .select(['keys.id', 'c.number']),
      )
      .onConflict((conflict) => conflict.columns(['key_id', 'number']).doNothing()),
  )
  const attested = db.write<{ number: number; at: number; by: string }>()((q, p) =>
    q
      .updateTable('keyring_copies')
      .set({ attested_at: p.at, attested_by: p.by })
      .where('number', '=', p.number)
      .where('attested_at', 'is', null),
  )
  const disableKey = db.write<{ id: string }>()((q, p) =>
    q
      .updateTable('access_keys')
      .set((e) => ({ enabled: 0, version: e('version', '+', 1) }))
      .where('id', '=', p.id),
  )
  const disableUser = db.write<{ id: string }>()((q, p) =>
    q
      .updateTable('users')
      .set((e) => ({ enabled: 0, version: e('version', '+', 1) }))
      .where('id', '=', p.id),
  )
  const removePassword = db.write<{ id: string }>()((q, p) =>
    q
      .updateTable('users')
      .set((e) => ({ password_hash: null, version: e('version', '+', 1) }))
      .where('id', '=', p.id),
  )
  const raiseRights = db.write<object>()((q) =>
    q.updateTable('accounts').set((e) => ({ iam_version: e('iam_version', '+', 1) })),
  )
  const voidApprovals = db.write<{ at: number }>()((q, p) =>
    q
      .updateTable('approvals')
      .set((e) => ({ expires_at: p.at, version: e('version', '+', 1) }))
      .where('expires_at', '>', p.at),
  )
  const receipts = db.query<object>()((q) =>
    q
      .selectFrom('audit_entries')
      .select(['object_id', 'facts'])
      .where('object_type', '=', sql.lit('ca'))
      .where('operation', '=', 'DestroyCaKey')
      .where('outcome', '=', 'done')
      .orderBy('seq'),
  )
  const pending = db.query<object>()((q) =>
    q.selectFrom('cas').select(['id', 'due_at']).where('state', '=', 'pendingDeletion').orderBy('id'),
  )
  const moveDue = db.write<{ caId: string; was: number; dueAt: number }>()((q, p) =>
    q
      .updateTable('cas')
      .set((e) => ({ due_at: p.dueAt, version: e('version', '+', 1) }))
      .where('id', '=', p.caId)
      .where('state', '=', 'pendingDeletion')
      .where('due_at', '=', p.was),
  )
  const setJob = db.write<{ caId: string; dueAt: number }>()((q, p) =>
    q
      .insertInto('jobs')
      .values({
        kind: 'endCa',
        subject: p.caId,
        due_at: p.dueAt,
        lease_owner: null,
        lease_until: 0,
        attempts: 0,
        version: 1,
        last_error: null,
      })
      .onConflict((conflict) =>
        conflict.columns(['kind', 'subject']).doUpdateSet((e) => ({
          due_at: e.ref('excluded.due_at'),
          version: e('jobs.version', '+', 1),
        })),
      ),
  )
  const jobForEach = (kind: string, states: readonly string[]) =>
    db.write<{ now: number }>()((q, p) =>
      q
        .insertInto('jobs')
        .columns(['kind', 'subject', 'due_at', 'lease_owner', 'lease_until', 'attempts', 'version', 'last_error'])
        .expression((e) =>
          e
            .selectFrom('cas')
            .where('state', 'in', states)
            .select((f) => [
              f.val(kind).as('kind'),
              'cas.id',
              // Beside text PostgreSQL would take a bare parameter for text.
              f.cast<number>(f.val(p.now), 'bigint').as('due_at'),
              sql<string | null>`null`.as('lease_owner'),
              sql<number>`0`.as('lease_until'),
              sql<number>`0`.as('attempts'),
              sql<number>`1`.as('version'),
              sql<string | null>`null`.as('last_error'),
            ]),
        )
        .onConflict((conflict) =>
          conflict.columns(['kind', 'subject']).doUpdateSet((e) => ({
            due_at: e.ref('excluded.due_at'),
            version: e('jobs.version', '+', 1),
          })),
        ),
    )
  const ending = jobForEach('endCa', ['ending'])
  const crls = jobForEach('publishCrl', ['active', 'disabled', 'pendingDeletion'])

  return {
    auditSize: async () => Number((await size.first({}))?.size ?? 0),
    unnumbered: async () => unnumbered.all({}),
    // Of another version's mirror there may be less, or more, than there are columns.
    auditRow: (row) =>
      insertAudit(
        Object.fromEntries(auditColumns.map((name) => [name, row[name] ?? null])) as unknown as PlainAuditRow,
      ),
    dropAuditRow: (seq) => dropAudit({ seq }),
    caState: async (caId) => (await state.first({ caId }))?.state,
    issuance: async (issuance) =>
      (await ledger.find(issuance.caId, issuance.serial))
        ? []
        : ledger.record(issuance, { crlUrl: undefined }, changed),
    revocation: async (revocation) =>
      (await revocations.find(revocation.caId, revocation.serial)) ? [] : revocations.record(revocation, changed),
    revocationRange: (range) => revocations.recordRange(range),
    certificateRevoked: (id, at, reason) => certificateRevoked({ id, number: numberOfUuid(id), at, reason }),
    certificateDeleted: (id) => certificateDeleted({ id, number: numberOfUuid(id) }),
    barKey: (spki, at) => ledger.barKey(spki, at),
    setCaState: (caId, to) => setState({ caId, state: to }),
    scheduleCa: (caId, to, scheduled) =>
      schedule({
        caId,
        state: to,
        dueAt: scheduled?.dueAt ?? null,
        deletion: scheduled && JSON.stringify(scheduled.deletion),
      }),
    installCa: (id, made) =>
      install({
        id,
        serial: made.serial,
        not_before: made.notBefore,
        not_after: made.notAfter,
        issuer_id: made.issuerId,
        issuer_name: made.issuerName,
        path_length: made.pathLength,
        key_usages: JSON.stringify(made.keyUsages),
        signature_hash: made.signatureHash,
        certificate: made.certificate,
      }),
    caRevoked: (caId, at, reason) => caRevoked({ caId, at, reason }),
    crlNumber: (caId, number) => [crlNumber({ caId, number }), dropParts({ caId, number }), dropCrls({ caId, number })],
    keyDestroyed: (id, at) => destroyKey({ id, at }),
    destroyedKeys: async () => (await keysInState.all({ state: 'destroyed' })).map(({ id }) => id),
    liveKeys: async () => (await keysInState.all({ state: 'live' })).map(({ id }) => id),
    keyringCopy: ({ number, madeAt, place }) => [copy({ number, madeAt, place }), copyKeys({ number })],
    keyringCopyAttested: (number, at, by) => attested({ number, at, by }),
    disableAccessKey: (id) => disableKey({ id }),
    disableUser: (id) => disableUser({ id }),
    removePassword: (id) => removePassword({ id }),
    raiseRights: () => raiseRights({}),
    voidApprovals: (at) => voidApprovals({ at }),
    receiptStatements: async () =>
      (await receipts.all({})).map(({ object_id, facts }) => ({ caId: object_id, statement: facts })),
    pendingDeletions: async () => (await pending.all({})).map(({ id, due_at }) => ({ caId: id, dueAt: due_at! })),
    rearm: (caId, was, dueAt) => [moveDue({ caId, was, dueAt }, 1, changed), setJob({ caId, dueAt })],
    endingDue: (now) => ending({ now }),
    crlsDue: (now) => crls({ now }),
  }
}
