import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { auditTrail, type NoteSigner } from './audit/index.ts'
import { auditSigner } from './audit-key.ts'
import {
  BackupError,
  DataReader,
  emptyReport,
  livingOwner,
  mergeEntry,
  mirrorEntries,
  quarantineOf,
  quarantineText,
  quarantineKey,
  quarantineWrite,
  readBackup,
  type AuditRow,
  type DataHeader,
  type InstanceValues,
  type MergeReport,
  type MirrorPlace,
  type QuarantineRecord,
  type Unlock,
} from './backup/index.ts'
import {
  asFolderError,
  belongsToName,
  databaseName,
  DataFolderError,
  makeFolder,
  masterKeyOf,
  metaKeys,
  restoringName,
  takeLock,
  writeDurably,
} from './data-folder.ts'
import { signedReceipt } from './end-of-life/index.ts'
import { newUuid, problem, wallClock, type Write } from './kernel/index.ts'
import { KeyringError, masterKeysIn, openKeyring, placeKeyring, Sealer, type Keyring } from './keys/index.ts'
import { readKeyringCopy } from './keyring-backup.ts'
import { operatorCaller } from './operator.ts'
import { asDatabaseError, readBelongsTo, type BelongsTo } from './shared-folder.ts'
import {
  auditStore,
  DirectCommitter,
  iamStore,
  keyringCopyStore,
  loadPostgres,
  loadSqlite,
  metaStore,
  openPool,
  postgresDatabase,
  receiptStore,
  restoreStore,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
  type Database,
  type Loading,
} from './storage/index.ts'

/** The steps of a restore in order; a crash after any of them leaves what a second run begins anew or finishes. */
export const restoreSteps = [
  'restore.begun',
  'restore.keyring-placed',
  'restore.loaded',
  'restore.merged',
  'restore.keys-swept',
] as const

export interface RestoreOptions {
  file: string
  unlock: Unlock
  /** A copy of the keyring; undefined where the keyring lies in the folder already. */
  keyringCopy: { file: string; unlock: Unlock } | undefined
  /** Where the audit log was mirrored to. */
  mirror: MirrorPlace | undefined
  /** URL of an empty PostgreSQL database; undefined: SQLite in the folder. */
  database: string | undefined
  environment: Readonly<Record<string, string | undefined>>
  onStep?: ((step: (typeof restoreSteps)[number]) => void) | undefined
}

/**
 * Makes a new instance of a backup: in quarantine, under a new id, with what the audit mirror knows of the time after the
 * backup. The folder holds the master key and nothing else but, perhaps, the keyring.
 * @throws DataFolderError, BackupError
 */
export async function restoreData(folder: string, options: RestoreOptions): Promise<QuarantineRecord> {
  const { mirror, database } = options
  await makeFolder(folder)
  if (existsSync(join(folder, databaseName)))
    throw new DataFolderError(`There is data in ${folder}: restore into another folder.`)
  const owner = mirror && (await livingOwner(mirror, { wallClock, sleep: (ms) => sleep(ms) }))
  if (owner)
    throw new BackupError(
      `The instance that writes the audit mirror ${mirror!.name} is alive: stop it first, for two copies must not serve at once.`,
    )
  try {
    return await (database === undefined ? intoSqlite(folder, options) : intoPostgres(folder, database, options))
  } catch (error) {
    throw asDatabaseError(asFolderError(error))
  }
}

async function intoSqlite(folder: string, options: RestoreOptions): Promise<QuarantineRecord> {
  const { onStep = () => undefined } = options
  if (existsSync(join(folder, belongsToName)))
    throw new DataFolderError(`The keys in ${folder} belong to data in PostgreSQL: restore into another folder.`)
  const lock = takeLock(folder)
  const path = join(folder, restoringName)
  try {
    for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) await rm(name, { force: true })
    await (await open(path, 'w', 0o600)).close()
    onStep('restore.begun')
    const keyring = await bringKeyring(folder, options)
    await load(options, newUuid(), (header) => Promise.resolve(loadSqlite(path, header.migrations, wallClock.now())))
    const writer = new SqliteWriter(path)
    // What makes it durable is the one fsync before the file gets its name.
    writer.connection.exec('PRAGMA synchronous = OFF')
    const reader = new SqliteReader(path)
    let record: QuarantineRecord
    try {
      record = await bringForward(sqliteDatabase(reader, new DirectCommitter(writer)), folder, keyring, options)
    } finally {
      reader.close()
      writer.close() // the last one: the log goes into the database
    }
    await syncPath(path)
    await rename(path, join(folder, databaseName))
    await syncPath(folder)
    return record
  } finally {
    lock.close()
  }
}

