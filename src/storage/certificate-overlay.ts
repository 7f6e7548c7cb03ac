import { sql } from 'kysely'
import type { Certificate } from '../certificates/index.ts'
import { classOf, soonMs } from './certificate-classes.ts'
import { written, type IndexState } from './certificate-index.ts'
import type { Database } from './database.ts'

/** What a list narrows and sorts by, of one certificate. */
export interface Image {
  seq: number
  class: number
  resourceGroupId: string
  commonName: string
  issuerName: string
  notAfter: number
  sans: string
  id: string
}

/** One certificate of which the index is not right: as it stands there, if it does, and as it is now, if it is. */
export interface Touched {
  indexed: Image | undefined
  live: Image | undefined
}

export interface Overlay {
  version: number
  touched: readonly Touched[]
}

/** Beyond that the index is of no use: it is being made, or a clock has leapt. */
const mostTouched = 20_000

interface Row {
  seq: number
  id: string | null
  class: number
  resource_group_id: string
  common_name: string
  issuer_name: string
  not_after: number
  sans: string
  live_id: string | null
  source: Certificate['source']
  revoked_at: number | null
  live_group: string
  live_name: string
  live_issuer: string
  live_end: number
  live_sans: string
}

interface Asked {
  accountId: string
  seqTo: number
  low: number
  high: number
  soonLow: number
  soonHigh: number
}

/**
 * Reads what stands between the index and the present: certificates that are too new for it, changed since, or whose
 * state is another by now.
 * @returns undefined when that is too much, or there is no index yet
 */
export function overlayOf(
  db: Database,
  state: () => Promise<IndexState>,
): (accountId: string, now: number) => Promise<Overlay | undefined> {
  const query = db.query<Asked>()((q, p) => {
    const crossing = (classes: string, range: ReturnType<typeof sql>) =>
      sql`SELECT seq FROM certificate_entries WHERE account_id = ${p.accountId} AND class IN (${sql.raw(classes)}) AND ${range}`
    return written(
      sql<Row>`SELECT t.seq, e.id, e.class, e.resource_group_id, e.common_name, e.issuer_name, e.not_after, e.sans,
        c.id AS live_id, c.source, c.revoked_at, c.resource_group_id AS live_group, c.common_name AS live_name,
        c.issuer_name AS live_issuer, c.not_after AS live_end, c.sans AS live_sans
      FROM (SELECT seq FROM certificates WHERE account_id = ${p.accountId} AND seq > ${p.seqTo}
        UNION SELECT seq FROM certificate_changes WHERE account_id = ${p.accountId}
        UNION ${crossing('0, 1, 2, 4, 5, 6', sql`not_after >= ${p.low} AND not_after < ${p.high}`)}
        UNION ${crossing('0, 1, 4, 5', sql`not_after > ${p.soonLow} AND not_after <= ${p.soonHigh}`)}
        LIMIT ${sql.lit(mostTouched + 1)}) AS t
      LEFT JOIN certificate_entries e ON e.seq = t.seq AND e.account_id = ${p.accountId}
      LEFT JOIN certificates c ON c.seq = t.seq AND c.account_id = ${p.accountId}`,
    )(q)
  })
  return async (accountId, now) => {
    const { version, seqTo, judgedAt } = await state()
    if (version === 0) return undefined
    const [low, high] = [Math.min(now, judgedAt), Math.max(now, judgedAt)]
    const rows = await query.all({ accountId, seqTo, low, high, soonLow: low + soonMs, soonHigh: high + soonMs })
    if (rows.length > mostTouched) return undefined
    return { version, touched: rows.map((row) => ({ indexed: indexedOf(row), live: liveOf(row, now) })) }
  }
}

const indexedOf = (row: Row): Image | undefined =>
  row.id === null
    ? undefined
    : {
        seq: row.seq,
        class: row.class,
        resourceGroupId: row.resource_group_id,
        commonName: row.common_name,
        issuerName: row.issuer_name,
        notAfter: row.not_after,
        sans: row.sans,
        id: row.id,
      }

const liveOf = (row: Row, now: number): Image | undefined =>
  row.live_id === null
    ? undefined
    : {
        seq: row.seq,
        class: classOf({ source: row.source, revokedAt: row.revoked_at, notAfter: row.live_end }, now),
        resourceGroupId: row.live_group,
        commonName: row.live_name,
        issuerName: row.live_issuer,
        notAfter: row.live_end,
        sans: row.live_sans,
        id: row.live_id,
      }
