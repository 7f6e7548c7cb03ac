import { createServer } from 'node:net'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'

const mode = (path: string): number => statSync(path).mode & 0o777

/** What it says when it does not start: one sentence, on stderr. */
async function refusal(options: Parameters<typeof startService>[0]): Promise<string> {
  const failure = await startService(options).then(
    async (service) => {
      await service[Symbol.asyncDispose]()
      return undefined
    },
    (error: unknown) => (error as Error).message,
  )
  expect(failure).toBeDefined()
  const said = failure!.slice(failure!.indexOf('certkeep: '))
  expect(said.trim().split('\n')).toHaveLength(1)
  expect(said).not.toContain('    at ')
  return said
}

describe('a first start', () => {
  test('makes data folder, master key, keyring, database and credentials, each for its owner alone', async () => {
    await using service = await startService({ emulate: false })
    const at = (name: string) => join(service.dataFolder, name)
    for (const name of ['master.key', 'certkeep.db', 'first-credentials.json', 'lock'])
      expect(mode(at(name)) & 0o077).toBe(0)
    expect(mode(at('keyring'))).toBe(0o700)
    expect(Object.keys(service.credentials)).toEqual(
      expect.arrayContaining(['accountId', 'accountName', 'userName', 'password', 'accessKeyId', 'accessKeySecret']),
    )
  })

  test('prints the doors, the account and where the credentials lie, and no secret', async () => {
    await using service = await startService({ emulate: false })
    const { banner, credentials, url, dataFolder } = service
    expect(banner).toContain(`${url}/v1/`)
    expect(banner).toContain(credentials.accountId)
    expect(banner).toContain(join(dataFolder, 'first-credentials.json'))
    for (const secret of [
      credentials.password,
      credentials.accessKeySecret,
      readFileSync(join(dataFolder, 'master.key'), 'utf8').trim(),
    ]) {
      expect(banner).not.toContain(secret)
      expect(service.log()).not.toContain(secret)
    }
  })

  test('the emulator is not there without --emulate', async () => {
    await using service = await startService({ emulate: false })
    expect((await fetch(`${service.url}/emulator/clock`)).status).toBe(404)
  })
})

describe('a second start', () => {
  test('finds the code of all threads compiled, in a folder of its owner alone, also after the first was killed', async () => {
    await using first = await startService({ emulate: false, environment: { NODE_COMPILE_CACHE: undefined } })
    const compiled = join(first.dataFolder, 'compiled')
    await first.kill()
    expect(mode(compiled)).toBe(0o700)
    // By the version of Node; then a file for each module and kind of thread.
    const [version = ''] = readdirSync(compiled)
    expect(readdirSync(join(compiled, version)).length).toBeGreaterThan(100)
  })

  test('finds all again: the same account, CA and certificate, and the same credentials work', async () => {
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using first = await startService({ dataFolder, keep: true })
      caId = await rootCa(first)
      await leaf(first, caId)
      expect(await first.stop()).toBe(0)
    }
    await using second = await startService({ dataFolder })
    expect((await own(second.url, second.credentials, 'ShowCa', { caId })).state).toBe('active')
    expect(await leaf(second, caId)).toMatch(/^[0-9a-f-]{36}$/)
    expect(second.banner).not.toContain('just made')
  })

  test('SIGTERM lets calls under way finish and is answered with exit code 0', async () => {
    await using service = await startService()
    const slow = own(service.url, service.credentials, 'CreateCa', {
      type: 'root',
      subject: { commonName: 'Slow' },
      keyAlgorithm: 'rsa4096',
      signatureHash: 'sha256',
      validity: { unit: 'year', amount: 1 },
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    const stopped = service.stop()
    expect(await slow).toHaveProperty('caId')
    expect(await stopped).toBe(0)
  })
})

describe('one clear sentence for', () => {
  test('a port in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    expect(await refusal({ port })).toContain(`Port ${port} on 127.0.0.1 is in use`)
    taken.close()
  })

  test('a second process on the same data folder', async () => {
    await using service = await startService()
    expect(await refusal({ dataFolder: service.dataFolder, keep: true })).toContain(
      'Another process is serving the data folder',
    )
  })

  test('a missing master key, and no new one is made', async () => {
    const dataFolder = temporaryFolder()
    await (await startService({ dataFolder, keep: true }))[Symbol.asyncDispose]()
    rmSync(join(dataFolder, 'master.key'))
    expect(await refusal({ dataFolder })).toContain('The master key')
    expect(existsSync(join(dataFolder, 'master.key'))).toBe(false)
  })

  test('a master key that others can read', async () => {
    const dataFolder = temporaryFolder()
    await (await startService({ dataFolder, keep: true }))[Symbol.asyncDispose]()
    chmodSync(join(dataFolder, 'master.key'), 0o644)
    expect(await refusal({ dataFolder })).toContain('master.key')
  })

  test('data of a newer version', async () => {
    const dataFolder = temporaryFolder()
    await (await startService({ dataFolder, keep: true }))[Symbol.asyncDispose]()
    const database = new DatabaseSync(join(dataFolder, 'certkeep.db'))
    database.prepare('INSERT INTO migrations (name, applied_at) VALUES (?, ?)').run('9999-from-the-future', 0)
    database.close()
    expect(await refusal({ dataFolder })).toContain('newer version of Certkeep')
  })

  test('data of an emulator in earnest, and the other way round', async () => {
    const emulated = temporaryFolder()
    await (await startService({ dataFolder: emulated, keep: true }))[Symbol.asyncDispose]()
    expect(await refusal({ dataFolder: emulated, emulate: false })).toContain('made by the emulator')
    const earnest = temporaryFolder()
    await (await startService({ dataFolder: earnest, keep: true, emulate: false }))[Symbol.asyncDispose]()
    expect(await refusal({ dataFolder: earnest })).toContain('made in earnest')
  })

  test('an address that is not loopback without --insecure-http', async () => {
    expect(await refusal({ environment: { CERTKEEP_LISTEN: '0.0.0.0' } })).toContain('--insecure-http')
  })

  test('a port that is none', async () => {
    expect(await refusal({ port: 70_000 })).toContain('is not the port')
  })
})
