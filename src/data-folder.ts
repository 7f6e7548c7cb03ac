import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { newAccount } from './iam/index.ts'
import { newUuid, wallClock } from './kernel/index.ts'
import {
  createKeyring,
  createMasterKey,
  KeyringError,
  loadMasterKey,
  MasterKeyError,
  openKeyring,
  Passwords,
  SealedProvider,
  Sealer,
  type Keyring,
  type MasterKey,
} from './keys/index.ts'
import {
  DirectCommitter,
  iamStore,
  keyStore,
  metaStore,
  migrateSqlite,
  SchemaTooNew,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
  type Database,
} from './storage/index.ts'

/** The data folder cannot be used; the message is one sentence for the operator. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** Whether there is data of ours in the folder. @throws DataFolderError when what is there cannot be read */
export function holdsData(folder: string): boolean {
  const path = join(folder, databaseName)
  return existsSync(path) && hasInstance(path)
}

export interface OpenDataFolder {
  masterKey: MasterKey
  keyring: Keyring
  /** Set by the start that made the folder: where the first credentials lie. */
  firstCredentialsPath: string
  isNew: boolean
  accountId: string
  /** What the emulator's clock showed when it was last set, as JSON. */
  emulatorClock: string | undefined
}

/** A folder that holds all the data, and belongs to one process. */
export interface OwnDataFolder extends OpenDataFolder {
  databasePath: string
  /** Lets go of the folder for another process. */
  release(): void
}

/** Keys of single values in the database. */
export const metaKeys = {
  instance: 'instance.id',
  keyring: 'instance.keyring',
  controlKey: 'instance.control-key',
  emulator: 'instance.emulator',
  emulatorClock: 'emulator.clock',
  auditKey: 'audit.key',
} as const

/** Owns what belongs to no tenant: the control key. */
export const instanceAccount = 'instance'

export const databaseName = 'certkeep.db'
/** In a folder whose data is in a database elsewhere (shared-folder.ts). */
export const belongsToName = 'instance.json'

/**
 * Makes the data folder usable by this process, and by no other, until {@link OwnDataFolder.release}: lock, master key,
 * schema, keyring; on a new folder also the first account. A crash at any point leaves a folder that the next start
 * completes; a folder that has data is never given a new master key or keyring.
 * @param emulate whether the data may be an emulator's; `either` for what does not care, on a folder that has data
 * @throws DataFolderError
 */
export async function openDataFolder(
  folder: string,
  { emulate, environment }: { emulate: boolean | 'either'; environment: Readonly<Record<string, string | undefined>> },
): Promise<OwnDataFolder> {
  await makeFolder(folder)
  if (existsSync(join(folder, belongsToName)))
    throw new DataFolderError(
      `The keys in ${folder} belong to data in PostgreSQL: name the database with --database, or another folder with --data.`,
    )
  const lock = takeLock(folder)
  try {
    return await openLocked(folder, emulate, environment, () => lock.close())
  } catch (error) {
    lock.close()
    throw asFolderError(error)
  }
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new DataFolderError(`The data folder ${folder} cannot be made (${reasonOf(error)}).`)
  })
}

/** What the keys' side refuses is a sentence for the operator already. */
export const asFolderError = (error: unknown): unknown =>
  error instanceof MasterKeyError || error instanceof KeyringError ? new DataFolderError(error.message) : error

async function openLocked(
  folder: string,
  emulate: boolean | 'either',
  environment: Readonly<Record<string, string | undefined>>,
  release: () => void,
): Promise<OwnDataFolder> {
  const databasePath = join(folder, databaseName)
  const initialised = holdsData(folder)
  const masterKey = await masterKeyOf(folder, environment, initialised)
  const sealer = new Sealer({ current: masterKey })
  const writer = openDatabase(databasePath, folder)
  const reader = new SqliteReader(databasePath)
  try {
    const db = sqliteDatabase(reader, new DirectCommitter(writer))
    const keyring = await (initialised ? openKeyring : createKeyring)({ dataFolder: folder, sealer })
    await keyring.removeUnfinished()
    if (!initialised) await makeInstance({ db, folder, keyring, sealer, emulate, instanceId: newUuid() })
    return {
      ...(await openInstance({ db, folder, keyring, masterKey, emulate })),
      databasePath,
      isNew: !initialised,
      release,
    }
  } finally {
    reader.close()
    writer.close()
  }
}

/** The master key of the folder; a new one only where there is no data yet. @throws DataFolderError, MasterKeyError */
export async function masterKeyOf(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  initialised: boolean,
): Promise<MasterKey> {
  const loaded = await loadMasterKey({ dataFolder: folder, environment })
  if (loaded.status === 'loaded') return loaded.masterKey
  if (initialised)
    throw new DataFolderError(
      `The master key ${loaded.path} is missing, and without it the data in ${folder} cannot be opened: put the file back, or name it in CERTKEEP_MASTER_KEY_FILE.`,
    )
  return createMasterKey({ dataFolder: folder })
}

