import { flushCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { FastifyListenOptions } from 'fastify'
import { alibabaDialect } from './api/alibaba/dialect.ts'
import { alibabaDoor } from './api/alibaba/door.ts'
import { huaweiDialect } from './api/huawei/dialect.ts'
import { huaweiDoor } from './api/huawei/door.ts'
import { ownDialect, ownDoor } from './api/own/door.ts'
import { clientReader, type TrustedProxies } from './api/client-address.ts'
import { instanceDoor, type MetricsText } from './api/instance/door.ts'
import { RefusalCounts } from './audit/index.ts'
import { auditDoor } from './api/pki/audit-door.ts'
import { pkiDialect, pkiDoor } from './api/pki/door.ts'
import { ocspHandler } from './api/pki/ocsp.ts'
import {
  closeServer,
  createServer,
  replaceTls,
  type ObservedCall,
  type ServerParts,
  type TlsMaterial,
} from './api/server.ts'
import type { Dialect, Door } from './api/index.ts'
import { openThreadStorage, type ThreadStorage } from './backend.ts'
import { compose } from './compose.ts'
import { controlOf } from './control-key.ts'
import {
  emulatorDoor,
  emulatorRootMarker,
  Faults,
  type ClockChange,
  type EmulatorControls,
  type Fault,
  type Seed,
  type SetFault,
} from './emulator/index.ts'
import { monotonicClock, problem, wallClock } from './kernel/index.ts'
import { openKeyring, Sealer, type MasterKey } from './keys/index.ts'
import { OcspResponder } from './revocation/index.ts'
import { processClock } from './processes/index.ts'
import type { Listeners } from './listeners.ts'
import { newLogger } from './log.ts'
import { CallMetrics } from './metrics/index.ts'
import { strictnessIn, type SharedMemory } from './shared-memory.ts'
import { threadCalls } from './thread-calls.ts'

/** What the main thread gives a worker to begin with. */
export interface WorkerData {
  storage: ThreadStorage
  dataFolder: string
  masterKey: MasterKey
  memory: SharedMemory
  publicUrl: string | undefined
  listeners: Listeners
  tls: TlsNow | undefined
  proxies: TrustedProxies | undefined
  emulate: boolean
  unlimited: boolean
  logRequests: boolean
  /** Metrics have a listener of their own. */
  metricsElsewhere: boolean
}

/** What the TLS listener shows now, and whom to trust for it when that is ourselves. */
interface TlsNow {
  material: TlsMaterial
  authority: Uint8Array | undefined
}

/** One HTTP thread: its own listeners on the shared ports, its own connections to the data, its own copy of the object graph. */
const data = workerData as WorkerData
const callMain = threadCalls(parentPort!, {
  listen: () => listen(),
  forget: (keyId: string) => thread.deps.keys.forget(keyId),
  forgetAll: () => thread.deps.keys.forgetAll(),
  metrics: () => metrics.snapshot(),
  faults: (current: readonly SetFault[]) => faults?.use(current),
  refusals: () => refusals.take(),
  tls: (now: TlsNow) => useTls(now),
  close: () => close(),
})

const storage = openThreadStorage(data.storage, (request) =>
  (callMain('shareOfLimit', request) as Promise<number | undefined>).catch((error: unknown) => {
    throw problem('Unavailable', { reason: error instanceof Error ? error.message : String(error) })
  }),
)
const keyring = await openKeyring({
  dataFolder: data.dataFolder,
  sealer: new Sealer({ current: data.masterKey }),
})
const thread = compose({
  db: storage.db,
  others: storage.others,
  masterKey: data.masterKey,
  keyring,
  memory: data.memory,
  publicUrl: data.publicUrl,
  rootMarker: data.emulate ? emulatorRootMarker() : undefined,
  unlimited: data.unlimited,
  nudgeJobs: () => void callMain('nudge').catch(() => undefined), // the jobs look by themselves, only later
})

const report = (failure: unknown, requestId = ''): void => {
  const { message, stack } = failure instanceof Error ? failure : { message: String(failure), stack: undefined }
  void callMain('report', { requestId, message, stack }).catch(() => undefined)
}
const { deps, runner, principals, nonces, brake, tokens } = thread
const strictness = strictnessIn(data.memory)
const strict = data.emulate ? strictness.get : undefined
const parts = { runner, principals, nonces, brake, wallClock, report, strict }
const faults = data.emulate ? new Faults() : undefined
const faulty = (dialect: Dialect, door: Door): Door => faults?.before(dialect, door) ?? door
const huawei = faulty(huaweiDialect, huaweiDoor({ ...parts, ...deps, tokens }))
let authority = data.tls?.authority
const instance = instanceDoor({
  checks: {
    database: () => thread.meta.read('instance.id'),
    // A write that finds nothing to do: enough to see whether writes arrive.
    writer: () => deps.committer.commit([deps.iam.forgetNonces(0)]),
    keyring: async () => {
      const { provider, key, spki } = await controlOf(thread)
      await provider.proveControl(key, spki)
    },
  },
  metrics: data.metricsElsewhere ? undefined : () => callMain('metrics') as Promise<MetricsText>,
  instanceCertificate: () => authority,
  monotonicClock,
  report,
})
const verifiers = faulty(pkiDialect, pkiDoor({ ...deps, report }))
const responder = new OcspResponder({
  ...deps,
  responders: thread.responders,
  revocationMarks: thread.revocationMarks,
  clock: processClock,
  responderMissing(caId) {
    const due = deps.crlSchedule.responderDue(caId, deps.domainClock.now())
    void deps.committer.commit([due]).then(deps.nudgeJobs, report)
  },
})
const direct = { '/ocsp/': ocspHandler({ ...deps, responder, monotonicClock, report }) }
const pki: Record<string, Door> = {
  '/crl/': verifiers,
  '/ca/': verifiers,
  '/audit/': auditDoor({ ...deps, receipts: thread.receipts, report }),
  '/receipt/': auditDoor({ ...deps, receipts: thread.receipts, report }),
  '/ca/instance.cer': instance,
}
const doors: Record<string, Door> = {
  ...pki,
  '/': faulty(alibabaDialect, alibabaDoor({ ...parts, domainClock: deps.domainClock })),
  '/v1/': huawei,
  '/v3/': huawei,
  '/v3.0/': huawei,
  '/v5/': huawei,
  '/api/': faulty(ownDialect, ownDoor(parts)),
  '/healthz': instance,
  '/readyz': instance,
  '/metrics': instance,
}
if (data.emulate) {
  const known = [alibabaDialect, huaweiDialect, ownDialect, pkiDialect].map(
    ({ door, operations }) => [door, operations] as const,
  )
  doors['/emulator/'] = emulatorDoor(
    {
      clock: () => Promise.resolve({ now: deps.domainClock.now(), frozen: deps.domainClock.frozen() }),
      setClock: (change: ClockChange) => callMain('setClock', change) as Promise<{ now: number; frozen: boolean }>,
      createAccount: (name: string) => callMain('createAccount', name),
      faults: () => callMain('faults') as Promise<readonly SetFault[]>,
      addFault: (fault: Fault) => callMain('addFault', fault) as Promise<SetFault>,
      clearFaults: () => callMain('clearFaults') as Promise<void>,
      strict: strictness.get,
      setStrict: strictness.set,
      seed: (seed: Seed) => callMain('seed', seed) as ReturnType<EmulatorControls['seed']>,
      reset: () => callMain('reset') as Promise<void>,
    },
    Object.fromEntries(known),
  )
}

const metrics = new CallMetrics()
const refusals = new RefusalCounts(wallClock)
const log = data.logRequests ? newLogger() : undefined
const observe = ({ method, path, status, ms, outcome, about, sourceIp }: ObservedCall): void => {
  const { door, operation, requestId, accountId, refusal } = about
  const counted = outcome === 'unauthenticated' || outcome === 'throttled'
  const reason = counted ? (refusal ?? String(status)) : undefined
  metrics.observe({ door, operation, outcome, reason, ms })
  if (reason !== undefined) refusals.count(outcome, reason, sourceIp)
  log?.info({ method, path, status, ms: Math.round(ms), door, operation, requestId, accountId }, 'request')
}
const everyServer = { direct, report, observe, clientOf: clientReader(data.proxies) } satisfies Omit<
  ServerParts,
  'doors'
>
const { listeners } = data
const servers = [{ address: listeners.plain, server: createServer({ ...everyServer, doors }) }]
if (listeners.pki) servers.push({ address: listeners.pki, server: createServer({ ...everyServer, doors: pki }) })
const tlsServer = listeners.tls && createServer({ ...everyServer, doors, tls: data.tls?.material })
if (listeners.tls && tlsServer) servers.push({ address: listeners.tls, server: tlsServer })

deps.useMarks.start((error) => report(error))
await callMain('ready')

async function listen(): Promise<void> {
  for (const { address, server } of servers) {
    // Fastify hands what it does not know on to net.Server.listen.
    const options: FastifyListenOptions & { reusePort: boolean } = { ...address, reusePort: true }
    await server.listen(options)
  }
  flushCompileCache() // a thread that is ended keeps nothing for the next start (cli/serve.ts)
}

function useTls(now: TlsNow): void {
  authority = now.authority
  if (tlsServer) replaceTls(tlsServer, now.material)
}

async function close(): Promise<void> {
  await Promise.all(servers.map(({ server }) => closeServer(server)))
  await deps.useMarks.stop()
  await storage.close()
}
