import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { clientReader } from './api/client-address.ts'
import { auditKeeperOf, recordRefusals } from './audit-keeper.ts'
import type { RefusalCount } from './audit/index.ts'
import { metricsDoor, type MetricsText } from './api/instance/door.ts'
import { closeServer, createServer } from './api/server.ts'
import { postgresBackend, source, sqliteBackend, type Alarm, type Backend, type Company } from './backend.ts'
import type { Config, ListenAddress } from './config/index.ts'
import { compose, type Thread } from './compose.ts'
import { controlOf } from './control-key.ts'
import { instanceAccount, metaKeys, openDataFolder, type OpenDataFolder } from './data-folder.ts'
import { emulationCalls } from './emulation.ts'
import { emulatorRootMarker, type SetFault } from './emulator/index.ts'
import { destroyUnusedKey, theDay, TrustedClock, type ReadBackNeeds } from './end-of-life/index.ts'
import { RightsWatch, rightsWatchEveryMs } from './iam/index.ts'
import { JobRunner } from './jobs/index.ts'
import { DomainClock, hour, minute, monotonicClock, newUuid, wallClock } from './kernel/index.ts'
import { keepTls, listenersOf, StartError, tlsSourceOf, urlOf, type TlsKeeper } from './listeners.ts'
import type { Logger } from './log.ts'
import { InstanceMetrics, type Snapshot } from './metrics/index.ts'
import { ExpiryNotices } from './notices/index.ts'
import { Outbound } from './outbound/index.ts'
import { readingsOf } from './readings.ts'
import { certifyResponder, crlEvery, publishCrl, revocationLooksEveryMs, RevocationWatch } from './revocation/index.ts'
import {
  KeysOfAllProcesses,
  leaseMs,
  processClock,
  ProcessKeeper,
  RateLeases,
  SharedShares,
  type ShareRequest,
} from './processes/index.ts'
import { CertificateIndexer } from './storage/index.ts'
import { openSharedFolder } from './shared-folder.ts'
import { newSharedMemory, type SharedMemory } from './shared-memory.ts'
import { threadCalls } from './thread-calls.ts'
import type { WorkerData } from './worker.ts'

export interface RunningService {
  url: string
  tlsUrl: string | undefined
  pkiUrl: string | undefined
  metricsUrl: string | undefined
  /** The certificate of the TLS listener is our own: clients fetch its authority from /ca/instance.cer. */
  ownCertificate: boolean
  folder: OpenDataFolder
  /** What the operator should know: irreversible work on hold, certificates without URLs. */
  warnings: readonly string[]
  /** Lets requests under way finish, then closes everything. */
  stop(): Promise<void>
}

/**
 * Starts everything in order: data folder → data → standing among other processes → TLS identity → HTTP workers (which
 * listen last) → jobs. What fails on the way is undone.
 * @param fatal called when the state of the disk is unknown: the process must end without answering anybody
 * @throws StartError, DataFolderError, TlsError
 */
