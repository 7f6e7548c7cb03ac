import type { Problem, Write } from '../kernel/index.ts'
import type { Database } from './database.ts'

/** What this instance is and last knew of the time: single values under fixed keys. */
export interface MetaStore {
  read(key: string): Promise<string | undefined>
  write(key: string, value: string): Write
  /** Of two who write a value for the first time, the second is told that it is `taken`. */
  create(key: string, value: string, taken: Problem): Write
}

export function metaStore(db: Database): MetaStore {
  const read = db.query<{ key: string }>()((q, p) => q.selectFrom('meta').select('value').where('key', '=', p.key))
  const write = db.write<{ key: string; value: string }>()((q, p) =>
    q
      .insertInto('meta')
      .values({ key: p.key, value: p.value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: p.value })),
  )
  const create = db.write<{ key: string; value: string }>()((q, p) =>
    q
      .insertInto('meta')
      .values({ key: p.key, value: p.value })
      .onConflict((conflict) => conflict.column('key').doNothing()),
  )
  return {
    create: (key, value, taken) => create({ key, value }, 1, taken),
    read: async (key) => (await read.first({ key }))?.value,
    write: (key, value) => write({ key, value }),
  }
}
