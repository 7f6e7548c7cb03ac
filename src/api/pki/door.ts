import type { CaStore } from '../../ca/index.ts'
import type { Clock } from '../../kernel/index.ts'
import { crlChunks, type CrlRecord, type RevocationStore } from '../../revocation/index.ts'
import type { UseSink } from '../../use-marks/index.ts'
import type { Dialect, Door, DoorAnswer, DoorRequest } from '../door.ts'
import { notModified } from './conditional.ts'

export interface PkiParts {
  cas: CaStore
  revocations: RevocationStore
  domainClock: Clock
  useMarks: UseSink
  report: (failure: unknown, requestId: string) => void
}

const path = /^\/(crl|ca)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(crl|cer)$/
const maxAgeSeconds = 3_600
const readAtOnce = 1 << 20

/**
 * What verifiers fetch without credentials: `/crl/{ca-id}.crl` (RFC 5280 §4.2.1.13, application/pkix-crl of RFC 2585
 * §4.2) and `/ca/{ca-id}.cer` (§4.1). Both stay after the CA has been deleted: certificates out there still name them.
 */
export function pkiDoor(parts: PkiParts): Door {
  return async (request) => {
    const about = { door: 'pki', operation: kindOf(request) }
    try {
      return { ...(await answer(parts, request)), about }
    } catch (error) {
      parts.report(error, '')
      return { ...text(500, 'The service failed.'), about }
    }
  }
}

const kindOf = ({ rawUrl }: DoorRequest): string => (rawUrl.startsWith('/crl/') ? 'crl' : 'issuer')

export const pkiDialect: Dialect = {
  door: 'pki',
  operations: new Set(['crl', 'issuer']),
  operationOf: kindOf,
  refuse: (_request, refusal) =>
    'throttled' in refusal
      ? text(429, 'Too many requests.', { 'retry-after': String(Math.ceil(refusal.throttled.retryAfterMs / 1_000)) })
      : text(refusal.status, refusal.message),
}

async function answer(
  { cas, revocations, domainClock, useMarks }: PkiParts,
  request: DoorRequest,
): Promise<DoorAnswer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'GET and HEAD only.', { allow: 'GET, HEAD' })
  const [, kind, id, extension] = path.exec(request.rawUrl.split('?', 1)[0]!) ?? []
  if (id === undefined || (kind === 'crl') !== (extension === 'crl')) return text(404, 'There is nothing here.')
  const onlyHeaders = request.method === 'HEAD'
  if (kind === 'ca') {
    const ca = await cas.findById(id)
    if (!ca?.certificate) return text(404, 'There is no such CA.')
    useMarks.used('download', id)
    return {
      status: 200,
      headers: {
        'content-type': 'application/pkix-cert',
        'content-length': String(ca.certificate.length),
        ...cached(maxAgeSeconds),
      },
      body: onlyHeaders ? '' : ca.certificate,
    }
  }
  const crl = await revocations.latestCrl(id)
  if (!crl) return text(404, 'There is no CRL of such a CA.')
  if (!onlyHeaders) useMarks.used('crl', id)
  const etag = `"${Buffer.from(crl.sha256).toString('hex')}"`
  const untilNext = Math.floor((crl.nextUpdate - domainClock.now()) / 1_000)
  const headers = {
    'content-type': 'application/pkix-crl',
    etag,
    'last-modified': new Date(crl.thisUpdate).toUTCString(),
    expires: new Date(crl.nextUpdate).toUTCString(),
    // A revocation is on a new CRL within seconds: caches may keep one, but not for long.
    ...cached(Math.max(0, Math.min(60, untilNext))),
  }
  const conditions = {
    ifNoneMatch: headerOf(request, 'if-none-match'),
    ifModifiedSince: headerOf(request, 'if-modified-since'),
  }
  if (notModified({ etag, lastModified: crl.thisUpdate }, conditions)) return { status: 304, headers, body: '' }
  return {
    status: 200,
    headers: { ...headers, 'content-length': String(crl.size) },
    body: onlyHeaders ? '' : await bytesOf(revocations, crl),
  }
}

/** A large CRL is read as fast as it is taken, so that no number of downloads holds it in memory. */
async function bytesOf(revocations: RevocationStore, crl: CrlRecord): Promise<DoorAnswer['body']> {
  const chunks = crlChunks(revocations, crl)
  return crl.size <= readAtOnce ? Array.fromAsync(chunks) : chunks
}

const cached = (seconds: number) => ({ 'cache-control': `public, max-age=${seconds}` })

function headerOf({ rawHeaders }: DoorRequest, name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]!.toLowerCase() === name) return rawHeaders[at + 1]
  return undefined
}

const text = (status: number, body: string, headers: Record<string, string> = {}): DoorAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: `${body}\n`,
})
