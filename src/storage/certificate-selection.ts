import { sql, type RawBuilder } from 'kysely'
import type { Selection } from './certificate-classes.ts'
import { blockBits, written } from './certificate-index.ts'
import type { Database } from './database.ts'
import { contains } from './sql.ts'
import { exactHits, HitTotals } from './hit-totals.ts'

/** A place in a list. */
export interface Entry {
  seq: number
  key: string | number
}

/** Certificates in an order, by position. */
export interface Ordered {
  total(): Promise<number>
  /** So many from a position on. */
  entries(offset: number, count: number): Promise<Entry[]>
}

/** Signs of JSON, in which the names stand: they are no part of any name. */
export const isNoName = (keyword: string): boolean => /[[\]",\\]/.test(keyword)

const keyColumns = {
  createdAt: 'seq',
  commonName: 'common_name',
  issuerName: 'issuer_name',
  notAfter: 'not_after',
} as const

/** Of so few certificates each is looked at. */
const lookedAt = 2_000

/** The index as it stands, narrowed and in an order. */
export function indexedCertificates(db: Database): (selection: Selection, version: number) => Ordered {
  const totals = new HitTotals()
  return (selection, version) =>
    hasResidue(selection) ? residual(db, selection, version, totals) : byClass(db, selection)
}

const hasResidue = ({ name, keyword, notAfterAbove, notAfterUpTo }: Selection): boolean =>
  name !== undefined || keyword !== undefined || notAfterAbove !== undefined || notAfterUpTo !== undefined

const all = <Row>(db: Database, statement: RawBuilder<Row>): Promise<Row[]> => db.read((q) => written(statement)(q))

const list = (numbers: readonly number[]): RawBuilder<unknown> => sql.join(numbers.map((each) => sql.lit(each)))

const direction = (descending: boolean): RawBuilder<unknown> => (descending ? sql`DESC` : sql`ASC`)

interface Walk {
  descending: boolean
  offset: number
  count: number
  /** Seqs from / below which it goes, for the order of creation. */
  from?: number | undefined
  below?: number | undefined
}

/** Each class has its own run of each index; the engine merges the runs, and reads no more of them than it gives out. */
async function walk(
  db: Database,
  selection: Selection,
  { descending, offset, count, from, below }: Walk,
): Promise<Entry[]> {
  const key = sql.ref(keyColumns[selection.sortBy])
  const to = direction(descending)
  const bounds = [
    ...(from === undefined ? [] : [sql`AND seq >= ${from}`]),
    ...(below === undefined ? [] : [sql`AND seq < ${below}`]),
    ...residue(selection).map((condition) => sql`AND ${condition}`),
    ...(selection.resourceGroupId === undefined ? [] : [sql`AND resource_group_id = ${selection.resourceGroupId}`]),
  ]
  const runs = selection.classes.map(
    (each) => sql`SELECT seq, ${key} AS key FROM certificate_entries
      WHERE account_id = ${selection.accountId} AND class = ${sql.lit(each)} ${sql.join(bounds, sql` `)}`,
  )
  const order = selection.sortBy === 'createdAt' ? sql`seq ${to}` : sql`key ${to}, seq ${to}`
  return all(db, sql<Entry>`${sql.join(runs, sql` UNION ALL `)} ORDER BY ${order} LIMIT ${count} OFFSET ${offset}`)
}

/** Narrowed by classes and resource group alone: counted beforehand, by blocks in the order of creation. */
function byClass(db: Database, selection: Selection): Ordered {
  const { accountId, classes, resourceGroupId, sortBy, descending } = selection
  const part = resourceGroupId === undefined ? '' : `:${resourceGroupId}`
  const blocks = (level: 0 | 1, from: number, below: number) =>
    all(
      db,
      sql<{ block: number; n: number }>`SELECT block, CAST(sum(n) AS bigint) AS n FROM certificate_counts
        WHERE account_id = ${accountId} AND part = ${part} AND level = ${sql.lit(level)}
        AND block >= ${from} AND block < ${below} AND class IN (${list(classes)})
        GROUP BY block ORDER BY block ${direction(descending)}`,
    )
  const upper = once(() => blocks(1, 0, Number.MAX_SAFE_INTEGER))
  const total = async () => (await upper()).reduce((sum, { n }) => sum + n, 0)
  return {
    total,
    async entries(offset, count) {
      if (sortBy !== 'createdAt') {
        // From whichever end is nearer.
        const behind = (await total()) - offset - count
        if (behind >= offset) return walk(db, selection, { descending, offset, count })
        const taken = count + Math.min(0, behind)
        const back = await walk(db, selection, { descending: !descending, offset: Math.max(0, behind), count: taken })
        return back.toReversed()
      }
      const outer = placed(await upper(), offset)
      const inEach = 2 ** (blockBits[1] - blockBits[0])
      const inner = placed(await blocks(0, outer.block * inEach, (outer.block + 1) * inEach), outer.offset)
      const size = 2 ** blockBits[0]
      const bound = descending ? { below: (inner.block + 1) * size } : { from: inner.block * size }
      return walk(db, selection, { descending, offset: inner.offset, count, ...bound })
    },
  }
}

/** The block that a position lies in, and the position within it. */
function placed(blocks: readonly { block: number; n: number }[], offset: number): { block: number; offset: number } {
  let left = offset
  for (const { block, n } of blocks) {
    if (left < n) return { block, offset: left }
    left -= n
  }
  return { block: blocks.at(-1)?.block ?? 0, offset: left + (blocks.at(-1)?.n ?? 0) }
}

/** Conditions that no count was made for. */
function residue({ notAfterAbove, notAfterUpTo, name, keyword }: Selection): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = []
  if (notAfterAbove !== undefined) conditions.push(sql`not_after > ${notAfterAbove}`)
  if (notAfterUpTo !== undefined) conditions.push(sql`not_after <= ${notAfterUpTo}`)
  if (name !== undefined) conditions.push(sql`${contains('common_name', name)}`)
  if (keyword !== undefined) {
    const columns = ['common_name', 'id', ...(isNoName(keyword) ? [] : ['sans'])]
    conditions.push(
      sql`(${sql.join(
        columns.map((column) => contains(column, keyword)),
        sql` OR `,
      )})`,
    )
  }
  return conditions
}

