import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rootCa } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'
import { withOpenssl } from './openssl.ts'
import { shellOf } from './run.ts'

let service: Service
let cli: ReturnType<typeof shellOf>
let issuer: string
beforeAll(async () => {
  service = await startService({ workers: 1 })
  cli = shellOf(service)
  issuer = await rootCa(service, '签发者')
})
afterAll(() => service[Symbol.asyncDispose]())

const issue = async (name: string, ...args: string[]): Promise<string> =>
  (await cli.text(['cert', 'issue', '--issuer', issuer, '--common-name', name, '--dns', name, ...args])).trim()

describe('certkeep cert', () => {
  test('issue, list and show', async () => {
    const id = await issue(
      'a.example',
      '--ip',
      '192.0.2.1',
      '--purpose',
      'serverAuth',
      '--purpose',
      '1.3.6.1.5.5.7.3.2',
    )
    const other = await cli.json([
      'cert',
      'issue',
      '--issuer',
      issuer,
      '--common-name',
      'b.example',
      '--validity',
      '12h',
    ])
    expect(await cli.text(['cert', 'list'])).toMatch(
      new RegExp(`^${id} {2}a[.]example {2}valid {2}签发者 {2}p256 {2}.* \\(in 90 d\\)$`, 'm'),
    )
    const page = await cli.json(['cert', 'list', '--name', 'b.example', '--state', 'valid'])
    expect(page).toMatchObject({ total: 1, rows: [{ state: 'valid', certificate: { id: other.certificateId } }] })
    expect(page.rows[0].certificate).not.toHaveProperty('sealedPrivateKey')

    const shown = await cli.text(['cert', 'show', id])
    expect(shown).toMatch(/^names {8}a[.]example, 192[.]0[.]2[.]1$/m)
    expect(shown).toMatch(/^SHA-256 {6}[0-9a-f]{64}$/m)
    expect(await cli.text(['cert', 'show', id, '--pem'])).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
    const document = await cli.json(['cert', 'show', id])
    expect(document).toMatchObject({ state: 'valid', certificate: { hasPrivateKey: true } })
    expect(document.certificate).not.toHaveProperty('sealedPrivateKey')
  })

  test('issue-csr: the key stays with the caller', async () => {
    await using openssl = withOpenssl()
    openssl.request('csr.example')
    const args = ['cert', 'issue-csr', '--issuer', issuer, '--csr']
    const id = (await cli.text([...args, openssl.at('leaf.csr')])).trim()
    const { certificateId } = await cli.json([...args, '-'], { input: readFileSync(openssl.at('leaf.csr'), 'utf8') })
    expect(await cli.json(['cert', 'show', certificateId])).toMatchObject({ certificate: { genMode: 'csr' } })

    const ran = await cli.run([
      'cert',
      'export',
      id,
      '--out',
      openssl.at('out.pem'),
      '--key-out',
      openssl.at('out.key'),
    ])
    expect(ran.err).toContain('does not hold the private key')
    expect(openssl.publicKey('out.pem', 'certificate')).toBe(openssl.publicKey('leaf.key', 'key'))
    expect(() => statSync(openssl.at('out.key'))).toThrow('ENOENT')
  })

  test('export: the private key goes to a file of 0600 and nowhere else, and replaces nothing without --force', async () => {
    await using openssl = withOpenssl()
    const id = await issue('export.example')
    const bare = await cli.run(['cert', 'export', id])
    expect(bare.out).toMatch(/^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n){2}$/)
    expect(bare.out + bare.err).not.toContain('PRIVATE KEY-----')
    expect(bare.err).toContain('--key-out')

    const files = ['--out', openssl.at('out.pem'), '--key-out', openssl.at('out.key')]
    const document = await cli.json(['cert', 'export', id, ...files])
    expect(document).toEqual({
      file: openssl.at('out.pem'),
      hasPrivateKey: true,
      privateKeyFile: openssl.at('out.key'),
    })
    expect(statSync(openssl.at('out.key')).mode & 0o777).toBe(0o600)
    expect(openssl.publicKey('out.key', 'key')).toBe(openssl.publicKey('out.pem', 'certificate'))

    const again = await issue('again.example')
    expect(await cli.run(['cert', 'export', again, ...files])).toMatchObject({ code: 2, out: '' })
    await cli.text(['cert', 'export', again, ...files, '--force'])
    expect(openssl.publicKey('out.key', 'key')).toBe(openssl.publicKey('out.pem', 'certificate'))
    expect(statSync(openssl.at('out.key')).mode & 0o777).toBe(0o600)
  })

  test('revoke and delete', async () => {
    const [first, second] = [await issue('c.example'), await issue('d.example')]
    expect(await cli.text(['cert', 'revoke', first, '--reason', 'keyCompromise'])).toContain('is revoked')
    expect(await cli.text(['cert', 'show', first])).toMatch(/^revoked {6}.*\(now\), keyCompromise$/m)
    expect(await cli.json(['cert', 'revoke', second])).toEqual({})
    expect(await cli.run(['cert', 'export', first])).toMatchObject({ code: 6, out: '' })

    expect(await cli.run(['cert', 'delete', first])).toMatchObject({ code: 2 })
    const asked = await cli.run(['cert', 'delete', first], { answers: ['c.example'] })
    expect(asked).toMatchObject({ code: 0, out: `Certificate ${first} is deleted.\n` })
    expect(asked.err).toContain(
      'This deletes the certificate c.example. It is revoked, and deleting does not revoke it.',
    )
    expect(await cli.json(['cert', 'delete', second, '--yes'])).toEqual({})
    expect(await cli.run(['cert', 'show', second])).toMatchObject({ code: 5 })
  })
})

