import { createServer as createProbe } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { postgresBackend, source, sqliteBackend, type Backend, type Company } from './backend.ts'
import type { Config } from './config/index.ts'
import { compose, type Thread } from './compose.ts'
import { instanceAccount, metaKeys, openDataFolder, type OpenDataFolder } from './data-folder.ts'
import type { ClockChange } from './emulator/index.ts'
import { emulatorRootMarker } from './emulator/index.ts'
import { destroyUnusedKey, theDay, TrustedClock } from './end-of-life/index.ts'
import { newAccount, RightsWatch, rightsWatchEveryMs } from './iam/index.ts'
import { JobRunner } from './jobs/index.ts'
import { DomainClock, hour, minute, monotonicClock, newUuid, wallClock } from './kernel/index.ts'
import type { Control } from './keys/index.ts'
import type { Logger } from './log.ts'
import { crlEvery, publishCrl } from './revocation/index.ts'
import {
  KeysOfAllProcesses,
  leaseMs,
  processClock,
  ProcessKeeper,
  RateLeases,
  SharedShares,
  type ShareRequest,
} from './processes/index.ts'
import { openSharedFolder } from './shared-folder.ts'
import { newSharedMemory, type SharedMemory } from './shared-memory.ts'
import { threadCalls } from './thread-calls.ts'
import type { WorkerData } from './worker.ts'

/** The service cannot start; the message is one sentence for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

export interface RunningService {
  url: string
  folder: OpenDataFolder
  /** What the operator should know: irreversible work on hold, certificates without URLs. */
  warnings: readonly string[]
  /** Lets requests under way finish, then closes everything. */
  stop(): Promise<void>
}

/**
 * Starts everything in order: data folder → data → standing among other processes → HTTP workers (which listen last) → jobs. What fails on the way is
 * undone. @param fatal called when the state of the disk is unknown: the process must end without answering anybody
 * @throws StartError, DataFolderError
 */
export async function serve(config: Config, log: Logger, fatal: (reason: string) => void): Promise<RunningService> {
  const port = await freePort(config)
  const url = `http://${hostInUrl(config.host)}:${port}`
  const publicUrl = config.publicUrl ?? (config.emulate ? url : undefined)
  const memory = newSharedMemory()
  const { folder, backend, release } = await openData(config, log, fatal)
  restoreEmulatorClock(folder, memory)

  const { company } = backend
  const rates =
    company &&
    new RateLeases({
      store: company.rateShares,
      id: company.processId,
      shares: new SharedShares(memory.rateShares),
      clock: processClock,
    })
  const main = compose({
    db: backend.db,
    masterKey: folder.masterKey,
    keyring: folder.keyring,
    memory,
    publicUrl,
    rootMarker: config.emulate ? emulatorRootMarker() : undefined,
    unlimited: config.unlimited,
    nudgeJobs: () => undefined,
    others: company && { nonces: company.nonces, askForShare: (request) => rates!.lease(request) },
  })
  const workers: HttpWorker[] = []
  const inAllThreads = async (call: 'forget' | 'forgetAll', keyId?: string) => {
    const { keys } = main.deps
    await Promise.all([
      keyId === undefined ? keys.forgetAll() : keys.forget(keyId),
      ...workers.map((worker) => worker.call(call, keyId)),
    ])
  }
  const trustedClock = new TrustedClock({
    marks: main.meta,
    committer: main.deps.committer,
    domainClock: main.deps.domainClock,
    monotonicClock,
  })
  const keeper =
    company &&
    new ProcessKeeper({
      id: company.processId,
      store: company.processes,
      freshness: main.freshness,
      rights: main.rights,
      rates: rates!,
      clock: processClock,
      forgetHere: (keyId) => inAllThreads('forget', keyId),
      forgetAllHere: () => inAllThreads('forgetAll'),
      absentHere: async (keyId) => (await main.deps.keys.searchById(keyId)) === 'absent',
      emulatorClock: folder.emulatorClock,
      emulatorClockChanged: (value) => {
        main.deps.domainClock.restore(JSON.parse(value) as ReturnType<DomainClock['state']>)
        trustedClock.explain()
        void jobs.runDue()
      },
      sleep: (ms) => sleep(ms),
      alarm: (message, facts) => log.error(facts, message),
    })
  const jobs = jobsOf({ main, config, log, trustedClock, keeper, company, inAllThreads })
  await keeper?.start()
  const calls = mainCalls({ main, jobs, trustedClock, log, keeper, rates })
  for (const storage of backend.threads)
    workers.push(
      await startHttpWorker(
        {
          ...config,
          storage,
          masterKey: folder.masterKey,
          memory,
          publicUrl,
          port,
        },
        calls,
        fatal,
      ),
    )

  const hold = await trustedClock.start()
  await Promise.all(workers.map(({ call }) => call('listen')))
  // With the data to ourselves, whoever held a lease is gone.
  if (!company) await main.deps.committer.commit([main.jobs.releaseAll()])
  await scheduleHousekeeping(main)
  jobs.start()
  const marks = setInterval(
    () =>
      void trustedClock
        .check()
        .catch((error: unknown) => log.error({ error: String(error) }, 'the time could not be marked')),
    minute,
  )

  const rightsWatch = new RightsWatch({ store: main.deps.iam, rights: main.deps.rights })
  const rightsLooks = setInterval(() => void rightsWatch.look(), rightsWatchEveryMs)

  return {
    url,
    folder,
    warnings: [
      ...(hold === undefined
        ? []
        : [`Destroying and purging are on hold: ${hold}. Check the time, then confirm it (ConfirmTime).`]),
      ...(publicUrl === undefined
        ? ['CERTKEEP_PUBLIC_URL is not set, so certificates carry no URL of a CRL or of their issuer.']
        : []),
    ],
    async stop() {
      clearInterval(marks)
      clearInterval(rightsLooks)
      await jobs.stop()
      await Promise.all(workers.map(({ call }) => call('close')))
      await Promise.all(workers.map(({ thread }) => thread.terminate()))
      await keeper?.stop()
      await backend.close()
      release()
    },
  }
}