async function intoPostgres(folder: string, url: string, options: RestoreOptions): Promise<QuarantineRecord> {
  const { onStep = () => undefined } = options
  const before = await readBelongsTo(folder)
  if (before && before.state !== 'restoring')
    throw new DataFolderError(`The keys in ${folder} belong to an instance already: restore into another folder.`)
  const pool = openPool({ url, size: 3, patient: true })
  try {
    const db = postgresDatabase(pool)
    const instance = before?.instance ?? newUuid()
    const mark = (state: BelongsTo['state']) => writeDurably(join(folder, belongsToName), { instance, state })
    const loaded = await instanceIn(pool)
    if (loaded !== undefined && loaded !== before?.instance)
      throw new DataFolderError('There is data of Certkeep in the database: restore into an empty one.')
    await mark('restoring')
    onStep('restore.begun')
    const keyring = await bringKeyring(folder, options)
    if (loaded === undefined)
      await load(options, instance, (header) => loadPostgres(pool, header.migrations, wallClock.now()))
    const record = await bringForward(db, folder, keyring, options)
    await mark('made')
    return record
  } finally {
    await pool.end()
  }
}

async function instanceIn(pool: ReturnType<typeof openPool>): Promise<string | undefined> {
  const { rows } = await pool.query<{ there: boolean }>(`SELECT to_regclass('meta') IS NOT NULL AS there`)
  return rows[0]!.there ? metaStore(postgresDatabase(pool)).read(metaKeys.instance) : undefined
}

/** The keyring of the folder, put there from a copy if one is given. */
async function bringKeyring(folder: string, { keyringCopy, environment, onStep }: RestoreOptions): Promise<Keyring> {
  const current = await masterKeyOf(folder, environment, true)
  const sealer = new Sealer({ current, others: masterKeysIn(folder, environment) })
  if (keyringCopy) {
    const { header, files } = await readKeyringCopy(keyringCopy.file, keyringCopy.unlock)
    if (!sealer.has(header.masterKeyId))
      throw new BackupError(
        `The copy of the keyring opens with the master key ${header.masterKeyId}, and here is ${sealer.keyId}: put master-retired-${header.masterKeyId}.key beside it.`,
      )
    await placeKeyring(folder, files).catch(async (error: unknown) => {
      // Of a run that was killed; another keyring than the copy's stays untouched.
      const there =
        error instanceof KeyringError && (await openKeyring({ dataFolder: folder, sealer }).catch(() => undefined))
      const names = new Set(there ? await there.list() : [])
      const isCopy = there && there.id === header.keyringId && files.length - 1 === names.size
      if (!isCopy || files.some(({ name }) => name.endsWith('.key') && !names.has(name.slice(0, -'.key'.length))))
        throw error
    })
  }
  const keyring = await openKeyring({ dataFolder: folder, sealer })
  await keyring.removeUnfinished()
  onStep?.('restore.keyring-placed')
  return keyring
}

async function load(
  { file, unlock, onStep }: RestoreOptions,
  instanceId: string,
  begin: (header: DataHeader) => Promise<Loading>,
): Promise<void> {
  let loading: Loading | undefined
  const reader = new DataReader({
    begin: async (header) => void (loading = await begin(header)),
    rows: (table, columns, rows) => loading!.insert(table, columns, rows),
  })
  try {
    await readBackup(file, 'data', unlock, (line) => reader.take(line))
    const { lineage, takenAt } = reader.finish()
    const record: QuarantineRecord = {
      ...emptyReport(),
      restoredAt: wallClock.now(),
      backupAt: takenAt,
      knownUntil: takenAt,
      absentKeys: [],
    }
    await loading!.setMeta(metaKeys.instance, instanceId)
    await loading!.setMeta(metaKeys.lineage, lineage)
    await loading!.setMeta(quarantineKey, quarantineText(record))
    await loading!.finish()
  } catch (error) {
    await loading?.abandon()
    throw error
  }
  onStep?.('restore.loaded')
}

