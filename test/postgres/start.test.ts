import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aPostgresSchema, postgresIsMissing } from '../../src/storage/postgres-server.fixture.ts'
import { leaf, rootCa } from '../support/life.ts'
import { startService, temporaryFolder, type ServiceOptions } from '../support/service.ts'

type Schema = Awaited<ReturnType<typeof aPostgresSchema>>

/** What it says when it does not start: one sentence, on stderr. */
async function refusal(options: ServiceOptions): Promise<string> {
  const failure = await startService({ workers: 1, keep: true, ...options }).then(
    async (service) => {
      await service[Symbol.asyncDispose]()
      return 'it started'
    },
    (error: unknown) => (error as Error).message,
  )
  const said = failure.slice(failure.indexOf('certkeep: '))
  expect(said.trim().split('\n')).toHaveLength(1)
  expect(said).not.toContain('    at ')
  return said
}

describe.skipIf(postgresIsMissing !== undefined)('a start with PostgreSQL', () => {
  let schema: Schema
  let dataFolder: string
  const options = (given: ServiceOptions & { database?: string } = {}): ServiceOptions => ({
    workers: 1,
    dataFolder,
    keep: true,
    ...given,
    environment: { CERTKEEP_DATABASE: given.database ?? schema.url, ...given.environment },
  })
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: schema.url })
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  beforeAll(async () => {
    schema = await aPostgresSchema()
    dataFolder = temporaryFolder()
    await using first = await startService(options())
    await leaf(first, await rootCa(first))
    await first.stop()
  })
  afterAll(async () => {
    rmSync(dataFolder, { recursive: true, force: true })
    await schema[Symbol.asyncDispose]()
  })

  test('finds again what an earlier start made, and leaves no data in the folder', async () => {
    expect(existsSync(join(dataFolder, 'certkeep.db'))).toBe(false)
    await using second = await startService(options())
    expect(second.banner).not.toContain('just made')
    expect(await leaf(second, await rootCa(second))).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('is refused without --database on a folder whose data is there', async () => {
    expect(await refusal(options({ environment: { CERTKEEP_DATABASE: '' } }))).toContain('belong to data in PostgreSQL')
    expect(existsSync(join(dataFolder, 'certkeep.db'))).toBe(false)
  })

  test('is refused on a folder that has data of its own', async () => {
    const own = temporaryFolder()
    await (await startService({ dataFolder: own, keep: true, workers: 1 }))[Symbol.asyncDispose]()
    expect(await refusal(options({ dataFolder: own }))).toContain('holds data of its own')
    rmSync(own, { recursive: true })
  })

  test('is refused on another database, empty or not: no keys for it are made, and none taken', async () => {
    await using other = await aPostgresSchema()
    expect(await refusal(options({ database: other.url }))).toContain('The database is empty')
    const theirs = temporaryFolder()
    await (await startService(options({ database: other.url, dataFolder: theirs })))[Symbol.asyncDispose]()
    expect(await refusal(options({ database: other.url }))).toContain('another instance')
    rmSync(theirs, { recursive: true })
  })

  test('is refused on an empty folder: the data is never given a new master key', async () => {
    const empty = temporaryFolder()
    expect(await refusal(options({ dataFolder: empty }))).toContain('The master key')
    expect(existsSync(join(empty, 'master.key'))).toBe(false)
    rmSync(empty, { recursive: true })
  })

  test('is refused on a copy of the keyring that has fallen behind', async () => {
    const copy = temporaryFolder()
    cpSync(dataFolder, copy, { recursive: true })
    {
      await using service = await startService(options())
      await rootCa(service, 'made after the copy')
    }
    expect(await refusal(options({ dataFolder: copy }))).toContain('not copies of it')
    rmSync(copy, { recursive: true })
  })

  test('that broke off before the database knew of the instance is completed by the next', async () => {
    await using other = await aPostgresSchema()
    const folder = temporaryFolder()
    await (await startService(options({ database: other.url, dataFolder: folder })))[Symbol.asyncDispose]()
    // As a crash between the mark and the commit leaves it: keys here, nothing there.
    const mark = join(folder, 'instance.json')
    const { instance } = JSON.parse(readFileSync(mark, 'utf8')) as { instance: string }
    writeFileSync(mark, JSON.stringify({ instance, state: 'making' }))
    await using empty = await aPostgresSchema()
    await using service = await startService(options({ database: empty.url, dataFolder: folder }))
    expect(await rootCa(service)).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.parse(readFileSync(mark, 'utf8'))).toEqual({ instance, state: 'made' })
    rmSync(folder, { recursive: true, force: true })
  })

  test('of data of an emulator in earnest is refused', async () => {
    expect(await refusal(options({ emulate: false }))).toContain('made by the emulator')
  })

  test('of a newer version is refused', async () => {
    await query(`INSERT INTO migrations VALUES ('9999-from-the-future', 0)`)
    expect(await refusal(options())).toContain('newer version of Certkeep')
    await query(`DELETE FROM migrations WHERE name LIKE '9999%'`)
  })

  test('without a server, or with a URL that is none, says so and keeps the password', async () => {
    for (const [database, words] of [
      ['postgresql://me:geheim@127.0.0.1:1/none', 'The database cannot be used'],
      ['mysql://me:geheim@127.0.0.1:1/none', 'must be the URL of a PostgreSQL database'],
    ] as const) {
      const said = await refusal(options({ database }))
      expect(said).toContain(words)
      expect(said).not.toContain('geheim')
    }
  })
})
