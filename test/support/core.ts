import { readFile, rm } from 'node:fs/promises'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DoorParts, OperationDeps } from '../../src/api/index.ts'
import { operations } from '../../src/api/index.ts'
import type { AuditEntry } from '../../src/audit/index.ts'
import { compose, type Thread } from '../../src/compose.ts'
import { instanceAccount, metaKeys, openDataFolder } from '../../src/data-folder.ts'
import { destroyUnusedKey, theDay, TrustedClock } from '../../src/end-of-life/index.ts'
import { newAccount, type FirstCredentials } from '../../src/iam/index.ts'
import { JobRunner } from '../../src/jobs/index.ts'
import { monotonicClock, Runner, wallClock, type Caller, type Operation } from '../../src/kernel/index.ts'
import { certifyResponder, publishCrl } from '../../src/revocation/index.ts'
import { newSharedMemory } from '../../src/shared-memory.ts'
import { DirectCommitter, sqliteDatabase, SqliteReader, SqliteWriter } from '../../src/storage/index.ts'

/** Somebody with an access key. */
interface Credentials {
  userName: string
  password: string
  accessKeyId: string
  accessKeySecret: string
}

/**
 * The whole core in this thread, over a database and a keyring in a folder of its own: what doors and operations are
 * tried on without HTTP. Nothing runs by itself: see `runDue`.
 */
export interface Core extends Thread, AsyncDisposable {
  /** The first account's administrator, who may do everything. */
  administrator: FirstCredentials
  /** For doors. What they report is in `failures`. */
  parts: DoorParts
  /** The runner of the doors without its rate limit. */
  unlimited: DoorParts['runner']
  failures: unknown[]
  /** Moves the domain clock forward: time that was meant to pass, so nothing is held. */
  advance(ms: number): void
  /** Moves the domain clock without a word, as a fault does. */
  jump(ms: number): void
  /** What the day reads back from the URLs that certificates name; undefined: nothing, as without a public URL. */
  readUrl: { now: ((url: string, maxBytes: number) => Promise<Uint8Array>) | undefined }
  /** How far the doors' wall clock is ahead of the host's, in ms. */
  wall: { aheadMs: number }
  /** Another account with an administrator. */
  createAccount(name: string): Promise<FirstCredentials>
  /** A user of the first account. `policies`: documents, or names of built-in policies; without any it may do nothing. */
  createUser(name: string, policies?: readonly (string | object)[]): Promise<Credentials>
  /** Attaches one more policy to a user of the first account. */
  attach(userName: string, policy: string | object): Promise<void>
  /** Runs an operation as the owner of an access key, as often as a test likes: without the rate limit. */
  call<Input, Resource, Answer>(
    credentials: Pick<Credentials, 'accessKeyId'>,
    operation: Operation<Input, Resource, Answer, OperationDeps>,
    input: Input,
  ): Promise<Answer>
  /** The day of a CA, now: what failed before would be tried again only later. */
  endCa(caId: string): Promise<void>
  /** Does what has fallen due by the domain clock. Throws the first failure of a job. */
  runDue(): Promise<void>
  /** The audit log of an account, newest first. */
  auditEntries(accountId: string): Promise<AuditEntry[]>
}

