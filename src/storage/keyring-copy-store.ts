import type { KeyringCopy, KeyringCopyStore } from '../keys/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

const columns = columnsOf<Schema['keyring_copies']>()('number', 'made_at', 'place', 'attested_at', 'attested_by')

const toCopy = (row: Schema['keyring_copies']): KeyringCopy => ({
  number: row.number,
  madeAt: row.made_at,
  place: row.place,
  attestedAt: row.attested_at,
  attestedBy: row.attested_by,
})

export function keyringCopyStore(db: Database): KeyringCopyStore {
  const all = db.query<object>()((q) =>
    q
      .selectFrom('keyring_copies')
      .leftJoin('keyring_copy_keys as k', 'k.number', 'keyring_copies.number')
      .selectAll('keyring_copies')
      .select((e) => e.fn.count<number>('k.key_id').as('keys'))
      .groupBy('keyring_copies.number')
      .orderBy('keyring_copies.number', 'desc'),
  )
  const last = db.query<object>()((q) => q.selectFrom('keyring_copies').select((e) => e.fn.max('number').as('number')))
  const holding = db.query<{ keyId: string }>()((q, p) =>
    q
      .selectFrom('keyring_copy_keys as k')
      .innerJoin('keyring_copies as c', 'c.number', 'k.number')
      .select(['c.number as number', 'c.attested_at as attestedAt'])
      .where('k.key_id', '=', p.keyId)
      .orderBy('c.number'),
  )
  const insert = db.write<Schema['keyring_copies']>()((q, p) =>
    q
      .insertInto('keyring_copies')
      .values(bound(p, columns))
      .onConflict((conflict) => conflict.column('number').doNothing()),
  )
  const insertKey = db.write<{ key_id: string; number: number }>()((q, p) =>
    q.insertInto('keyring_copy_keys').values(bound(p, ['key_id', 'number'])),
  )
  const attest = db.write<{ number: number; at: number; by: string }>()((q, p) =>
    q
      .updateTable('keyring_copies')
      .set({ attested_at: p.at, attested_by: p.by })
      .where('number', '=', p.number)
      .where('attested_at', 'is', null),
  )
  return {
    list: async () => (await all.all({})).map((row) => ({ ...toCopy(row), keys: Number(row.keys) })),
    lastNumber: async () => Number((await last.first({}))?.number ?? 0),
    holding: (keyId) => holding.all({ keyId }),
    insert: ({ number, madeAt, place, attestedAt, attestedBy }, keyIds, taken) => [
      insert({ number, made_at: madeAt, place, attested_at: attestedAt, attested_by: attestedBy }, 1, taken),
      ...keyIds.map((keyId) => insertKey({ key_id: keyId, number }, 1, otherwiseBug)),
    ],
    attest: (number, at, by, otherwise) => attest({ number, at, by }, 1, otherwise),
  }
}
