import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkImports } from './check-imports.js'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'certkeep-imports-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(file: string, text: string) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

/** The rules that a file offends which imports another. */
async function offendedBy(from: string, to: string, statement = 'import') {
  const upwards = '../'.repeat(from.split('/').length - 1)
  write(to, 'export interface Thing { name: string }\nexport const thing = 1\n')
  const what = statement === 'import' ? `import { thing } from '${upwards}${to}'\nexport const it = thing\n` : statement
  write(from, what.replace('TO', `${upwards}${to}`))
  const { offences } = await checkImports(folder)
  return offences.map((offence) => /\(([\w-]+)\)$/.exec(offence)?.[1])
}

const typeOnly = "import type { Thing } from 'TO'\nexport const it = (thing: Thing) => thing.name\n"

describe('who may know whom', () => {
  test.each([
    ['src/keys/a.ts', 'src/x509/index.ts'],
    ['src/ca/a.ts', 'src/issuance/index.ts'],
    ['src/ca/deep/a.ts', 'src/ca/other.ts'],
    ['src/deploy/a.ts', 'src/end-of-life/index.ts'],
    ['src/storage/a.ts', 'src/acme/index.ts'],
    ['src/api/huawei/a.ts', 'src/end-of-life/index.ts'],
    ['src/api/huawei/a.ts', 'src/api/server.ts'],
    ['src/jobs/a.ts', 'src/kernel/index.ts'],
    ['src/api/alibaba/a.ts', 'src/x509/index.ts'],
    ['src/api/huawei/a.ts', 'src/keystores/index.ts'],
    ['src/keystores/a.ts', 'src/x509/index.ts'],
    ['src/cli/main.ts', 'src/main.ts'],
    ['src/compose.ts', 'src/storage/sqlite.ts'],
    ['src/main.ts', 'src/emulator/clock.ts'],
    ['src/ca/a.test.ts', 'src/api/server.ts'],
    ['test/a.test.ts', 'src/storage/sqlite.ts'],
  ])('%s may use %s', async (from, to) => {
    expect(await offendedBy(from, to)).toEqual([])
  })

  test.each([
    ['src/x509/a.ts', 'src/kernel/index.ts', 'x509-knows-too-much'],
    ['src/kernel/a.ts', 'src/x509/index.ts', 'kernel-knows-too-much'],
    ['src/keys/a.ts', 'src/audit/index.ts', 'keys-knows-too-much'],
    ['src/keystores/a.ts', 'src/kernel/index.ts', 'keystores-knows-too-much'],
    ['src/ca/a.ts', 'src/certificates/index.ts', 'ca-knows-too-much'],
    ['src/revocation/a.ts', 'src/end-of-life/index.ts', 'revocation-knows-too-much'],
    ['src/acme/a.ts', 'src/orders/index.ts', 'acme-knows-too-much'],
    ['src/end-of-life/a.ts', 'src/storage/index.ts', 'end-of-life-knows-too-much'],
    ['src/api/alibaba/a.ts', 'src/issuance/index.ts', 'api-uses-only-types-of-keys'],
    ['src/api/alibaba/a.ts', 'src/storage/index.ts', 'api-knows-too-much'],
    ['src/api/alibaba/a.ts', 'src/keys/index.ts', 'api-uses-only-types-of-keys'],
    ['src/jobs/a.ts', 'src/issuance/index.ts', 'jobs-knows-too-much'],
    ['src/api/server.ts', 'src/emulator/index.ts', 'api-knows-too-much'],
    ['src/ca/a.ts', 'src/issuance/serials.ts', 'through-the-index'],
    ['src/ca/a.ts', 'src/x509/der/reader.ts', 'through-the-index'],
    ['src/ca/a.ts', 'src/x509/der/index.ts', 'through-the-index'],
    ['src/storage/a.ts', 'src/ca/store.ts', 'storage-takes-types-of-store'],
    ['src/storage/a.ts', 'src/ca/lifecycle.ts', 'storage-through-index-or-store'],
    ['src/api/server.ts', 'src/compose.ts', 'roots-are-on-top'],
    ['src/ca/a.ts', 'src/ca/a.test.ts', 'no-test-in-the-product'],
    ['src/ca/a.ts', 'test/support/clock.ts', 'no-test-in-the-product'],
    ['console/src/a.tsx', 'src/kernel/index.ts', 'console-apart'],
    ['src/api/a.ts', 'console/src/a.ts', 'console-apart'],
  ])('%s may not use %s', async (from, to, rule) => {
    expect(await offendedBy(from, to)).toEqual([rule])
  })

  test('types count like values, except where they are what may be taken', async () => {
    expect(await offendedBy('src/x509/a.ts', 'src/kernel/index.ts', typeOnly)).toEqual(['x509-knows-too-much'])
    expect(await offendedBy('src/x509/a.ts', 'src/x509/b.ts', typeOnly)).toEqual([])
    expect(await offendedBy('src/storage/a.ts', 'src/ca/store.ts', typeOnly)).toEqual([])
    expect(await offendedBy('src/api/a.ts', 'src/keys/index.ts', typeOnly)).toEqual([])
  })

  test('passing something on is using it', async () => {
    expect(await offendedBy('src/x509/a.ts', 'src/kernel/index.ts', "export * from 'TO'\n")).toEqual([
      'x509-knows-too-much',
    ])
    expect(await offendedBy('src/x509/a.ts', 'src/kernel/index.ts', "export const it = await import('TO')\n")).toEqual([
      'x509-knows-too-much',
    ])
  })

  test('files that import each other are shown as a circle', async () => {
    write('src/x509/a.ts', "import { b } from './b.ts'\nexport const a = () => b\n")
    write('src/x509/b.ts', "import { a } from './a.ts'\nexport const b = () => a\n")
    const { offences } = await checkImports(folder)
    expect(offences[0]).toMatch(/^src\/x509\/a.ts → src\/x509\/b.ts → src\/x509\/a.ts\n .*\(no-cycles\)$/)
  })

  test('a package that `npm start` does not install is not for the server', async () => {
    write('package.json', '{"dependencies":{"x":"1"},"devDependencies":{"y":"1"}}')
    write('node_modules/x/index.js', '')
    write('node_modules/y/index.js', '')
    write('src/kernel/a.ts', "import 'x'\nimport 'y'\nimport 'z'\n")
    const { offences } = await checkImports(folder)
    expect(offences).toHaveLength(2)
    expect(offences[0]).toMatch(/→ z\n .*\(not-found\)$/)
    expect(offences[1]).toMatch(/node_modules\/y\/index.js\n .*\(not-installed-in-production\)$/)
  })

  test('a folder that the rules do not name is refused', async () => {
    write('src/misc/a.ts', 'export const a = 1\n')
    const { offences } = await checkImports(folder)
    expect(offences.join()).toMatch(/^src\/misc\/\n .*\(unknown-module\)$/)
  })

  test('reading no file is not the same as finding nothing wrong', async () => {
    mkdirSync(join(folder, 'src'))
    const { files, offences } = await checkImports(folder)
    expect(files).toBe(0)
    expect(offences.join()).toContain('(unread)')
  })
})
