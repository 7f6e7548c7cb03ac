import type { CaKey, KeyStore } from '../keys/index.ts'
import { createHash } from 'node:crypto'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

const keyColumns = columnsOf<Schema['keys']>()(
  'id',
  'account_id',
  'algorithm',
  'spki',
  'spki_sha256',
  'sealed_private_key',
  'state',
  'created_at',
  'destroyed_at',
)

const hashOf = (spki: Uint8Array): Buffer => createHash('sha256').update(spki).digest()

const toKey = (row: Schema['keys']): CaKey => ({
  id: row.id,
  accountId: row.account_id,
  algorithm: row.algorithm as CaKey['algorithm'],
  spki: row.spki,
  sealedPrivateKey: row.sealed_private_key,
  state: row.state as CaKey['state'],
  createdAt: row.created_at,
  destroyedAt: row.destroyed_at,
})

export function keyStore(db: Database): KeyStore {
  const find = db.query<{ id: string }>()((q, p) => q.selectFrom('keys').selectAll().where('id', '=', p.id))
  const live = db.query<object>()((q) => q.selectFrom('keys').select('id').where('state', '=', 'live'))
  const sameKey = db.query<{ hash: Uint8Array }>()((q, p) =>
    q.selectFrom('keys').select('id').where('spki_sha256', '=', p.hash),
  )
  const condemned = db.query<object>()((q) => q.selectFrom('keys').selectAll().where('state', '=', 'condemned'))
  const insert = db.write<Schema['keys']>()((q, p) => q.insertInto('keys').values(bound(p, keyColumns)))
  const condemn = db.write<{ id: string }>()((q, p) =>
    q.updateTable('keys').set({ state: 'condemned' }).where('id', '=', p.id).where('state', '=', 'live'),
  )
  const destroyed = db.write<{ id: string; at: number }>()((q, p) =>
    q
      .updateTable('keys')
      .set({ state: 'destroyed', sealed_private_key: null, destroyed_at: p.at })
      .where('id', '=', p.id)
      .where('state', '=', 'condemned'),
  )

  return {
    async find(id) {
      const row = await find.first({ id })
      return row && toKey(row)
    },
    liveIds: async () => (await live.all({})).map(({ id }) => id),
    condemned: async () => (await condemned.all({})).map(toKey),
    unknown: (spki, otherwise) => sameKey.guard({ hash: hashOf(spki) }, otherwise, 0),
    insert: (key) =>
      insert(
        {
          id: key.id,
          account_id: key.accountId,
          algorithm: key.algorithm,
          spki: key.spki,
          spki_sha256: hashOf(key.spki),
          sealed_private_key: key.sealedPrivateKey,
          state: key.state,
          created_at: key.createdAt,
          destroyed_at: key.destroyedAt,
        },
        1,
        otherwiseBug,
      ),
    condemn: (id, otherwise) => condemn({ id }, 1, otherwise),
    destroyed: (id, at, otherwise) => destroyed({ id, at }, 1, otherwise),
  }
}
