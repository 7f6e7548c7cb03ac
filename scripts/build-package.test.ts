// The package as others get it: packed, installed by npm in an empty folder with an empty home, and run there.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../bin/node.js'
import { buildPackage } from './build-package.js'

let place: string
const at = (...path: string[]) => join(place, ...path)
const installed = (...path: string[]) => at('project', 'node_modules', 'certkeep', ...path)

/** An empty home, and nothing of the npm that may have started us; how the registry is reached stays. */
function environment(): NodeJS.ProcessEnv {
  const theirs = Object.entries(process.env).filter(([name]) => !/^(?:npm_|CERTKEEP_|INIT_CWD$)/i.test(name))
  const registry = process.env['npm_config_registry']
  return {
    ...Object.fromEntries(theirs),
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    HOME: at('home'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '1',
    ...(registry ? { npm_config_registry: registry } : {}),
  }
}

const minute = 60_000

/** What a program printed. @throws Error with what it said when it fails or takes minutes */
async function inProject(command: string, ...args: string[]): Promise<string> {
  const options = { cwd: at('project'), env: environment(), timeout: 4 * minute }
  return (await promisify(execFile)(command, args, options)).stdout
}

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'certkeep-install-'))
  for (const folder of ['home', 'project']) mkdirSync(at(folder))
  // A project of its own: without this npm takes the nearest folder above that looks like one.
  writeFileSync(at('project', 'package.json'), '{}')
  const tarball = await buildPackage(at('packed'))
  // The bundled Node is left out: 100 MB that this test would download for nothing. bin/node.test.ts is about finding it.
  await inProject('npm', 'install', '--no-audit', '--no-fund', '--omit=optional', tarball)
}, 5 * minute)
afterAll(() => rmSync(place, { recursive: true, force: true }))

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' })

describe('the package', () => {
  test('has JavaScript and documents, and neither TypeScript nor tests nor what only a checkout needs', () => {
    const files = filesOf(installed())
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/cli/main.js',
        'dist/worker.js',
        'docs/cli.md',
        'testing/types.d.ts',
        'LICENSE',
        'README.md',
      ]),
    )
    expect(files.filter((file) => /(?<![.]d)[.]ts$|[.](?:test|fixture)[.]|^(?:src|test|scripts)\b/.test(file))).toEqual(
      [],
    )
    const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as Record<string, unknown>
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as typeof manifest
    expect(manifest).toMatchObject({ name: 'certkeep', bin: { certkeep: 'bin/certkeep.js' }, engines })
    for (const name of ['private', 'scripts', 'dependencies', 'devDependencies', 'overrides'])
      expect(manifest).not.toHaveProperty(name)
  })

  test('is complete: it imports what is in it and what Node has, and nothing has to be installed with it', () => {
    const imported = filesOf(installed())
      .filter((file) => /^dist\/.*[.]js$/.test(file))
      .flatMap((file) =>
        [...readFileSync(installed(file), 'utf8').matchAll(/^(?:import|export) .*?["']([^"']+)["'];?$/gm)].map(
          ([, specifier]) => ({ file, specifier: specifier! }),
        ),
      )
    expect(imported.length).toBeGreaterThan(10)
    const missing = imported.filter(({ file, specifier }) =>
      specifier.startsWith('.') ? !existsSync(installed(join(dirname(file), specifier))) : !isBuiltin(specifier),
    )
    expect(missing).toEqual([])
    expect(readdirSync(at('project', 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['certkeep'])
  })

  test('has the licence of each package whose code is in it', () => {
    const licences = readFileSync(installed('dist', 'LICENCES.txt'), 'utf8')
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    for (const [name, version] of Object.entries(dependencies))
      expect(licences).toMatch(new RegExp(`^${name} ${version.replaceAll('.', '[.]')} [(]\\S+[)]$`, 'm'))
  })

  test('installs elsewhere and runs there: the service, and a command that calls it', async () => {
    const child = spawn('npx', ['--no-install', 'certkeep', 'serve', '--port', '0', '--workers', '1'], {
      cwd: at('project'),
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    try {
      const url = await ready(child)
      expect(
        await inProject('npx', '--no-install', 'certkeep', 'ca', 'create', '--common-name', '根', '--url', url),
      ).toMatch(/^[0-9a-f-]{36}\n$/)
      const listed = await inProject('npx', '--no-install', 'certkeep', 'ca', 'list', '--url', url, '--output', 'json')
      expect(JSON.parse(listed)).toMatchObject({ total: 1, rows: [{ state: 'active' }] })
      expect(await inProject('npx', '--no-install', 'certkeep', 'call')).toMatch(
        /^CreateCa +write +Create a private CA$/m,
      )
    } finally {
      await stopped(child)
    }
  })
})

/** The address it prints when it is ready. @throws Error with what it said, when it ends before */
function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer): void => {
      said += chunk.toString()
      const url = /http:\/\/[^/\s]+/.exec(said)
      if (said.includes('Stop with Ctrl-C.') && url) resolve(url[0])
    }
    child.stdout!.on('data', listen)
    child.stderr!.on('data', listen)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
}

/** npx stands between us and the service, so the whole group is asked to end. */
async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid!, 'SIGTERM')
  await ended
}
