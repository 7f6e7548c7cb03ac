import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { aDatabaseFolder } from './engines.fixture.ts'
import { DurabilityUnknown, SqliteWriter, type PlainWrite } from './sqlite.ts'

interface Opened extends AsyncDisposable {
  writer: SqliteWriter
  database: string
  /** What another connection sees. */
  committed(): unknown[]
}

async function aWriter(): Promise<Opened> {
  const folder = await aDatabaseFolder()
  const writer = new SqliteWriter(folder.database)
  writer.connection.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  writer.connection.exec('CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id))')
  const other = new DatabaseSync(folder.database, { readOnly: true })
  return {
    writer,
    database: folder.database,
    committed: () =>
      other
        .prepare('SELECT id FROM t ORDER BY id')
        .all()
        .map((row) => row['id']),
    async [Symbol.asyncDispose]() {
      other.close()
      writer.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const write = (sql: string, ...parameters: PlainWrite['parameters']): PlainWrite => ({
  sql,
  parameters,
  rows: 'any',
  guard: false,
})
const insert = (id: number, v: PlainWrite['parameters'][number] = null): PlainWrite => ({
  ...write('INSERT INTO t (id, v) VALUES (?, ?)', id, v),
  rows: 1,
})
const guard = (id: number, rows: number): PlainWrite => ({
  ...write('SELECT id FROM t WHERE id = ?', id),
  rows,
  guard: true,
})

const held = { held: true }
const failedAt = (failed: number) => ({ held: false, failed })
const failedWith = (error: RegExp) => ({ held: false, error: expect.stringMatching(error) as string })

/** Makes one statement of the writer do something else. To be called before the writer has prepared it. */
function instead(writer: SqliteWriter, sql: string, run: (statement: StatementSync) => void): void {
  const { connection } = writer
  const prepare = connection.prepare.bind(connection)
  connection.prepare = (text) => {
    const statement = prepare(text)
    if (text === sql) statement.run = () => (run(statement), { changes: 0, lastInsertRowid: 0 })
    return statement
  }
}

const sqliteError = (errcode: number, message: string) => Object.assign(new Error(message), { errcode })
const full = 13
const failedSync = 1_034

describe('SqliteWriter.commitBatch, design 7', () => {
  test('a batch of sets becomes durable at once, results in their order', async () => {
    await using opened = await aWriter()
    expect(opened.writer.commitBatch([[insert(1)], [insert(2), insert(3)], []])).toEqual([held, held, held])
    expect(opened.committed()).toEqual([1, 2, 3])
  })

  test('a batch without sets holds', async () => {
    await using opened = await aWriter()
    expect(opened.writer.commitBatch([])).toEqual([])
    expect(opened.writer.connection.isTransaction).toBe(false)
  })

  test.each([
    ['a guard that misses', guard(99, 1), failedAt(1)],
    ['a unique violation', insert(1), failedWith(/UNIQUE/)],
    ['a foreign key violation', write('INSERT INTO child (id, t_id) VALUES (1, 99)'), failedWith(/FOREIGN KEY/)],
    ['a statement that cannot be prepared', write('INSERT INTO nowhere VALUES (1)'), failedWith(/no such table/)],
    ['a value that cannot be bound', insert(4, new Date(0) as unknown as null), failedWith(/cannot be bound/)],
    ['too many values', write('DELETE FROM child', 1), failedWith(/column index out of range/)],
  ])('%s in the middle of a set leaves no trace of it, and leaves the other sets', async (_, culprit, result) => {
    await using opened = await aWriter()
    const { writer } = opened
    expect(writer.commitBatch([[insert(1)], [insert(2), culprit, insert(3)], [insert(5)]])).toEqual([
      held,
      result,
      held,
    ])
    expect(opened.committed()).toEqual([1, 5])
    expect(writer.commitBatch([[insert(7), culprit]])).toEqual([result])
    expect(opened.committed()).toEqual([1, 5])
    expect(writer.commitBatch([[insert(6)]])).toEqual([held])
    expect(opened.committed()).toEqual([1, 5, 6])
  })

  test('later sets of a batch see what earlier ones did, and nothing of those that failed', async () => {
    await using opened = await aWriter()
    const batch = [[insert(1)], [insert(2), guard(99, 1)], [guard(1, 1), guard(2, 0), insert(3)], [insert(1)]]
    expect(opened.writer.commitBatch(batch)).toEqual([held, failedAt(1), held, failedWith(/UNIQUE/)])
    expect(opened.committed()).toEqual([1, 3])
  })

  test('a batch of which no set held leaves nothing', async () => {
    await using opened = await aWriter()
    const batch = [
      [insert(1), guard(9, 1)],
      [guard(1, 1), insert(2)],
    ]
    expect(opened.writer.commitBatch(batch)).toEqual([failedAt(1), failedAt(0)])
    expect(opened.committed()).toEqual([])
    expect(opened.writer.connection.isTransaction).toBe(false)
  })

  test('a guard that breaks off between two rows holds nothing open', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    expect(writer.commitBatch([[insert(1, '{}'), insert(2, 'no JSON')]])).toEqual([held])
    const breaks: PlainWrite = { ...write('SELECT json(v) FROM t ORDER BY id'), rows: 2, guard: true }
    expect(writer.commitBatch([[breaks]])).toEqual([failedWith(/malformed JSON/)])
    expect(writer.connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 })
    expect(writer.commitBatch([[write('DROP TABLE child')]])).toEqual([held])
  })

  test('when an error ends the whole transaction, no set of the batch held, and the next batch begins anew', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    const ends = write('INSERT OR ROLLBACK INTO t (id) VALUES (1)')
    const batch = [[insert(1)], [insert(2), ends], [insert(3)]]
    expect(writer.commitBatch(batch)).toEqual(Array(3).fill(failedWith(/UNIQUE/)))
    expect(opened.committed()).toEqual([])
    expect(writer.commitBatch([[insert(4)], [insert(5)]])).toEqual([held, held])
    expect(writer.commitBatch([[write('INSERT OR ROLLBACK INTO t (id) VALUES (4)')]])).toEqual([failedWith(/UNIQUE/)])
    expect(opened.committed()).toEqual([4, 5])
  })

  test('while somebody else holds the write lock every set is told, and the lock is taken afterwards', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    writer.connection.exec('PRAGMA busy_timeout = 0')
    const other = new DatabaseSync(opened.database)
    other.exec('BEGIN IMMEDIATE')
    expect(writer.commitBatch([[insert(1)], [insert(2)]])).toEqual(Array(2).fill(failedWith(/locked/)))
    other.exec('ROLLBACK')
    other.close()
    expect(writer.commitBatch([[insert(1)]])).toEqual([held])
    expect(opened.committed()).toEqual([1])
  })
})

