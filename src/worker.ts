import { parentPort, workerData } from 'node:worker_threads'
import type { FastifyListenOptions } from 'fastify'
import { alibabaDoor } from './api/alibaba/door.ts'
import { huaweiDoor } from './api/huawei/door.ts'
import { ownDoor } from './api/own/door.ts'
import { clientReader, type TrustedProxies } from './api/client-address.ts'
import { instanceDoor, type MetricsText } from './api/instance/door.ts'
import { pkiDoor } from './api/pki/door.ts'
import {
  closeServer,
  createServer,
  replaceTls,
  type ObservedCall,
  type ServerParts,
  type TlsMaterial,
} from './api/server.ts'
import type { Door } from './api/index.ts'
import { openThreadStorage, type ThreadStorage } from './backend.ts'
import { compose } from './compose.ts'
import { controlOf } from './control-key.ts'
import { emulatorDoor, emulatorRootMarker, type ClockChange } from './emulator/index.ts'
import { monotonicClock, problem, wallClock } from './kernel/index.ts'
import { masterKeysIn, openKeyring, Sealer, type MasterKey } from './keys/index.ts'
import type { Listeners } from './listeners.ts'
import { newLogger } from './log.ts'
import { CallMetrics } from './metrics/index.ts'
import type { SharedMemory } from './shared-memory.ts'
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
  tls: (now: TlsNow) => useTls(now),
  masterKey: (next: MasterKey) => thread.deps.sealer.use(next),
  close: () => close(),
})

const storage = openThreadStorage(data.storage, (request) =>
  (callMain('shareOfLimit', request) as Promise<number | undefined>).catch((error: unknown) => {
    throw problem('Unavailable', { reason: error instanceof Error ? error.message : String(error) })
  }),
)
const keyring = await openKeyring({
  dataFolder: data.dataFolder,
  sealer: new Sealer({ current: data.masterKey, others: masterKeysIn(data.dataFolder, process.env) }),
})
const thread = compose({
  db: storage.db,
  others: storage.others,
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
const parts = { runner, principals, nonces, brake, wallClock, report }
const huawei = huaweiDoor({ ...parts, ...deps, tokens })
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
const pki: Record<string, Door> = {
  '/crl/': pkiDoor({ ...deps, report }),
  '/ca/': pkiDoor({ ...deps, report }),
  '/ca/instance.cer': instance,
}
const doors: Record<string, Door> = {
  ...pki,
  '/': alibabaDoor({ ...parts, domainClock: deps.domainClock }),
  '/v1/': huawei,
  '/v3/': huawei,
  '/v3.0/': huawei,
  '/v5/': huawei,
  '/api/': ownDoor(parts),
  '/healthz': instance,
  '/readyz': instance,
  '/metrics': instance,
}
if (data.emulate)
  doors['/emulator/'] = emulatorDoor({
    clock: () => Promise.resolve({ now: deps.domainClock.now(), frozen: deps.domainClock.frozen() }),
    setClock: (change: ClockChange) => callMain('setClock', change) as Promise<{ now: number; frozen: boolean }>,
    createAccount: (name: string) => callMain('createAccount', name),
  })

const metrics = new CallMetrics()
const log = data.logRequests ? newLogger() : undefined
const observe = ({ method, path, status, ms, outcome, about }: ObservedCall): void => {
  const { door, operation, requestId, accountId, refusal } = about
  const counted = outcome === 'unauthenticated' || outcome === 'throttled'
  metrics.observe({ door, operation, outcome, reason: counted ? (refusal ?? String(status)) : undefined, ms })
  log?.info({ method, path, status, ms: Math.round(ms), door, operation, requestId, accountId }, 'request')
}
const everyServer = { report, observe, clientOf: clientReader(data.proxies) } satisfies Omit<ServerParts, 'doors'>
const { listeners } = data
const servers = [{ address: listeners.plain, server: createServer({ ...everyServer, doors }) }]
if (listeners.pki) servers.push({ address: listeners.pki, server: createServer({ ...everyServer, doors: pki }) })
const tlsServer = listeners.tls && createServer({ ...everyServer, doors, tls: data.tls?.material })
if (listeners.tls && tlsServer) servers.push({ address: listeners.tls, server: tlsServer })

await callMain('ready')

async function listen(): Promise<void> {
  for (const { address, server } of servers) {
    // Fastify hands what it does not know on to net.Server.listen.
    const options: FastifyListenOptions & { reusePort: boolean } = { ...address, reusePort: true }
    await server.listen(options)
  }
}

function useTls(now: TlsNow): void {
  authority = now.authority
  if (tlsServer) replaceTls(tlsServer, now.material)
}

async function close(): Promise<void> {
  await Promise.all(servers.map(({ server }) => closeServer(server)))
  await storage.close()
}
