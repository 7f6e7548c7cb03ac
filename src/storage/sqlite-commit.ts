import type { MessagePort } from 'node:worker_threads'
import { problem, type Committer, type SqlValue, type Write } from '../kernel/index.ts'
import type { PlainWrite, SetResult, SqliteWriter } from './sqlite.ts'

/** A write without its values. */
export type WriteForm = Omit<PlainWrite, 'parameters'>

/** A write on its way to the writer: the place of its form among those that its port has sent, then its values. */
export type SentWrite = readonly [form: number, ...parameters: SqlValue[]]

/** From a thread to the writer: the sets of one turn of its event loop. */
export interface CommitRequest {
  id: number
  /** Those not sent before on this port. Texts are most of what a write weighs, so each travels once. */
  forms: WriteForm[]
  sets: SentWrite[][]
}

/** Back: one result for each set, in order. */
export interface CommitAnswer {
  id: number
  results: SetResult[]
}

const plain = (writes: readonly Write[]): PlainWrite[] =>
  writes.map(({ statement, rows, guard }) => ({
    sql: statement.sql,
    parameters: statement.parameters,
    rows,
    guard,
  }))

/** Turns what the writer says of a set into the return or the throw that {@link Committer.commit} promises. */
function settle(writes: readonly Write[], result: SetResult): Error | undefined {
  if (result.held) return undefined
  if ('error' in result) return storageError(result.error)
  const write = writes[result.failed]!
  return write.otherwise ?? new Error(`a write that must hold did not: ${write.statement.sql}`)
}

/** A full or read-only disk is told as such and can be tried again; everything else is a bug and becomes a bare 500. */
function storageError(message: string): Error {
  if (/disk is full|readonly|disk I\/O/.test(message))
    return problem('Unavailable', { reason: 'the disk cannot be written' })
  return new Error(`storage: ${message}`)
}

/** Commits in the calling thread, one set at a time: for commands on the data folder, and tests of the stores. */
export class DirectCommitter implements Committer {
  private readonly writer: SqliteWriter

  constructor(writer: SqliteWriter) {
    this.writer = writer
  }

  async commit(writes: readonly Write[]): Promise<void> {
    const [result] = this.writer.commitBatch([plain(writes)])
    const error = settle(writes, result!)
    if (error) throw error
  }
}

interface Waiting {
  writes: readonly Write[]
  resolve: () => void
  reject: (error: Error) => void
}

/** What is posted to a thread takes its whole buffer along; of a view on Node's pool that would be all 64 KiB of it. */
const ownBytes = (value: SqlValue): SqlValue =>
  value instanceof Uint8Array && value.byteLength < value.buffer.byteLength ? new Uint8Array(value) : value

/** Commits through the writer thread. Sets of one turn of the event loop travel together. */
export class WriterClient implements Committer {
  private readonly port: MessagePort
  private readonly inFlight = new Map<number, Waiting[]>()
  private readonly formsByText = new Map<string, { place: number; form: WriteForm }[]>()
  private forms = 0
  private newForms: WriteForm[] = []
  private gathered: Waiting[] = []
  private nextId = 1

  constructor(port: MessagePort) {
    this.port = port
    port.on('message', (answer: CommitAnswer) => this.answered(answer))
    port.unref()
  }

  commit(writes: readonly Write[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.gathered.length === 0) setImmediate(() => this.send())
      this.gathered.push({ writes, resolve, reject })
    })
  }

  private send(): void {
    const sets = this.gathered
    this.gathered = []
    const id = this.nextId++
    if (this.inFlight.size === 0) this.port.ref()
    this.inFlight.set(id, sets)
    const sent = sets.map(({ writes }) => writes.map((write) => this.sent(write)))
    const forms = this.newForms
    this.newForms = []
    this.port.postMessage({ id, forms, sets: sent } satisfies CommitRequest)
  }

  private sent(write: Write): SentWrite {
    return [this.placeOf(write), ...write.statement.parameters.map(ownBytes)]
  }

  private placeOf({ statement: { sql }, rows, guard }: Write): number {
    let known = this.formsByText.get(sql)
    if (!known) this.formsByText.set(sql, (known = []))
    const found = known.find(({ form }) => form.rows === rows && form.guard === guard)
    if (found) return found.place
    const form = { sql, rows, guard }
    const place = this.forms++
    this.newForms.push(form)
    known.push({ place, form })
    return place
  }

  private answered({ id, results }: CommitAnswer): void {
    const sets = this.inFlight.get(id)!
    this.inFlight.delete(id)
    if (this.inFlight.size === 0) this.port.unref()
    for (const [index, waiting] of sets.entries()) {
      const error = settle(waiting.writes, results[index]!)
      if (error) waiting.reject(error)
      else waiting.resolve()
    }
  }
}