/** Merges what came after the backup, ends once more the keys that were ended, and notes what is known. May be repeated. */
async function bringForward(
  db: Database,
  folder: string,
  keyring: Keyring,
  { mirror, onStep = () => undefined }: RestoreOptions,
): Promise<QuarantineRecord> {
  const meta: InstanceValues = metaStore(db)
  const restored = restoreStore(db)
  if ((await meta.read(metaKeys.keyring)) !== keyring.id)
    throw new DataFolderError(`The keyring in ${folder} belongs to another instance than the backup.`)
  const loaded = (await quarantineOf(meta))!
  const report = emptyReport()
  let { knownUntil } = loaded
  if (mirror) {
    const owner = await mirror.readOwner()
    if (!owner) throw new BackupError(`There is no audit mirror in ${mirror.name}.`)
    const lineage = await meta.read(metaKeys.lineage)
    if (owner.lineage !== lineage) throw new BackupError(`The audit mirror ${mirror.name} is another instance’s.`)
    await doOver(db, mirror, report)
    knownUntil = Math.max(knownUntil, owner.until)
  }
  onStep('restore.merged')

  for (const keyId of await restored.destroyedKeys()) await keyring.destroy(keyId)
  onStep('restore.keys-swept')
  const here = new Set(await keyring.list())
  const absentKeys = (await restored.liveKeys()).filter((id) => !here.has(id))
  const record: QuarantineRecord = { ...loaded, ...report, knownUntil, absentKeys }
  const account = await iamStore(db).firstAccount()
  await db.commit([
    ...(await unknownCopies(db, record)),
    restored.raiseRights(),
    restored.voidApprovals(wallClock.now()),
    ...(await missingReceipts(db, keyring.sealer)),
    meta.write(metaKeys.absentKeys, JSON.stringify(absentKeys)),
    quarantineWrite(meta, record),
    auditTrail(auditStore(db), wallClock).done(operatorCaller(account!.id), 'RestoreBackup', {
      objectType: 'instance',
      objectId: '',
      facts: { ...record, instanceId: (await meta.read(metaKeys.instance))! },
    }),
  ])
  return record
}

/**
 * The acts behind the backup, one after the other: what one does may depend on what the one before it did. Their entries go behind
 * those that the backup has in the Merkle log, in the same order, so that the log goes on as it was. What had no place yet
 * in the backup comes in its turn, and last what the mirror does not know.
 */
async function doOver(db: Database, mirror: MirrorPlace, report: MergeReport): Promise<void> {
  const restored = restoreStore(db)
  const unplaced = new Map((await restored.unnumbered()).map((row) => [saltOf(row), row]))
  const before = [...unplaced.values()].map(({ seq }) => seq)
  for await (const row of mirrorEntries(mirror, await restored.auditSize())) {
    await db.commit(await mergeEntry(row, restored, report))
    unplaced.delete(saltOf(row))
  }
  await db.commit([
    ...before.map((seq) => restored.dropAuditRow(seq)),
    ...[...unplaced.values()].map((row) => restored.auditRow(row)),
  ])
}

/** Each entry has its own. */
const saltOf = ({ salt, request_id, at }: AuditRow): string =>
  salt instanceof Uint8Array ? Buffer.from(salt).toString('hex') : `${String(request_id)} ${String(at)}`

const numbersAtOnce = 1_000

/** The receipts of CAs that came to their end after the backup: their statements are in the audit log, to the letter. */
async function missingReceipts(db: Database, sealer: Sealer): Promise<Write[]> {
  const receipts = receiptStore(db)
  const writes: Write[] = []
  let signer: NoteSigner | undefined
  for (const { caId, statement } of await restoreStore(db).receiptStatements()) {
    if (await receipts.find(caId)) continue
    signer ??= await auditSigner({ meta: metaStore(db), sealer, committer: db })
    writes.push(receipts.insert(signedReceipt(signer, caId, statement), problem('ChangedMeanwhile')))
  }
  return writes
}

/**
 * Copies of the keyring may have been made after the last moment that is known of. They stand in the list as one copy of
 * every key, under a number that leaves room for theirs: it is attested when they are.
 */
async function unknownCopies(db: Database, { knownUntil }: QuarantineRecord) {
  const restored = restoreStore(db)
  const all = await keyringCopyStore(db).list()
  const last = all[0]?.number ?? 0
  // A second run finds its own line.
  if (all[0]?.place.startsWith(unknownPlace)) return []
  const number = (Math.floor(last / numbersAtOnce) + 1) * numbersAtOnce
  const place = `${unknownPlace} ${new Date(knownUntil).toISOString()}: numbers ${last + 1} to ${number - 1}`
  return restored.keyringCopy({ number, madeAt: wallClock.now(), place })
}

const unknownPlace = 'copies that may have been made after'

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
