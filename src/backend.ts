import { extname } from 'node:path'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import type { OtherProcesses } from './compose.ts'
import { metaKeys } from './data-folder.ts'
import type { ProcessStore, RateShareStore, ShareRequest } from './processes/index.ts'
import {
  CommitCounters,
  openPool,
  postgresDatabase,
  postgresNonces,
  processStore,
  rateShareStore,
  sqliteDatabase,
  SqliteReader,
  WriterClient,
  type Database,
  type NonceLedger,
} from './storage/index.ts'

/** Something that the operator should look at: counted by kind, and a line of the log. */
export type Alarm = (kind: string, facts: object, text: string) => void

/** What an HTTP thread needs to open its own way to the data. */
export type ThreadStorage =
  { engine: 'sqlite'; path: string; writer: MessagePort } | { engine: 'postgres'; url: string; connections: number }

/** What the main thread needs to stand among other processes. */
export interface Company {
  processId: string
  processes: ProcessStore
  rateShares: RateShareStore
  nonces: NonceLedger
}

/** The data as the process has it: the main thread's own way to it, and one for each HTTP thread. */
export interface Backend {
  db: Database
  threads: readonly ThreadStorage[]
  /** Absent where one process has the data for itself. */
  company: Company | undefined
  /** Of the writer thread; they stand still where the database itself commits. */
  commits: CommitCounters
  close(): Promise<void>
}

/** A file of ours: TypeScript here, JavaScript in the published package (scripts/build-package.js). */
export const source = (path: string): URL => new URL(path.replace(/[.]ts$/, extname(import.meta.url)), import.meta.url)

/** One writer thread, and one that moves the log into the database. @param fatal see main.ts */
export async function sqliteBackend(
  path: string,
  workers: number,
  alarm: Alarm,
  fatal: (reason: string) => void,
): Promise<Backend> {
  const channels = Array.from({ length: workers + 1 }, () => new MessageChannel())
  const ports = channels.map(({ port1 }) => port1)
  const counters = CommitCounters.memory()
  const writer = new Worker(source('storage/sqlite-writer-thread.ts'), {
    workerData: { path, ports, counters },
    transferList: ports,
  })
  await new Promise<void>((resolve, reject) => {
    writer.once('message', () => resolve())
    writer.once('error', reject)
  })
  writer.on('message', (message: { fatal?: string }) => message.fatal && fatal(message.fatal))
  writer.on('error', (error: Error) => fatal(`the writer thread failed: ${error.message}`))
  const checkpoints = new Worker(source('storage/sqlite-checkpoint-thread.ts'), { workerData: { path } })
  checkpoints.on('error', (error: Error) =>
    alarm('checkpoint', { error: error.message }, 'the checkpoint thread failed'),
  )

  // For jobs, which read much and little of it twice.
  const reader = new SqliteReader(path, { cacheKiB: 8_192 })
  return {
    db: sqliteDatabase(reader, new WriterClient(channels[0]!.port2)),
    threads: channels.slice(1).map(({ port2 }) => ({ engine: 'sqlite', path, writer: port2 })),
    company: undefined,
    commits: new CommitCounters(counters),
    async close() {
      for (const thread of [checkpoints, writer]) {
        thread.postMessage({ close: true })
        await new Promise((resolve) => thread.once('exit', resolve))
      }
      reader.close()
    },
  }
}

/** Connections of the main thread: jobs, the look at the other processes, and room for a statement that takes its time. */
const mainConnections = 6
/** A server allows a hundred connections unless it is told otherwise, and there are to be several processes. */
const connectionsOfAllWorkers = 24

/** PostgreSQL: each thread has a few connections of its own. */
export function postgresBackend(url: string, workers: number, processId: string): Backend {
  const pool = openPool({ url, size: mainConnections })
  const quick = openPool({ url, size: 2, durable: false })
  const db = postgresDatabase(pool)
  const connections = Math.min(8, Math.max(3, Math.floor(connectionsOfAllWorkers / workers)))
  return {
    db,
    threads: Array.from({ length: workers }, () => ({ engine: 'postgres', url, connections })),
    company: {
      processId,
      processes: processStore(postgresDatabase(quick), metaKeys.emulatorClock),
      rateShares: rateShareStore(quick),
      nonces: postgresNonces(quick),
    },
    commits: new CommitCounters(),
    async close() {
      await Promise.all([pool.end(), quick.end()])
    },
  }
}

/** Opens the data in an HTTP thread. @param askForShare asks the main thread */
export function openThreadStorage(
  storage: ThreadStorage,
  askForShare: (request: ShareRequest) => Promise<number | undefined>,
): { db: Database; others: OtherProcesses | undefined; close(): Promise<void> } {
  if (storage.engine === 'sqlite') {
    const reader = new SqliteReader(storage.path)
    return {
      db: sqliteDatabase(reader, new WriterClient(storage.writer)),
      others: undefined,
      close: async () => reader.close(),
    }
  }
  const { url, connections } = storage
  const pool = openPool({ url, size: connections })
  const quick = openPool({ url, size: 1, durable: false })
  return {
    db: postgresDatabase(pool),
    others: { nonces: postgresNonces(quick), askForShare },
    async close() {
      await Promise.all([pool.end(), quick.end()])
    },
  }
}
