import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, describe } from 'vitest'
import type { Write } from '../kernel/index.ts'
import {
  accountRows,
  alarmStore,
  auditLogStore,
  auditStore,
  caStore,
  certificateStore,
  DirectCommitter,
  guardStore,
  iamStore,
  issuanceLedger,
  jobStore,
  keyStore,
  metaStore,
  migratePostgres,
  migrateSqlite,
  noticeStore,
  openPool,
  postgresDatabase,
  receiptStore,
  responderStore,
  revocationStore,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
  useMarkStore,
  type Database,
} from './index.ts'
import { aPostgresSchema, postgresIsMissing } from './postgres-server.fixture.ts'

/** Every store over one database. */
export const storesOver = (db: Database) => ({
  db,
  commit: (writes: readonly Write[]) => db.commit(writes),
  rows: accountRows(db),
  cas: caStore(db),
  certificates: certificateStore(db),
  ledger: issuanceLedger(db),
  revocations: revocationStore(db),
  responders: responderStore(db),
  keys: keyStore(db),
  audit: auditStore(db),
  auditLog: auditLogStore(db),
  receipts: receiptStore(db),
  jobs: jobStore(db),
  iam: iamStore(db),
  meta: metaStore(db),
  notices: noticeStore(db),
  guards: guardStore(db),
  useMarks: useMarkStore(db),
  alarms: alarmStore(db),
})

type Stores = ReturnType<typeof storesOver>

/** A kind of database that the contract suite runs on. */
export interface Engine {
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

/** Migrated and empty, for the next test: making all the tables takes longer than most tests. */
const madeSchemas: { pool: pg.Pool; drop: () => Promise<void> }[] = []

const postgres: Engine = {
  name: 'postgres',
  async open() {
    const made = madeSchemas.pop() ?? (await makeSchema())
    return {
      ...storesOver(postgresDatabase(made.pool)),
      async [Symbol.asyncDispose]() {
        await emptyAllTables(made.pool)
        madeSchemas.push(made)
      },
    }
  },
}

async function makeSchema() {
  const schema = await aPostgresSchema({ fsync: false })
  const pool = openPool({ url: schema.url, size: 8 })
  await migratePostgres(pool, 0)
  const drop = async () => {
    await pool.end()
    await schema[Symbol.asyncDispose]()
  }
  return { pool, drop }
}

/** In one statement, so that it does not matter which table refers to which. */
async function emptyAllTables(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migrations'`,
  )
  const deletions = rows.map(({ name }) => `delete_${name} AS (DELETE FROM "${name}")`)
  await pool.query(`WITH ${deletions.join(', ')} SELECT 1`)
}

/** A contract holds on each of these. One more engine is one more entry. */
const engines: readonly (Engine & { missing?: string | undefined })[] = [
  sqlite,
  { ...postgres, missing: postgresIsMissing },
]

/** `suite` once for each engine; an engine that this machine has not got is skipped by its name. */
export function onEveryEngine(title: (engine: string) => string, suite: (engine: Engine) => void): void {
  for (const { missing, ...engine } of engines)
    describe.skipIf(missing !== undefined)(
      `${title(engine.name)}${missing === undefined ? '' : ` (${missing})`}`,
      () => {
        afterAll(async () => {
          await Promise.all(madeSchemas.splice(0).map(({ drop }) => drop()))
        })
        suite(engine)
      },
    )
}

/** A folder for a database file that is not there yet. */
export async function aDatabaseFolder(): Promise<{ database: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'certkeep-storage-'))
  return {
    database: join(folder, 'certkeep.db'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
