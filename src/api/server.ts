import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Server as TlsServer } from 'node:tls'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import type { Client, Connection } from './client-address.ts'
import type { CallFacts, Door, DoorAnswer } from './door.ts'

/** Request lines of 64 KiB (keys travel in queries) and as much again of headers. */
const maxHeaderBytes = 128 * 1024
const maxBodyBytes = 4 * 1024 * 1024
const requestTimeoutMs = 30_000
const keepAliveMs = 65_000

/** What a TLS listener shows and proves itself with; PEM. */
export interface TlsMaterial {
  /** The certificate, then those above it. */
  certificate: string
  privateKey: string
  /** 48 bytes, the same in all threads: a session that began in one goes on in another. */
  ticketKeys: Uint8Array
}

/** Answers from the socket, around the framework; sees to its own limits, and tells of each call when it has answered. */
export type DirectHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  observe: (call: Omit<ObservedCall, 'outcome'>) => void,
) => void

export interface ServerParts {
  /** Doors by the path they begin with; the longest fitting prefix is asked. `/` is that one path alone. */
  doors: Readonly<Record<string, Door>>
  /** Paths that begin like this are asked before all doors. */
  direct?: Readonly<Record<string, DirectHandler>>
  /** A failure that no door answered for. */
  report: (failure: unknown) => void
  /** Who is at the other end of a connection. */
  clientOf: (connection: Connection) => Client
  /** Told of each call when its answer has gone. */
  observe: (call: ObservedCall) => void
  /** Undefined: plain HTTP. */
  tls?: TlsMaterial | undefined
}

/** A call that has been answered, for metrics and logs. */
export interface ObservedCall {
  method: string
  /** Without the query, which may hold keys. */
  path: string
  status: number
  ms: number
  outcome: CallOutcome
  about: CallFacts
  /** Empty where no door was asked. */
  sourceIp: string
}

/** How a call ended: `unauthenticated` is nobody known, `refused` somebody known (or, where nobody need be known, anybody). */
export type CallOutcome = 'ok' | 'unauthenticated' | 'throttled' | 'refused' | 'failed'

/**
 * The HTTP side of all doors: limits, raw bytes, connections. A door gets what came and gives what goes; nothing is
 * parsed here, because each dialect signs, reads and refuses in its own way.
 */
export function createServer({ doors, direct = {}, report, clientOf, observe, tls }: ServerParts): FastifyInstance {
  const options: FastifyServerOptions = {
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // Whose a path is, is told below: one that cannot be decoded must reach its door, which refuses it in its own words.
    rewriteUrl: () => '/',
    frameworkErrors: (error, _request, reply) => void plain(reply, 400, error.message),
    ...(tls ? {} : { http: { maxHeaderSize: maxHeaderBytes } }),
  }
  // Fastify types a server with TLS as another kind; nothing below depends on which it is.
  const secure = tls && { ...secureContext(tls), ticketKeys: Buffer.from(tls.ticketKeys) }
  const server = fastify(
    secure ? ({ ...options, https: { ...secure, maxHeaderSize: maxHeaderBytes } } as FastifyServerOptions) : options,
  )
  // Huawei's Node client sends `{}` with a GET, and signs it (huawei-wire.md §4).
  server.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const prefixes = Object.keys(doors).toSorted((a, b) => b.length - a.length)
  const doorFor = (path: string): Door | undefined => {
    const prefix = prefixes.find((each) => (each === '/' ? path === '/' : path.startsWith(each)))
    return prefix === undefined ? undefined : doors[prefix]
  }
  const facts = new WeakMap<FastifyRequest, { about: CallFacts; sourceIp: string }>()
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const { raw } = request
    const rawUrl = request.originalUrl
    const door = doorFor(pathOf(rawUrl))
    if (!door) return plain(reply, 404, 'There is nothing here.')
    const address = raw.socket.remoteAddress ?? ''
    const client = clientOf({ address, encrypted: tls !== undefined, rawHeaders: raw.rawHeaders })
    const { about, ...answer } = await door({
      method: raw.method ?? 'GET',
      rawUrl,
      rawHeaders: raw.rawHeaders,
      body: request.body instanceof Uint8Array ? request.body : new Uint8Array(),
      ...client,
    })
    if (about) facts.set(request, { about, sourceIp: client.sourceIp })
    if (answer.hangUp) {
      reply.hijack()
      raw.socket.destroy()
      return reply
    }
    return send(reply, answer)
  }
  server.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: '/', handler })
  server.addHook('onResponse', (request, reply, done) => {
    const { about, sourceIp } = facts.get(request) ?? noDoor
    observe({
      method: request.raw.method ?? 'GET',
      path: pathOf(request.originalUrl),
      status: reply.statusCode,
      ms: reply.elapsedTime,
      outcome: outcomeOf(reply.statusCode, about),
      about,
      sourceIp,
    })
    done()
  })
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return plain(reply, status, error.message)
    report(error)
    return plain(reply, 500, 'The service failed.')
  })
  goAround(server, direct, (call) => observe({ ...call, outcome: outcomeOf(call.status, call.about) }))
  return server
}

