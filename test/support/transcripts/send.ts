/** From an exchange to bytes on a socket: what the request says itself goes as it stands, the rest is added for signing. */
import { Agent, request as httpRequest } from 'node:http'
import {
  acs3Authorization,
  acsDate,
  contentHash,
  formType,
  huaweiAuthorization,
  newNonce,
  pairsOf,
  percentEncoded,
  sdkDate,
  v1Common,
  v1Signature,
  type Caller,
} from '../client.ts'
import type { ReceivedAnswer } from './compare.ts'
import type { Header } from './format.ts'

export const proofs = ['ak-sk', 'token', 'acs3', 'v1', 'nothing'] as const
export type Proof = (typeof proofs)[number]

export interface Asked {
  method: string
  target: string
  headers: readonly Header[]
  body: string
}

export interface Signing {
  proof: Proof
  /** Of `ak-sk`, `acs3`, `v1`. */
  caller: Caller | undefined
  /** Of `token`. */
  token: string | undefined
  at: Date
  /** What is neither signed nor sent. */
  without: readonly string[]
  /** Headers that are sent, and not signed. */
  unsigned: readonly string[]
  /** What becomes of the request after it was signed. */
  onTheWay: readonly { from: string; to: string }[]
}

/** The request as it goes out. */
export function signed(asked: Asked, host: string, signing: Signing): Asked {
  const request = change({ ...asked, headers: [...asked.headers] }, signing, host)
  const changed = (text: string): string =>
    signing.onTheWay.reduce((result, { from, to }) => result.replaceAll(from, to), text)
  const body = changed(request.body)
  const headers = request.headers.map(({ name, value }) => ({ name, value: changed(value) }))
  if (body !== '' || ['POST', 'PUT', 'PATCH'].includes(request.method))
    if (!has(headers, 'content-length'))
      headers.push({ name: 'content-length', value: String(Buffer.byteLength(body)) })
  return { method: request.method, target: changed(request.target), headers, body }
}

interface Draft extends Asked {
  headers: Header[]
}

const has = (headers: readonly Header[], name: string): boolean =>
  headers.some((header) => header.name.toLowerCase() === name)

function change(draft: Draft, signing: Signing, host: string): Draft {
  const add = (name: string, value: () => string): void => {
    if (!has(draft.headers, name) && !signing.without.includes(name)) draft.headers.push({ name, value: value() })
  }
  add('host', () => host)
  const { proof, caller, at } = signing
  if (proof === 'token') {
    add('x-auth-token', () => signing.token ?? '')
    return draft
  }
  if (proof === 'nothing' || !caller) return draft
  if (proof === 'v1') return withParameters(draft, signing, caller)
  if (draft.body !== '') add('content-type', () => (proof === 'acs3' ? formType : 'application/json'))
  if (proof === 'ak-sk') {
    add('x-sdk-date', () => sdkDate(at))
    add('authorization', () => huaweiAuthorization(caller, signable(draft), signedNames(draft, signing)))
    return draft
  }
  add('x-acs-date', () => acsDate(at))
  add('x-acs-signature-nonce', newNonce)
  add('x-acs-content-sha256', () => contentHash(draft.body))
  const names = signedNames(draft, signing).filter(
    (name) => name === 'host' || name === 'content-type' || name.startsWith('x-acs-'),
  )
  add('authorization', () => acs3Authorization(caller, signable(draft), names))
  return draft
}

const signable = (draft: Draft) => ({
  ...draft,
  headers: Object.fromEntries(draft.headers.map(({ name, value }) => [name.toLowerCase(), value])),
})

const signedNames = ({ headers }: Draft, { unsigned }: Signing): string[] => [
  ...new Set(headers.map(({ name }) => name.toLowerCase()).filter((name) => !unsigned.includes(name))),
]

/** Signature v1: the common parameters stand in the body if there is one, else in the query. */
function withParameters(draft: Draft, { at, without }: Signing, caller: Caller): Draft {
  const inBody = draft.body !== ''
  const query = draft.target.slice(draft.target.indexOf('?') + 1)
  const own = [...(draft.target.includes('?') ? pairsOf(query, { plus: true }) : [])]
  if (inBody) own.push(...pairsOf(draft.body, { plus: true }))
  const names = new Set([...own.map(([name]) => name), ...without])
  const added = Object.entries(v1Common(caller, at, newNonce())).filter(([name]) => !names.has(name))
  if (!names.has('Signature')) added.push(['Signature', v1Signature(caller, draft.method, [...own, ...added])])
  const text = added.map(([name, value]) => `${name}=${percentEncoded(value)}`).join('&')
  if (!inBody) return { ...draft, target: `${draft.target}${draft.target.includes('?') ? '&' : '?'}${text}` }
  if (!has(draft.headers, 'content-type')) draft.headers.push({ name: 'content-type', value: formType })
  return { ...draft, body: `${draft.body}&${text}` }
}

const agent = new Agent({ keepAlive: true, maxSockets: 128 })

/** Sends exactly these headers, repeated ones too. */
export function send(base: string, { method, target, headers, body }: Asked): Promise<ReceivedAnswer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { agent, hostname, port, method, path: target, headers: headers.flatMap(({ name, value }) => [name, value]) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: pairs(response.rawHeaders),
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const pairs = (raw: readonly string[]): Header[] =>
  Array.from({ length: raw.length / 2 }, (_, at) => ({ name: raw[2 * at]!, value: raw[2 * at + 1]! }))
