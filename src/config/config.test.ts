import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig, type ServeOptions } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'certkeep-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const secretFile = join(folder, 'secret')
writeFileSync(secretFile, 'a secret of enough bytes\n')
const shortFile = join(folder, 'short')
writeFileSync(shortFile, 'short')

function refusal(options: ServeOptions, environment: Record<string, string> = {}): string {
  try {
    readConfig(options, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

describe('the configuration', () => {
  test('without a word listens on loopback only, plain, and reaches nobody', () => {
    expect(readConfig({}, {})).toMatchObject({
      host: '127.0.0.1',
      port: 8440,
      tls: undefined,
      pki: undefined,
      metrics: undefined,
      proxies: undefined,
      outboundAllow: [],
      webhook: undefined,
      logRequests: false,
    })
  })

  test('the command line comes before the environment, and an empty variable is none', () => {
    const environment = { CERTKEEP_PORT: '1000', CERTKEEP_TLS_PORT: '2000', CERTKEEP_PKI_PORT: '' }
    expect(readConfig({ port: '3000' }, environment)).toMatchObject({ port: 3000, tls: { port: 2000 }, pki: undefined })
  })

  test('TLS: its own certificate, or two files that belong together', () => {
    expect(readConfig({ tlsPort: '8443', tlsListen: '0.0.0.0', tlsNames: 'a.example, b.example' }, {}).tls).toEqual({
      host: '0.0.0.0',
      port: 8443,
      files: undefined,
      names: ['a.example', 'b.example'],
    })
    expect(readConfig({ tlsPort: '0', tlsCert: '/c.pem', tlsKey: '/k.pem' }, {}).tls?.files).toEqual({
      certificate: '/c.pem',
      privateKey: '/k.pem',
    })
    expect(refusal({ tlsPort: '0', tlsCert: '/c.pem' })).toContain('belong together')
    expect(refusal({ tlsCert: '/c.pem', tlsKey: '/k.pem' })).toContain('--tls-port')
    expect(refusal({ tlsListen: '0.0.0.0' })).toContain('--tls-port')
  })

  test('only an emulator is strict', () => {
    expect(refusal({ strict: true })).toContain('--emulate')
  })

  test('every listener of an emulator is on loopback', () => {
    expect(refusal({ emulate: true, tlsPort: '0', tlsListen: '0.0.0.0' })).toContain('loopback only')
    expect(refusal({ emulate: true, pkiPort: '0', pkiListen: '0.0.0.0' })).toContain('loopback only')
    expect(refusal({ emulate: true, metricsListen: '0.0.0.0:9090' })).toContain('loopback only')
  })

  test.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
  ])('metrics at %s', (text, address) => {
    expect(readConfig({ metricsListen: text }, {}).metrics).toEqual(address)
  })

  test('trusted proxies and allowed addresses are addresses and blocks', () => {
    const environment = { CERTKEEP_TRUSTED_PROXIES: '10.0.0.0/8, ::1', CERTKEEP_PROXY_HEADER: 'Forwarded' }
    expect(readConfig({}, environment).proxies).toEqual({ blocks: ['10.0.0.0/8', '::1'], header: 'forwarded' })
    expect(refusal({}, { CERTKEEP_TRUSTED_PROXIES: '10.0.0.0/8,proxy' })).toContain('"proxy"')
    expect(refusal({}, { CERTKEEP_TRUSTED_PROXIES: '::1', CERTKEEP_PROXY_HEADER: 'Via' })).toContain('"Via"')
    expect(refusal({}, { CERTKEEP_OUTBOUND_ALLOW: '300.0.0.1' })).toContain('CERTKEEP_OUTBOUND_ALLOW')
  })

  test('a webhook has a secret, from a file or a credential, and no password in its URL', () => {
    const url = 'https://hooks.example/x'
    const environment = { CERTKEEP_WEBHOOK_URL: url, CERTKEEP_WEBHOOK_SECRET_FILE: secretFile }
    expect(readConfig({}, environment).webhook).toEqual({ url, secret: Buffer.from('a secret of enough bytes') })
    writeFileSync(join(folder, 'certkeep-webhook-secret'), 'another one of 20 bytes')
    expect(readConfig({}, { CERTKEEP_WEBHOOK_URL: url, CREDENTIALS_DIRECTORY: folder }).webhook).toBeDefined()
    expect(refusal({}, { CERTKEEP_WEBHOOK_URL: url })).toContain('CERTKEEP_WEBHOOK_SECRET_FILE')
    expect(refusal({}, { CERTKEEP_WEBHOOK_URL: url, CERTKEEP_WEBHOOK_SECRET_FILE: shortFile })).not.toContain('"short"')
    const withPassword = refusal({}, { ...environment, CERTKEEP_WEBHOOK_URL: 'https://u:hunter2@hooks.example/' })
    expect(withPassword).not.toContain('hunter2')
  })

  test.each(['-1', '65536', '8440x', '1e3'])('%s is no port', (port) => {
    expect(refusal({ port })).toContain('is not the port')
  })
})
