import { sql } from 'kysely'
import { problem, type Write } from '../kernel/index.ts'
import type { SealingPurpose } from '../keys/index.ts'
import type { Database } from './database.ts'

/** A value of the database that is sealed under a master key. */
export interface SealedValue {
  /** Names the row among those of its kind, in order. */
  readonly key: string | number
  readonly purpose: SealingPurpose
  readonly context: readonly string[]
  readonly sealed: Uint8Array
}

/** Values of one kind, page by page in the order of their keys. */
export interface SealedKind {
  readonly name: string
  /** @param after the last key of the page before; undefined for the first */
  page(after: string | number | undefined, limit: number): Promise<SealedValue[]>
  /** Holds only while the value is as it was read. */
  replace(value: SealedValue, sealed: Uint8Array): Write
}

const changed = problem('ChangedMeanwhile')

/** A sealed value in base64, in a member of a single value's JSON. */
export interface SealedMember {
  readonly key: string
  readonly member: string
  readonly purpose: SealingPurpose
  readonly context: readonly string[]
}

/**
 * Every kind of value that a rotation of the master key has to seal anew. A new sealed column belongs here.
 * @param members those among the single values
 */
export function sealedValues(db: Database, members: readonly SealedMember[]): SealedKind[] {
  const accessKeys = db.query<{ after: string; limit: number }>()((q, p) =>
    q
      .selectFrom('access_keys')
      .select(['id', 'account_id', 'sealed_secret'])
      .where('id', '>', p.after)
      .orderBy('id')
      .limit(p.limit),
  )
  const sessions = db.query<{ after: string; limit: number }>()((q, p) =>
    q
      .selectFrom('sessions')
      .select(['access_key_id', 'account_id', 'sealed_secret'])
      .where('access_key_id', '>', p.after)
      .orderBy('access_key_id')
      .limit(p.limit),
  )
  const certificates = db.query<{ after: number; limit: number }>()((q, p) =>
    q
      .selectFrom('certificates')
      .select(['seq', 'id', 'account_id', 'sealed_private_key'])
      .where('seq', '>', p.after)
      .orderBy('seq')
      .limit(p.limit),
  )
  const responders = db.query<{ after: string; limit: number }>()((q, p) =>
    q
      .selectFrom('ocsp_responders')
      .select(['ca_id', 'sealed_private_key'])
      .where('ca_id', '>', p.after)
      .orderBy('ca_id')
      .limit(p.limit),
  )
  const setResponder = db.write<{ key: string; was: Uint8Array; sealed: Uint8Array }>()((q, p) =>
    q
      .updateTable('ocsp_responders')
      .set({ sealed_private_key: p.sealed })
      .where('ca_id', '=', p.key)
      .where('sealed_private_key', '=', p.was),
  )
  const setAccessKey = db.write<{ key: string; was: Uint8Array; sealed: Uint8Array }>()((q, p) =>
    q
      .updateTable('access_keys')
      .set({ sealed_secret: p.sealed })
      .where('id', '=', p.key)
      .where('sealed_secret', '=', p.was),
  )
  const setSession = db.write<{ key: string; was: Uint8Array; sealed: Uint8Array }>()((q, p) =>
    q
      .updateTable('sessions')
      .set({ sealed_secret: p.sealed })
      .where('access_key_id', '=', p.key)
      .where('sealed_secret', '=', p.was),
  )
  const setCertificate = db.write<{ key: number; was: Uint8Array; sealed: Uint8Array }>()((q, p) =>
    q
      .updateTable('certificates')
      .set({ sealed_private_key: p.sealed })
      .where('seq', '=', p.key)
      .where('sealed_private_key', '=', p.was),
  )
  return [
    {
      name: 'access keys',
      page: async (after = '', limit) =>
        (await accessKeys.all({ after: String(after), limit })).map((row) => ({
          key: row.id,
          purpose: 'access-key-secret',
          context: [row.account_id, row.id],
          sealed: row.sealed_secret,
        })),
      replace: ({ key, sealed: was }, sealed) => setAccessKey({ key: String(key), was, sealed }, 1, changed),
    },
    {
      name: 'temporary keys',
      page: async (after = '', limit) =>
        (await sessions.all({ after: String(after), limit })).map((row) => ({
          key: row.access_key_id,
          purpose: 'session-secret',
          context: [row.account_id, row.access_key_id],
          sealed: row.sealed_secret,
        })),
      replace: ({ key, sealed: was }, sealed) => setSession({ key: String(key), was, sealed }, 1, changed),
    },
    {
      name: 'private keys of certificates',
      page: async (after = 0, limit) =>
        (await certificates.all({ after: Number(after), limit })).map((row) => ({
          key: row.seq,
          purpose: 'certificate-key',
          context: [row.account_id, row.id],
          // A row without a key is passed over by its empty value, so that a page is as long as it was asked for.
          sealed: row.sealed_private_key ?? new Uint8Array(0),
        })),
      replace: ({ key, sealed: was }, sealed) => setCertificate({ key: Number(key), was, sealed }, 1, changed),
    },
    {
      name: 'keys of OCSP responders',
      page: async (after = '', limit) =>
        (await responders.all({ after: String(after), limit })).map((row) => ({
          key: row.ca_id,
          purpose: 'ocsp-responder-key',
          context: [row.ca_id],
          sealed: row.sealed_private_key,
        })),
      replace: ({ key, sealed: was }, sealed) => setResponder({ key: String(key), was, sealed }, 1, changed),
    },
    ...members.map((member) => sealedMember(db, member)),
  ]
}