export async function openCore({
  publicUrl = 'http://pki.example.test',
  /** null: certificates carry no URLs. */
}: { publicUrl?: string | null | undefined } = {}): Promise<Core> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'certkeep-core-'))
  const folder = await openDataFolder(dataFolder, { emulate: false, environment: {} })
  const administrator = JSON.parse(await readFile(folder.firstCredentialsPath, 'utf8')) as FirstCredentials
  const writer = new SqliteWriter(folder.databasePath)
  const reader = new SqliteReader(folder.databasePath)
  const thread = compose({
    db: sqliteDatabase(reader, new DirectCommitter(writer)),
    masterKey: folder.masterKey,
    keyring: folder.keyring,
    memory: newSharedMemory(),
    publicUrl: publicUrl ?? undefined,
    rootMarker: undefined,
    unlimited: false,
    nudgeJobs: () => undefined,
  })
  const { deps, runner, principals, gate, nonces, brake, trail } = thread
  const unlimited = new Runner<OperationDeps>({
    deps,
    limiter: { take: () => 0 },
    authorizer: principals,
    gate,
    trail,
    committer: deps.committer,
    counters: { throttled: () => undefined },
  })
  const failures: unknown[] = []
  const wall = { aheadMs: 0 }
  const readUrl: Core['readUrl'] = { now: undefined }
  const { jobs, trustedClock, jobFailures, endCa } = jobsOver(thread, readUrl)
  await trustedClock.start()

  const call: Core['call'] = async ({ accessKeyId }, operation, input) =>
    unlimited.run(operation, await callerBy(thread, accessKeyId), () => input)
  let policies = 0
  const attach: Core['attach'] = async (userName, policy) => {
    let policyName = policy
    if (typeof policyName !== 'string') {
      policyName = `policy-${++policies}`
      await call(administrator, operations.CreatePolicy, { policyName, document: JSON.stringify(policy) })
    }
    await call(administrator, operations.AttachPolicy, { userName, policyName })
  }

  const jump = (ms: number) => {
    const { value, frozen } = deps.domainClock.state()
    deps.domainClock.restore({ value: value + ms, frozen })
  }

  return {
    ...thread,
    administrator,
    unlimited,
    failures,
    wall,
    parts: {
      runner,
      principals,
      nonces,
      brake,
      wallClock: { now: () => wallClock.now() + wall.aheadMs },
      report: (failure) => void failures.push(failure),
    },
    readUrl,
    jump,
    advance(ms) {
      jump(ms)
      trustedClock.explain()
    },
    async createAccount(accountName) {
      const { credentials, writes } = await newAccount(deps, { accountName, userName: 'admin', password: 'a password' })
      await deps.committer.commit(writes)
      return credentials
    },
    async createUser(userName, attached = []) {
      const password = 'a password'
      await call(administrator, operations.CreateUser, { userName, password })
      const key = await call(administrator, operations.CreateAccessKey, { userName })
      for (const policy of attached) await attach(userName, policy)
      return { userName, password, ...key }
    },
    attach,
    call,
    async endCa(caId) {
      await endCa(caId)
    },
    async runDue() {
      await jobs.runDue()
      const failure = jobFailures.shift()
      if (failure !== undefined) throw failure
    },
    auditEntries: async (accountId) => (await deps.audit.list(accountId, {}, { offset: 0, limit: 1_000 })).rows,
    async [Symbol.asyncDispose]() {
      await jobs.stop()
      reader.close()
      writer.close()
      folder.release()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

async function callerBy({ principals }: Thread, accessKeyId: string): Promise<Caller> {
  const reread = async () => {
    const key = await principals.byAccessKey(accessKeyId)
    return key?.active ? key.principal : undefined
  }
  const principal = await reread()
  if (!principal) throw new Error('there is no such access key')
  const origin = { sourceIp: '127.0.0.1', secureTransport: false, door: 'test', requestId: 'test' }
  return principals.callerOf(principal, reread, { ...origin, accessKeyId })
}

function jobsOver(
  { deps, gate, trail, meta, jobs, responders, auditSigner, receipts }: Thread,
  readUrl: Core['readUrl'],
) {
  const jobFailures: Error[] = []
  const { committer, domainClock } = deps
  const trustedClock = new TrustedClock({ marks: meta, alarms: deps.alarms, committer, domainClock, monotonicClock })
  const needs = {
    ...deps,
    responders,
    auditSigner,
    receipts,
    trail,
    gate,
    trustedTime: trustedClock,
    forgetEverywhere: (keyId: string) => deps.keys.forget(keyId),
    async controls() {
      const key = await deps.keyStore.find((await meta.read(metaKeys.controlKey))!)
      if (!key?.sealedPrivateKey) throw new Error('the instance has no control key')
      const { id: keyId, algorithm, spki, sealedPrivateKey } = key
      return [{ provider: deps.keys, spki, key: { keyId, accountId: instanceAccount, algorithm, sealedPrivateKey } }]
    },
    get readUrl() {
      return readUrl.now
    },
    step: () => undefined,
  }
  const endCa = async (caId: string) => {
    await trustedClock.check()
    return theDay(needs, caId)
  }
  const runner = new JobRunner({
    jobs,
    committer,
    domainClock,
    wallClock,
    alarm: ({ kind }, error) => void jobFailures.push(new Error(`${kind} failed`, { cause: error })),
    handlers: {
      // Once: a CRL a day for the 30 days that a test lets pass would show nothing more.
      publishCrl: async (caId) => {
        await publishCrl(needs, caId)
        return undefined
      },
      certifyResponder: async (caId) => {
        await certifyResponder(needs, caId)
        return undefined
      },
      endCa,
      destroyKey: (keyId) => destroyUnusedKey(needs, keyId),
    },
  })
  return { jobs: runner, trustedClock, jobFailures, endCa }
}
