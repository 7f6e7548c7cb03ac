import { parentPort, workerData } from 'node:worker_threads'
import type { FastifyListenOptions } from 'fastify'
import { alibabaDoor } from './api/alibaba/door.ts'
import { huaweiDoor } from './api/huawei/door.ts'
import { ownDoor } from './api/own/door.ts'
import { pkiDoor } from './api/pki/door.ts'
import { closeServer, createServer } from './api/server.ts'
import type { Door } from './api/index.ts'
import { openThreadStorage, type ThreadStorage } from './backend.ts'
import { compose } from './compose.ts'
import { emulatorDoor, emulatorRootMarker, type ClockChange } from './emulator/index.ts'
import { problem, wallClock } from './kernel/index.ts'
import { openKeyring, Sealer, type MasterKey } from './keys/index.ts'
import type { SharedMemory } from './shared-memory.ts'
import { threadCalls } from './thread-calls.ts'

/** What the main thread gives a worker to begin with. */
export interface WorkerData {
  storage: ThreadStorage
  dataFolder: string
  masterKey: MasterKey
  memory: SharedMemory
  publicUrl: string | undefined
  host: string
  port: number
  emulate: boolean
  unlimited: boolean
}

/** One HTTP thread: its own listener on the shared port, its own connections to the data, its own copy of the object graph. */
const data = workerData as WorkerData
const callMain = threadCalls(parentPort!, {
  listen: () => listen(),
  forget: (keyId: string) => thread.deps.keys.forget(keyId),
  forgetAll: () => thread.deps.keys.forgetAll(),
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
const { deps, runner, principals, nonces, tokens } = thread
const parts = { runner, principals, nonces, wallClock, report }
const huawei = huaweiDoor({ ...parts, ...deps, tokens })
const doors: Record<string, Door> = {
  '/': alibabaDoor({ ...parts, domainClock: deps.domainClock }),
  '/v1/': huawei,
  '/v3/': huawei,
  '/v3.0/': huawei,
  '/v5/': huawei,
  '/crl/': pkiDoor({ ...deps, report }),
  '/ca/': pkiDoor({ ...deps, report }),
  '/api/': ownDoor(parts),
}
if (data.emulate)
  doors['/emulator/'] = emulatorDoor({
    clock: () => Promise.resolve({ now: deps.domainClock.now(), frozen: deps.domainClock.frozen() }),
    setClock: (change: ClockChange) => callMain('setClock', change) as Promise<{ now: number; frozen: boolean }>,
    createAccount: (name: string) => callMain('createAccount', name),
  })

const server = createServer({ doors, report })

await callMain('ready')

async function listen(): Promise<void> {
  // Fastify hands what it does not know on to net.Server.listen.
  const address: FastifyListenOptions & { reusePort: boolean } = { host: data.host, port: data.port, reusePort: true }
  await server.listen(address)
}

async function close(): Promise<void> {
  await closeServer(server)
  await storage.close()
}
