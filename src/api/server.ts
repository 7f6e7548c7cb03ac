import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Door, DoorAnswer } from './door.ts'

/** Request lines of 64 KiB (keys travel in queries) and as much again of headers. */
const maxHeaderBytes = 128 * 1024
const maxBodyBytes = 4 * 1024 * 1024
const requestTimeoutMs = 30_000
const keepAliveMs = 65_000

export interface ServerParts {
  /** Doors by the path they begin with; the longest fitting prefix is asked. `/` is that one path alone. */
  doors: Readonly<Record<string, Door>>
  /** A failure that no door answered for. */
  report: (failure: unknown) => void
}

/**
 * The HTTP side of all doors: limits, raw bytes, connections. A door gets what came and gives what goes; nothing is
 * parsed here, because each dialect signs, reads and refuses in its own way.
 */
export function createServer({ doors, report }: ServerParts): FastifyInstance {
  const server = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    http: { maxHeaderSize: maxHeaderBytes },
    // Whose a path is, is told below: one that cannot be decoded must reach its door, which refuses it in its own words.
    rewriteUrl: () => '/',
    frameworkErrors: (error, _request, reply) => void plain(reply, 400, error.message),
  })
  // Huawei's Node client sends `{}` with a GET, and signs it (huawei-wire.md §4).
  server.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const prefixes = Object.keys(doors).toSorted((a, b) => b.length - a.length)
  const doorFor = (path: string): Door | undefined => {
    const prefix = prefixes.find((each) => (each === '/' ? path === '/' : path.startsWith(each)))
    return prefix === undefined ? undefined : doors[prefix]
  }
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const rawUrl = request.originalUrl
    const query = rawUrl.indexOf('?')
    const door = doorFor(query < 0 ? rawUrl : rawUrl.slice(0, query))
    if (!door) return plain(reply, 404, 'There is nothing here.')
    const answer = await door({
      method: request.raw.method ?? 'GET',
      rawUrl,
      rawHeaders: request.raw.rawHeaders,
      body: request.body instanceof Uint8Array ? request.body : new Uint8Array(),
      sourceIp: request.raw.socket.remoteAddress ?? '',
      secureTransport: false,
    })
    return send(reply, answer)
  }
  server.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: '/', handler })
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return plain(reply, status, error.message)
    report(error)
    return plain(reply, 500, 'The service failed.')
  })
  return server
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
