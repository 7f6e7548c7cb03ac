import { readFileSync, statSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startService, type Service } from '../support/service.ts'
import { run, shellOf } from './run.ts'

let service: Service
let cli: ReturnType<typeof shellOf>
beforeAll(async () => {
  service = await startService({ workers: 1 })
  cli = shellOf(service)
})
afterAll(() => service[Symbol.asyncDispose]())

describe('users, access keys and policies', () => {
  test('a user with a key and a policy may do what the policy says, and no more', async () => {
    expect(await cli.text(['user', 'create', 'alice'])).toBe('User alice is created.\n')
    const file = cli.at('alice.json')
    const made = await cli.run(['access-key', 'create', 'alice', '--save', file])
    expect(made.out).toContain(file)
    const saved = JSON.parse(readFileSync(file, 'utf8')) as { accessKeyId: string; accessKeySecret: string }
    expect(made.out + made.err).not.toContain(saved.accessKeySecret)
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const asAlice = (args: string[]) => cli.run([...args, '--credentials', file])
    expect(await asAlice(['ca', 'list'])).toMatchObject({ code: 4, out: '' })

    const document = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'pca:ca:list', Resource: '*' }],
    })
    expect(await cli.text(['policy', 'create', '列出', '--document', '-'], { input: document })).toContain('is created')
    expect(await cli.text(['policy', 'attach', '列出', '--user', 'alice'])).toBe('Policy 列出 is attached to alice.\n')
    expect(await asAlice(['ca', 'list'])).toMatchObject({ code: 0 })
    expect(await asAlice(['user', 'list'])).toMatchObject({ code: 4 })
    expect(await cli.json(['policy', 'detach', '列出', '--user', 'alice'])).toEqual({})
    expect(await asAlice(['ca', 'list'])).toMatchObject({ code: 4 })
    expect(await cli.json(['policy', 'attach', '列出', '--user', 'alice'])).toEqual({})
    expect(await cli.text(['policy', 'detach', '列出', '--user', 'alice'])).toContain('is detached')
    expect(await cli.run(['policy', 'detach', '列出', '--user', 'alice'])).toMatchObject({ code: 6 })
  })

  test('a policy in JSON output; one that is none', async () => {
    const document = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    expect(await cli.json(['policy', 'create', 'all', '--document', '-'], { input: document })).toMatchObject({
      policyName: 'all',
    })
    expect(await cli.text(['policy', 'list'])).toMatch(/^all +ram-1 +\d{4}-\d\d-\d\d \(now\)$/m)
    expect(await cli.text(['policy', 'list'])).toMatch(/^ram-1\/AdministratorAccess +ram-1 +built in$/m)
    const { policies } = await cli.json(['policy', 'list'])
    expect(policies).toContainEqual(expect.objectContaining({ policyName: 'all' }))
    expect(await cli.run(['policy', 'create', 'none', '--document', '-'], { input: 'x' })).toMatchObject({ code: 1 })
  })

  test('users: password from a file or standard input, list, disable, enable', async () => {
    await writeFile(cli.at('password'), 'correct horse\n')
    await cli.text(['user', 'create', 'bob', '--password-file', cli.at('password')])
    await rm(cli.at('password'))
    const made = await cli.json(['user', 'create', 'carol', '--password-file', '-'], { input: 'battery staple' })
    expect(made).toMatchObject({ userName: 'carol' })
    expect(await cli.run(['user', 'create', 'carol'])).toMatchObject({ code: 6 })

    const { accountName } = service.credentials
    await writeFile(cli.at('bob.json'), JSON.stringify({ accountName, userName: 'bob', password: 'correct horse' }))
    expect(await cli.text(['token', '--credentials', cli.at('bob.json')])).toMatch(/^\S+\n$/)

    expect(await cli.text(['user', 'disable', 'bob'])).toBe('User bob is disabled.\n')
    expect(await cli.run(['token', '--credentials', cli.at('bob.json')])).toMatchObject({ code: 4, out: '' })
    expect(await cli.text(['user', 'list'])).toMatch(/^bob {4}[0-9a-f]{32} {2}disabled {2}/m)
    const { users } = await cli.json(['user', 'list'])
    expect(users).toContainEqual(expect.objectContaining({ userName: 'bob', enabled: false }))
    expect(await cli.json(['user', 'enable', 'bob'])).toEqual({})
    expect(await cli.json(['user', 'disable', 'carol'])).toEqual({})
    expect(await cli.text(['user', 'enable', 'carol'])).toBe('User carol is enabled.\n')
  })

  test('access keys: the secret once, two at most, disabled and enabled', async () => {
    await cli.text(['user', 'create', 'dave'])
    const shown = await cli.run(['access-key', 'create', 'dave'])
    expect(shown.out).toMatch(/^secret {9}\S+$/m)
    expect(shown.err).toContain('shown this once')
    const key = await cli.json(['access-key', 'create', 'dave'])
    expect(Object.keys(key)).toEqual(['accessKeyId', 'accessKeySecret'])
    const environment = { CERTKEEP_ACCESS_KEY_ID: key.accessKeyId, CERTKEEP_ACCESS_KEY_SECRET: key.accessKeySecret }

    const denied = await cli.run(['user', 'list', '-o', 'json'], { environment })
    expect(JSON.parse(denied.err)).toMatchObject({ error: { code: 'AccessDenied' }, exitCode: 4 })
    expect(await cli.text(['access-key', 'disable', key.accessKeyId])).toContain('is disabled')
    const gone = await cli.run(['user', 'list', '-o', 'json'], { environment })
    expect(JSON.parse(gone.err)).toMatchObject({ error: { code: 'Unauthenticated' }, exitCode: 4 })
    expect(await cli.json(['access-key', 'enable', key.accessKeyId])).toEqual({})
    expect(await cli.json(['access-key', 'disable', key.accessKeyId])).toEqual({})
    expect(await cli.text(['access-key', 'enable', key.accessKeyId])).toContain('is enabled')

    expect(await cli.text(['access-key', 'list', 'dave'])).toMatch(
      new RegExp(`^${key.accessKeyId} +enabled +\\d{4}-\\d\\d-\\d\\d \\(now\\) +\\S+`, 'm'),
    )
    expect((await cli.json(['access-key', 'list', 'dave'])).accessKeys).toHaveLength(2)

    // Nothing may be made whose file cannot be written, and no file of a key that could not be made is left.
    const third = await cli.run(['access-key', 'create', 'dave', '--save', cli.at('third.json')])
    expect(third).toMatchObject({ code: 6 })
    expect(() => statSync(cli.at('third.json'))).toThrow('ENOENT')
    expect(await cli.run(['access-key', 'create', 'alice', '--save', '/no/such/folder/key.json'])).toMatchObject({
      code: 2,
    })
  })
})

