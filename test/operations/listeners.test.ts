import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { huaweiHeaders, own } from '../support/client.ts'
import { leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { overTls } from './https.ts'
import { isMissing } from '../support/tools.ts'

const tlsAndPki = ['--tls-port', '0', '--pki-port', '0']

/** The service's own authority as a client fetches it, on the machine itself. */
async function authority(service: Service): Promise<string> {
  const response = await fetch(`${service.url}/ca/instance.cer`)
  expect(response.headers.get('content-type')).toBe('application/pkix-cert')
  return new X509Certificate(Buffer.from(await response.arrayBuffer())).toString()
}

async function ownOverTls(service: Service, ca: string, operation: string, input: object) {
  const url = new URL(`/api/${operation}`, service.tlsUrl)
  const body = JSON.stringify(input)
  const headers = huaweiHeaders(service.credentials, 'POST', url, body)
  return overTls(url.href, ca, { method: 'POST', headers, body })
}

describe('the TLS listener with a certificate of its own', () => {
  test('is trusted through /ca/instance.cer and serves every door; the same authority after another start', async () => {
    const dataFolder = temporaryFolder()
    let ca: string
    {
      await using first = await startService({ emulate: false, dataFolder, keep: true, args: tlsAndPki })
      ca = await authority(first)
      expect((await overTls(`${first.tlsUrl}/healthz`, ca)).body).toBe('ok\n')
      expect((await overTls(`${first.tlsUrl}/ca/instance.cer`, ca)).status).toBe(200)
      const answer = await ownOverTls(first, ca, 'ListUsers', {})
      expect(answer.status).toBe(200)
      expect((await overTls(`${first.tlsUrl}/?Action=ListUserCertificateOrder&Version=2020-04-07`, ca)).status).toBe(
        400,
      )
      expect((await overTls(`${first.tlsUrl}/v1/private-certificate-authorities`, ca)).status).toBe(401)
      expect(await first.stop()).toBe(0)
    }
    await using second = await startService({ emulate: false, dataFolder, args: tlsAndPki })
    expect(await authority(second)).toBe(ca)
    expect((await overTls(`${second.tlsUrl}/healthz`, ca)).status).toBe(200)
  })

  test('a client that does not trust the authority gets nothing', async () => {
    await using service = await startService({ emulate: false, args: tlsAndPki })
    await expect(overTls(`${service.tlsUrl}/healthz`, '')).rejects.toThrow(/certificate|signed/)
  })

  test('names of the operator and of the public URL are in the certificate', async () => {
    await using service = await startService({
      emulate: false,
      args: [...tlsAndPki, '--tls-names', 'keep.example,192.0.2.7', '--public-url', 'http://pki.example/'],
    })
    const { certificate } = await overTls(`${service.tlsUrl}/healthz`, await authority(service))
    for (const host of ['keep.example', 'pki.example', 'localhost']) expect(certificate.checkHost(host)).toBe(host)
    for (const ip of ['192.0.2.7', '127.0.0.1']) expect(certificate.checkIP(ip)).toBe(ip)
  })

  test('nothing older than TLS 1.2 is spoken', async () => {
    await using service = await startService({ emulate: false, args: tlsAndPki })
    const ca = await authority(service)
    // At level 0 our own side still speaks it, so that the answer is the service's.
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(overTls(`${service.tlsUrl}/healthz`, ca, old)).rejects.toThrow('alert protocol version')
    expect((await overTls(`${service.tlsUrl}/healthz`, ca, { maxVersion: 'TLSv1.2' })).status).toBe(200)
  })

  test('the emulator has TLS too, on loopback', async () => {
    await using service = await startService({ args: tlsAndPki })
    expect((await overTls(`${service.tlsUrl}/emulator/clock`, await authority(service))).status).toBe(200)
  })
})

describe.skipIf(isMissing('openssl'))('the TLS listener with given files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-files-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)
  const make = (name: string): string => {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3']
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' })
    return execFileSync('openssl', ['x509', '-in', at(`${name}.pem`)], { encoding: 'utf8' })
  }

  test('shows new files without a restart, in every thread; files that do not fit are an alarm and change nothing', async () => {
    const [one, two] = [make('one'), make('two')]
    copyFileSync(at('one.pem'), at('cert.pem'))
    copyFileSync(at('one.key'), at('key.pem'))
    const files = ['--tls-port', '0', '--tls-cert', at('cert.pem'), '--tls-key', at('key.pem')]
    await using service = await startService({ emulate: false, workers: 3, args: files })
    expect((await overTls(`${service.tlsUrl}/healthz`, one)).certificate.subject).toBe('CN=one')
    expect((await fetch(`${service.url}/ca/instance.cer`)).status).toBe(404)

    copyFileSync(at('two.pem'), at('cert.pem'))
    await until('an alarm about files that do not belong together', () =>
      Promise.resolve(service.log().includes('does not belong to the certificate')),
    )
    expect((await overTls(`${service.tlsUrl}/healthz`, one)).status).toBe(200)

    copyFileSync(at('two.key'), at('key.pem'))
    await until('all threads show the new certificate', async () => {
      const calls = Array.from({ length: 12 }, () => overTls(`${service.tlsUrl}/healthz`, two).catch(() => undefined))
      return (await Promise.all(calls)).every((answer) => answer?.certificate.subject === 'CN=two')
    })
    expect(service.log()).not.toContain('BEGIN')
  })

  test.each([
    ['a key of another certificate', 'one.pem', 'two.key', 'does not belong to'],
    ['no file', 'one.pem', 'none.key', 'cannot be read (ENOENT)'],
  ])('%s: the start stops with one sentence', async (_title, certificate, privateKey, words) => {
    writeFileSync(at('unused'), '')
    const args = ['--tls-port', '0', '--tls-cert', at(certificate), '--tls-key', at(privateKey)]
    const failure = await startService({ emulate: false, args }).catch((error: unknown) => (error as Error).message)
    expect(failure).toContain('certkeep: The private key')
    expect(failure).toContain(words)
    expect(failure).not.toContain('    at ')
  })
})