describe('certkeep cert repository', () => {
  test('upload, list, show with the key, delete', async () => {
    await using openssl = withOpenssl()
    openssl.selfSigned('上传.example')
    const upload = ['--certificate', openssl.at('own.pem'), '--key', openssl.at('own.key')]
    const number = (await cli.text(['cert', 'upload', '--name', '我的证书', ...upload, '--tag', 'a=b'])).trim()
    expect(number).toMatch(/^\d+$/)
    const { certificate } = await cli.json(['cert', 'upload', '--name', 'second', ...upload])
    expect(certificate).not.toHaveProperty('sealedPrivateKey')
    expect(await cli.run(['cert', 'upload', '--name', 'second', ...upload])).toMatchObject({ code: 6 })

    expect(await cli.text(['cert', 'repository', 'list', '--uploaded-only'])).toMatch(
      new RegExp(`^${number} +我的证书 {3}上传[.]example {2}valid {2}uploaded {2}`, 'm'),
    )
    expect(await cli.json(['cert', 'repository', 'list', '--keyword', '上传'])).toMatchObject({ total: 2 })
    expect((await cli.json(['cert', 'repository', 'list', '--expiring-within', '30', '--uploaded-only'])).total).toBe(0)

    expect(await cli.text(['cert', 'repository', 'show', number])).toMatch(/^stored as {4}我的证书$/m)
    expect(await cli.text(['cert', 'repository', 'show', number, '--pem'])).toBe(
      readFileSync(openssl.at('own.pem'), 'utf8'),
    )
    const shown = await cli.json(['cert', 'repository', 'show', number, '--key-out', openssl.at('back.key')])
    expect(shown).toMatchObject({ state: 'valid', privateKeyFile: openssl.at('back.key') })
    expect(shown).not.toHaveProperty('privateKey')
    expect(statSync(openssl.at('back.key')).mode & 0o777).toBe(0o600)
    expect(openssl.publicKey('back.key', 'key')).toBe(openssl.publicKey('own.pem', 'certificate'))

    expect(await cli.run(['cert', 'repository', 'delete', number])).toMatchObject({ code: 2 })
    expect(await cli.run(['cert', 'repository', 'delete', number], { answers: ['我的证书'] })).toMatchObject({
      code: 0,
    })
    expect(await cli.json(['cert', 'repository', 'delete', String(certificate.number), '--yes'])).toEqual({})
    expect(await cli.run(['cert', 'repository', 'show', number])).toMatchObject({ code: 5 })
  })

  test('a number beyond 2^53 is nobody’s, and is not rounded onto another', async () => {
    expect(await cli.run(['cert', 'repository', 'show', '9007199254740993'])).toMatchObject({ code: 5 })
    expect(await cli.run(['cert', 'repository', 'show', 'abc'])).toMatchObject({ code: 1 })
  })
})
