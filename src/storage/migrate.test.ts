import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { aDatabaseFolder } from './engines.fixture.ts'
import { migrateSqlite, SchemaTooNew } from './index.ts'
import { inWordsOf, migrations } from './migrate.ts'

const inMemory = () => new DatabaseSync(':memory:')

const objectsOf = (connection: DatabaseSync) =>
  connection
    .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .map(({ name, sql }) => [name, sql])

const appliedTo = (connection: DatabaseSync) =>
  connection
    .prepare('SELECT name, applied_at FROM migrations')
    .all()
    .map(({ name, applied_at }) => [name, applied_at])

describe('migrateSqlite', () => {
  test('brings an empty database up to date and notes when', () => {
    using connection = inMemory()
    migrateSqlite(connection, 17)
    expect(appliedTo(connection)).toEqual(migrations.map(({ name }) => [name, 17]))
    expect(objectsOf(connection).map(([name]) => name)).toContain('certificates')
    expect(connection.isTransaction).toBe(false)
  })

  test('a second time changes nothing', () => {
    using connection = inMemory()
    migrateSqlite(connection, 17)
    const before = objectsOf(connection)
    migrateSqlite(connection, 18)
    expect(objectsOf(connection)).toEqual(before)
    expect(appliedTo(connection)).toEqual(migrations.map(({ name }) => [name, 17]))
  })

  test('a statement that fails leaves nothing of all before it', () => {
    using connection = inMemory()
    connection.exec('CREATE TABLE audit_entries (mine)') // the last table: whatever else there is comes before it
    const before = objectsOf(connection)
    expect(() => migrateSqlite(connection, 17)).toThrow('already exists')
    expect(objectsOf(connection)).toEqual(before)
    expect(connection.isTransaction).toBe(false)

    connection.exec('DROP TABLE audit_entries')
    migrateSqlite(connection, 18)
    expect(appliedTo(connection)).toEqual(migrations.map(({ name }) => [name, 18]))
  })

  test('a database of a later version is refused and left as it is', () => {
    using connection = inMemory()
    migrateSqlite(connection, 17)
    connection.exec("INSERT INTO migrations VALUES ('9999-from-the-future', 20)")
    const before = [objectsOf(connection), appliedTo(connection)]
    expect(() => migrateSqlite(connection, 18)).toThrow(SchemaTooNew)
    expect(() => migrateSqlite(connection, 18)).toThrow('9999-from-the-future')
    expect([objectsOf(connection), appliedTo(connection)]).toEqual(before)
    expect(connection.isTransaction).toBe(false)
  })

  test('of two processes at once, one applies and the other finds it done', async () => {
    await using folder = await aDatabaseFolder()
    const program = join(import.meta.dirname, 'migrate.fixture.ts')
    const processes = ['17', '18'].map((time) =>
      spawn(process.execPath, [program, folder.database, time], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    await Promise.all(processes.map(({ stdout }) => once(stdout, 'readable')))
    const said = processes.map(({ stdout }) => text(stdout))
    for (const { stdin } of processes) stdin.write('go')
    const words = (await Promise.all(said)).map((all) => all.replace('ready\n', ''))
    expect(words.toSorted()).toEqual(['applied', 'found'])
  })
})

describe('inWordsOf', () => {
  const statement = 'CREATE TABLE t (seq INTEGER_IDENTITY, at INT8, hash BYTES, INT8S TEXT) WITHOUT_ROWID'

  test('SQLite', () => {
    expect(inWordsOf('sqlite', statement)).toBe(
      'CREATE TABLE t (seq INTEGER PRIMARY KEY, at INTEGER, hash BLOB, INT8S TEXT) WITHOUT ROWID',
    )
  })

  test('PostgreSQL', () => {
    expect(inWordsOf('postgres', statement).trim()).toBe(
      'CREATE TABLE t (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint, hash bytea, INT8S text COLLATE "C")',
    )
  })
})