describe('the plain listener for verifiers', () => {
  test('serves CRLs and issuers and nothing else', async () => {
    await using service = await startService({ emulate: false, args: tlsAndPki })
    const caId = await rootCa(service)
    await leaf(service, caId)
    expect((await fetch(`${service.pkiUrl}/ca/${caId}.cer`)).status).toBe(200)
    await until('the first CRL', async () => (await fetch(`${service.pkiUrl}/crl/${caId}.crl`)).status === 200)
    for (const path of ['/', '/healthz', '/metrics', '/api/ListUsers', '/v3/auth/tokens', '/v1/private-certificates'])
      expect((await fetch(`${service.pkiUrl}${path}`)).status).toBe(404)
  })

  test('a port that is taken is told with its option', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const start = (option: string) =>
      startService({ emulate: false, args: [option, String(port)] }).catch((error: unknown) => (error as Error).message)
    expect(await start('--pki-port')).toContain('choose another with --pki-port')
    expect(await start('--tls-port')).toContain('choose another with --tls-port')
    taken.close()
  })
})

describe('private keys', () => {
  test('do not travel over plain HTTP from another machine, and do over TLS (design 4)', async () => {
    await using service = await startService({
      emulate: false,
      environment: { CERTKEEP_TRUSTED_PROXIES: '127.0.0.1' },
      args: tlsAndPki,
    })
    const certificateId = await leaf(service, await rootCa(service))
    const exported = async (forwarded: Record<string, string>) => {
      const url = new URL('/api/ExportPrivateCertificate', service.url)
      const body = JSON.stringify({ certificateId })
      const headers = { ...huaweiHeaders(service.credentials, 'POST', url, body), ...forwarded }
      const response = await fetch(url, { method: 'POST', headers, body })
      return { status: response.status, text: await response.text() }
    }
    const outside = { 'x-forwarded-for': '192.0.2.1' }
    expect(await exported(outside)).toMatchObject({ text: expect.stringContaining('InsecureTransport') as string })
    expect((await exported({ ...outside, 'x-forwarded-proto': 'https' })).status).toBe(200)
    expect(
      (await ownOverTls(service, await authority(service), 'ExportPrivateCertificate', { certificateId })).status,
    ).toBe(200)
  })
})

describe('a start on data of an earlier version', () => {
  test('brings the schema up to date and keeps what is there', async () => {
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using first = await startService({ emulate: false, dataFolder, keep: true })
      caId = await rootCa(first)
      await first.stop()
    }
    const database = new DatabaseSync(join(dataFolder, 'certkeep.db'))
    database.exec(
      "DROP TABLE notices; DROP INDEX certificates_by_end; DELETE FROM migrations WHERE name = '0004-notices'",
    )
    database.close()
    await using second = await startService({ emulate: false, dataFolder })
    expect((await own(second.url, second.credentials, 'ShowCa', { caId })).state).toBe('active')
  })
})
