// The helpers as others get them: from the package, in a project of its own. What a test with a vendor's client takes is
// printed, for docs/testing.md.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../bin/node.js'
import { stagePackage } from '../../scripts/build-package.js'
import { nodeClients } from '../sdk/alibaba-node.ts'
import { withClient } from '../sdk/harness.ts'
import { pythonClient } from '../sdk/huawei-python.ts'
import { until } from '../support/life.ts'

let place: string
const at = (...path: string[]) => join(place, ...path)

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'certkeep-helpers-'))
  mkdirSync(at('node_modules'))
  mkdirSync(at('tmp'))
  writeFileSync(at('package.json'), '{"type":"module"}')
  await stagePackage(at('node_modules', 'certkeep'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const environment = (more: Record<string, string> = {}) => ({
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  TMPDIR: at('tmp'),
  NODE_TEST_CONTEXT: undefined,
  ...more,
})
async function run(command: string, args: readonly string[], more?: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: place, env: environment(more) }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`)
    },
  )
  return stdout + stderr
}
const leftBehind = () => readdirSync(at('tmp')).filter((name) => name.startsWith('certkeep-'))

describe('certkeep/testing', () => {
  test('starts, tells who may call, moves the clock, sets faults, and leaves nothing behind', async () => {
    writeFileSync(
      at('use.js'),
      `import { startCertkeep } from 'certkeep/testing'
      const begun = performance.now()
      const certkeep = await startCertkeep({ strict: true, seed: { cas: [{ name: 'Root' }] } })
      const ready = performance.now() - begun
      const frozen = await certkeep.freeze()
      const later = await certkeep.advance('30d')
      await certkeep.fault({ door: 'own', drop: true, done: true, delayMs: 1 })
      const dropped = await fetch(certkeep.url + '/api/ListCas', { method: 'POST' }).then(() => 'answered', () => 'dropped')
      await certkeep.reset()
      const second = await certkeep.createAccount()
      const { endpoint, credentials, seeded } = certkeep
      await certkeep.stop()
      const gone = await fetch(certkeep.url + '/healthz').then(() => false, () => true)
      console.log(JSON.stringify({ ready, days: (later - frozen) / 86_400_000, dropped, endpoint, credentials, seeded, second, gone }))`,
    )
    const told = JSON.parse(await run(process.execPath, ['use.js']))
    expect(told).toMatchObject({
      days: 30,
      dropped: 'dropped',
      gone: true,
      endpoint: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      seeded: { cas: [{ name: 'Root', caId: expect.any(String) }] },
    })
    expect(told.credentials.projectId).toMatch(/^[0-9a-f]{32}$/)
    expect(told.second.accessKeyId).not.toBe(told.credentials.accessKeyId)
    expect(leftBehind()).toEqual([])
    console.log(`certkeep/testing was ready, and seeded, in ${Math.round(told.ready)} ms`)
  })

  const older = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((node) => existsSync(node) && /^v2[0-5]\./.test(execFileSync(node, ['--version'], { encoding: 'utf8' })))

  // Only where the machine has such a Node beside ours.
  test.skipIf(older === undefined)('under an older Node the emulator runs on the one that npm brought', async () => {
    const bundled = `node-${process.platform}-${process.arch}`
    mkdirSync(at('node_modules', bundled, 'bin'), { recursive: true })
    symlinkSync(process.execPath, at('node_modules', bundled, 'bin', 'node'))
    writeFileSync(
      at('older.js'),
      `import { startCertkeep } from 'certkeep/testing'
      const certkeep = await startCertkeep()
      console.log(process.version, await certkeep.now())
      await certkeep[Symbol.asyncDispose]()`,
    )
    expect(await run(older!, ['older.js'], { PATH: dirname(older!) })).toMatch(/^v2[0-5]\..* 20\d\d-/)
  })

  test('an emulator that was forgotten ends with its test runner, however that ends', async () => {
    writeFileSync(
      at('forget.js'),
      `import { startCertkeep } from 'certkeep/testing'
      const { url } = await startCertkeep()
      console.log(url)
      if (process.argv[2] === 'wait') setInterval(() => {}, 1_000)`,
    )
    const gone = async (url: string) => fetch(`${url}/healthz`).then(() => false, () => true) // prettier-ignore
    const forgotten = (await run(process.execPath, ['forget.js'])).trim()
    await until('the emulator is gone', () => gone(forgotten))
    expect(leftBehind()).toEqual([])

    const killed = spawn(process.execPath, ['forget.js', 'wait'], { cwd: place, env: environment() })
    const [url] = (await Array.fromAsync(createInterface({ input: killed.stdout }), (line) => {
      killed.kill('SIGKILL')
      return line
    })) as [string]
    await until('the emulator is gone', () => gone(url))
    for (const name of leftBehind()) rmSync(at('tmp', name), { recursive: true }) // nobody was left to do it
  })

  test('says why it does not start', async () => {
    writeFileSync(
      at('fail.js'),
      `import { startCertkeep } from 'certkeep/testing'
      await startCertkeep({ port: 70_000 }).catch((error) => console.log(error.message))
      await startCertkeep({ seed: { cas: [{ title: 'Root' }] } }).catch((error) => console.log(error.message))`,
    )
    const said = await run(process.execPath, ['fail.js'])
    expect(said).toContain('certkeep did not start: certkeep: "70000" is not the port')
    expect(said).toContain('certkeep: seed: /cas/0')
    expect(leftBehind()).toEqual([])
  })
})

const ms = (text: string, pattern: RegExp): number[] => [...text.matchAll(pattern)].map(([, number]) => Number(number))

withClient('the example for Node, with Alibaba’s client', nodeClients, () => {
  test('passes', async () => {
    const theirs = join(root, 'test', 'sdk', 'alibaba-node', 'node_modules')
    for (const name of readdirSync(theirs).filter((each) => !each.startsWith('.')))
      symlinkSync(join(theirs, name), at('node_modules', name))
    cpSync(join(root, 'testing', 'example', 'purge.mjs'), at('purge.mjs'))
    const said = await run(process.execPath, ['--test', '--test-reporter=tap', 'purge.mjs'])
    expect(said).toContain('# pass 1')
    expect(said).toContain('# fail 0')
    console.log(
      `30 days with Alibaba’s client: ${ms(said, /^ +duration_ms: ([\d.]+)$/gm)
        .map(Math.round)
        .join(' ms, ')} ms`,
    )
  })
})

const python = join(root, 'test', 'sdk', 'huawei-python', '.venv', 'bin', 'python')
const pytest = {
  installed: pythonClient.installed && existsSync(join(dirname(python), 'pytest')),
  command: pythonClient.command,
}

withClient('the example for pytest, with Huawei’s client', pytest, () => {
  const plugin = join(root, 'packaging', 'pytest-certkeep')
  const example = (command: string) =>
    run(
      python,
      [
        '-m',
        'pytest',
        '-p',
        'pytest_certkeep.plugin',
        '--certkeep-strict',
        '--durations=0',
        '-vv',
        '-p',
        'no:cacheprovider',
        join(plugin, 'examples'),
      ],
      {
        CERTKEEP_COMMAND: command,
        PYTHONPATH: join(plugin, 'src'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    )

  test('passes, strictly too, and leaves nothing behind', async () => {
    const said = await example(`${process.execPath} ${at('node_modules', 'certkeep', 'bin', 'certkeep.js')}`)
    expect(said).toContain('2 passed')
    expect(leftBehind()).toEqual([])
    console.log(said.slice(said.indexOf('slowest durations')))
  })

  test('says why the emulator does not start', async () => {
    await expect(example('false')).rejects.toThrow('certkeep did not start')
    await expect(example('/nowhere/certkeep')).rejects.toThrow('cannot be started')
  })
})
