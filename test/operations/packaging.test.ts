import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isMissing } from '../support/tools.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const unit = readFileSync(join(root, 'packaging/certkeep.service'), 'utf8')
const dockerfile = readFileSync(join(root, 'packaging/Dockerfile'), 'utf8')

const systemdIsMissing = isMissing('systemd-analyze')

describe('the systemd unit', () => {
  /** The unit with programs that this machine has: where they lie is the one thing that differs. */
  function withUnit<T>(use: (path: string) => T): T {
    const folder = mkdtempSync(join(tmpdir(), 'certkeep-unit-'))
    const path = join(folder, 'certkeep.service')
    const programs = `${process.execPath} ${join(root, 'bin/certkeep.js')}`
    writeFileSync(path, unit.replace('/usr/bin/node /opt/certkeep/bin/certkeep.js', programs))
    try {
      return use(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  // systemd-analyze is of the system: where there is no systemd there is nothing to install the unit on either.
  test.skipIf(systemdIsMissing)('is one that systemd understands', () => {
    withUnit((path) => {
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
      expect(stderr.split('\n').filter((line) => line.includes('certkeep'))).toEqual([])
      expect(status).toBe(0)
    })
  })

  test.skipIf(systemdIsMissing)('exposes little: below 2 on the scale of systemd-analyze security', () => {
    withUnit((path) => {
      const args = ['security', '--offline=yes', '--no-pager', '--threshold=20', path]
      expect(spawnSync('systemd-analyze', args).status).toBe(0)
    })
  })

  test('gives the master key as a credential, keeps memory off the disks and writes only to its own folder', () => {
    for (const line of [
      'LoadCredential=certkeep-master-key:/etc/certkeep/master.key',
      'DynamicUser=yes',
      'ProtectSystem=strict',
      'LimitCORE=0',
      'MemorySwapMax=0',
      'StateDirectoryMode=0700',
    ])
      expect(unit.split('\n')).toContain(line)
  })
})

describe('the container image', () => {
  const lines = dockerfile.split('\n')

  test('copies what is there, installs without scripts and runs as somebody who is not root', () => {
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1))
    expect(sources).toContain('src')
    for (const source of sources) expect(existsSync(join(root, source))).toBe(true)
    expect(dockerfile).toContain('npm ci --omit=dev --omit=optional --ignore-scripts')
    expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER node')
    expect(dockerfile).toContain('HEALTHCHECK')
  })

  test('starts with options that the command knows', () => {
    const command = JSON.parse(lines.find((line) => line.startsWith('CMD '))!.slice('CMD '.length)) as string[]
    const help = execFileSync(process.execPath, [join(root, 'bin/certkeep.js'), 'serve', '--help'], {
      encoding: 'utf8',
    })
    for (const option of command.filter((word) => word.startsWith('--'))) expect(help).toContain(`${option} <`)
  })

  test('has no data folder and no credentials of the machine that builds it: everything is left out but what is named', () => {
    const ignored = readFileSync(join(root, 'packaging/Dockerfile.dockerignore'), 'utf8').split('\n')
    expect(ignored.find((line) => line !== '' && !line.startsWith('#'))).toBe('*')
  })
})