/** Narrowed by text or by a range of ends as well. Of few certificates each is looked at; that is quicker than asking the text index. */
function residual(db: Database, selection: Selection, version: number, totals: HitTotals): Ordered {
  const chosen = once(async () => {
    const few = (await byClass(db, selection).total()) <= lookedAt
    return searched(db, selection, version, totals, few || db.engine !== 'sqlite' ? undefined : matchOf(selection))
  })
  return {
    total: async () => (await chosen()).total(),
    entries: async (offset, count) => (await chosen()).entries(offset, count),
  }
}

/** @param match what FTS5 is asked; absent, the entries are looked at, with whatever indexes the engine finds */
function searched(
  db: Database,
  selection: Selection,
  version: number,
  totals: HitTotals,
  match: string | undefined,
): Ordered {
  const { accountId, classes, resourceGroupId, sortBy, descending } = selection
  const key = sql.ref(`e.${keyColumns[sortBy]}`)
  const to = direction(descending)
  const whose = sql`+e.account_id = ${accountId} AND +e.class IN (${list(classes)})`
  const more = [
    ...(resourceGroupId === undefined ? [] : [sql`AND resource_group_id = ${resourceGroupId}`]),
    // What is searched in the text index is not looked for again.
    ...residue(match === undefined ? selection : { ...selection, name: undefined, keyword: undefined }).map(
      (condition) => sql`AND ${condition}`,
    ),
  ]
  const further = sql.join(more, sql` `)
  // Most hits need no more than their class, which is read from an index twenty times as dense as the entries. The signs
  // of plus keep the engine from seeking each class.
  const narrow = more.length === 0 ? sql`INDEXED BY certificate_entries_narrow` : sql``
  const hits = (columns: RawBuilder<unknown>, place: RawBuilder<unknown>, bounds = sql``) =>
    match === undefined
      ? sql`SELECT ${columns} FROM certificate_entries e
          WHERE e.account_id = ${accountId} AND e.class IN (${list(classes)}) ${further} ${bounds}`
      : sql`SELECT ${columns} FROM certificate_search s CROSS JOIN certificate_entries e ${place} ON e.seq = s.rowid
          WHERE certificate_search MATCH ${match} AND ${whose} ${further} ${bounds}`
  const few = once(async () => {
    if (totals.has(selection)) return undefined
    const known = totals.exact(selection, version)
    if (known !== undefined) return known
    const [row] = await all(
      db,
      sql<{ n: number }>`SELECT count(*) AS n FROM (${hits(sql`1`, narrow)} LIMIT ${sql.lit(exactHits + 1)}) AS hits`,
    )
    if (row!.n > exactHits) return undefined
    totals.keepExact(selection, version, row!.n)
    return row!.n
  })
  const countBetween = async (from: number, below: number): Promise<number> => {
    const bounds =
      match === undefined
        ? sql`AND seq >= ${from} AND seq < ${below}`
        : sql`AND s.rowid >= ${from} AND s.rowid < ${below}`
    return (await all(db, sql<{ n: number }>`SELECT count(*) AS n FROM (${hits(sql`1`, narrow, bounds)}) AS hits`))[0]!
      .n
  }
  const lastSeq = async () =>
    (await all(db, sql<{ seq: number | null }>`SELECT max(seq) AS seq FROM certificate_entries`))[0]!.seq ?? 0
  return {
    total: async () => (await few()) ?? totals.of(selection, version, lastSeq, countBetween),
    async entries(offset, count) {
      const end = sql`LIMIT ${count} OFFSET ${offset}`
      if (match !== undefined && sortBy === 'createdAt')
        return all(db, sql<Entry>`${hits(sql`s.rowid AS seq, s.rowid AS key`, narrow)} ORDER BY s.rowid ${to} ${end}`)
      if ((await few()) !== undefined) {
        const found = sql`WITH hits AS MATERIALIZED (${hits(sql`e.seq AS seq, ${key} AS key`, sql``)})`
        return all(db, sql<Entry>`${found} SELECT seq, key FROM hits ORDER BY key ${to}, seq ${to} ${end}`)
      }
      return walk(db, selection, { descending, offset, count })
    },
  }
}

/** What FTS5 is asked, when the text is long enough for trigrams. */
function matchOf({ name, keyword }: Selection): string | undefined {
  const phrase = (text: string) => `"${text.replaceAll('"', '""')}"`
  const parts: string[] = []
  for (const text of [name, keyword]) if (text !== undefined && !isSearchable(text)) return undefined
  if (name !== undefined) parts.push(`{common_name} : ${phrase(name)}`)
  if (keyword !== undefined) parts.push(`{common_name id${isNoName(keyword) ? '' : ' sans'}} : ${phrase(keyword)}`)
  return parts.length === 0 ? undefined : parts.map((part) => `(${part})`).join(' AND ')
}

/** A zero would end the query. */
const isSearchable = (text: string): boolean => /^[^\0]{3,}$/u.test(text)

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => (answer ??= read())
}
