import { AddressError, NotReachable, ServiceError } from './errors.ts'
import { signedHeaders, type AccessKey } from './sign.ts'

export interface ClientOptions {
  /** Scheme, host and port of the service. */
  url: string
  accessKey: AccessKey
  /** The wall clock. */
  clock: { now(): number }
}

export interface CallOptions {
  /** The input holds a password or a private key: only over TLS or to this machine. */
  confidential?: boolean
  /** Everything is checked and nothing done: it ends in ServiceError DryRunOperation. */
  dryRun?: boolean
}

/** Making an RSA key of 4096 bits takes seconds, and a busy service takes its time. */
const timeoutMs = 120_000
const maxAnswerBytes = 64 * 1024 * 1024

/** Calls operations by their names at our own door, each call signed with the access key. */
export class Client {
  private readonly base: URL
  private readonly options: ClientOptions

  /** @throws AddressError */
  constructor(options: ClientOptions) {
    this.base = baseUrl(options.url)
    this.options = options
  }

  /**
   * `POST /api/{operation}`. Bytes come as base64 and big numbers as text, as the door writes them.
   * @throws ServiceError, NotReachable, AddressError
   */
  async call(
    operation: string,
    input: object,
    { confidential = false, dryRun = false }: CallOptions = {},
  ): Promise<unknown> {
    if (confidential && this.base.protocol === 'http:' && !isLoopback(this.base.hostname))
      throw new AddressError(
        `a password or private key is not sent to ${this.base.origin} in the clear; use an https address`,
      )
    const url = new URL(`/api/${encodeURIComponent(operation)}`, this.base)
    const { accessKey, clock } = this.options
    const body = JSON.stringify(input)
    const headers = signedHeaders(accessKey, { method: 'POST', url, body, at: clock.now(), dryRun })
    return answerOf(await send(url, { method: 'POST', headers, body }))
  }
}

/** @throws AddressError */
export function baseUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new AddressError(
      `the address of the service must be an http or https URL, and ${JSON.stringify(text)} is not`,
    )
  // What is signed is the path that arrives: nothing in between may add to it.
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new AddressError('the address of the service must be scheme, host and port, and nothing else')
  return url
}

/** 127.0.0.0/8, ::1 and localhost, as URL writes them. */
const isLoopback = (hostname: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/** What came back, whatever it says. */
export interface RawAnswer {
  status: number
  headers: Headers
  text: string
}

/** One HTTP exchange without redirects, with a limit of time and of size. @throws NotReachable */
export async function send(url: URL, init: RequestInit): Promise<RawAnswer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    return { status: response.status, headers: response.headers, text: await textOf(response) }
  } catch (error) {
    throw new NotReachable(`${url.origin} cannot be reached: ${reasonOf(error)}`)
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** fetch says "fetch failed" and keeps the reason in the cause, of which there are several for a name with several addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`
  const cause = error.cause instanceof AggregateError ? error.cause.errors[0] : error.cause
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause && cause.code === 'ECONNREFUSED' ? 'nobody listens there' : cause.message
}

interface ErrorAnswer {
  error: { code: string; message: string; result?: unknown }
  requestId?: string
}

function answerOf({ status, headers, text }: RawAnswer): unknown {
  const requestId = headers.get('x-request-id') ?? undefined
  const value = parsed(text)
  if (status === 200 && value !== undefined && requestId !== undefined) return value
  if (isErrorAnswer(value))
    throw new ServiceError(status, value.error.code, value.error.message, requestId, value.error.result)
  throw new ServiceError(
    status,
    'UnexpectedAnswer',
    `what answered is not the API of Certkeep, or something in between (HTTP ${status})`,
    requestId,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isErrorAnswer(value: unknown): value is ErrorAnswer {
  const error = (value as Partial<ErrorAnswer> | null | undefined)?.error
  return typeof error?.code === 'string' && typeof error.message === 'string'
}
