import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compose, type Thread } from './compose.ts'
import {
  belongsToName,
  DataFolderError,
  holdsData,
  openDataFolder,
  writeDurably,
  type OpenDataFolder,
} from './data-folder.ts'
import { operatorOfTheDisk } from './guards/index.ts'
import {
  administratorPolicy,
  newAccessKeyFor,
  type Account,
  type Attachment,
  type FirstCredentials,
  type User,
} from './iam/index.ts'
import {
  DomainClock,
  newDecimalId,
  newHexId,
  newRequestId,
  newUuid,
  Problem,
  wallClock,
  type Write,
} from './kernel/index.ts'
import { openSharedFolder } from './shared-folder.ts'
import { newSharedMemory } from './shared-memory.ts'
import {
  DirectCommitter,
  openPool,
  postgresDatabase,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
  type Database,
} from './storage/index.ts'

export interface AdministratorReset {
  accountName: string
  userName: string
  created: boolean
  /** Access keys that the user had, all disabled now. */
  disabledKeys: number
  credentialsPath: string
}

const credentialsName = 'reset-credentials.json'
const changed = new Problem('ChangedMeanwhile', 'the user was changed meanwhile')

/**
 * For the lost administrator: gives a user a new password and a new access key and every right of the account. Whatever
 * else opened the door before is closed: the user's access keys are disabled, tokens and temporary keys end, other policies
 * are detached and groups are left (a Deny among them would deny still). The credentials are on the disk, readable for
 * their owner alone, before they are valid. Nobody may be serving a folder with data of its own; with a database, other
 * processes may run on and learn of it as of any change of rights.
 * @param database URL of the PostgreSQL database, where the data is in one
 * @param accountName undefined: the first one, of the first start
 * @throws DataFolderError one sentence: no data, in use, no such account
 */
export async function resetAdministrator(
  folder: string,
  {
    userName,
    accountName,
    database,
  }: { userName: string; accountName: string | undefined; database: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AdministratorReset> {
  const open = await (database === undefined ? openOwn(folder, environment) : openShared(folder, database, environment))
  try {
    const memory = newSharedMemory()
    if (open.emulatorClock !== undefined)
      new DomainClock(wallClock, memory.domainClock).restore(
        JSON.parse(open.emulatorClock) as { value: number; frozen: boolean },
      )
    const thread = compose({
      db: open.db,
      masterKey: open.masterKey,
      keyring: open.keyring,
      memory,
      publicUrl: undefined,
      rootMarker: undefined,
      unlimited: false,
      nudgeJobs: () => undefined,
    })
    const { iam } = thread.deps
    const account = accountName === undefined ? await iam.firstAccount() : await iam.account({ name: accountName })
    if (!account) throw new DataFolderError(`There is no account named ${accountName} in ${folder}.`)
    return await reset(thread, account, userName, join(folder, credentialsName))
  } finally {
    await open.close()
  }
}

type Opened = OpenDataFolder & { db: Database; close(): Promise<void> }

async function openOwn(folder: string, environment: Readonly<Record<string, string | undefined>>): Promise<Opened> {
  // A folder whose data is elsewhere is refused in words of its own.
  if (!holdsData(folder) && !existsSync(join(folder, belongsToName))) throw noData(folder)
  const open = await openDataFolder(folder, { emulate: 'either', environment })
  const writer = new SqliteWriter(open.databasePath)
  const reader = new SqliteReader(open.databasePath)
  return {
    ...open,
    db: sqliteDatabase(reader, new DirectCommitter(writer)),
    close() {
      reader.close()
      writer.close()
      open.release()
      return Promise.resolve()
    },
  }
}

async function openShared(
  folder: string,
  database: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Opened> {
  if (!holdsData(folder) && !existsSync(join(folder, belongsToName))) throw noData(folder)
  const options = { emulate: 'either', environment, database, processId: newUuid(), leaseMs: 1 } as const
  const open = await openSharedFolder(folder, options)
  const pool = openPool({ url: database, size: 2 })
  return { ...open, db: postgresDatabase(pool), close: () => pool.end() }
}

const noData = (folder: string): DataFolderError =>
  new DataFolderError(`There is no data of Certkeep in ${folder}; name the folder with --data.`)

async function reset(
  { deps, trail }: Thread,
  account: Account,
  userName: string,
  credentialsPath: string,
): Promise<AdministratorReset> {
  const { iam, passwords, sealer, domainClock, committer } = deps
  const now = domainClock.now()
  const password = randomBytes(18).toString('base64url')
  const was = await iam.userByName(account.id, userName)
  const passwordHash = await passwords.hash(password)
  const user: User = was
    ? { ...was, enabled: true, passwordHash }
    : {
        id: newHexId(),
        accountId: account.id,
        decimalId: newDecimalId(),
        name: userName,
        passwordHash,
        enabled: true,
        createdAt: now,
        createdBy: null,
        version: 1,
        tags: {},
      }
  const { key, secret } = newAccessKeyFor(user, sealer, now)
  const keys = was ? await iam.accessKeysOfUser(account.id, user.id) : []
  const disabled = keys.filter(({ enabled }) => enabled)
  const attached = was ? await iam.attachmentsOf(account.id, user.id) : []
  const isRight = ({ policyId, scope }: Attachment): boolean => policyId === administratorPolicy && scope === null
  const detached = attached.filter((each) => !isRight(each))
  const left = was ? await iam.groupsOfUser(account.id, user.id) : []
  const administrates: Attachment = {
    accountId: account.id,
    principalKind: 'user',
    principalId: user.id,
    policyId: administratorPolicy,
    scope: null,
    createdAt: now,
  }
  const writes: Write[] = [
    was ? iam.replaceUser(was, user, changed) : iam.insertUser(user, changed),
    ...disabled.map((each) => iam.replaceAccessKey(each, { ...each, enabled: false }, changed)),
    iam.insertAccessKey(key),
    iam.endTokens(user.id),
    iam.endSessions({ makerId: user.id }),
    ...left.map(({ id }) => iam.removeMember(account.id, id, user.id, changed)),
    ...detached.map((each) => iam.detach(each, changed)),
    ...(attached.some(isRight) ? [] : [iam.attach(administrates)]),
    iam.raiseVersion(account.id),
    deps.guards.noteRights(account.id, user.id, operatorOfTheDisk, now),
    trail.done(
      {
        accountId: account.id,
        userId: 'operator',
        userName: 'operator',
        accessKeyId: undefined,
        sourceIp: '',
        secureTransport: true,
        door: 'cli',
        requestId: newRequestId(),
        stillEntitled: undefined,
        once: undefined,
      },
      'ResetAdministrator',
      {
        objectType: 'user',
        objectId: user.id,
        facts: {
          userName,
          created: !was,
          accessKeyId: key.id,
          disabledKeys: disabled.map(({ id }) => id),
          detached: detached.map(({ policyId }) => policyId),
          leftGroups: left.map(({ name }) => name),
        },
      },
    ),
  ]
  const credentials: FirstCredentials = {
    accountId: account.id,
    accountName: account.name,
    domainId: account.domainId,
    userName,
    password,
    accessKeyId: key.id,
    accessKeySecret: secret,
  }
  await writeDurably(credentialsPath, credentials)
  await committer.commit(writes)
  return { accountName: account.name, userName, created: !was, disabledKeys: disabled.length, credentialsPath }
}