/** The folder, and the data where it is. */
async function openData(
  config: Config,
  log: Logger,
  fatal: (reason: string) => void,
): Promise<{ folder: OpenDataFolder; backend: Backend; release: () => void }> {
  const { dataFolder, database, emulate, workers } = config
  const environment = process.env
  if (database === undefined) {
    const folder = await openDataFolder(dataFolder, { emulate, environment })
    const backend = await sqliteBackend(folder.databasePath, workers, log, fatal)
    return { folder, backend, release: () => folder.release() }
  }
  const processId = newUuid()
  const folder = await openSharedFolder(dataFolder, { emulate, environment, database, processId, leaseMs })
  return { folder, backend: postgresBackend(database, workers, processId), release: () => undefined }
}

interface HttpWorker {
  thread: Worker
  call: (name: string, argument?: unknown) => Promise<unknown>
}

async function startHttpWorker(
  data: WorkerData,
  calls: Parameters<typeof threadCalls>[1],
  fatal: (reason: string) => void,
): Promise<HttpWorker> {
  const { storage } = data
  const transferList = storage.engine === 'sqlite' ? [storage.writer] : []
  const thread = new Worker(source('worker.ts'), { workerData: data, transferList })
  thread.on('error', (error: Error) => fatal(`an HTTP thread failed: ${error.stack ?? error.message}`))
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    const call = threadCalls(thread, { ...calls, ready: () => resolve({ thread, call }) })
  })
}

interface CallParts {
  main: Thread
  jobs: JobRunner
  trustedClock: TrustedClock
  log: Logger
  keeper: ProcessKeeper | undefined
  rates: RateLeases | undefined
}

/** What workers ask of the main thread. */
function mainCalls({ main, jobs, trustedClock, log, keeper, rates }: CallParts) {
  const { domainClock, committer } = main.deps
  return {
    nudge: () => void jobs.runDue(),
    shareOfLimit: (request: ShareRequest) => rates?.lease(request),
    report: ({ requestId, message, stack }: { requestId: string; message: string; stack: string | undefined }) =>
      log.error({ requestId, stack }, message),
    async setClock({ advanceMs, setTo, frozen }: ClockChange) {
      const now = setTo ?? domainClock.now() + (advanceMs ?? 0)
      const stands = frozen ?? domainClock.frozen()
      const state = { value: stands ? now : now - wallClock.now(), frozen: stands }
      await committer.commit([main.meta.write(metaKeys.emulatorClock, JSON.stringify(state))])
      domainClock.restore(state)
      keeper?.clockWasSet()
      trustedClock.explain()
      await jobs.runDue()
      await jobs.runDue() // the first may have been a run that began before the clock was moved
      return { now: domainClock.now(), frozen: domainClock.frozen() }
    },
    async createAccount(name: string) {
      const { credentials, writes } = await newAccount(main.deps, {
        accountName: name,
        userName: 'admin',
        password: Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64url'),
      })
      await committer.commit(writes)
      return credentials
    },
  }
}

