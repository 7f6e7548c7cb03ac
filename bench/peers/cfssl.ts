import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from '../load.ts'

export interface Peer extends AsyncDisposable {
  address: string
  version: string
}

/**
 * `cfssl serve` of Debian with a P-256 CA, as a user would run it; `stored` keeps what it issues in its SQLite store.
 */
export async function startCfssl({ stored }: { stored: boolean }): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-bench-cfssl-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('ca.key'))
  openssl('req', '-x509', '-new', '-key', at('ca.key'), '-subj', '/CN=Peer', '-days', '3650', '-out', at('ca.pem'))
  writeFileSync(
    at('config.json'),
    JSON.stringify({
      signing: {
        default: {
          expiry: '2160h',
          usages: ['digital signature', 'server auth', 'client auth'],
          crl_url: 'http://127.0.0.1/crl',
          ocsp_url: 'http://127.0.0.1/ocsp',
          issuer_urls: ['http://127.0.0.1/ca'],
        },
      },
    }),
  )
  if (stored) {
    // The tables of cfssl's own migrations for SQLite.
    execFileSync('sqlite3', [at('store.db')], {
      input: `CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob,
        status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL,
        PRIMARY KEY (serial_number, authority_key_identifier));
        CREATE TABLE ocsp_responses (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, body blob NOT NULL,
        expiry timestamp, PRIMARY KEY (serial_number, authority_key_identifier),
        FOREIGN KEY (serial_number, authority_key_identifier) REFERENCES certificates (serial_number, authority_key_identifier));`,
    })
    writeFileSync(at('store.json'), JSON.stringify({ driver: 'sqlite3', data_source: at('store.db') }))
  }
  const port = await freePort()
  const child = spawn(
    'cfssl',
    [
      ...['serve', '-loglevel', '3', '-address', '127.0.0.1', '-port', String(port)],
      ...['-ca', at('ca.pem'), '-ca-key', at('ca.key'), '-config', at('config.json')],
      ...(stored ? ['-db-config', at('store.json')] : []),
    ],
    { stdio: 'ignore' },
  )
  const address = `127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://${address}/api/v1/cfssl/info`, { method: 'POST', body: '{"label":""}' }).then(
      ({ ok }) => ok,
      () => false,
    )
    if (up) break
    if (tries > 100) throw new Error('cfssl does not answer')
    await sleep(50)
  }
  return {
    address,
    version: execFileSync('cfssl', ['version'], { encoding: 'utf8' }).replace(/\s+/g, ' ').trim(),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

export const cfsslSign = (address: string, csr: string): string =>
  request(
    'POST',
    '/api/v1/cfssl/sign',
    { host: address, 'content-type': 'application/json' },
    JSON.stringify({ certificate_request: csr }),
  )

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