function sealedMember(db: Database, { key, member, purpose, context }: SealedMember): SealedKind {
  const value = db.query<{ key: string }>()((q, p) => q.selectFrom('meta').select('value').where('key', '=', p.key))
  const set = db.write<{ key: string; was: string; value: string }>()((q, p) =>
    q.updateTable('meta').set({ value: p.value }).where('key', '=', p.key).where('value', '=', p.was),
  )
  let text = ''
  return {
    name: key,
    async page(after) {
      text = (after === undefined && (await value.first({ key }))?.value) || ''
      const sealed = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)[member]
      return typeof sealed === 'string' ? [{ key, purpose, context, sealed: Buffer.from(sealed, 'base64') }] : []
    },
    replace: (_value, sealed) => {
      const next = { ...(JSON.parse(text) as object), [member]: Buffer.from(sealed).toString('base64') }
      return set({ key, was: text, value: JSON.stringify(next) }, 1, changed)
    },
  }
}

/**
 * Where in the database something is still sealed under a master key: every column of bytes, and the single values, which hold
 * such a value in base64. Does not depend on knowing what is sealed.
 * @returns as `table.column`, or the key of a single value
 */
export async function sealedUnder(db: Database, keyId: string): Promise<string[]> {
  const prefix = Buffer.concat([Buffer.of(1), Buffer.from(keyId, 'hex')])
  const found: string[] = []
  for (const { table, column } of await byteColumns(db)) {
    const start = sql`substr(${sql.ref(column)}, 1, ${sql.lit(prefix.length)})`
    const rows = await db.read<{ one: number }>((q) => ({
      compile: () =>
        sql<{ one: number }>`select 1 as one from ${sql.table(table)} where ${start} = ${prefix} limit 1`.compile(q),
    }))
    if (rows.length > 0) found.push(`${table}.${column}`)
  }
  const values = await db.read((q) =>
    q
      .selectFrom('meta')
      .select('key')
      .where('value', 'like', `%${prefix.toString('base64')}%`),
  )
  return [...found, ...values.map(({ key }) => key)]
}

const byteColumns = (db: Database): Promise<{ table: string; column: string }[]> =>
  db.read<{ table: string; column: string }>((q) => ({
    compile: () =>
      (db.engine === 'sqlite'
        ? sql<{
            table: string
            column: string
          }>`select m.name as "table", c.name as "column" from sqlite_master m, pragma_table_info(m.name) c
            where m.type = 'table' and c.type = 'BLOB' order by 1, 2`
        : sql<{
            table: string
            column: string
          }>`select table_name as "table", column_name as "column" from information_schema.columns
            where table_schema = current_schema() and data_type = 'bytea' order by 1, 2`
      ).compile(q),
  }))