export async function serve(config: Config, log: Logger, fatal: (reason: string) => void): Promise<RunningService> {
  const listeners = await listenersOf(config)
  const url = urlOf('http', listeners.plain)
  const publicUrl = config.publicUrl ?? (config.emulate ? url : undefined)
  const memory = newSharedMemory()
  const metrics = new InstanceMetrics({ version, node: process.version })
  const alarm: Alarm = (kind, facts, text) => {
    metrics.alarm(kind)
    log.error(facts, text)
  }
  const { folder, backend, release } = await openData(config, alarm, fatal)
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
    alarms: main.deps.alarms,
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
        trustedClock.wasSet()
        void jobs.runDue()
      },
      sleep: (ms) => sleep(ms),
      alarm: (message, facts) => alarm('processes', facts, message),
    })
  const jobs = jobsOf({ main, config, log, alarm, trustedClock, keeper, company, inAllThreads })
  await keeper?.start()
  const tls = await tlsOf(main, config, workers, alarm)
  const spreadFaults = async (faults: readonly SetFault[]) =>
    void (await Promise.all(workers.map((worker) => worker.call('faults', faults))))
  const readings = readingsOf(main, backend.commits, monotonicClock, () => tls?.identity().notAfter)
  const metricsText = async (): Promise<MetricsText> =>
    metrics.text(await readings(), await Promise.all(workers.map(({ call }) => call('metrics') as Promise<Snapshot>)))
  const calls = {
    ...mainCalls({ jobs, alarm, rates }),
    ...(config.emulate
      ? emulationCalls({
          main,
          memory,
          firstCredentialsPath: folder.firstCredentialsPath,
          strict: config.strict,
          jobs,
          trustedClock,
          keeper,
          spreadFaults,
        })
      : {}),
    metrics: metricsText,
  }
  const { dataFolder, emulate, unlimited, proxies, logRequests } = config
  const { masterKey } = folder
  const shared = { dataFolder, masterKey, memory, publicUrl, emulate, unlimited, proxies, logRequests }
  const tlsNow = tls && { material: tls.material(), authority: tls.identity().authority }
  const data = { ...shared, listeners, tls: tlsNow, metricsElsewhere: config.metrics !== undefined }
  // All at once: most of a start is threads that read their code.
  const starting = backend.threads.map((storage) => startHttpWorker({ ...data, storage }, calls, fatal))
  workers.push(...(await Promise.all(starting)))

  const hold = await trustedClock.start()
  if (hold !== undefined) alarm('time-hold', { reason: hold }, 'destroying and purging are on hold')
  if (config.insecureHttp)
    alarm('insecure-http', { host: config.host }, 'plain HTTP is spoken on an address that may not be loopback')
  await Promise.all(workers.map(({ call }) => call('listen')))
  const metricsServer = config.metrics && (await listenForMetrics(config.metrics, metricsText, alarm))
  // With the data to ourselves, whoever held a lease is gone.
  if (!company) await main.deps.committer.commit([main.jobs.releaseAll()])
  await scheduleDaily(main, config)
  jobs.start()
  const auditKeeper = await auditKeeperOf({
    main,
    config,
    processId: company?.processId,
    leaseClock: keeper?.databaseClock ?? wallClock,
    alarm,
  })
  auditKeeper.start()
  const marks = setInterval(
    () =>
      void trustedClock
        .check()
        .catch((error: unknown) => alarm('time-mark', { error: String(error) }, 'the time could not be marked')),
    minute,
  )

  const indexing = new AbortController()
  const indexer = new CertificateIndexer(backend.db, main.deps.domainClock)
  const indexed = indexer.keepUp(indexing.signal, (error) =>
    alarm('lists', { error: String(error) }, 'the index of lists could not be brought up to date'),
  )

  const revocationWatch = new RevocationWatch({
    store: main.deps.revocations,
    marks: main.revocationMarks,
    clock: processClock,
  })
  const revocationLooks = setInterval(() => void revocationWatch.look(), revocationLooksEveryMs)
  const countRefusals = () =>
    recordRefusals(
      main,
      folder.accountId,
      workers.map(({ call }) => call('refusals') as Promise<RefusalCount[]>),
      alarm,
    )
  const refusals = setInterval(() => void countRefusals(), minute)

  const rightsWatch = new RightsWatch({ store: main.deps.iam, rights: main.deps.rights })
  const rightsLooks = setInterval(() => void rightsWatch.look(), rightsWatchEveryMs)

  return {
    url,
    tlsUrl: listeners.tls && urlOf('https', listeners.tls),
    pkiUrl: listeners.pki && urlOf('http', listeners.pki),
    metricsUrl: metricsServer?.url,
    ownCertificate: tls?.identity().authority !== undefined,
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
      clearInterval(revocationLooks)
      clearInterval(refusals)
      tls?.stop()
      indexing.abort()
      await indexed
      await jobs.stop()
      await metricsServer?.close()
      await countRefusals()
      await Promise.all(workers.map(({ call }) => call('close')))
      await Promise.all(workers.map(({ thread }) => thread.terminate()))
      await auditKeeper.stop()
      await keeper?.stop()
      await backend.close()
      release()
    },
  }
}

/** The folder, and the data where it is. */
async function openData(
  config: Config,
  alarm: Alarm,
  fatal: (reason: string) => void,
): Promise<{ folder: OpenDataFolder; backend: Backend; release: () => void }> {
  const { dataFolder, database, emulate, workers } = config
  const environment = process.env
  if (database === undefined) {
    const folder = await openDataFolder(dataFolder, { emulate, environment })
    const backend = await sqliteBackend(folder.databasePath, workers, alarm, fatal)
    return { folder, backend, release: () => folder.release() }
  }
  const processId = newUuid()
  const folder = await openSharedFolder(dataFolder, { emulate, environment, database, processId, leaseMs })
  return { folder, backend: postgresBackend(database, workers, processId), release: () => undefined }
}

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

async function tlsOf(
  { deps, meta }: Thread,
  config: Config,
  workers: readonly HttpWorker[],
  alarm: Alarm,
): Promise<TlsKeeper | undefined> {
  const found = tlsSourceOf(config, { ...deps, wallClock, values: meta, accountId: instanceAccount })
  if (!found) return undefined
  const keeper = await keepTls(found.source, wallClock, found.everyMs, {
    changed: (material) =>
      Promise.all(workers.map(({ call }) => call('tls', { material, authority: keeper.identity().authority }))),
    alarm: (reason) => alarm('tls', { reason }, 'the certificate of the TLS listener cannot be renewed'),
  })
  return keeper
}

