import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import type { Write } from '../kernel/index.ts'
import { aDatabaseFolder, storesOver } from './engines.fixture.ts'
import type { Fault } from './faulty-writer.fixture.ts'
import { migrateSqlite, sqliteDatabase, SqliteReader, SqliteWriter, WriterClient } from './index.ts'
import { anEntry, aRevocation, bytes, otherwise, ours } from './objects.fixture.ts'
import type { CommitAnswer, CommitRequest, SentWrite, WriteForm } from './sqlite-commit.ts'

type Stores = ReturnType<typeof storesOver>

/** A writer thread on a migrated database, and the other ends of its ports. */
async function aWriterThread(fault?: Fault) {
  const folder = await aDatabaseFolder()
  const { database } = folder
  const first = new SqliteWriter(database)
  migrateSqlite(first.connection, 0)
  first.close()

  const [one, two] = [new MessageChannel(), new MessageChannel()]
  const ports = [one.port2, two.port2]
  const program = fault ? './faulty-writer.fixture.ts' : './sqlite-writer-thread.ts'
  const data = { path: database, ports, fault }
  const thread = new Worker(new URL(program, import.meta.url), { workerData: data, transferList: ports })
  const heard: unknown[] = []
  thread.on('message', (message) => heard.push(message))
  await once(thread, 'message')

  const reader = new SqliteReader(database)
  const ended = once(thread, 'exit')
  let closing = false
  const close = async () => {
    if (!closing) thread.postMessage({ close: true })
    closing = true
    await ended
  }
  return {
    database,
    thread,
    heard,
    reader,
    ports: [one.port1, two.port1] as const,
    close,
    async [Symbol.asyncDispose]() {
      await close()
      reader.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** The stores of one HTTP thread: its own port to the writer. */
const client = ({ reader }: { reader: SqliteReader }, port: MessagePort) =>
  storesOver(sqliteDatabase(reader, new WriterClient(port)))

const into = { sql: 'INSERT INTO meta (key, value) VALUES (?, ?)', guard: false }
/** What is sent with the first request on a port. */
const forms: WriteForm[] = [
  { ...into, rows: 1 },
  { ...into, rows: 0 },
]
const insertMeta = (key: string, form = 0): SentWrite => [form, key, '']

const taken = otherwise('Taken')

describe('the writer thread, design 7', () => {
  test('commits from two ports at once are all answered, and readable when they are', async () => {
    await using writer = await aWriterThread()
    const clients = writer.ports.map((port) => client(writer, port))
    const each = Array.from({ length: 200 }, (_, index) => index)
    const answered = clients.flatMap((stores, name) =>
      each.map(async (index) => {
        await stores.commit([stores.meta.write(`${name}/${index}`, String(index))])
        return stores.meta.read(`${name}/${index}`)
      }),
    )
    expect(await Promise.all(answered)).toEqual([...each, ...each].map(String))
  })

  test('each client hears of its own sets in the order in which it gave them, failed or not', async () => {
    await using writer = await aWriterThread()
    const [first, second] = writer.ports.map((port) => client(writer, port)) as [Stores, Stores]
    const heard = { first: [] as number[], second: [] as number[] }
    const caId = 'ca'
    const commits = Array.from({ length: 60 }, async (_, index) => {
      const [stores, list] = index % 2 ? [first, heard.first] : [second, heard.second]
      const serial = index % 3 ? `${index}` : 'the same'
      if (index > 30) await stores.meta.read('a turn of the event loop') // so that there are several requests
      await stores
        .commit(stores.revocations.record(aRevocation({ caId, serial }), taken))
        .catch((error: unknown) => expect(error).toBe(taken))
      list.push(index)
    })
    await Promise.all(commits)
    const numbers = Array.from({ length: 60 }, (_, index) => index)
    expect(heard.first).toEqual(numbers.filter((index) => index % 2))
    expect(heard.second).toEqual(numbers.filter((index) => index % 2 === 0))
    expect(await first.revocations.entries(caId, '', 0, 100)).toHaveLength(41)
  })

  test('of clients on two ports that compare and swap the same row, one is told, with its very problem', async () => {
    await using writer = await aWriterThread()
    const clients = writer.ports.map((port) => client(writer, port))
    const problems = clients.map((_, index) => otherwise(`Lost by ${index}`))
    const revocation = aRevocation()
    const ends = await Promise.allSettled(
      clients.map((stores, index) => stores.commit(stores.revocations.record(revocation, problems[index]!))),
    )
    const lost = ends.findIndex(({ status }) => status === 'rejected')
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(ends[lost]).toMatchObject({ reason: problems[lost] })
  })

  test('more sets in one turn than a batch takes are all answered', async () => {
    await using writer = await aWriterThread()
    const stores = client(writer, writer.ports[0])
    await Promise.all(Array.from({ length: 500 }, () => stores.commit([stores.audit.insert(anEntry())])))
    expect(await stores.audit.list(ours, {}, { offset: 0, limit: 0 })).toMatchObject({ total: 500 })
  })

  test('requests are answered under their ids, one result for each set, in order', async () => {
    await using writer = await aWriterThread()
    const [port] = writer.ports
    const answers: CommitAnswer[] = []
    port.on('message', (answer: CommitAnswer) => answers.push(answer))
    const sets = [
      [[insertMeta('a')], [insertMeta('b'), insertMeta('a')], []],
      [[insertMeta('c')]],
      [[insertMeta('c')], [insertMeta('d', 1)], [insertMeta('d')]],
    ]
    for (const [index, of] of sets.entries())
      port.postMessage({ id: index + 7, forms: index === 0 ? forms : [], sets: of } satisfies CommitRequest)
    while (answers.length < 3) await once(port, 'message')
    expect(answers).toEqual([
      {
        id: 7,
        results: [{ held: true }, { held: false, error: expect.stringMatching(/UNIQUE/) as string }, { held: true }],
      },
      { id: 8, results: [{ held: true }] },
      {
        id: 9,
        results: [
          { held: false, error: expect.stringMatching(/UNIQUE/) as string },
          { held: false, failed: 0 },
          { held: true },
        ],
      },
    ])
  })

  test('bytes that are a part of a larger buffer travel as that part', async () => {
    await using writer = await aWriterThread()
    const stores = client(writer, writer.ports[0])
    const remember = stores.iam.rememberNonce(Buffer.from('secret neighbours').subarray(0, 6), 1, taken)
    await stores.commit([remember])
    expect(writer.reader.all({ sql: 'SELECT hash FROM nonces', parameters: [] })).toEqual([
      expect.objectContaining({ hash: bytes(...Buffer.from('secret')) }),
    ])
  })

  test('a statement travels once on each port, and values without what lies beside them in memory', async () => {
    const { port1, port2 } = new MessageChannel()
    const requests: CommitRequest[] = []
    port2.on('message', (request: CommitRequest) => {
      requests.push(request)
      port2.postMessage({ id: request.id, results: [{ held: true }] } satisfies CommitAnswer)
    })
    const committer = new WriterClient(port1)
    const write = (rows: number): Write => ({
      statement: { sql: 'INSERT', parameters: [Buffer.from('secret neighbours').subarray(0, 6)] },
      rows,
      otherwise: undefined,
      guard: false,
    })
    for (const rows of [1, 1, 2]) await committer.commit([write(rows)])
    port1.close()
    expect(requests.map(({ forms: sent }) => sent.map(({ rows }) => rows))).toEqual([[1], [], [2]])
    expect(requests.map(({ sets }) => sets[0]![0]![0])).toEqual([0, 0, 1])
    expect((requests[0]!.sets[0]![0]![1] as Uint8Array).buffer.byteLength).toBe(6)
  })

  test('at its end the log is in the database', async () => {
    await using writer = await aWriterThread()
    const stores = client(writer, writer.ports[0])
    await stores.commit([stores.meta.write('a', '1')])
    await writer.close()
    expect(await stat(`${writer.database}-wal`)).toMatchObject({ size: 0 })
    expect(await stores.meta.read('a')).toBe('1')
  })
})

describe('the writer thread on a disk with a fault', () => {
  test('on a full disk a commit is told Unavailable with nothing done, and the thread goes on', async () => {
    await using writer = await aWriterThread({ pagesLeft: 8 })
    const stores = client(writer, writer.ports[0])
    const large: Write[] = [stores.meta.write('a', '1'), stores.meta.write('large', 'x'.repeat(200_000))]
    await expect(stores.commit(large)).rejects.toMatchObject({
      code: 'Unavailable',
      details: { reason: 'the disk cannot be written' },
    })
    expect(await stores.meta.read('a')).toBeUndefined()
    await stores.commit([stores.meta.write('a', '2')])
    expect(await stores.meta.read('a')).toBe('2')
    expect(writer.heard).toEqual([{ ready: true }])
  })

  test('a commit of unknown outcome is answered to nobody, and nothing is answered after it', async () => {
    await using writer = await aWriterThread({ failingCommit: 2 })
    const [one, two] = writer.ports
    const answers: number[] = []
    for (const port of writer.ports) port.on('message', ({ id }: CommitAnswer) => answers.push(id))
    const send = (port: MessagePort, id: number) =>
      port.postMessage({ id, forms, sets: [[insertMeta(String(id))]] } satisfies CommitRequest)

    send(one, 1)
    await once(one, 'message')
    send(one, 2)
    expect(await once(writer.thread, 'message')).toEqual([{ fatal: expect.stringContaining('unknown') as string }])
    send(one, 3)
    send(two, 4)
    const closed = writer.ports.map((port) => once(port, 'close'))
    await writer.close()
    await Promise.all(closed)
    expect(answers).toEqual([1])
    expect(writer.heard).toHaveLength(2)
  })
})