interface JobsOf {
  main: Thread
  config: Config
  log: Logger
  trustedClock: TrustedClock
  keeper: ProcessKeeper | undefined
  company: Company | undefined
  inAllThreads: (call: 'forget', keyId: string) => Promise<void>
}

function jobsOf({ main, config, log, trustedClock, keeper, company, inAllThreads }: JobsOf): JobRunner {
  const { deps, trail, meta } = main
  const dayNeeds = {
    ...deps,
    trail,
    trustedTime: trustedClock,
    keys: keeper ? new KeysOfAllProcesses(deps.keys, (keyId) => keeper.absentEverywhere(keyId)) : deps.keys,
    forgetEverywhere: (keyId: string) => (keeper ? keeper.forgetEverywhere(keyId) : inAllThreads('forget', keyId)),
    controls: async () => [await controlOf(main)],
    step: (name: string) => {
      if (name === config.killAt) process.kill(process.pid, 'SIGKILL')
    },
  }
  return new JobRunner({
    jobs: main.jobs,
    committer: deps.committer,
    domainClock: deps.domainClock,
    wallClock: keeper?.databaseClock ?? wallClock,
    alarm: (job, error) =>
      log.error(
        {
          kind: job.kind,
          subject: job.subject,
          attempts: job.attempts,
          error: error instanceof Error ? error.message : String(error),
        },
        'a job failed and will be tried again',
      ),
    handlers: {
      publishCrl: async (caId) => {
        const crl = await publishCrl(dayNeeds, caId)
        return crl && deps.domainClock.now() + crlEvery
      },
      endCa: async (caId) => {
        await trustedClock.check()
        return theDay(dayNeeds, caId)
      },
      destroyKey: (keyId) => destroyUnusedKey(dayNeeds, keyId),
      housekeeping: async () => {
        const now = wallClock.now()
        await deps.committer.commit([
          deps.iam.forgetTokens(now),
          deps.iam.forgetSessions(now),
          deps.iam.forgetNonces(now),
        ])
        await company?.processes.sweep()
        return deps.domainClock.now() + hour
      },
    },
  })

  async function controlOf({ deps: { keyStore, keys } }: Thread): Promise<Control> {
    const key = await keyStore.find((await meta.read(metaKeys.controlKey))!)
    return {
      provider: keys,
      spki: key!.spki,
      key: {
        keyId: key!.id,
        accountId: instanceAccount,
        algorithm: key!.algorithm,
        sealedPrivateKey: key!.sealedPrivateKey!,
      },
    }
  }
}

async function scheduleHousekeeping({ jobs, deps }: Thread): Promise<void> {
  await deps.committer.commit([jobs.schedule('housekeeping', 'instance', deps.domainClock.now())])
}

function restoreEmulatorClock(folder: OpenDataFolder, memory: SharedMemory): void {
  if (folder.emulatorClock === undefined) return
  const state = JSON.parse(folder.emulatorClock) as { value: number; frozen: boolean }
  new DomainClock(wallClock, memory.domainClock).restore(state)
}

/** The workers share the port by SO_REUSEPORT, which would also share it with a stranger: so it is asked for alone first. */
async function freePort({ host, port }: Config): Promise<number> {
  const probe = createProbe()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host, port, exclusive: true }, resolve)
    })
    return (probe.address() as { port: number }).port
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new StartError(`Port ${port} on ${host} is in use; stop what uses it, or choose another with --port.`)
    throw new StartError(
      `${host}:${port} cannot be listened on (${error instanceof Error ? error.message : String(error)}).`,
    )
  } finally {
    await new Promise((resolve) => probe.close(resolve))
  }
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host)
