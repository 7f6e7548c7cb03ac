import type { Clock } from '../../kernel/index.ts'
import type { Door, DoorAnswer, DoorRequest } from '../door.ts'

/** What the service says of itself, to monitors and to clients that are to trust its own certificate. */
export interface InstanceParts {
  /** Each resolves while its part works, and rejects (or does not answer) when it does not. */
  checks: Readonly<Record<string, () => Promise<unknown>>>
  /** The text for Prometheus; undefined when it is served on a listener of its own. */
  metrics: (() => Promise<MetricsText>) | undefined
  /** DER of the authority behind the service's own TLS certificate; undefined when it has none of its own. */
  instanceCertificate: () => Uint8Array | undefined
  /** Growing milliseconds. */
  monotonicClock: Clock
  report: (failure: unknown) => void
}

export interface MetricsText {
  contentType: string
  text: string
}

const checkTimeoutMs = 2_000
/** Anybody may ask, so the parts are looked at once in this time at most. */
const verdictForMs = 1_000

/**
 * `/healthz` the process answers; `/readyz` all of its parts work, else 503 with the names of those that do not;
 * `/metrics` to callers on the machine itself; `/ca/instance.cer` the certificate to trust for TLS.
 */
export function instanceDoor(parts: InstanceParts): Door {
  const ready = readiness(parts)
  const answers: Readonly<Record<string, (request: DoorRequest) => DoorAnswer | Promise<DoorAnswer>>> = {
    '/healthz': () => text(200, 'ok'),
    '/readyz': async () => told(await ready()),
    '/metrics': (request) => metrics(parts, request),
    '/ca/instance.cer': (request) => certificate(parts.instanceCertificate(), request),
  }
  return async (request) => {
    const path = request.rawUrl.split('?', 1)[0]!
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined
    if (!answer) return text(404, 'There is nothing here.')
    const about = { door: 'instance', operation: path.slice(1) }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { ...text(405, 'GET and HEAD only.', { allow: 'GET, HEAD' }), about }
    return { ...(await answer(request)), about }
  }
}

/** The names of the parts that do not work. Calls within a second share one look. */
function readiness({ checks, monotonicClock, report }: InstanceParts): () => Promise<readonly string[]> {
  let look: Promise<readonly string[]> | undefined
  let until = 0
  return () => {
    if (look && monotonicClock.now() < until) return look
    until = monotonicClock.now() + verdictForMs
    look = Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await within(checkTimeoutMs, check())
          return []
        } catch (error) {
          report(new Error(`${name} is not ready`, { cause: error }))
          return [name]
        }
      }),
    ).then((failing) => failing.flat())
    return look
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const told = (failing: readonly string[]): DoorAnswer => ({
  status: failing.length === 0 ? 200 : 503,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: `${JSON.stringify(failing.length === 0 ? { ready: true } : { ready: false, failing })}\n`,
})

const loopback = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/
/** A proxy on this machine asks for somebody else. */
const forwardingHeaders: ReadonlySet<string> = new Set(['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])

function metrics({ metrics: read, report }: InstanceParts, request: DoorRequest): Promise<DoorAnswer> {
  const forwarded = request.rawHeaders.some((name, at) => at % 2 === 0 && forwardingHeaders.has(name.toLowerCase()))
  if (!read || forwarded || !loopback.test(request.sourceIp))
    return Promise.resolve(text(404, 'There is nothing here.'))
  return measured(read, report)
}

async function measured(read: () => Promise<MetricsText>, report: (failure: unknown) => void): Promise<DoorAnswer> {
  try {
    const { contentType, text: body } = await read()
    return { status: 200, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body }
  } catch (error) {
    report(error)
    return text(500, 'The service failed.')
  }
}

/** `/metrics` on a listener of its own, to whoever reaches it. */
export const metricsDoor =
  (read: () => Promise<MetricsText>, report: (failure: unknown) => void): Door =>
  (request) =>
    request.rawUrl.split('?', 1)[0] === '/metrics' && request.method === 'GET'
      ? measured(read, report)
      : Promise.resolve(text(404, 'There is nothing here.'))

function certificate(der: Uint8Array | undefined, { method }: DoorRequest): DoorAnswer {
  if (!der) return text(404, 'This service shows a certificate of somebody else, or none.')
  return {
    status: 200,
    headers: {
      'content-type': 'application/pkix-cert',
      'content-length': String(der.length),
      'cache-control': 'public, max-age=3600',
    },
    body: method === 'HEAD' ? '' : der,
  }
}

const text = (status: number, body: string, headers: Record<string, string> = {}): DoorAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: `${body}\n`,
})