describe('audit, time and the emulator', () => {
  test('audit list: what was done and what was refused', async () => {
    await cli.run(['ca', 'show', '00000000-0000-0000-0000-000000000000'])
    expect(await cli.text(['audit', 'list', '--limit', '5'])).toMatch(
      /^(?:\d+|-) +\d{4}-\d\d-\d\d \d\d:\d\dZ \(now\) {2}admin +ShowCa +refused: CaNotFound +ca 00000000-/m,
    )
    const page = await cli.json(['audit', 'list', '--type', 'user', '--limit', '1'])
    expect(page.rows).toHaveLength(1)
    expect(page.rows[0]).toMatchObject({ objectType: 'user' })
  })

  test('time confirm', async () => {
    expect(await cli.text(['time', 'confirm'])).toBe('Nothing was on hold.\n')
    expect(await cli.json(['time', 'confirm'])).toEqual({ wasHeldBecause: null })
  })

  test('emulator clock: read, freeze, set, advance, thaw', async () => {
    const frozen = await cli.json(['emulator', 'clock', '--freeze', '--set', '2031-01-01T00:00:00Z'])
    expect(frozen).toMatchObject({ now: '2031-01-01T00:00:00.000Z', frozen: true })
    expect(await cli.text(['emulator', 'clock', '--advance', '1d12h'])).toBe('2031-01-02T12:00:00.000Z (frozen)\n')
    expect(await cli.text(['emulator', 'clock', '--advance=-1h'])).toBe('2031-01-02T11:00:00.000Z (frozen)\n')
    expect(await cli.text(['emulator', 'clock', '--thaw'])).toMatch(/^2031-01-02T11:00:\d\d[.]\d{3}Z\n$/)
    expect(await cli.json(['emulator', 'clock'])).toMatchObject({ frozen: false })
    expect(await cli.run(['emulator', 'clock', '--set', 'soon'])).toMatchObject({ code: 2 })
    expect(await cli.run(['emulator', 'clock', '--freeze', '--thaw'])).toMatchObject({ code: 2 })
    expect(await cli.run(['emulator', 'clock', '--advance', '1fortnight'])).toMatchObject({ code: 2 })
  })
})

