import type { Write } from '../kernel/index.ts'
import type { Database } from './database.ts'

/** What this instance is and last knew of the time: single values under fixed keys. */
export interface MetaStore {
  read(key: string): Promise<string | undefined>
  write(key: string, value: string): Write
}

export function metaStore(db: Database): MetaStore {
  const read = db.query<{ key: string }>()((q, p) => q.selectFrom('meta').select('value').where('key', '=', p.key))
  const write = db.write<{ key: string; value: string }>()((q, p) =>
    q
      .insertInto('meta')
      .values({ key: p.key, value: p.value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: p.value })),
  )
  return {
    read: async (key) => (await read.first({ key }))?.value,
    write: (key, value) => write({ key, value }),
  }
}
