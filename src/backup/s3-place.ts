import { createHash, createHmac } from 'node:crypto'
import type { Clock } from '../kernel/index.ts'
import { firstSeqOf, parseOwner, pieceName, type MirrorOwner, type MirrorPlace } from './mirror-place.ts'
import { BackupError } from './sealed-file.ts'

/** A store that speaks the S3 API, addressed by path: `endpoint/bucket/prefix/…`. */
export interface S3Store {
  /** http or https, without a path. */
  endpoint: string
  region: string
  bucket: string
  /** Without slashes at the ends; may be empty. */
  prefix: string
  accessKeyId: string
  secretAccessKey: string
}

interface Request {
  method: 'GET' | 'PUT'
  url: string
  headers: Readonly<Record<string, string>>
  body?: Uint8Array
  maxBytes: number
}

/** The way out: see outbound/. */
export type Send = (request: Request) => Promise<{ status: number; body: Buffer }>

const maxObjectBytes = 64 << 20
const hash = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** RFC 3986: what SigV4 wants of names and values. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * The headers of AWS Signature Version 4 for the service `s3`: the path is encoded once, the hash of the body is a header.
 * @param at ms since 1970
 */
export function signV4(
  { region, accessKeyId, secretAccessKey }: Pick<S3Store, 'region' | 'accessKeyId' | 'secretAccessKey'>,
  {
    method,
    path,
    query,
    host,
    body,
  }: { method: string; path: string; query: Readonly<Record<string, string>>; host: string; body: Uint8Array },
  at: number,
): Record<string, string> {
  const time = `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const day = time.slice(0, 8)
  const headers = { host, 'x-amz-content-sha256': hash(body), 'x-amz-date': time }
  const names = Object.keys(headers).toSorted()
  const canonical = [
    method,
    path,
    queryText(query),
    names.map((name) => `${name}:${headers[name as keyof typeof headers]}\n`).join(''),
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n')
  const key = ['s3', 'aws4_request'].reduce(
    (above, part) => hmac(above, part),
    hmac(hmac(`AWS4${secretAccessKey}`, day), region),
  )
  const signature = hmac(key, toSign).toString('hex')
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

const queryText = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&')

/** A mirror of the audit log in an object store: an object for each batch, none ever changed, and one for the owner's mark. */
export class MirrorBucket implements MirrorPlace {
  readonly name: string
  private readonly store: S3Store
  private readonly send: Send
  private readonly wallClock: Clock

  constructor(store: S3Store, send: Send, wallClock: Clock) {
    this.store = store
    this.send = send
    this.wallClock = wallClock
    this.name = `s3://${[store.bucket, store.prefix].filter(Boolean).join('/')}`
  }

  async readOwner(): Promise<MirrorOwner | undefined> {
    const body = await this.get('owner.json')
    return body && parseOwner(body.toString('utf8'), this.name)
  }

  async writeOwner(owner: MirrorOwner): Promise<void> {
    await this.put('owner.json', `${JSON.stringify(owner)}\n`)
  }

  /** A start after a crash may begin at the same entry again: its object holds the same entries, and those behind them. */
  async append(firstSeq: number, lines: string): Promise<void> {
    await this.put(`${pieceName(firstSeq)}.jsonl`, lines)
  }

  async pieces(): Promise<{ name: string; firstSeq: number }[]> {
    const begin = this.keyOf('')
    const names: string[] = []
    for (let token: string | undefined; ;) {
      const query: Record<string, string> = {
        'list-type': '2',
        prefix: begin,
        ...(token === undefined ? {} : { 'continuation-token': token }),
      }
      const { status, body } = await this.ask('GET', '', query)
      if (status !== 200) throw this.refused(status)
      const text = body.toString('utf8')
      names.push(...[...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => plain(key!).slice(begin.length)))
      if (!text.includes('<IsTruncated>true</IsTruncated>')) break
      token = plain(/<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(text)?.[1] ?? '')
      if (token === '') throw new BackupError(`The audit mirror ${this.name} cannot be listed.`)
    }
    return names.toSorted().flatMap((name) => {
      const firstSeq = firstSeqOf(name)
      return firstSeq === undefined ? [] : [{ name, firstSeq }]
    })
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const body = await this.get(name)
    if (body) yield body
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  private keyOf(name: string): string {
    return this.store.prefix === '' ? name : `${this.store.prefix}/${name}`
  }

  private async get(name: string): Promise<Buffer | undefined> {
    const { status, body } = await this.ask('GET', this.keyOf(name), {})
    if (status === 404) return undefined
    if (status !== 200) throw this.refused(status)
    return body
  }

  private async put(name: string, text: string): Promise<void> {
    const { status } = await this.ask('PUT', this.keyOf(name), {}, Buffer.from(text))
    if (status !== 200) throw this.refused(status)
  }

  private ask(
    method: 'GET' | 'PUT',
    key: string,
    query: Readonly<Record<string, string>>,
    body: Uint8Array = new Uint8Array(0),
  ): Promise<{ status: number; body: Buffer }> {
    const { endpoint, bucket } = this.store
    const path = `/${[bucket, ...(key === '' ? [] : key.split('/'))].map(encoded).join('/')}`
    const { host } = new URL(endpoint)
    const { host: _host, ...headers } = signV4(this.store, { method, path, query, host, body }, this.wallClock.now())
    const search = queryText(query)
    return this.send({
      method,
      url: `${endpoint}${path}${search === '' ? '' : `?${search}`}`,
      headers,
      maxBytes: maxObjectBytes,
      ...(method === 'PUT' ? { body } : {}),
    })
  }

  private refused(status: number): BackupError {
    return new BackupError(`The audit mirror ${this.name} cannot be used: the store answered ${status}.`)
  }
}

/** The five entities of XML. */
const plain = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|apos);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name]!,
  )
