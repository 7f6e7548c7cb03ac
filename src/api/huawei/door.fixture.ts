import { generateKeyPairSync, sign } from 'node:crypto'
import { huaweiHeaders, type Caller } from '../../../test/support/client.ts'
import { openCore, type Core } from '../../../test/support/core.ts'
import {
  assembleCsr,
  buildCsrInfo,
  buildName,
  signatureAlgorithmFor,
  writePem,
  type Extension,
  type NameFields,
} from '../../x509/index.ts'
import type { Door, DoorAnswer } from '../door.ts'
import { huaweiDoor } from './door.ts'

export const origin = 'http://127.0.0.1:8080'

export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  /** Parsed when it is JSON; undefined when empty. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body: any
  bytes: Buffer
}

export interface Sending {
  body?: unknown
  /** In place of a signature. */
  headers?: Record<string, string>
}

type Send = (method: string, target: string, body?: unknown) => Promise<Answer>

/** A door over a core of its own, and a client for it. */
export interface Client extends AsyncDisposable {
  core: Core
  door: Door
  /** As the administrator of the first account. */
  send: Send
  as: (caller: Caller) => Send
  /** With nothing but these headers. */
  bare: (method: string, target: string, options?: Sending) => Promise<Answer>
}

export async function openClient(options: { publicUrl?: string | undefined } = {}): Promise<Client> {
  const core = await openCore(options)
  const { iam, publication } = core.deps
  const door = huaweiDoor({ ...core.parts, iam, publication, tokens: core.tokens })
  const bare: Client['bare'] = async (method, target, { body, headers = {} } = {}) =>
    read(
      await door({
        method,
        rawUrl: target,
        rawHeaders: Object.entries({ host: '127.0.0.1:8080', ...headers }).flat(),
        body: Buffer.from(textOf(body)),
        sourceIp: '127.0.0.1',
        secureTransport: false,
      }),
    )
  const as: Client['as'] = (caller) => (method, target, body) =>
    bare(method, target, {
      body,
      headers: huaweiHeaders(caller, method, new URL(target, origin), textOf(body)),
    })
  return {
    core,
    door,
    bare,
    as,
    send: as(core.administrator),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  }
}

const textOf = (body: unknown): string =>
  body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)

function read({ status, headers, body }: DoorAnswer): Answer {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body
  const bytes = Buffer.concat(chunks as readonly Uint8Array[]) // this door streams nothing
  const isJson = headers['Content-Type'] === 'application/json'
  return { status, headers, bytes, body: isJson ? JSON.parse(bytes.toString()) : undefined }
}

export const subject = {
  common_name: 'Test CA',
  country: 'CN',
  state: 'Sichuan',
  locality: 'Chengdu',
  organization: 'Example',
  organizational_unit: 'Tests',
}

export const aRoot = {
  type: 'ROOT',
  distinguished_name: subject,
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  validity: { type: 'YEAR', value: 10 },
}

export const aPendingCa = {
  type: 'SUBORDINATE',
  distinguished_name: { ...subject, common_name: 'Pending CA' },
  key_algorithm: 'EC256',
}

export const aSubordinate = (issuerId: string) => ({
  ...aPendingCa,
  distinguished_name: { ...subject, common_name: 'Subordinate CA' },
  signature_algorithm: 'SHA256',
  validity: { type: 'YEAR', value: 5 },
  issuer_id: issuerId,
})

export const aLeaf = (issuerId: string) => ({
  issuer_id: issuerId,
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  distinguished_name: { common_name: 'www.example.test' },
  validity: { type: 'DAY', value: 30 },
})

export const cas = '/v1/private-certificate-authorities'
export const certificates = '/v1/private-certificates'

/** Creates a CA and gives its id. @throws Error when it is refused */
export async function createCa(send: Client['send'], body: object): Promise<string> {
  const { status, body: answer } = await send('POST', cas, body)
  if (status !== 200) throw new Error(JSON.stringify(answer))
  return answer.ca_id
}

/** A PKCS #10 request as PEM, for a P-256 key that is thrown away. */
export function aCsr(fields: NameFields, extensions: readonly Extension[] = []): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const info = buildCsrInfo({
    subject: buildName(fields),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    extensions: [...extensions],
  })
  const signature = sign('sha256', info, privateKey)
  return writePem('CERTIFICATE REQUEST', assembleCsr(info, signatureAlgorithmFor('ec', 'sha256'), signature))
}