describe('SqliteWriter on a full disk', () => {
  const large = new Uint8Array(200_000)
  const fill = ({ connection }: SqliteWriter) => {
    const { page_count: pages } = connection.prepare('PRAGMA page_count').get() as { page_count: number }
    connection.exec(`PRAGMA max_page_count = ${pages + 4}`)
  }

  test('a set that does not fit is told and leaves no trace; what fits goes on', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    fill(writer)
    expect(writer.commitBatch([[insert(1), insert(2, large)]])).toEqual([failedWith(/full/)])
    expect(opened.committed()).toEqual([])
    expect(writer.commitBatch([[insert(3)]])).toEqual([held])
    expect(opened.committed()).toEqual([3])
  })

  test('in a batch every result is true, whether or not the error ended the transaction', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    fill(writer)
    const results = writer.commitBatch([[insert(1)], [insert(2, large)], [insert(3)]])
    expect(results[1]).toEqual(failedWith(/full/))
    expect(opened.committed()).toEqual([1, 2, 3].filter((_, index) => results[index]!.held))
    expect(writer.connection.isTransaction).toBe(false)
  })

  test('no room for the commit itself: the sets are told, nothing is there, and the next batch goes on', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    let times = 0
    instead(writer, 'COMMIT', () => {
      writer.connection.exec(times++ === 0 ? 'ROLLBACK' : 'END') // SQLite rolls back by itself
      if (times === 1) throw sqliteError(full, 'database or disk is full')
    })
    expect(writer.commitBatch([[insert(1)], [insert(2)]])).toEqual(Array(2).fill(failedWith(/full/)))
    expect(opened.committed()).toEqual([])
    expect(writer.commitBatch([[insert(3)]])).toEqual([held])
    expect(opened.committed()).toEqual([3])
  })
})

describe('SqliteWriter when a commit fails', () => {
  test('a commit that is refused with the transaction still open did not happen: all are told, nobody is left out', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    const orphan = [write('PRAGMA defer_foreign_keys = ON'), write('INSERT INTO child (id, t_id) VALUES (1, 99)')]
    expect(writer.commitBatch([[insert(1)], orphan])).toEqual(Array(2).fill(failedWith(/FOREIGN KEY/)))
    expect(opened.committed()).toEqual([])
    expect(writer.commitBatch([[insert(2)]])).toEqual([held])
  })

  test.each([
    ['not written', 'ROLLBACK'],
    ['written though reported as failed', 'END'],
  ])('%s: the outcome is unknown, and nobody is answered', async (_, really) => {
    await using opened = await aWriter()
    const { writer } = opened
    instead(writer, 'COMMIT', () => {
      writer.connection.exec(really)
      throw sqliteError(failedSync, 'disk I/O error')
    })
    expect(() => writer.commitBatch([[insert(1)], [insert(2)]])).toThrow(DurabilityUnknown)
  })

  test('an fsync that fails inside a set makes the outcome unknown, and leaves no transaction open', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    instead(writer, insert(1).sql, () => {
      throw sqliteError(failedSync, 'disk I/O error')
    })
    expect(() => writer.commitBatch([[guard(1, 0)], [insert(1)]])).toThrow(DurabilityUnknown)
    expect(writer.connection.isTransaction).toBe(false)
  })

  test.each(['SAVEPOINT one_set', 'ROLLBACK TO one_set', 'RELEASE one_set'])(
    'a savepoint that fails undoes the batch and is told to all: %s',
    async (sql) => {
      await using opened = await aWriter()
      const { writer } = opened
      let times = 0
      instead(writer, sql, () => {
        if (times++ === 0) throw sqliteError(10, 'disk I/O error')
        writer.connection.exec(sql)
      })
      const batch = [[insert(1), guard(99, 1)], [insert(2)]]
      expect(writer.commitBatch(batch)).toEqual(Array(2).fill(failedWith(/disk I\/O/)))
      expect(opened.committed()).toEqual([])
      expect(writer.commitBatch([[insert(3)], [insert(4)]])).toEqual([held, held])
      expect(opened.committed()).toEqual([3, 4])
    },
  )

  test('a transaction that cannot be rolled back ends the process, rather than every later commit', async () => {
    await using opened = await aWriter()
    const { writer } = opened
    instead(writer, 'ROLLBACK', () => {
      throw sqliteError(10, 'disk I/O error')
    })
    expect(() => writer.commitBatch([[insert(1), guard(99, 1)]])).toThrow(DurabilityUnknown)
  })
})