interface InstanceParts {
  db: Database
  folder: string
  keyring: Keyring
  emulate: boolean | 'either'
}

const credentialsPath = (folder: string): string => join(folder, 'first-credentials.json')

/** Fills an empty database: the first account, the control key, and what the instance is. All of it or nothing. */
export async function makeInstance(parts: InstanceParts & { sealer: Sealer; instanceId: string }): Promise<void> {
  const { db, folder, keyring, sealer, emulate, instanceId } = parts
  const meta = metaStore(db)
  const { writes, credentials } = await newAccount(
    { iam: iamStore(db), passwords: new Passwords(), sealer, domainClock: wallClock },
    { accountName: 'certkeep', userName: 'admin', password: randomBytes(18).toString('base64url') },
  )
  const control = await newControlKey(keyring)
  // Before the commit that makes them valid, and durable: else a crash could leave an account that nobody can enter.
  await writeDurably(credentialsPath(folder), credentials)
  await db.commit([
    ...writes,
    keyStore(db).insert(control),
    meta.write(metaKeys.controlKey, control.id),
    meta.write(metaKeys.keyring, keyring.id),
    meta.write(metaKeys.emulator, emulate === true ? 'yes' : 'no'),
    meta.write(metaKeys.instance, instanceId),
  ])
}

/** Checks that database, keyring and the way of starting fit each other. @throws DataFolderError */
export async function openInstance(
  parts: InstanceParts & { masterKey: MasterKey },
): Promise<Omit<OpenDataFolder, 'isNew'>> {
  const { db, folder, keyring, masterKey, emulate } = parts
  const meta = metaStore(db)
  if ((await meta.read(metaKeys.keyring)) !== keyring.id)
    throw new DataFolderError(`The keyring in ${folder} belongs to another instance than the database.`)
  const isEmulated = (await meta.read(metaKeys.emulator)) === 'yes'
  if (isEmulated && emulate === false)
    throw new DataFolderError(
      `The data in ${folder} was made by the emulator and is not fit for earnest: say --emulate, or name another folder.`,
    )
  if (!isEmulated && emulate === true)
    throw new DataFolderError(
      `The data in ${folder} was made in earnest and the emulator does not touch it: name another folder with --data.`,
    )
  const account = await iamStore(db).firstAccount()
  return {
    masterKey,
    keyring,
    firstCredentialsPath: credentialsPath(folder),
    accountId: account!.id,
    emulatorClock: await meta.read(metaKeys.emulatorClock),
  }
}

/**
 * A lock that the operating system takes back when the process dies, however it dies: SQLite's own file locks, on a
 * database of no other use.
 */
function takeLock(folder: string): DatabaseSync {
  const path = join(folder, 'lock')
  let lock: DatabaseSync
  try {
    lock = new DatabaseSync(path)
  } catch (error) {
    throw new DataFolderError(`The data folder ${folder} cannot be written (${reasonOf(error)}).`)
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT')
    return lock
  } catch {
    lock.close()
    throw new DataFolderError(
      `Another process is serving the data folder ${folder}; stop it first, or name another folder with --data.`,
    )
  }
}

function hasInstance(path: string): boolean {
  const connection = new DatabaseSync(path)
  try {
    const table = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get()
    return (
      table !== undefined && connection.prepare('SELECT 1 FROM meta WHERE key = ?').get(metaKeys.instance) !== undefined
    )
  } catch (error) {
    throw new DataFolderError(`The database ${path} cannot be read (${reasonOf(error)}).`)
  } finally {
    connection.close()
  }
}

function openDatabase(path: string, folder: string): SqliteWriter {
  try {
    const writer = new SqliteWriter(path)
    migrateSqlite(writer.connection, wallClock.now())
    return writer
  } catch (error) {
    if (error instanceof SchemaTooNew)
      throw new DataFolderError(`The data in ${folder} was written by a newer version of Certkeep: ${error.message}.`)
    throw new DataFolderError(`The database ${path} cannot be opened (${reasonOf(error)}).`)
  }
}

async function newControlKey(keyring: Keyring) {
  const id = newUuid()
  const algorithm = 'p256' as const
  const { spki, sealedPrivateKey } = await new SealedProvider({ keyring }).generate({
    keyId: id,
    accountId: instanceAccount,
    algorithm,
  })
  return {
    id,
    accountId: instanceAccount,
    algorithm,
    spki,
    sealedPrivateKey,
    state: 'live' as const,
    createdAt: wallClock.now(),
    destroyedAt: null,
  }
}

/** A small JSON file for its owner alone, whole or not there at all. */
export async function writeDurably(path: string, content: unknown): Promise<void> {
  const unfinished = `${path}.unfinished`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