describe('exit codes and errors', () => {
  test('3: nobody listens there', async () => {
    const ran = await run(['ca', 'list', '--url', 'http://127.0.0.1:1', '-o', 'json'], {
      environment: { CERTKEEP_HOME: service.dataFolder },
    })
    expect(ran).toMatchObject({ code: 3, out: '' })
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'NotReachable' }, exitCode: 3 })
  })

  test('4: no credentials, and wrong ones', async () => {
    expect(await run(['ca', 'list'], { environment: { CERTKEEP_HOME: '/nowhere' } })).toMatchObject({
      code: 4,
      out: '',
    })
    const environment = { CERTKEEP_ACCESS_KEY_ID: 'AKnone', CERTKEEP_ACCESS_KEY_SECRET: 'hunter2hunter2' }
    const wrong = await cli.run(['ca', 'list'], { environment })
    expect(wrong).toMatchObject({ code: 4, out: '' })
    expect(wrong.err).not.toContain('hunter2')
  })

  test('2: usage, for people and as JSON', async () => {
    const unknown = await cli.run(['ca', 'lst'])
    expect(unknown).toMatchObject({ code: 2, out: '' })
    expect(unknown.err).toBe("certkeep: unknown command 'lst'\n(Did you mean list?)\n")
    for (const args of [['ca', 'list', '--bogus'], ['ca', 'show'], ['ca', 'create'], ['frobnicate'], ['ca']]) {
      const ran = await cli.run([...args, '--output', 'json'])
      expect(ran).toMatchObject({ code: 2, out: '' })
      expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'UsageError' }, exitCode: 2 })
    }
    const group = await cli.run(['ca'])
    expect(group).toMatchObject({ code: 2, out: '' })
    expect(group.err).toMatch(/^Usage: certkeep ca /)
  })

  test('5 and 6: not there, and in the wrong state, each with the request id', async () => {
    const missing = await cli.run(['ca', 'show', '00000000-0000-0000-0000-000000000000', '-o', 'json'])
    expect(missing).toMatchObject({ code: 5, out: '' })
    expect(JSON.parse(missing.err)).toEqual({
      error: { code: 'CaNotFound', message: 'CA 00000000-0000-0000-0000-000000000000 does not exist' },
      requestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      exitCode: 5,
    })
    const caId = (await cli.text(['ca', 'create', '--common-name', 'Root'])).trim()
    const active = await cli.run(['ca', 'delete', caId, '--yes'])
    expect(active).toMatchObject({ code: 6, out: '' })
    expect(active.err).toMatch(
      /^certkeep: deletion is not possible while the CA is active; .* \(CaStateForbids, request [0-9A-F-]{36}\)\n$/,
    )
  })

  test('colours only where the terminal takes them', async () => {
    const escape = '\u001b['
    expect((await cli.run(['ca', 'list'], { colours: true })).out).toContain(`${escape}32mactive${escape}0m`)
    expect((await cli.run(['ca', 'list'])).out).not.toContain(escape)
    expect((await cli.run(['ca', 'list', '-o', 'json'], { colours: true })).out).not.toContain(escape)
  })
})
