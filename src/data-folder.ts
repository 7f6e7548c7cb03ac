import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { newAccount, type FirstCredentials } from './iam/index.ts'
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
  databasePath: string
  masterKey: MasterKey
  keyring: Keyring
  /** Set by the start that made the folder: where the first credentials lie. */
  firstCredentialsPath: string
  isNew: boolean
  accountId: string
  /** What the emulator's clock showed when it was last set, as JSON. */
  emulatorClock: string | undefined
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
} as const

/** Owns what belongs to no tenant: the control key. */
export const instanceAccount = 'instance'

const databaseName = 'certkeep.db'
const credentialsName = 'first-credentials.json'

/**
 * Makes the data folder usable by this process, and by no other, until {@link OpenDataFolder.release}: lock, master key,
 * schema, keyring; on a new folder also the first account. A crash at any point leaves a folder that the next start
 * completes; a folder that has data is never given a new master key or keyring.
 * @param emulate whether the data may be an emulator's; `either` for what does not care, on a folder that has data
 * @throws DataFolderError
 */
export async function openDataFolder(
  folder: string,
  { emulate, environment }: { emulate: boolean | 'either'; environment: Readonly<Record<string, string | undefined>> },
): Promise<OpenDataFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new DataFolderError(`The data folder ${folder} cannot be made (${reasonOf(error)}).`)
  })
  const lock = takeLock(folder)
  try {
    return await openLocked(folder, emulate, environment, () => lock.close())
  } catch (error) {
    lock.close()
    if (error instanceof MasterKeyError || error instanceof KeyringError) throw new DataFolderError(error.message)
    throw error
  }
}

async function openLocked(
  folder: string,
  emulate: boolean | 'either',
  environment: Readonly<Record<string, string | undefined>>,
  release: () => void,
): Promise<OpenDataFolder> {
  const databasePath = join(folder, databaseName)
  const initialised = holdsData(folder)
  const loaded = await loadMasterKey({ dataFolder: folder, environment })
  if (loaded.status === 'missing' && initialised)
    throw new DataFolderError(
      `The master key ${loaded.path} is missing, and without it the data in ${folder} cannot be opened: put the file back, or name it in CERTKEEP_MASTER_KEY_FILE.`,
    )
  const masterKey = loaded.status === 'loaded' ? loaded.masterKey : await createMasterKey({ dataFolder: folder })
  const sealer = new Sealer({ current: masterKey })
  const writer = openDatabase(databasePath, folder)
  const reader = new SqliteReader(databasePath)
  try {
    const db = sqliteDatabase(reader, new DirectCommitter(writer))
    const meta = metaStore(db)
    const keyring = await (initialised ? openKeyring : createKeyring)({ dataFolder: folder, sealer })
    await keyring.removeUnfinished()
    const credentialsPath = join(folder, credentialsName)
    if (!initialised) {
      const { writes, credentials } = await newAccount(
        { iam: iamStore(db), passwords: new Passwords(), sealer, domainClock: wallClock },
        { accountName: 'certkeep', userName: 'admin', password: randomBytes(18).toString('base64url') },
      )
      const control = await newControlKey(keyring)
      await writeCredentials(credentialsPath, credentials)
      await db.commit([
        ...writes,
        keyStore(db).insert(control),
        meta.write(metaKeys.controlKey, control.id),
        meta.write(metaKeys.keyring, keyring.id),
        meta.write(metaKeys.emulator, emulate === true ? 'yes' : 'no'),
        meta.write(metaKeys.instance, newUuid()),
      ])
    }
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
      databasePath,
      masterKey,
      keyring,
      firstCredentialsPath: credentialsPath,
      isNew: !initialised,
      accountId: account!.id,
      emulatorClock: await meta.read(metaKeys.emulatorClock),
      release,
    }
  } finally {
    reader.close()
    writer.close()
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

/** Before the commit that makes them valid, and durable: else a crash could leave an account that nobody can enter. */
export async function writeCredentials(path: string, credentials: FirstCredentials): Promise<void> {
  const unfinished = `${path}.unfinished`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(`${JSON.stringify(credentials, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
