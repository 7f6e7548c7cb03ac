import { lookup } from 'node:dns/promises'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { parseBlock, type AddressBlock } from '../kernel/index.ts'
import { addressBar } from './addresses.ts'

export interface OutboundRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  /** http or https, without user and password. */
  url: string
  headers?: Readonly<Record<string, string>>
  body?: Uint8Array
  /** For everything: looking the name up, connecting, sending, and the answer's last byte. */
  timeoutMs?: number
  /** Of the answer's body. */
  maxBytes?: number
}

export interface OutboundAnswer {
  status: number
  contentType: string | undefined
  /** For the service itself: never shown to a tenant, and in no error. */
  body: Buffer
}

export type OutboundErrorCode = 'UrlRefused' | 'AddressRefused' | 'NotReached' | 'TimedOut' | 'TooLarge'

/** Nothing came back that can be used. The message names the host, and nothing that it sent. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly code: OutboundErrorCode

  constructor(code: OutboundErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const defaultTimeoutMs = 10_000
const defaultMaxBytes = 1 << 20
const maxHeaderBytes = 16_384

export interface OutboundParts {
  /** Addresses and blocks that may be reached although they are not of the public internet; the operator's choice. */
  allow: readonly string[]
  /** Finds the addresses of a name; for tests. */
  resolve?: (host: string) => Promise<readonly { address: string }[]>
}

/**
 * The only way out of the process (design 4): a name is looked up once and what is connected to is the address that was
 * checked, so nothing can change between. Redirects are answers like others and are not followed. No proxy of the
 * environment is used, and no connection is kept.
 */
export class Outbound {
  private readonly allowed: readonly AddressBlock[]
  private readonly resolve: (host: string) => Promise<readonly { address: string }[]>

  constructor({ allow, resolve = (host) => lookup(host, { all: true }) }: OutboundParts) {
    this.allowed = allow.flatMap((text) => parseBlock(text) ?? [])
    this.resolve = resolve
  }

  /** @throws OutboundError */
  async send(request: OutboundRequest): Promise<OutboundAnswer> {
    const url = readUrl(request.url)
    const signal = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs)
    try {
      const address = await within(signal, this.addressOf(url))
      return await exchange(url, address, request, signal)
    } catch (error) {
      if (error instanceof OutboundError) throw error
      if (signal.aborted) throw new OutboundError('TimedOut', `${url.host} did not answer in time`)
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      throw new OutboundError('NotReached', `${url.host} was not reached (${code})`)
    }
  }

  private async addressOf(url: URL): Promise<string> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const found = isIP(host) === 0 ? await this.resolve(host) : [{ address: host }]
    let bar = 'has no address'
    for (const { address } of found) {
      const refused = addressBar(address, this.allowed)
      if (refused === undefined) return address
      bar = `${address} ${refused}`
    }
    throw new OutboundError('AddressRefused', `${url.host}: ${bar}`)
  }
}

function readUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new OutboundError('UrlRefused', 'only http and https URLs without user and password are asked')
  return url
}

async function exchange(
  url: URL,
  address: string,
  { method, headers = {}, body, maxBytes = defaultMaxBytes }: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const family = isIP(address)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = send(url, {
      method,
      headers: { ...headers, ...(body ? { 'content-length': String(body.byteLength) } : {}) },
      agent: false,
      maxHeaderSize: maxHeaderBytes,
      signal,
      // The one place where a name becomes an address: the one that was checked.
      lookup: (_host, options, done) =>
        options.all === true ? done(null, [{ address, family }]) : done(null, address, family),
    })
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
    outgoing.end(body)
  })
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) {
      response.destroy()
      throw new OutboundError('TooLarge', `${url.host} sent more than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'],
    body: Buffer.concat(chunks),
  }
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    work.then(resolve, reject)
  })
}