async function listenForMetrics({ host, port }: ListenAddress, read: () => Promise<MetricsText>, alarm: Alarm) {
  const report = (failure: unknown) => alarm('metrics', { error: String(failure) }, 'metrics could not be read')
  const server = createServer({
    doors: { '/metrics': metricsDoor(read, report) },
    report,
    clientOf: clientReader(undefined),
    observe: () => undefined,
  })
  try {
    return { url: await server.listen({ host, port }), close: () => closeServer(server) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`${host}:${port} cannot be listened on for metrics (${reason}).`)
  }
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
  jobs: JobRunner
  alarm: Alarm
  rates: RateLeases | undefined
}

/** What workers ask of the main thread. */
function mainCalls({ jobs, alarm, rates }: CallParts) {
  return {
    nudge: () => void jobs.runDue(),
    shareOfLimit: (request: ShareRequest) => rates?.lease(request),
    report: ({ requestId, message, stack }: { requestId: string; message: string; stack: string | undefined }) =>
      alarm('request', { requestId, stack }, message),
  }
}

/** The clocks of several machines are not quite the same. */
const nonceMargin = 5 * minute

interface JobsOf {
  main: Thread
  config: Config
  log: Logger
  alarm: Alarm
  trustedClock: TrustedClock
  keeper: ProcessKeeper | undefined
  company: Company | undefined
  inAllThreads: (call: 'forget', keyId: string) => Promise<void>
}

function jobsOf({ main, config, log, alarm, trustedClock, keeper, company, inAllThreads }: JobsOf): JobRunner {
  const { deps, trail } = main
  const notices = expiryNoticesOf(main, config, log)
  const dayNeeds = {
    ...deps,
    responders: main.responders,
    auditSigner: main.auditSigner,
    receipts: main.receipts,
    trail,
    gate: main.gate,
    trustedTime: trustedClock,
    keys: keeper ? new KeysOfAllProcesses(deps.keys, (keyId) => keeper.absentEverywhere(keyId)) : deps.keys,
    forgetEverywhere: (keyId: string) => (keeper ? keeper.forgetEverywhere(keyId) : inAllThreads('forget', keyId)),
    controls: async () => [await controlOf(main)],
    readUrl: publishedAt(config),
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
      alarm(
        'job',
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
      certifyResponder: (caId) => certifyResponder(dayNeeds, caId),
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
          deps.iam.forgetNonces(now - nonceMargin),
        ])
        await company?.processes.sweep()
        await deps.useMarks.forgetOld()
        return deps.domainClock.now() + hour
      },
      // Without a webhook an old row is done with.
      expiryNotices: async () => notices?.run(),
    },
  })
}

/** Long enough for a CRL of a million entries. */
const readBackMs = 5 * minute

/**
 * Reads what verifiers read. The URLs are those that our own certificates name, made of what the operator configured, so they
 * may well lead to a private address, or back to us.
 */
function publishedAt({ publicUrl }: Config): ReadBackNeeds['readUrl'] {
  if (publicUrl === undefined) return undefined
  const outbound = new Outbound({ allow: ['0.0.0.0/0', '::/0'] })
  return async (url, maxBytes) => {
    const { status, body } = await outbound.send({ method: 'GET', url, maxBytes, timeoutMs: readBackMs })
    if (status !== 200) throw new Error(`it answers ${status}`)
    return body
  }
}

/** The operator's webhook, if there is one. */
function expiryNoticesOf(main: Thread, { webhook, outboundAllow }: Config, log: Logger): ExpiryNotices | undefined {
  if (!webhook) return undefined
  const { url, secret } = webhook
  const outbound = new Outbound({ allow: outboundAllow })
  return new ExpiryNotices({
    notices: main.notices,
    committer: main.deps.committer,
    domainClock: main.deps.domainClock,
    wallClock,
    secret,
    instanceId: () => main.meta.read(metaKeys.instance),
    post: async (body, headers) => (await outbound.send({ method: 'POST', url, headers, body })).status,
    warn: (reason) => log.warn({ reason }, 'expiry notices did not arrive and will be sent again'),
  })
}

async function scheduleDaily({ jobs, deps }: Thread, { webhook }: Config): Promise<void> {
  const now = deps.domainClock.now()
  await deps.committer.commit([
    jobs.schedule('housekeeping', 'instance', now),
    ...(webhook ? [jobs.schedule('expiryNotices', 'instance', now)] : []),
  ])
}

function restoreEmulatorClock(folder: OpenDataFolder, memory: SharedMemory): void {
  if (folder.emulatorClock === undefined) return
  const state = JSON.parse(folder.emulatorClock) as { value: number; frozen: boolean }
  new DomainClock(wallClock, memory.domainClock).restore(state)
}
