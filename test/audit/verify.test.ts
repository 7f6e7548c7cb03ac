import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { rootCa, until } from '../support/life.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { shellOf } from '../cli/run.ts'

let service: Service
let cli: ReturnType<typeof shellOf>
const dataFolder = temporaryFolder()
const checkpoints = join(temporaryFolder(), 'checkpoints')
const environment = { CERTKEEP_AUDIT_CHECKPOINTS: checkpoints }
const start = () => startService({ workers: 1, dataFolder, keep: true, environment })

beforeAll(async () => {
  service = await start()
  cli = shellOf(service)
})
afterAll(() => service[Symbol.asyncDispose]())

const call = (operation: string, input: object, by = service.credentials) => own(service.url, by, operation, input)

/** Entries of the account, newest first, all of them with numbers. */
const numbered = () =>
  until('all entries have numbers', async () => {
    const { rows } = await call('ListAuditEntries', { withIndex: true, limit: 1_000 })
    return rows.every(({ index }: { index: number | null }) => index !== null) && rows
  })

async function exported(name: string): Promise<string> {
  await numbered()
  const file = cli.at(name)
  await cli.text(['audit', 'export', file])
  return file
}

const verify = async (...args: string[]) => {
  const { code, out } = await cli.run(['audit', 'verify', ...args, '--output', 'json'])
  const { findings } = JSON.parse(out) as { findings: { kind: string; index?: number }[] }
  return { code, found: findings.map(({ kind, index }) => `${kind} ${index ?? ''}`.trim()) }
}

