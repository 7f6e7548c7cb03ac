import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  asFolderError,
  belongsToName,
  databaseName,
  DataFolderError,
  makeFolder,
  makeInstance,
  masterKeyOf,
  metaKeys,
  openInstance,
  writeDurably,
  type OpenDataFolder,
} from './data-folder.ts'
import { minute, newUuid, wallClock } from './kernel/index.ts'
import { createKeyring, masterKeysIn, openKeyring, Sealer, type Keyring } from './keys/index.ts'
import {
  checkServer,
  isDatabaseFailure,
  keyStore,
  metaStore,
  migratePostgres,
  openPool,
  postgresDatabase,
  processStore,
  SchemaTooNew,
  type Database,
} from './storage/index.ts'

/** Every date of a life cycle is judged by the clock of whoever comes first, so they must not be far apart. */
const toleratedClockDifference = minute
/** Any number; whoever opens the database waits here for another who does. */
const openingLock = 4_921_077_181

export interface BelongsTo {
  instance: string
  /** `making`: the database may not know of the instance yet; `made`: it does, or it is another database; `restoring`: a restore was begun. */
  state: 'making' | 'made' | 'restoring'
}

export interface SharedFolderOptions {
  emulate: boolean | 'either'
  environment: Readonly<Record<string, string | undefined>>
  /** The URL of the database. */
  database: string
  /** Under which this process begins its lease. */
  processId: string
  leaseMs: number
}

/**
 * Opens a folder that holds master key and keyring while the data is in PostgreSQL. Several processes may have it open at
 * once, on one machine or through a shared volume; it must be the same folder for all of them, for what one destroys must
 * be gone for all. A crash at any point leaves what the next start completes; a folder or a database that belongs to
 * another is refused.
 * @throws DataFolderError
 */
export async function openSharedFolder(folder: string, options: SharedFolderOptions): Promise<OpenDataFolder> {
  await makeFolder(folder)
  if (existsSync(join(folder, databaseName)))
    throw new DataFolderError(
      `The folder ${folder} holds data of its own (${databaseName}): start without --database, or name another folder with --data.`,
    )
  const pool = openPool({ url: options.database, size: 4, patient: true })
  try {
    await checkServer(pool)
    const opening = await pool.connect()
    try {
      await opening.query('SELECT pg_advisory_lock($1)', [openingLock])
      await migratePostgres(pool, wallClock.now())
      return await openOnly(folder, options, postgresDatabase(pool))
    } finally {
      opening.release(true) // ends the session, and the lock with it
    }
  } catch (error) {
    throw asDatabaseError(asFolderError(error))
  } finally {
    await pool.end()
  }
}

async function openOnly(folder: string, options: SharedFolderOptions, db: Database): Promise<OpenDataFolder> {
  const { emulate, environment, processId, leaseMs } = options
  const instance = await metaStore(db).read(metaKeys.instance)
  const belongsTo = await readBelongsTo(folder)
  if (belongsTo?.state === 'restoring')
    throw new DataFolderError(`A restore into ${folder} was begun and not finished: run it again.`)
  refuseStrangers(folder, instance, belongsTo)
  const masterKey = await masterKeyOf(folder, environment, instance !== undefined)
  const sealer = new Sealer({ current: masterKey, others: masterKeysIn(folder, environment) })
  const processes = processStore(db, metaKeys.emulatorClock)
  const { now: databaseNow, processes: others } = await processes.glance()
  refuseOtherTime(databaseNow)

  const keyring = await (instance === undefined ? createKeyring : openKeyring)({ dataFolder: folder, sealer })
  // What another process is just making looks unfinished too.
  if (others === 0) await keyring.removeUnfinished()
  const instanceId = instance ?? belongsTo?.instance ?? newUuid()
  if (instance === undefined) {
    await writeDurably(join(folder, belongsToName), { instance: instanceId, state: 'making' } satisfies BelongsTo)
    await makeInstance({ db, folder, keyring, sealer, emulate, instanceId })
  }
  if (belongsTo?.state !== 'made')
    await writeDurably(join(folder, belongsToName), { instance: instanceId, state: 'made' } satisfies BelongsTo)
  const opened = await openInstance({ db, folder, keyring, emulate })
  await refuseCopy(folder, keyring, db)
  await processes.hold(processId, leaseMs)
  return { ...opened, isNew: instance === undefined }
}

export async function readBelongsTo(folder: string): Promise<BelongsTo | undefined> {
  const path = join(folder, belongsToName)
  if (!existsSync(path)) return undefined
  try {
    const { instance, state } = JSON.parse(await readFile(path, 'utf8')) as Partial<BelongsTo>
    if (typeof instance === 'string' && (state === 'making' || state === 'made' || state === 'restoring'))
      return { instance, state }
  } catch {
    // says the same as a content that is none
  }
  throw new DataFolderError(`The file ${path} cannot be read, and without it nobody knows whose keys are in ${folder}.`)
}

function refuseStrangers(folder: string, instance: string | undefined, belongsTo: BelongsTo | undefined): void {
  if (instance === undefined && belongsTo?.state === 'made')
    throw new DataFolderError(
      `The database is empty, and the keys in ${folder} belong to data in another: check --database, or name another folder with --data.`,
    )
  if (instance !== undefined && belongsTo !== undefined && belongsTo.instance !== instance)
    throw new DataFolderError(
      `The keys in ${folder} belong to another instance than the database: check --database and --data.`,
    )
}

function refuseOtherTime(databaseNow: number): void {
  const seconds = Math.round((wallClock.now() - databaseNow) / 1_000)
  if (Math.abs(seconds) * 1_000 > toleratedClockDifference)
    throw new DataFolderError(
      `The clock of this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} that of the database: set them right first.`,
    )
}

/** A copy of the keyring falls behind with the first key that another process makes. */
async function refuseCopy(folder: string, keyring: Keyring, db: Database): Promise<void> {
  const here = new Set(await keyring.list())
  // A restored instance may have come back without some of its keys, and knows which.
  const lost = new Set(JSON.parse((await metaStore(db).read(metaKeys.absentKeys)) ?? '[]') as string[])
  const missing = (await keyStore(db).liveIds()).filter((id) => !here.has(id) && !lost.has(id))
  if (missing.length > 0)
    throw new DataFolderError(
      `The keyring in ${folder} lacks ${missing.length} of the keys, ${missing[0]} for one: all processes need the same folder, not copies of it.`,
    )
}

export function asDatabaseError(error: unknown): unknown {
  if (error instanceof SchemaTooNew)
    return new DataFolderError(`The data in the database was written by a newer version of Certkeep: ${error.message}.`)
  if (!isDatabaseFailure(error)) return error
  // A refused connection to a name with several addresses has its reasons inside.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  return new DataFolderError(`The database cannot be used (${first?.message ?? error.message}).`)
}