/** Puts direct handlers before the framework's own listener. */
function goAround(
  server: FastifyInstance,
  direct: Readonly<Record<string, DirectHandler>>,
  observe: Parameters<DirectHandler>[2],
): void {
  const handlers = Object.entries(direct)
  if (handlers.length === 0) return
  const http = server.server
  const framework = http.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
  http.removeAllListeners('request')
  http.on('request', (request, response) => {
    const url = request.url ?? ''
    for (const [prefix, handler] of handlers) if (url.startsWith(prefix)) return handler(request, response, observe)
    for (const listener of framework) listener.call(http, request, response)
  })
}

/** From the next connection on, this is what a TLS listener shows. */
export function replaceTls(server: FastifyInstance, tls: TlsMaterial): void {
  const secure = server.server as unknown as TlsServer
  secure.setSecureContext(secureContext(tls))
  secure.setTicketKeys(Buffer.from(tls.ticketKeys))
}

const secureContext = ({ certificate, privateKey }: TlsMaterial) => ({
  cert: certificate,
  key: privateKey,
  minVersion: 'TLSv1.2' as const,
})

const noDoor = { about: { door: 'none' } satisfies CallFacts as CallFacts, sourceIp: '' }
const signedDoors: ReadonlySet<string> = new Set(['alibaba', 'huawei', 'own'])

function outcomeOf(status: number, { door, throttled, accountId }: CallFacts): CallOutcome {
  if (status < 400) return 'ok'
  if (throttled === true || status === 429) return 'throttled'
  if (status >= 500) return 'failed'
  return signedDoors.has(door) && accountId === undefined ? 'unauthenticated' : 'refused'
}

function pathOf(rawUrl: string): string {
  const query = rawUrl.indexOf('?')
  return query < 0 ? rawUrl : rawUrl.slice(0, query)
}

const drainMs = 20_000
const idleCheckMs = 50

/** Takes no more calls, lets those under way finish (for so long at most), and closes each connection as it falls idle. */
export async function closeServer(server: FastifyInstance): Promise<void> {
  const closed = server.close()
  const idle = setInterval(() => server.server.closeIdleConnections(), idleCheckMs)
  const enough = setTimeout(() => server.server.closeAllConnections(), drainMs)
  await closed
  clearInterval(idle)
  clearTimeout(enough)
}

function send(reply: FastifyReply, { status, headers, body }: DoorAnswer): FastifyReply {
  void reply.code(status).headers(headers)
  if (typeof body === 'string') return reply.send(body)
  if (body instanceof Uint8Array) return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  return reply.send(Readable.from(body))
}

const plain = (reply: FastifyReply, status: number, text: string): FastifyReply =>
  reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)
