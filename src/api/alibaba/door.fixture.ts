import { createHash, createHmac, randomUUID } from 'node:crypto'
import { openCore, type Core } from '../../../test/support/core.ts'
import { numberOfUuid, Runner, type RateLimiter } from '../../kernel/index.ts'
import { writePem, type CertificateSpec } from '../../x509/index.ts'
import {
  aLeafSpec,
  aRoot,
  aSubordinate,
  ecKey,
  issue,
  type KeyPair,
  type TestCa,
} from '../../x509/test-support/hierarchy.ts'
import type { Door, DoorRequest } from '../door.ts'
import { operations, type OperationDeps } from '../operations.ts'
import { alibabaDoor, type AlibabaDoorParts } from './door.ts'

export interface Signer {
  accessKeyId: string
  accessKeySecret: string
}

/** How the clients of the contract's §6 sign and where they put parameters. */
export const styles = ['acs3, query', 'acs3, form', 'v1, GET', 'v1, POST query', 'v1, POST form'] as const

export interface Sending {
  style?: (typeof styles)[number]
  version?: string
  nonce?: string
  date?: Date
  /** Further headers; with ACS3 the `x-acs-*` ones are signed. */
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  /** Parsed when it is JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body: any
}

export type Values = Readonly<Record<string, string | number | bigint>>

/** RFC 3986 §2.3: what is not unreserved is encoded. */
const encoded = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const pairs = (parameters: Record<string, string>): string =>
  Object.keys(parameters)
    .toSorted()
    .map((name) => `${encoded(name)}=${encoded(parameters[name]!)}`)
    .join('&')

export const host = '127.0.0.1:8440'

const origin = { sourceIp: '127.0.0.1', secureTransport: false }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** A signed request, written from the contract's §2 and §3 without the code under test. */
export function signed(signer: Signer, action: string, values: Values = {}, sending: Sending = {}): DoorRequest {
  const {
    style = 'acs3, query',
    version = '2020-04-07',
    nonce = randomUUID(),
    date = new Date(),
    headers = {},
  } = sending
  const parameters = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
  const time = `${date.toISOString().slice(0, 19)}Z`
  const method = style === 'v1, GET' ? 'GET' : 'POST'
  const inForm = style.endsWith('form')
  if (style.startsWith('v1')) {
    const common = {
      Action: action,
      Version: version,
      Timestamp: time,
      SignatureNonce: nonce,
      AccessKeyId: signer.accessKeyId,
      SignatureMethod: 'HMAC-SHA1',
      SignatureVersion: '1.0',
    }
    const all: Record<string, string> = { ...parameters, ...common }
    const toSign = `${method}&%2F&${encoded(pairs(all))}`
    all['Signature'] = createHmac('sha1', `${signer.accessKeySecret}&`).update(toSign).digest('base64')
    return {
      ...origin,
      method,
      rawUrl: inForm ? '/' : `/?${pairs(all)}`,
      rawHeaders: Object.entries({ host, ...(inForm ? form : {}), ...headers }).flat(),
      body: Buffer.from(inForm ? pairs(all) : ''),
    }
  }
  const body = inForm ? pairs(parameters) : ''
  const query = inForm ? '' : pairs(parameters)
  const all: Record<string, string> = {
    host,
    'x-acs-action': action,
    'x-acs-version': version,
    'x-acs-date': time,
    'x-acs-signature-nonce': nonce,
    'x-acs-content-sha256': createHash('sha256').update(body).digest('hex'),
    ...(inForm ? form : {}),
    ...headers,
  }
  const names = Object.keys(all).toSorted()
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('')
  const canonical = [method, '/', query, lines, names.join(';'), all['x-acs-content-sha256']].join('\n')
  const toSign = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`
  const signature = createHmac('sha256', signer.accessKeySecret).update(toSign).digest('hex')
  const authorization = `ACS3-HMAC-SHA256 Credential=${signer.accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
  return {
    ...origin,
    method,
    rawUrl: query === '' ? '/' : `/?${query}`,
    rawHeaders: Object.entries({ ...all, authorization }).flat(),
    body: Buffer.from(body),
  }
}

/** A door over a core of its own, without a rate limit, and a client for it. */
export interface Client extends AsyncDisposable {
  core: Core
  parts: AlibabaDoorParts
  /** As the administrator of the first account. */
  call(action: string, values?: Values, sending?: Sending): Promise<Answer>
  callAs(signer: Signer, action: string, values?: Values, sending?: Sending): Promise<Answer>
  send(request: DoorRequest, door?: Door): Promise<Answer>
  /** Uploads a certificate through the door and gives its CertId. */
  upload(name: string, values?: Values): Promise<number>
  /** The id of a new root CA. */
  createCa(commonName: string): Promise<string>
  /** Issues a certificate for 90 days and gives its id and CertId. */
  issue(issuerId: string, commonName: string): Promise<{ id: string; certId: number }>
  revoke(id: string): Promise<void>
}

export async function openClient(): Promise<Client> {
  const core = await openCore()
  const { administrator, deps } = core
  const parts = { ...core.parts, runner: runnerWith(core, { take: () => 0 }), domainClock: deps.domainClock }
  const ownDoor = alibabaDoor(parts)
  const send: Client['send'] = async (request, door = ownDoor) => {
    const { status, headers, body } = await door(request)
    if (typeof body !== 'string') throw new Error('this door answers with text')
    const isJson = headers['content-type']?.startsWith('application/json')
    return { status, headers, text: body, body: isJson ? JSON.parse(body) : body }
  }
  const callAs: Client['callAs'] = (signer, action, values, sending) => send(signed(signer, action, values, sending))
  const call: Client['call'] = (action, values, sending) => callAs(administrator, action, values, sending)
  return {
    core,
    parts,
    send,
    callAs,
    call,
    async upload(name, values = {}) {
      const { certificatePem, keyPem } = material(deps.domainClock.now())
      const answer = await call('UploadUserCertificate', { Name: name, Cert: certificatePem, Key: keyPem, ...values })
      if (answer.status !== 200) throw new Error(answer.text)
      return answer.body.CertId as number
    },
    async createCa(commonName) {
      const { caId } = await core.call(administrator, operations.CreateCa, {
        type: 'root',
        subject: { commonName, country: 'CN', organization: 'Example', state: 'Zhejiang', locality: 'Hangzhou' },
        keyAlgorithm: 'p256',
        signatureHash: 'sha256',
        validity: { unit: 'year', amount: 10 },
      })
      return caId
    },
    async issue(issuerId, commonName) {
      const { certificateId: id } = await core.call(administrator, operations.IssueCertificate, {
        issuerId,
        subject: { commonName },
        keyAlgorithm: 'p256',
        validity: { unit: 'day', amount: 90 },
        names: [{ type: 'dns', value: commonName }],
      })
      return { id, certId: numberOfUuid(id) }
    },
    async revoke(certificateId) {
      await core.call(administrator, operations.RevokeCertificate, { certificateId, reason: 'keyCompromise' })
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  }
}

export const dayMs = 86_400_000

const keyPemOf = (key: KeyPair, type: 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  key.privateKey.export({ format: 'pem', type }) as string

let issuer: TestCa | undefined

/** A leaf for www.example.com, in force from a day before `now` for 91 days, its key, and the CAs above it. */
export function material(
  now: number,
  { change = {}, key = ecKey() }: { change?: Partial<CertificateSpec>; key?: KeyPair } = {},
) {
  issuer ??= aSubordinate(aRoot())
  const times = { notBefore: now - dayMs, notAfter: now + 90 * dayMs }
  const certificate = issue({ ...aLeafSpec(issuer, key), ...times, ...change }, issuer.key)
  return {
    certificate,
    certificatePem: writePem('CERTIFICATE', certificate.der),
    chainPem: issuer.chain.map(({ der }) => writePem('CERTIFICATE', der)).join(''),
    keyPem: keyPemOf(key),
    sec1Pem: key.spki.kind.type === 'ec' ? keyPemOf(key, 'sec1') : undefined,
  }
}

/** The core's runner with another rate limit: the door's own counts in the host's time, which tests do not wait for. */
export const runnerWith = ({ deps, principals, gate, trail }: Core, limiter: RateLimiter): Runner<OperationDeps> =>
  new Runner<OperationDeps>({
    deps,
    limiter,
    trail,
    authorizer: principals,
    gate,
    committer: deps.committer,
    counters: { throttled: () => undefined },
  })

/** A runner that fails as told. */
export const failingRunner = (failure: unknown): Pick<Runner<never>, 'run'> => ({ run: () => Promise.reject(failure) })
