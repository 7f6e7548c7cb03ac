import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { monotonicClock } from '../kernel/index.ts'
import { CommitCounters } from './commit-counters.ts'
import { DurabilityUnknown, SqliteWriter, type PlainWrite } from './sqlite.ts'
import type { CommitAnswer, CommitRequest, WriteForm } from './sqlite-commit.ts'

/**
 * The writer thread (design 7): whatever has come in while the last commit was on its way to the disk shares the next
 * one. Nothing is answered before its commit returned. A commit of unknown outcome is not answered at all: the process
 * ends, and the next start reads what the disk holds.
 */
interface WriterData {
  path: string
  ports: MessagePort[]
  /** Of {@link CommitCounters}, for who reads them. */
  counters?: SharedArrayBuffer | undefined
}

const maxSets = 128

const { path, ports, counters: countersMemory } = workerData as WriterData
const counters = new CommitCounters(countersMemory)
const writer = new SqliteWriter(path, { checkpoints: false })

/** The forms that came through each port, in order. */
const formsOf = new Map<MessagePort, WriteForm[]>(ports.map((port) => [port, []]))

interface Pending {
  port: MessagePort
  request: CommitRequest
}

function setsOf({ port, request }: Pending): PlainWrite[][] {
  const forms = formsOf.get(port)!
  forms.push(...request.forms)
  return request.sets.map((set) => set.map(([form, ...parameters]) => ({ ...forms[form]!, parameters })))
}

function take(first: Pending): Pending[] {
  const batch = [first]
  let sets = first.request.sets.length
  for (let found = true; found && sets < maxSets;) {
    found = false
    for (const port of ports) {
      const received = receiveMessageOnPort(port) as { message: CommitRequest } | undefined
      if (!received) continue
      found = true
      sets += received.message.sets.length
      batch.push({ port, request: received.message })
    }
  }
  return batch
}

function commit(batch: Pending[]): void {
  const sets: PlainWrite[][] = batch.flatMap(setsOf)
  const began = monotonicClock.now()
  const results = writer.commitBatch(sets)
  counters.count(sets.length, monotonicClock.now() - began)
  let from = 0
  for (const { port, request } of batch) {
    const to = from + request.sets.length
    port.postMessage({ id: request.id, results: results.slice(from, to) } satisfies CommitAnswer)
    from = to
  }
}

// What the disk holds is unknown from then on: whatever else is waiting would be answered on top of that.
let ended = false

for (const port of ports) {
  port.on('message', (request: CommitRequest) => {
    if (ended) return
    try {
      commit(take({ port, request }))
    } catch (error) {
      ended = true
      const reason = error instanceof DurabilityUnknown ? error.message : String(error)
      parentPort!.postMessage({ fatal: `the database could not be written and its state is unknown: ${reason}` })
    }
  })
}
parentPort!.on('message', (message: { close: true }) => {
  if (!message.close) return
  if (!ended) writer.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  writer.close()
  for (const port of ports) port.close()
  parentPort!.close()
})
parentPort!.postMessage({ ready: true })
