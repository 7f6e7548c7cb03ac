import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Write } from '../kernel/index.ts'
import {
  auditStore,
  caStore,
  certificateStore,
  DirectCommitter,
  iamStore,
  issuanceLedger,
  jobStore,
  keyStore,
  metaStore,
  migrateSqlite,
  noticeStore,
  revocationStore,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
  type Database,
} from './index.ts'

/** Every store over one database. */
export const storesOver = (db: Database) => ({
  db,
  commit: (writes: readonly Write[]) => db.commit(writes),
  cas: caStore(db),
  certificates: certificateStore(db),
  ledger: issuanceLedger(db),
  revocations: revocationStore(db),
  keys: keyStore(db),
  audit: auditStore(db),
  jobs: jobStore(db),
  iam: iamStore(db),
  meta: metaStore(db),
  notices: noticeStore(db),
})

type Stores = ReturnType<typeof storesOver>

/** A kind of database that the contract suite runs on. */
interface Engine {
  readonly name: Database['engine']
  /** A migrated, empty database that is gone at the end of the scope. */
  open(): Promise<Stores & AsyncDisposable>
}

const sqlite: Engine = {
  name: 'sqlite',
  async open() {
    const folder = await aDatabaseFolder()
    const writer = new SqliteWriter(folder.database)
    migrateSqlite(writer.connection, 0)
    const reader = new SqliteReader(folder.database)
    return {
      ...storesOver(sqliteDatabase(reader, new DirectCommitter(writer))),
      async [Symbol.asyncDispose]() {
        reader.close()
        writer.close()
        await folder[Symbol.asyncDispose]()
      },
    }
  },
}

/** A contract holds on each of these. One more engine is one more entry. */
export const engines: readonly Engine[] = [sqlite]

/** A folder for a database file that is not there yet. */
export async function aDatabaseFolder(): Promise<{ database: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'certkeep-storage-'))
  return {
    database: join(folder, 'certkeep.db'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
