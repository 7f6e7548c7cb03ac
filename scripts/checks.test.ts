// A check that cannot fail is worse than none: each of these plants what the lint must find.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../bin/node.js'
import { checks } from './checks.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certkeep-lint-'))
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(join(root, file), join(folder, file))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function lint(file: string, text: string) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
  const check = checks.find(({ name }) => name === 'lint')
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, check?.file ?? ''), ...(check?.args ?? []), 'src'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )
  return {
    status,
    found: [...stripVTControlCharacters(stdout).matchAll(/\b[\w-]+\(([a-z-]+)\):/g)].map((match) => match[1]),
  }
}

const work = 'const work = async () => { await Promise.resolve() }\n'

describe('lint', () => {
  test.each([
    ['a promise that nobody awaits', 'src/ca/a.ts', `${work}work()\n`, 'no-floating-promises'],
    ['a promise among several, too', 'src/ca/a.ts', `${work}[1].map(() => work())\n`, 'no-floating-promises'],
    ['a promise taken for an answer', 'src/ca/a.ts', `${work}if (work()) work.toString()\n`, 'no-misused-promises'],
    ['a callback that nobody awaits', 'src/ca/a.ts', `${work};[1].forEach(work)\n`, 'no-misused-promises'],
    ['any', 'src/ca/a.ts', 'export const a = (b: any) => b\n', 'no-explicit-any'],
    ['the time from nowhere', 'src/ca/a.ts', 'export const a = Date.now()\n', 'no-restricted-properties'],
    ['chance from nowhere', 'src/ca/a.ts', 'export const a = Math.random()\n', 'no-restricted-properties'],
    [
      'a test that asserts nothing',
      'src/ca/a.test.ts',
      "import { test } from 'vitest'\ntest('a', () => {})\n",
      'expect-expect',
    ],
  ])('finds %s', (_what, file, text, rule) => {
    expect(lint(file, text)).toEqual({ status: 1, found: [rule] })
  })

  test('lets the kernel look at the clock', () => {
    expect(lint('src/kernel/clock.ts', 'export const a = Date.now()\n')).toEqual({ status: 0, found: [] })
  })
})
