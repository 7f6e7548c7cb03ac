import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem, type Clock } from '../../kernel/index.ts'
import { maxOcspRequestBytes, type OcspAnswer, type OcspResponder } from '../../revocation/index.ts'
import { ocspErrorAnswer } from '../../x509/index.ts'
import type { UseSink } from '../../use-marks/index.ts'
import type { CallFacts } from '../door.ts'
import type { DirectHandler } from '../server.ts'
import { notModified } from './conditional.ts'

export interface OcspParts {
  responder: Pick<OcspResponder, 'answer'>
  domainClock: Clock
  /** Growing milliseconds. */
  monotonicClock: Clock
  useMarks: UseSink
  report: (failure: unknown, requestId: string) => void
}

const prefix = '/ocsp/'
const uuidLength = 36
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Far more than one certificate and a nonce take; RFC 9919 §5 has clients use POST above 255 octets. */
const maxPathLength = 4_096
/** A revocation is in every answer of ours within a second: caches may keep one, but not for long. */
const maxAgeSeconds = 60

/**
 * `/ocsp/{ca-id}`: OCSP over HTTP (RFC 6960 Appendix A, RFC 9919 §5), by POST, and by GET with the request in base64
 * after another slash. It is asked straight from the socket and not through the framework of the other doors, which
 * would cost more than the answer does. Whatever is asked badly is answered in OCSP's own words, with status 200.
 */
export function ocspHandler(parts: OcspParts): DirectHandler {
  return (request, response, observe) => {
    const began = parts.monotonicClock.now()
    const url = request.url ?? ''
    const caId = url.slice(prefix.length, prefix.length + uuidLength)
    const end = (status: number, facts: Omit<CallFacts, 'door' | 'operation'> = {}) =>
      observe({
        method: request.method ?? '',
        path: prefix + caId,
        status,
        ms: parts.monotonicClock.now() - began,
        about: { door: 'pki', operation: 'ocsp', ...facts },
        sourceIp: request.socket.remoteAddress ?? '',
      })
    const exchange: Exchange = { parts, request, response, caId, end }
    const rest = url.slice(prefix.length + uuidLength)
    if (!uuid.test(caId) || (rest !== '' && rest[0] !== '/' && rest[0] !== '?'))
      return plain(exchange, 404, 'There is nothing here.')
    if (request.method === 'POST') return readBody(exchange)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(exchange, 405, 'GET, HEAD and POST only.', { allow: 'GET, HEAD, POST' })
    answer(exchange, decodePath(rest))
  }
}

interface Exchange {
  parts: OcspParts
  request: IncomingMessage
  response: ServerResponse
  caId: string
  end: (status: number, facts?: Omit<CallFacts, 'door' | 'operation'>) => void
}

/**
 * The request of a GET: base64 that was then URL-encoded (RFC 6960 A.1), as clients really send it: encoded or not, with
 * one slash too many, with the URL's own alphabet, with or without padding. Nothing that is base64 otherwise is empty.
 */
export function decodePath(rest: string): Uint8Array {
  const nothing = new Uint8Array()
  if (rest.length > maxPathLength) return nothing
  let text = rest.split('?', 1)[0]!.replace(/^\/+/, '')
  if (text.includes('%')) {
    try {
      text = decodeURIComponent(text).replace(/^\/+/, '')
    } catch {
      return nothing
    }
  }
  text = text.replaceAll(' ', '+') // a plus that somebody decoded on the way
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : nothing
}

function readBody(exchange: Exchange): void {
  const { request } = exchange
  const tooLarge = () => {
    request.removeAllListeners('data')
    request.resume()
    plain(exchange, 413, 'That is no OCSP request: too large.', { connection: 'close' })
  }
  if (Number(request.headers['content-length'] ?? 0) > maxOcspRequestBytes) return tooLarge()
  let first: Buffer | undefined
  let more: Buffer[] | undefined
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > maxOcspRequestBytes) return tooLarge()
    if (first) (more ??= [first]).push(chunk)
    else first = chunk
  })
  request.on('end', () => {
    if (length > maxOcspRequestBytes) return
    answer(exchange, more ? Buffer.concat(more) : (first ?? new Uint8Array()))
  })
}

function answer(exchange: Exchange, asked: Uint8Array): void {
  const { parts, caId } = exchange
  try {
    const found = parts.responder.answer(caId, asked)
    if (found instanceof Promise)
      void found.then((late) => send(exchange, late)).catch((error) => fail(exchange, error))
    else send(exchange, found)
  } catch (error) {
    fail(exchange, error)
  }
}

/** The data cannot be read: for a while, or by a bug of ours. */
function fail(exchange: Exchange, error: unknown): void {
  exchange.parts.report(error, '')
  const forNow = error instanceof Problem && error.code === 'Unavailable'
  const refused = forNow ? 'tryLater' : 'internalError'
  send(exchange, { error: refused, body: ocspErrorAnswer(refused) })
}

const type = 'application/ocsp-response'

function send(exchange: Exchange, found: OcspAnswer): void {
  const { parts, request, response, caId, end } = exchange
  const { body } = found
  const length = String(body.length)
  if (found.error !== undefined) {
    write(exchange, 200, ['content-type', type, 'content-length', length, 'cache-control', 'no-store'], body)
    return end(200, { refusal: found.error })
  }
  for (const serial of found.serials) parts.useMarks.used('ocsp', caId, serial)
  const { shared } = found
  if (!shared) {
    write(exchange, 200, ['content-type', type, 'content-length', length, 'cache-control', 'no-store'], body)
    return end(200)
  }
  const left = Math.floor((shared.freshUntil - parts.domainClock.now()) / 1_000)
  const headers = [
    ...['content-type', type, 'cache-control', cacheControl(Math.max(0, Math.min(maxAgeSeconds, left)))],
    ...['etag', `"${shared.etag}"`, 'expires', httpDate(shared.nextUpdate)],
    ...['last-modified', httpDate(shared.thisUpdate)],
  ]
  const { 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = request.headers
  const conditional = request.method !== 'POST' && (ifNoneMatch !== undefined || ifModifiedSince !== undefined)
  const validators = { etag: `"${shared.etag}"`, lastModified: shared.thisUpdate }
  if (conditional && notModified(validators, { ifNoneMatch, ifModifiedSince })) {
    response.writeHead(304, headers).end()
    return end(304)
  }
  headers.push('content-length', length)
  write(exchange, 200, headers, body)
  end(200)
}

function write({ request, response }: Exchange, status: number, headers: string[], body: Uint8Array): void {
  response.writeHead(status, headers)
  if (request.method === 'HEAD') response.end()
  else response.end(body)
}

function plain(exchange: Exchange, status: number, text: string, headers: Record<string, string> = {}): void {
  const { response, end } = exchange
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`)
  end(status)
}

/** RFC 9919 §5.2; a cache that may not reach us must not go on with what it has. */
const cacheControl = (seconds: number): string => `max-age=${seconds}, public, no-transform, must-revalidate`

const dates = new Map<number, string>()
const maxDates = 4_096

/** Whole seconds, of which a few are asked for again and again. */
function httpDate(ms: number): string {
  const second = Math.floor(ms / 1_000)
  let text = dates.get(second)
  if (text === undefined) {
    text = new Date(second * 1_000).toUTCString()
    if (dates.size >= maxDates) dates.clear()
    dates.set(second, text)
  }
  return text
}
