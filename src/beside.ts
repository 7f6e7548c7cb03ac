import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { databaseName, DataFolderError, holdsData, metaKeys } from './data-folder.ts'
import { DomainClock, wallClock, type Clock } from './kernel/index.ts'
import {
  DirectCommitter,
  isCurrent,
  isDatabaseFailure,
  metaStore,
  openPool,
  postgresDatabase,
  postgresSnapshot,
  sqliteDatabase,
  SqliteReader,
  sqliteSnapshot,
  SqliteWriter,
  type Database,
  type Snapshot,
} from './storage/index.ts'

/** The data, for a command that runs beside the service: it reads as it likes and writes single rows. */
export interface Beside {
  db: Database
  instanceId: string
  lineage: string
  domainClock: Clock
  snapshot(): Promise<Snapshot>
  close(): Promise<void>
}

/**
 * Opens the data without the lock of the folder, so that it can be served at the same time; changes no schema.
 * @param database URL of the PostgreSQL database, where the data is in one
 * @throws DataFolderError when there is no data, or it was written by another version
 */
export async function openBeside(folder: string, database: string | undefined): Promise<Beside> {
  const opened = database === undefined ? openSqlite(folder) : openPostgres(database)
  try {
    const snapshot = await opened.snapshot()
    await snapshot.close()
    if (!isCurrent(snapshot.migrations))
      throw new DataFolderError(
        'The data was written by an older version of Certkeep: start the service once, then try again.',
      )
    const meta = metaStore(opened.db)
    const instanceId = await meta.read(metaKeys.instance)
    if (instanceId === undefined) throw new DataFolderError('The database holds no data of Certkeep.')
    const lineage = (await meta.read(metaKeys.lineage)) ?? instanceId
    const domainClock = new DomainClock(wallClock)
    const moved = await meta.read(metaKeys.emulatorClock)
    if (moved !== undefined) domainClock.restore(JSON.parse(moved) as ReturnType<DomainClock['state']>)
    return { ...opened, instanceId, lineage, domainClock }
  } catch (error) {
    await opened.close()
    if (error instanceof DataFolderError || !isDatabaseFailure(error)) throw error
    throw new DataFolderError(`The database cannot be used (${error.message}).`)
  }
}

function openSqlite(folder: string) {
  const path = join(folder, databaseName)
  if (!existsSync(path) || !holdsData(folder))
    throw new DataFolderError(`There is no data of Certkeep in ${folder}; name the folder with --data.`)
  const writer = new SqliteWriter(path, { checkpoints: false })
  const reader = new SqliteReader(path)
  return {
    db: sqliteDatabase(reader, new DirectCommitter(writer)),
    snapshot: () => sqliteSnapshot(path),
    close() {
      reader.close()
      writer.close()
      return Promise.resolve()
    },
  }
}

function openPostgres(url: string) {
  const pool = openPool({ url, size: 2, patient: true })
  return { db: postgresDatabase(pool), snapshot: () => postgresSnapshot(pool), close: () => pool.end() }
}
