import { createHash, createHmac, randomUUID } from 'node:crypto'

/** A caller of the Huawei and own doors by AK/SK, written from the published description of SDK-HMAC-SHA256. */
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

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Headers that sign this request; `date` is the signing time. */
export function huaweiHeaders(
  { accessKeyId, accessKeySecret }: Caller,
  method: string,
  url: URL,
  body: string,
  { date = new Date(), extra = {} }: { date?: Date; extra?: Record<string, string> } = {},
): Record<string, string> {
  const stamp = `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: url.host,
    'x-sdk-date': stamp,
    ...extra,
  }
  const names = Object.keys(headers).toSorted()
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
  const canonical = [
    method,
    path.endsWith('/') ? path : `${path}/`,
    query,
    names.map((name) => `${name}:${headers[name]!.trim()}\n`).join(''),
    names.join(';'),
    createHash('sha256').update(body).digest('hex'),
  ].join('\n')
  const toSign = `SDK-HMAC-SHA256\n${stamp}\n${createHash('sha256').update(canonical).digest('hex')}`
  const signature = createHmac('sha256', accessKeySecret).update(toSign).digest('hex')
  return {
    ...headers,
    authorization: `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
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

/** An Alibaba RPC call by ACS3-HMAC-SHA256, with the parameters in the query or, `form`, in the body. */
export async function alibaba(
  base: string,
  caller: Caller,
  action: string,
  parameters: Record<string, string> = {},
  options: { form?: boolean; version?: string; nonce?: string; date?: Date } = {},
): Promise<Answer> {
  const { form = false, version = '2020-04-07', nonce = randomUUID().replaceAll('-', ''), date = new Date() } = options
  const pairs = Object.entries(parameters)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  const url = new URL(form ? '/' : `/?${pairs}`, base)
  const body = form ? pairs : ''
  const headers: Record<string, string> = {
    host: url.host,
    'x-acs-action': action,
    'x-acs-version': version,
    'x-acs-date': `${date.toISOString().slice(0, 19)}Z`,
    'x-acs-signature-nonce': nonce,
    'x-acs-content-sha256': createHash('sha256').update(body).digest('hex'),
    ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
  }
  const names = Object.keys(headers).toSorted()
  const canonical = [
    'POST',
    '/',
    form ? '' : pairs,
    names.map((name) => `${name}:${headers[name]}\n`).join(''),
    names.join(';'),
    headers['x-acs-content-sha256'],
  ].join('\n')
  const toSign = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`
  const signature = createHmac('sha256', caller.accessKeySecret).update(toSign).digest('hex')
  headers['authorization'] =
    `ACS3-HMAC-SHA256 Credential=${caller.accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
  return read(await fetch(url, { method: 'POST', headers, body }))
}

/** An Alibaba RPC call by signature v1 (HMAC-SHA1), everything in the query (GET) or in the form body (POST). */
export async function alibabaV1(
  base: string,
  caller: Caller,
  action: string,
  parameters: Record<string, string> = {},
  options: { method?: 'GET' | 'POST'; nonce?: string; date?: Date } = {},
): Promise<Answer> {
  const { method = 'GET', nonce = randomUUID(), date = new Date() } = options
  const signed: Record<string, string> = {
    Action: action,
    Version: '2020-04-07',
    Format: 'JSON',
    AccessKeyId: caller.accessKeyId,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: nonce,
    Timestamp: `${date.toISOString().slice(0, 19)}Z`,
    ...parameters,
  }
  const pairs = Object.entries(signed)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  const toSign = `${method}&%2F&${encode(pairs)}`
  const signature = createHmac('sha1', `${caller.accessKeySecret}&`).update(toSign).digest('base64')
  const all = `${pairs}&Signature=${encode(signature)}`
  if (method === 'GET') return read(await fetch(new URL(`/?${all}`, base)))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return read(await fetch(new URL('/', base), { method, headers, body: all }))
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const { status, headers } = response
  if (text === '') return { status, headers, body: undefined }
  return { status, headers, body: headers.get('content-type')?.includes('json') ? JSON.parse(text) : text }
}
