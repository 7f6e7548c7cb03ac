import { sql } from 'kysely'
import type { AccountRows } from '../account/index.ts'
import { toEntry } from './audit-store.ts'
import { toCa } from './ca-store.ts'
import { toCertificate } from './certificate-store.ts'
import type { Database } from './database.ts'
import { toIssuance } from './ledger-store.ts'

interface ById {
  accountId: string
  after: string
  limit: number
}

interface BySeq {
  accountId: string
  after: number
  limit: number
}

export function accountRows(db: Database): AccountRows {
  const cas = db.query<ById>()((q, p) =>
    q
      .selectFrom('cas')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('id', '>', p.after)
      .orderBy('id')
      .limit(p.limit),
  )
  const issuances = db.query<{ caId: string; after: string; limit: number }>()((q, p) =>
    q
      .selectFrom('issuances')
      .selectAll()
      .where('ca_id', '=', p.caId)
      .where('serial', '>', p.after)
      // A responder's key is ours alone, and its certificate ends within days: it is nothing to take elsewhere.
      .where('kind', '!=', sql.lit('responder'))
      .orderBy('serial')
      .limit(p.limit),
  )
  const certificates = db.query<BySeq>()((q, p) =>
    q
      .selectFrom('certificates')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('seq', '>', p.after)
      .orderBy('seq')
      .limit(p.limit),
  )
  const entries = db.query<BySeq & { upTo: number }>()((q, p) =>
    q
      .selectFrom('audit_entries')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('seq', '>', p.after)
      .where('seq', '<=', p.upTo)
      .orderBy('seq')
      .limit(p.limit),
  )
  const last = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('audit_entries').select('seq').where('account_id', '=', p.accountId).orderBy('seq', 'desc').limit(1),
  )

  return {
    cas: async (accountId, after, limit) => (await cas.all({ accountId, after, limit })).map(toCa),
    issuances: async (caId, after, limit) => (await issuances.all({ caId, after, limit })).map(toIssuance),
    certificates: async (accountId, after, limit) =>
      (await certificates.all({ accountId, after, limit })).map((row) => ({
        seq: row.seq,
        certificate: toCertificate(row),
      })),
    auditEntries: async (accountId, after, upTo, limit) =>
      (await entries.all({ accountId, after, upTo, limit })).map((row) => ({ seq: row.seq, entry: toEntry(row) })),
    lastAuditSeq: async (accountId) => (await last.first({ accountId }))?.seq ?? 0,
  }
}
