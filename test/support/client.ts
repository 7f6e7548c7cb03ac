import { createHash, createHmac, randomUUID } from 'node:crypto'

/** A caller by access key, written from the published descriptions of the three signatures, not from our own code. */
export interface Caller {
  accessKeyId: string
  accessKeySecret: string
}

export interface Answer {
  status: number
  headers: Headers
  /** Parsed when it is JSON, else text; undefined when empty. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  body: any
}

/** A request on its way to being signed. Header names in lower case. */
export interface SignableRequest {
  method: string
  /** Path and query as they will be sent. */
  target: string
  headers: Readonly<Record<string, string>>
  body: string
}

export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Names and values of a query or form, decoded; `plus` says whether a plus is a space, as in forms. */
export function pairsOf(text: string, { plus = false } = {}): [string, string][] {
  const decoded = (part: string) => decodeURIComponent(plus ? part.replaceAll('+', ' ') : part)
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [decoded(pair), ''] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]
    })
}

const canonicalQuery = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map(([name, value]) => [percentEncoded(name), percentEncoded(value)] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

const canonicalHeaders = (headers: SignableRequest['headers'], names: readonly string[]): string =>
  names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('')

const splitTarget = (target: string): [string, string] => {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
}

/** `yyyymmddThhmmssZ` */
export const sdkDate = (date: Date): string => `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`

/** The `Authorization` header of SDK-HMAC-SHA256 over these headers, `x-sdk-date` among them. */
export function huaweiAuthorization(
  { accessKeyId, accessKeySecret }: Caller,
  { method, target, headers, body }: SignableRequest,
  signed: readonly string[] = Object.keys(headers),
): string {
  const names = signed.toSorted()
  const [path, query] = splitTarget(target)
  const encodedPath = path
    .split('/')
    .map((part) => percentEncoded(decodeURIComponent(part)))
    .join('/')
  const canonical = [
    method,
    encodedPath.endsWith('/') ? encodedPath : `${encodedPath}/`,
    canonicalQuery(pairsOf(query)),
    canonicalHeaders(headers, names),
    names.join(';'),
    headers['x-sdk-content-sha256'] ?? sha256(body),
  ].join('\n')
  const toSign = `SDK-HMAC-SHA256\n${headers['x-sdk-date']}\n${sha256(canonical)}`
  const signature = createHmac('sha256', accessKeySecret).update(toSign).digest('hex')
  return `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${names.join(';')}, Signature=${signature}`
}

/** Headers that sign this request; `date` is the signing time. */
export function huaweiHeaders(
  caller: Caller,
  method: string,
  url: URL,
  body: string,
  { date = new Date(), extra = {} }: { date?: Date; extra?: Record<string, string> } = {},
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: url.host,
    'x-sdk-date': sdkDate(date),
    ...extra,
  }
  const target = `${url.pathname}${url.search}`
  return { ...headers, authorization: huaweiAuthorization(caller, { method, target, headers, body }) }
}

export async function huawei(
  base: string,
  caller: Caller,
  method: string,
  target: string,
  body?: unknown,
): Promise<Answer> {
  const url = new URL(target, base)
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = huaweiHeaders(caller, method, url, text)
  return read(await fetch(url, { method, headers, ...(body === undefined ? {} : { body: text }) }))
}

/** Calls an operation of the core by its own name; throws when it is refused. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export async function own(base: string, caller: Caller, operation: string, input: unknown = {}): Promise<any> {
  const answer = await huawei(base, caller, 'POST', `/api/${operation}`, input)
  if (answer.status !== 200) throw new Error(`${operation}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** `YYYY-MM-DDThh:mm:ssZ` */
export const acsDate = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

export const newNonce = (): string => randomUUID().replaceAll('-', '')

