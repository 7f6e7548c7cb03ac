import { createServer as createProbe } from 'node:net'
import { extname } from 'node:path'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import type { Config } from './config/index.ts'
import { compose, type Thread } from './compose.ts'
import { instanceAccount, metaKeys, openDataFolder, type OpenDataFolder } from './data-folder.ts'
import type { ClockChange } from './emulator/index.ts'
import { emulatorRootMarker } from './emulator/index.ts'
import { destroyUnusedKey, theDay, TrustedClock } from './end-of-life/index.ts'
import { newAccount, RightsWatch, rightsWatchEveryMs } from './iam/index.ts'
import { JobRunner } from './jobs/index.ts'
import { DomainClock, hour, minute, monotonicClock, wallClock } from './kernel/index.ts'
import type { Control } from './keys/index.ts'
import type { Logger } from './log.ts'
import { crlEvery, publishCrl } from './revocation/index.ts'
import { newSharedMemory, type SharedMemory } from './shared-memory.ts'
import { sqliteDatabase, SqliteReader, WriterClient } from './storage/index.ts'
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
 * Starts everything in order: data folder → writer → HTTP workers (which listen last) → jobs. What fails on the way is
 * undone. @param fatal called when the state of the disk is unknown: the process must end without answering anybody
 * @throws StartError, DataFolderError
 */
export async function serve(config: Config, log: Logger, fatal: (reason: string) => void): Promise<RunningService> {
  const port = await freePort(config)
  const folder = await openDataFolder(config.dataFolder, { emulate: config.emulate, environment: process.env })
  const url = `http://${hostInUrl(config.host)}:${port}`
  const publicUrl = config.publicUrl ?? (config.emulate ? url : undefined)
  const memory = newSharedMemory()
  restoreEmulatorClock(folder, memory)

  const channels = Array.from({ length: config.workers + 1 }, () => new MessageChannel())
  const writer = await startThread('storage/sqlite-writer-thread.ts', {
    workerData: { path: folder.databasePath, ports: channels.map(({ port1 }) => port1) },
    transferList: channels.map(({ port1 }) => port1),
  })
  writer.on('message', (message: { fatal?: string }) => message.fatal && fatal(message.fatal))
  writer.on('error', (error: Error) => fatal(`the writer thread failed: ${error.message}`))
  const checkpoints = new Worker(source('storage/sqlite-checkpoint-thread.ts'), {
    workerData: { path: folder.databasePath },
  })
  checkpoints.on('error', (error: Error) => log.error({ error: error.message }, 'the checkpoint thread failed'))

  const reader = new SqliteReader(folder.databasePath)
  const main = compose({
    db: sqliteDatabase(reader, new WriterClient(channels[0]!.port2)),
    masterKey: folder.masterKey,
    keyring: folder.keyring,
    memory,
    publicUrl,
    rootMarker: config.emulate ? emulatorRootMarker() : undefined,
    unlimited: config.unlimited,
    nudgeJobs: () => undefined,
  })
  const workers: HttpWorker[] = []
  const trustedClock = new TrustedClock({
    marks: main.meta,
    committer: main.deps.committer,
    domainClock: main.deps.domainClock,
    monotonicClock,
  })
  const jobs = jobsOf(main, config, log, trustedClock, workers)
  const calls = mainCalls(main, jobs, trustedClock, log)
  for (const { port2 } of channels.slice(1))
    workers.push(
      await startHttpWorker(
        {
          ...config,
          databasePath: folder.databasePath,
          masterKey: folder.masterKey,
          memory,
          writer: port2,
          publicUrl,
          port,
        },
        calls,
        fatal,
      ),
    )

  const hold = await trustedClock.start()
  await Promise.all(workers.map(({ call }) => call('listen')))
  // One process per data folder: whoever held a lease is gone.
  await main.deps.committer.commit([main.jobs.releaseAll()])
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
      checkpoints.postMessage({ close: true })
      await ended(checkpoints)
      writer.postMessage({ close: true })
      await ended(writer)
      reader.close()
      folder.release()
    },
  }
}

interface HttpWorker {
  thread: Worker
  call: (name: string, argument?: unknown) => Promise<unknown>
}

/** A file of ours: TypeScript here, JavaScript in the published package (scripts/build-package.js). */
const source = (path: string): URL => new URL(path.replace(/[.]ts$/, extname(import.meta.url)), import.meta.url)

async function startThread(
  path: string,
  options: { workerData: unknown; transferList?: MessagePort[] },
): Promise<Worker> {
  const thread = new Worker(source(path), options)
  await new Promise<void>((resolve, reject) => {
    thread.once('message', () => resolve())
    thread.once('error', reject)
  })
  return thread
}

async function startHttpWorker(
  data: WorkerData,
  calls: Parameters<typeof threadCalls>[1],
  fatal: (reason: string) => void,
): Promise<HttpWorker> {
  const thread = new Worker(source('worker.ts'), { workerData: data, transferList: [data.writer] })
  thread.on('error', (error: Error) => fatal(`an HTTP thread failed: ${error.stack ?? error.message}`))
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    const call = threadCalls(thread, { ...calls, ready: () => resolve({ thread, call }) })
  })
}

const ended = (thread: Worker): Promise<unknown> => new Promise((resolve) => thread.once('exit', resolve))

/** What workers ask of the main thread. */
function mainCalls(main: Thread, jobs: JobRunner, trustedClock: TrustedClock, log: Logger) {
  const { domainClock, committer } = main.deps
  return {
    nudge: () => void jobs.runDue(),
    report: ({ requestId, message, stack }: { requestId: string; message: string; stack: string | undefined }) =>
      log.error({ requestId, stack }, message),
    async setClock({ advanceMs, setTo, frozen }: ClockChange) {
      const now = setTo ?? domainClock.now() + (advanceMs ?? 0)
      const stands = frozen ?? domainClock.frozen()
      const state = { value: stands ? now : now - wallClock.now(), frozen: stands }
      await committer.commit([main.meta.write(metaKeys.emulatorClock, JSON.stringify(state))])
      domainClock.restore(state)
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

function jobsOf(
  main: Thread,
  config: Config,
  log: Logger,
  trustedClock: TrustedClock,
  workers: readonly HttpWorker[],
): JobRunner {
  const { deps, trail, meta } = main
  const dayNeeds = {
    ...deps,
    trail,
    trustedTime: trustedClock,
    forgetEverywhere: async (keyId: string) => {
      await Promise.all([deps.keys.forget(keyId), ...workers.map(({ call }) => call('forget', keyId))])
    },
    controls: async () => [await controlOf(main)],
    step: (name: string) => {
      if (name === config.killAt) process.kill(process.pid, 'SIGKILL')
    },
  }
  return new JobRunner({
    jobs: main.jobs,
    committer: deps.committer,
    domainClock: deps.domainClock,
    wallClock,
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
