import { execFileSync } from 'node:child_process'
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { huaweiHeaders, own } from '../test/support/client.ts'
import { startService, type Service, type ServiceOptions } from '../test/support/service.ts'
import { request } from './load.ts'

/** The service on two HTTP threads, each write durable before its answer, no limits on calls. */
export const startCertkeep = (
  environment: Record<string, string> = {},
  options: ServiceOptions = {},
): Promise<Service> => startService({ ...options, workers: 2, environment: { ...unlimited, ...environment } })

export const unlimited = { CERTKEEP_EMULATOR_UNLIMITED: 'yes' }

export async function aP256Root(service: Service): Promise<string> {
  const { caId } = await own(service.url, service.credentials, 'CreateCa', {
    type: 'root',
    subject: { commonName: 'Bench' },
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    validity: { unit: 'year', amount: 10 },
  })
  return caId as string
}

/** A P-256 CSR with one name, as both sides get it. */
export function aCsr(): string {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-bench-csr-'))
  const [key, csr] = [join(folder, 'key.pem'), join(folder, 'csr.pem')]
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  const names = 'subjectAltName=DNS:bench.example.com'
  execFileSync('openssl', ['req', '-new', '-key', key, '-subj', '/CN=bench.example.com', '-addext', names, '-out', csr])
  return readFileSync(csr, 'utf8')
}

/** A call of the Huawei door, signed by AK/SK. Its wire has no nonce, so one request can be sent again and again. */
export function huaweiRequest(service: Service, method: string, target: string, body?: unknown): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const url = new URL(target, service.url)
  return request(method, target, huaweiHeaders(service.credentials, method, url, text), text)
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** A call of the Alibaba door, signed by ACS3 with a nonce of its own: it can be sent once. */
export function alibabaRequest(service: Service, action: string, parameters: Record<string, string>): string {
  const query = Object.entries(parameters)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  const empty = createHash('sha256').update('').digest('hex')
  const headers: Record<string, string> = {
    host: service.endpoint,
    'x-acs-action': action,
    'x-acs-content-sha256': empty,
    'x-acs-date': `${new Date().toISOString().slice(0, 19)}Z`,
    'x-acs-signature-nonce': randomUUID(),
    'x-acs-version': '2020-04-07',
  }
  const names = Object.keys(headers).toSorted()
  const signed = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const canonical = ['POST', '/', query, signed, names.join(';'), empty].join('\n')
  const toSign = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`
  const { accessKeyId, accessKeySecret } = service.credentials
  const signature = createHmac('sha256', accessKeySecret).update(toSign).digest('hex')
  const authorization = `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
  return request('POST', query === '' ? '/' : `/?${query}`, { ...headers, authorization })
}