/** The `Authorization` header of ACS3-HMAC-SHA256 over these headers. */
export function acs3Authorization(
  { accessKeyId, accessKeySecret }: Caller,
  { method, target, headers, body }: SignableRequest,
  signed: readonly string[] = Object.keys(headers),
): string {
  const names = signed.toSorted()
  const [path, query] = splitTarget(target)
  const canonical = [
    method,
    path,
    canonicalQuery(pairsOf(query, { plus: true })),
    canonicalHeaders(headers, names),
    names.join(';'),
    headers['x-acs-content-sha256'] ?? sha256(body),
  ].join('\n')
  const toSign = `ACS3-HMAC-SHA256\n${sha256(canonical)}`
  const signature = createHmac('sha256', accessKeySecret).update(toSign).digest('hex')
  return `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
}

export const contentHash = sha256

/** The `Signature` of v1 (HMAC-SHA1) over all parameters of query and form, decoded. */
export function v1Signature(
  { accessKeySecret }: Pick<Caller, 'accessKeySecret'>,
  method: string,
  parameters: readonly (readonly [string, string])[],
): string {
  const toSign = `${method}&%2F&${percentEncoded(canonicalQuery(parameters))}`
  return createHmac('sha1', `${accessKeySecret}&`).update(toSign).digest('base64')
}

/** What v1 adds to a call's own parameters, without its signature. */
export const v1Common = ({ accessKeyId }: Pick<Caller, 'accessKeyId'>, date: Date, nonce: string) => ({
  AccessKeyId: accessKeyId,
  SignatureMethod: 'HMAC-SHA1',
  SignatureVersion: '1.0',
  SignatureNonce: nonce,
  Timestamp: acsDate(date),
})

interface AlibabaOptions {
  /** Parameters in the body rather than in the query. */
  form?: boolean
  version?: string
  nonce?: string
  date?: Date
}

/** An Alibaba RPC call by ACS3-HMAC-SHA256, with the parameters in the query or, `form`, in the body. */
export async function alibaba(
  base: string,
  caller: Caller,
  action: string,
  parameters: Record<string, string> = {},
  { form = false, version = '2020-04-07', nonce = newNonce(), date = new Date() }: AlibabaOptions = {},
): Promise<Answer> {
  const pairs = canonicalQuery(Object.entries(parameters))
  const url = new URL(form ? '/' : `/?${pairs}`, base)
  const body = form ? pairs : ''
  const headers: Record<string, string> = {
    host: url.host,
    'x-acs-action': action,
    'x-acs-version': version,
    'x-acs-date': acsDate(date),
    'x-acs-signature-nonce': nonce,
    'x-acs-content-sha256': sha256(body),
    ...(form ? { 'content-type': formType } : {}),
  }
  const authorization = acs3Authorization(caller, { method: 'POST', target: `/${url.search}`, headers, body })
  return read(await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body }))
}

export const formType = 'application/x-www-form-urlencoded'

/** An Alibaba RPC call by signature v1 (HMAC-SHA1), everything in the query (GET) or in the form body (POST). */
export async function alibabaV1(
  base: string,
  caller: Caller,
  action: string,
  parameters: Record<string, string> = {},
  options: { method?: 'GET' | 'POST'; version?: string; nonce?: string; date?: Date } = {},
): Promise<Answer> {
  const { method = 'GET', version = '2020-04-07', nonce = newNonce(), date = new Date() } = options
  const all = Object.entries({ Action: action, Version: version, ...v1Common(caller, date, nonce), ...parameters })
  all.push(['Signature', v1Signature(caller, method, all)])
  const pairs = canonicalQuery(all)
  if (method === 'GET') return read(await fetch(new URL(`/?${pairs}`, base)))
  return read(await fetch(new URL('/', base), { method, headers: { 'content-type': formType }, body: pairs }))
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const { status, headers } = response
  if (text === '') return { status, headers, body: undefined }
  return { status, headers, body: headers.get('content-type')?.includes('json') ? JSON.parse(text) : text }
}
