import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withOpenssl } from './openssl.ts'
import { startService, type Service } from '../support/service.ts'
import { shellOf } from './run.ts'

let service: Service
let cli: ReturnType<typeof shellOf>
beforeAll(async () => {
  service = await startService({ workers: 1 })
  cli = shellOf(service)
})
afterAll(() => service[Symbol.asyncDispose]())

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/

/** Ids by `create`, which prints the id and nothing else. */
const create = async (...args: string[]): Promise<string> => {
  const printed = await cli.text(['ca', 'create', ...args])
  expect(printed).toMatch(uuid)
  return printed.trim()
}
const waiting = (name: string) => create('--type', 'subordinate', '--common-name', name)

describe('certkeep ca', () => {
  test('create, list and show: a table with Chinese aligned, and JSON', async () => {
    const rootId = await create('--common-name', '根证书', '--country', 'CN', '--validity', '20y', '--key', 'p384')
    const sub = await cli.json(['ca', 'create', '--type', 'subordinate', '--issuer', rootId, '--common-name', 'Sub'])
    const lines = (await cli.text(['ca', 'list'])).split('\n')
    const row = lines.find((line) => line.startsWith(rootId))!
    // Three wide characters are six columns: as far as a name of six letters.
    expect(row).toMatch(/ {2}根证书 {2}root {9}active {2}p384 {2}- {7}20\d\d-\d\d-\d\d \(in 20 y\)$/)
    expect(lines.find((line) => line.startsWith(sub.caId))).toContain('Sub     subordinate  active  p256  根证书  ')

    const page = await cli.json(['ca', 'list', '--type', 'root', '--name', '根'])
    expect(page.rows.map(({ ca }: { ca: { id: string } }) => ca.id)).toEqual([rootId])
    expect(await cli.text(['ca', 'list', '--limit', '1'])).toContain('1–1 of 2; more with --offset and --limit')

    const shown = await cli.text(['ca', 'show', rootId])
    expect(shown).toMatch(/^subject {8}commonName=根证书, country=CN$/m)
    expect(shown).toMatch(/^state {10}active$/m)
    expect(await cli.json(['ca', 'show', rootId])).toMatchObject({ state: 'active', ca: { keyAlgorithm: 'p384' } })
  })

  test('activate: a waiting subordinate under a root', async () => {
    const rootId = await create('--common-name', 'Root A')
    const subId = await waiting('Waiting A')
    expect(await cli.json(['ca', 'show', subId])).toMatchObject({ state: 'pendingActivation' })
    expect(await cli.text(['ca', 'activate', subId, '--issuer', rootId, '--validity', '2y'])).toContain('is active')
    const other = await waiting('Waiting B')
    expect(await cli.json(['ca', 'activate', other, '--issuer', rootId])).toEqual({})
  })

  test('create and activate below an Ed25519 root: the hash follows from the key that signs', async () => {
    const rootId = await create('--common-name', 'Ed', '--key', 'ed25519')
    const certified = await create('--type', 'subordinate', '--issuer', rootId, '--common-name', 'Below Ed')
    expect(await cli.json(['ca', 'show', certified])).toMatchObject({ state: 'active', ca: { keyAlgorithm: 'p256' } })
    const later = await waiting('Later below Ed')
    await cli.text(['ca', 'activate', later, '--issuer', rootId])
    expect(await cli.json(['ca', 'show', later])).toMatchObject({ state: 'active' })
  })

  test('csr, import, export: a certificate signed elsewhere', async () => {
    await using openssl = withOpenssl()
    const subId = await waiting('Outside')
    const csr = await cli.text(['ca', 'csr', subId])
    expect(csr).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END/)
    expect((await cli.json(['ca', 'csr', subId])).csr).toContain('BEGIN CERTIFICATE REQUEST')
    await cli.text(['ca', 'csr', subId, '--out', openssl.at('sub.csr')])
    const { certificate, root } = openssl.signCa('sub.csr')

    const args = ['ca', 'import', subId, '--certificate', '-', '--chain', openssl.at('root.pem')]
    expect(await cli.text(args, { input: certificate })).toContain('is active')
    expect(await cli.text(['ca', 'export', subId])).toBe(certificate + root)
    expect(await cli.json(['ca', 'export', subId])).toEqual({ certificate, chain: [root] })

    expect(await cli.json(['ca', 'export', subId, '--out', openssl.at('out.pem')])).toEqual({
      file: openssl.at('out.pem'),
    })
    expect(readFileSync(openssl.at('out.pem'), 'utf8')).toBe(certificate + root)
    writeFileSync(openssl.at('out.pem'), 'mine')
    expect(await cli.run(['ca', 'export', subId, '--out', openssl.at('out.pem')])).toMatchObject({ code: 2, out: '' })
    expect(readFileSync(openssl.at('out.pem'), 'utf8')).toBe('mine')
    await cli.text(['ca', 'export', subId, '--out', openssl.at('out.pem'), '--force'])
    expect(readFileSync(openssl.at('out.pem'), 'utf8')).toBe(certificate + root)
  })

  test('disable, enable, tag, untag', async () => {
    const caId = await create('--common-name', 'Tagged')
    expect(await cli.text(['ca', 'disable', caId])).toBe(`CA ${caId} is disabled.\n`)
    expect(await cli.json(['ca', 'enable', caId])).toEqual({})
    expect(await cli.json(['ca', 'disable', caId])).toEqual({})
    expect(await cli.text(['ca', 'enable', caId])).toBe(`CA ${caId} is active.\n`)
    expect(await cli.text(['ca', 'tag', caId, '环境=生产', 'empty='])).toContain('is tagged')
    expect(await cli.json(['ca', 'tag', caId, 'a=b=c'])).toEqual({})
    expect((await cli.json(['ca', 'show', caId])).ca.tags).toEqual({ 环境: '生产', empty: '', a: 'b=c' })
    expect(await cli.text(['ca', 'untag', caId, '环境'])).toContain('are removed')
    expect(await cli.json(['ca', 'untag', caId, 'a', 'empty'])).toEqual({})
    expect(await cli.text(['ca', 'show', caId])).toMatch(/^tags {11}-$/m)
  })

  test('revoke: a subordinate is revoked beside its state', async () => {
    const rootId = await create('--common-name', 'Root R')
    const under = () => create('--type', 'subordinate', '--issuer', rootId, '--common-name', 'Sub R')
    const [first, second] = [await under(), await under()]
    expect(await cli.text(['ca', 'revoke', first, '--reason', 'superseded'])).toContain('is revoked')
    expect(await cli.text(['ca', 'show', first])).toMatch(/^state {10}active, revoked$/m)
    expect(await cli.json(['ca', 'revoke', second])).toEqual({})
    expect(await cli.run(['ca', 'revoke', first])).toMatchObject({ code: 6 })
  })
})

