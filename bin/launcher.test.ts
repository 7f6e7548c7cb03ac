// The launcher is copied into an empty folder with a small src/cli/main.ts, and started as a shell would start it.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from './node.js'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'certkeep launcher '))
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true })
  write('package.json', '{"type":"module"}')
  write('package-lock.json', '{"packages":{}}')
  write('node_modules/.package-lock.json', '{"packages":{}}')
  mkdirSync(join(home, 'path'))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('certkeep', () => {
  test('runs the command line in this process when this Node is the newest', async () => {
    write('src/cli/main.ts', `const args: string[] = process.argv.slice(2); console.log(process.pid, args)`)
    const ended = await start(['bin/certkeep.js', 'ca', 'list'])
    expect(ended).toMatchObject({ code: 0, out: `${ended.pid} [ 'ca', 'list' ]\n`, err: '' })
  })

  test('is found through a symbolic link, from another folder', async () => {
    write('src/cli/main.ts', `console.log('here')`)
    symlinkSync('../bin/certkeep.js', join(home, 'path', 'certkeep'))
    expect(await start(['certkeep'], {}, join(home, 'path'))).toMatchObject({ code: 0, out: 'here\n' })
  })

  test('runs the JavaScript of the published package, with the Node that npm put beside it', async () => {
    const packaged = 'project/node_modules/certkeep'
    cpSync(join(home, 'bin'), join(home, packaged, 'bin'), { recursive: true })
    write(`${packaged}/package.json`, '{"type":"module"}')
    write(`${packaged}/dist/cli/main.js`, `console.log(process.env.BY, process.argv.slice(2))`)
    const beside = `project/node_modules/node-${process.platform}-${process.arch}/bin/node`
    fakeNode(beside, 'v99.2.0')
    const ended = await start([`${packaged}/bin/certkeep.js`, 'help'])
    expect(ended).toMatchObject({ code: 0, out: `v99.2.0 [ 'help' ]\n` })
  })

  test('prefers a newer Node on PATH, and ends with its exit code', async () => {
    nodeOnPath('v99.1.0')
    write('src/cli/main.ts', `console.log(process.ppid, process.env.BY); process.exit(7)`)
    const ended = await start(['bin/certkeep.js'])
    expect(ended).toMatchObject({ code: 7, out: `${ended.pid} v99.1.0\n` })
  })

  test('passes by nightlies, release candidates and a Node that does not start', async () => {
    nodeOnPath('v99.1.0-nightly20261101')
    write('path2/node', '#!/bin/sh\nexit 127\n')
    write('src/cli/main.ts', `console.log(process.env.BY ?? 'the running one')`)
    const ended = await start(['bin/certkeep.js'], { PATH: `${home}/path2:${home}/path` })
    expect(ended).toMatchObject({ code: 0, out: 'the running one\n' })
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('hands %s on and waits for a clean end', async (signal) => {
    nodeOnPath('v99.1.0')
    write(
      'src/cli/main.ts',
      `process.on('${signal}', () => { console.log('clean'); process.exit(5) }); console.log('up'); setInterval(() => {}, 1e6)`,
    )
    expect(await start(['bin/certkeep.js'], {}, home, signal)).toMatchObject({ code: 5, out: 'up\nclean\n' })
  })

  test('dies of the signal that its child died of', async () => {
    nodeOnPath('v99.1.0')
    write('src/cli/main.ts', `console.log('up'); setInterval(() => {}, 1e6)`)
    expect(await start(['bin/certkeep.js'], {}, home, 'SIGTERM')).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  test('says in one sentence what is needed when there is no good Node', async () => {
    edit('bin/node.js', "floor = '26.0.0'", "floor = '98.0.0'")
    write('src/cli/main.ts', `console.log('not reached')`)
    const ended = await start(['bin/certkeep.js'])
    expect(ended).toMatchObject({ code: 1, out: '' })
    const needed = `^certkeep: Node.js 98 or newer is needed \\(found: ${process.versions.node} at .*\\); install it from `
    expect(ended.err).toMatch(new RegExp(`${needed}https://.*npm ci --include=optional\n$`))
  })

  test('warns in one line of a Node with known security holes, and goes on', async () => {
    edit('bin/node.js', "securityFloor = '26.10.0'", "securityFloor = '98.0.0'")
    write('src/cli/main.ts', `console.log('went on')`)
    const ended = await start(['bin/certkeep.js'])
    expect(ended).toMatchObject({ code: 0, out: 'went on\n' })
    expect(ended.err).toMatch(/^certkeep: warning: Node.js .* has known security holes; use 98.0.0 or newer.*\n$/)
  })
})

describe('npm start', () => {
  test('serves at once, with the arguments given, when all is installed', async () => {
    write('src/cli/main.ts', `console.log(process.argv.slice(2).join())`)
    const ended = await start(['bin/start.js', '--port', '9000'])
    expect(ended).toMatchObject({ code: 0, out: 'serve,--port,9000\n' })
    expect(ended.err).toBe('certkeep: running certkeep serve --port 9000\n')
  })

  test('installs what is missing, without development packages, and says so', async () => {
    rmSync(join(home, 'node_modules'), { recursive: true })
    write('path/npm', `#!/bin/sh\necho "npm $*"\n`)
    write('src/cli/main.ts', `console.log('served')`)
    const ended = await start(['bin/start.js'])
    expect(ended.out).toMatch(/^npm ci --omit=dev .*\nserved\n$/)
    expect(ended.err).toMatch(/packages are not installed; running npm ci --omit=dev\n.*installed in \d+\.\d s\n/)
  })

  test('says in one sentence that the installation failed, and does not serve', async () => {
    rmSync(join(home, 'node_modules'), { recursive: true })
    write('path/npm', `#!/bin/sh\nexit 3\n`)
    const ended = await start(['bin/start.js'])
    expect(ended).toMatchObject({ code: 1, out: '' })
    expect(ended.err).toContain('certkeep: npm ci --omit=dev failed (exit code 3); npm says why above\n')
  })
})

describe('npm test', () => {
  test('counts a failed installation as a failed test, in its last line', async () => {
    rmSync(join(home, 'node_modules'), { recursive: true })
    expect(await start(['bin/test.js'])).toMatchObject({ code: 1, out: '0 passed, 1 failed\n' })
  })

  test('counts a missing Node as a failed test, too', async () => {
    edit('bin/node.js', "floor = '26.0.0'", "floor = '98.0.0'")
    expect(await start(['bin/test.js'])).toMatchObject({ code: 1, out: '0 passed, 1 failed\n' })
  })

  test('runs the tests with the good Node first on PATH', async () => {
    nodeOnPath('v99.1.0')
    write('scripts/run-tests.js', `console.log(process.env.PATH.split(':')[0], process.argv.slice(2).join())`)
    const ended = await start(['bin/test.js', '--no-checks', 'src/x509'], { PATH: `/bin:${home}/path` })
    expect(ended).toMatchObject({ code: 0, out: `${home}/path --no-checks,src/x509\n` })
  })
})

function write(file: string, text: string) {
  mkdirSync(dirname(join(home, file)), { recursive: true })
  writeFileSync(join(home, file), text, { mode: 0o755 })
}

function edit(file: string, was: string, is: string) {
  const text = readFileSync(join(home, file), 'utf8')
  expect(text).toContain(was)
  write(file, text.replace(was, is))
}

const nodeOnPath = (version: string) => fakeNode('path/node', version)

/** A `node` that claims to be of this version, and is the running one. */
function fakeNode(file: string, version: string) {
  write(
    file,
    `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nBY=${version} exec "${process.execPath}" "$@"\n`,
  )
}

interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  pid: number | undefined
  out: string
  err: string
}

/** Starts a script; after its first output it gets the signal, when one is given. */
function start(command: string[], env: NodeJS.ProcessEnv = {}, cwd = home, signal?: NodeJS.Signals): Promise<Ended> {
  const child = spawn(process.execPath, command, {
    cwd,
    env: { PATH: join(home, 'path'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  child.stdout.on('data', (chunk) => {
    if (out === '' && signal) child.kill(signal)
    out += String(chunk)
  })
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  child.on('error', reject)
  child.on('close', (code, by) => resolve({ code, signal: by, pid: child.pid, out, err }))
  return promise
}