describe('certkeep audit verify', () => {
  test('entries are numbered within a second, each is proven, and an export is valid', async () => {
    await rootCa(service)
    // What the clock does (a first CRL) may have come after it.
    const { index } = (await numbered()).find(({ operation }: { operation: string }) => operation === 'CreateCa')
    const proof = await call('ShowAuditProof', { index })
    expect(proof).toMatchObject({ index, fields: { operation: ['CreateCa', expect.any(String)] } })
    const file = await exported('good.jsonl')
    expect(await cli.text(['audit', 'verify', file, '--complete'])).toMatch(/^Valid: \d+ entries, signed by certkeep\//)
    expect(await verify(file, '--key', (await cli.text(['audit', 'key'])).trim())).toEqual({ code: 0, found: [] })
    expect(await verify(file, '--checkpoint', checkpoints)).toEqual({ code: 0, found: [] })
  })

  test('what was changed in the file is named, with an exit code of its own', async () => {
    const file = await exported('changed.jsonl')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"CreateCa"', '"CreateCas"'))
    const { code, out, err } = await cli.run(['audit', 'verify', file])
    expect({ code, out, err }).toMatchObject({
      code: 8,
      out: expect.stringMatching(/^entry \d+ was changed\n/),
      err: 'certkeep: the audit log does not verify\n',
    })
    await writeFile(file, text.split('\n').slice(0, -3).join('\n'))
    expect((await verify(file)).code).toBe(8)
  })

  test('another account sees its own entries, and of others that they are there', async () => {
    const other = await secondAccount(service)
    await call('CreateUser', { userName: 'theirs' }, other)
    const first = await until('its entry has a number', async () => {
      const { rows } = await call('ListAuditEntries', { withIndex: true }, other)
      return rows[0].index !== null && rows[0]
    })
    expect(await call('ShowAuditProof', { index: first.index }, other)).toMatchObject({ index: first.index })
    await expect(call('ShowAuditProof', { index: 0 }, other)).rejects.toThrow('AuditEntryNotFound')
    await expect(call('ShowAuditProof', { index: first.index })).rejects.toThrow('AuditEntryNotFound')
    const page = await call('ExportAudit', {}, other)
    expect(page.entries.map(({ index }: { index: number }) => index)).toContain(first.index)
    expect(page.others).toContain(0)
    expect(JSON.stringify(page)).not.toContain(service.credentials.accountId)
    const file = await exported('partial.jsonl')
    expect(await verify(file)).toEqual({ code: 0, found: [] })
    expect((await verify(file, '--complete')).code).toBe(8)
  })

  test('a person is taken out, and everything still verifies, also what was put aside before', async () => {
    const pinned = cli.at('pinned')
    expect(await verify('--online', '--checkpoint', pinned)).toEqual({ code: 0, found: [] })
    const alice = await person(service, 'alice-liddell', ['ram-1/CertkeepAuditor'])
    await call('ListAuditEntries', {}, { ...service.credentials, ...alice }).catch(() => undefined)
    await call('CreateCa', {}, { ...service.credentials, ...alice }).catch(() => undefined)
    const { rows } = await call('ListUsers', {}).then((answer) => ({ rows: answer.users ?? answer.rows }))
    const { userId } = rows.find(({ userName }: { userName: string }) => userName === 'alice-liddell')
    await numbered()
    const before = await exported('before.jsonl')
    expect(await readFile(before, 'utf8')).toContain('alice-liddell')
    await expect(call('EraseAuditPerson', { userId }, { ...service.credentials, ...alice })).rejects.toThrow(
      'AccessDenied',
    )
    await numbered()
    expect(await cli.text(['audit', 'erase', userId, '--yes'])).toMatch(/^Erased in [1-9]/)
    expect(await call('EraseAuditPerson', { userId })).toMatchObject({ erased: 0 })
    const after = await exported('after.jsonl')
    const left = (await readFile(after, 'utf8')).split('\n').filter((line) => line.includes('alice-liddell'))
    // What stays is what others did by that name to something else than the user: a policy attached.
    expect(left.every((line) => !line.includes(`"userName":["alice-liddell"`))).toBe(true)
    expect(await verify(after, '--checkpoint', pinned, '--complete')).toMatchObject({ found: expect.any(Array) })
    expect(await verify(after, '--checkpoint', pinned)).toEqual({ code: 0, found: [] })
    expect(await verify('--online', '--checkpoint', pinned)).toEqual({ code: 0, found: [] })
  })

  test('what was changed, removed or reordered in the database is named; what was cut off fails against a checkpoint', async () => {
    const pinned = cli.at('before-tampering')
    expect(await verify('--online', '--checkpoint', pinned)).toEqual({ code: 0, found: [] })
    const mine = (await numbered()).map(({ index }: { index: number }) => index).toReversed()
    const [, changed, one, two, removed] = mine as number[]
    await service.stop()
    const database = new DatabaseSync(join(dataFolder, 'certkeep.db'))
    const run = (sql: string) => database.exec(sql)
    run(`UPDATE audit_entries SET operation = 'Nothing' WHERE log_index = ${changed}`)
    run(`UPDATE audit_entries SET log_index = -1 WHERE log_index = ${one}`)
    run(`UPDATE audit_entries SET log_index = ${one} WHERE log_index = ${two}`)
    run(`UPDATE audit_entries SET log_index = ${two} WHERE log_index = -1`)
    run(`DELETE FROM audit_entries WHERE log_index = ${removed}`)
    service = await start()
    cli = shellOf(service)
    const { code, found } = await verify(await exported('tampered.jsonl'))
    expect(code).toBe(8)
    expect(found).toEqual([`misnumbered ${two}`, `reordered ${one}`, `changed ${changed}`, `missing ${removed}`])
    expect(await verify('--online', '--checkpoint', pinned)).toEqual({ code: 0, found: [] }) // the hashes are whole

    await service.stop()
    const size = Number(database.prepare('SELECT size FROM audit_log').get()!['size'])
    run('UPDATE audit_entries SET log_index = NULL, seq = seq + 1000 WHERE log_index = 1')
    run(`UPDATE audit_tiles SET hashes = CAST(substr(hashes, 1, 32) || substr(hashes, 65) AS BLOB)`)
    run(`UPDATE audit_log SET size = ${size - 1}`)
    database.close()
    service = await start()
    cli = shellOf(service)
    await rootCa(service, 'another')
    await numbered()
    expect(await verify('--online', '--checkpoint', pinned)).toEqual({ code: 8, found: ['pinned'] })
    expect(await readFile(pinned, 'utf8')).toContain('certkeep/') // and is kept as it was
    expect((await verify(await exported('anew.jsonl'), '--checkpoint', pinned)).found).toContain('pinned')
  })

  test('checkpoints are on standard output and in the file of the operator', async () => {
    expect(service.banner).toContain('Stop with')
    expect(await readFile(checkpoints, 'utf8')).toMatch(/^certkeep\/.+\n\d+\n.+\ntime \d+\n\n— /)
  })

  test('wrong usage is told as such', async () => {
    expect((await cli.run(['audit', 'verify'])).code).toBe(2)
    expect((await cli.run(['audit', 'verify', 'no-such-file'])).code).toBe(2)
    expect((await cli.run(['audit', 'verify', '--online'])).code).toBe(2)
    expect((await cli.run(['audit', 'verify', 'x', '--key', 'y'])).code).toBe(2)
  })
})

test('refusals of nobody known are counted into the log by reason and network, at the latest at the end', async () => {
  const folder = temporaryFolder()
  {
    await using before = await startService({ workers: 2, dataFolder: folder, keep: true })
    const wrong = { ...before.credentials, accessKeySecret: 'not the secret' }
    for (let turn = 0; turn < 3; turn++) await own(before.url, wrong, 'ListCas', {}).catch(() => undefined)
    await before.stop()
  }
  await using after = await startService({ workers: 1, dataFolder: folder })
  const { rows } = await own(after.url, after.credentials, 'ListAuditEntries', {})
  const [entry] = rows.filter(({ operation }: { operation: string }) => operation === 'CountRefusals')
  const counts = entry.facts.refusals as { outcome: string; network: string; count: number }[]
  expect(counts.every(({ outcome, network }) => outcome === 'unauthenticated' && network === '127.0.0.0/24')).toBe(true)
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(3)
})