describe('certkeep ca delete', () => {
  test('a scheduled deletion says when, and can be taken back', async () => {
    const caId = await create('--common-name', 'Ending')
    await cli.text(['ca', 'disable', caId])
    const said = await cli.text(['ca', 'delete', caId, '--keep-days', '7', '--yes'])
    expect(said).toMatch(/will be deleted on \d{4}-\d\d-\d\d \d\d:\d\dZ \(in 7 d\); until then: certkeep ca restore /)
    expect(await cli.text(['ca', 'show', caId])).toMatch(/^deletion due {3}/m)
    expect(await cli.text(['ca', 'restore', caId])).toContain('is restored')
    expect(await cli.json(['ca', 'delete', caId, '--yes'])).toMatchObject({ state: 'pendingDeletion' })
    expect(await cli.json(['ca', 'restore', caId])).toEqual({})
  })

  test('--preview shows verdict, calendar and what is under it, and changes nothing', async () => {
    const caId = await create('--common-name', 'Looked at')
    const subId = await create('--type', 'subordinate', '--issuer', caId, '--common-name', '下级')
    const certificateId = (await cli.text(['cert', 'issue', '--issuer', caId, '--common-name', 'a.example.com'])).trim()
    const said = await cli.text(['ca', 'delete', caId, '--preview', '--disposition', 'revokeAll'])
    expect(said).toMatch(/^verdict +in use$/m)
    expect(said).toMatch(/^first +disable it first$/m)
    expect(said).toMatch(/^certificates +1 valid, 0 revoked, 0 expired$/m)
    expect(said).toMatch(/\(in 30 d\) +everything it issued is revoked/)
    expect(said).toMatch(new RegExp(`^下级 +own +${subId} +active`, 'm'))
    expect(await cli.json(['ca', 'delete', caId, '--preview'])).toMatchObject({
      verdict: 'inUse',
      disposition: 'runOut',
    })
    expect(await cli.json(['ca', 'show', caId])).toMatchObject({ state: 'active' })

    expect(await cli.text(['cert', 'delete', certificateId, '--preview'])).toMatch(
      /^because +nobody was seen using it$/m,
    )
    const { certificate } = await cli.json(['cert', 'show', certificateId])
    expect(await cli.json(['cert', 'repository', 'delete', String(certificate.number), '--preview'])).toMatchObject({
      certificateId,
      verdict: 'unknown',
    })
    expect(await cli.json(['cert', 'show', certificateId])).toMatchObject({ state: 'valid' })
  })

  test('where nobody can be asked it needs --yes, and nothing is done without', async () => {
    const caId = await waiting('Kept')
    expect(await cli.run(['ca', 'delete', caId])).toMatchObject({ code: 2, out: '' })
    expect(await cli.json(['ca', 'show', caId])).toMatchObject({ state: 'pendingActivation' })
  })

  test('a person is told what goes, and must write its name', async () => {
    const caId = await waiting('会被删除')
    const declined = await cli.run(['ca', 'delete', caId], { answers: ['y'] })
    expect(declined).toMatchObject({ code: 1, out: '' })
    expect(declined.err).toContain('This deletes the subordinate CA 会被删除. It was never activated')
    expect(await cli.run(['ca', 'delete', caId], { answers: [] })).toMatchObject({ code: 1 })
    expect(await cli.json(['ca', 'show', caId])).toMatchObject({ state: 'pendingActivation' })
    expect(await cli.run(['ca', 'delete', caId], { answers: ['会被删除'] })).toMatchObject({
      code: 0,
      out: `CA ${caId} is deleted.\n`,
    })
    expect(await cli.run(['ca', 'show', caId])).toMatchObject({ code: 5 })
  })
})
