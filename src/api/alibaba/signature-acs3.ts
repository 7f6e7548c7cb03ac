/** Signature ACS3-HMAC-SHA256, the default of every current SDK (contract alibaba-wire §3). */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { commonError, missingCommonParameter } from './errors.ts'
import type { Headers } from './headers.ts'
import { limits } from './limits.ts'
import { compareBytes, decodeLatin1AsUtf8, percentEncode } from './percent.ts'

const algorithm = 'ACS3-HMAC-SHA256'

export interface Acs3Authorization {
  accessKeyId: string
  /** Lower-case names in the order of the header. */
  signedHeaders: readonly string[]
  /** 32 bytes. */
  signature: Uint8Array
}

/**
 * `ACS3-HMAC-SHA256 Credential=<id>,SignedHeaders=<h1;h2>,Signature=<hex>`, single spaces after commas tolerated.
 * Undefined without an Authorization header and for one of a scheme that is not the vendor's.
 * @throws AlibabaWireError InvalidSignatureMethod (another ACS algorithm), IncompleteSignature (malformed)
 */
export function parseAuthorization(header: string | undefined): Acs3Authorization | undefined {
  if (header === undefined || !header.startsWith('ACS')) return undefined
  const space = header.indexOf(' ')
  const scheme = space < 0 ? header : header.slice(0, space)
  if (scheme !== algorithm) throw commonError('InvalidSignatureMethod')

  const fields = new Map<string, string>()
  for (const field of header.slice(algorithm.length + 1).split(',', 4)) {
    const [, name, value] = /^ ?([A-Za-z]+)=([\x21-\x7E]+)$/.exec(field) ?? []
    if (name === undefined || value === undefined || fields.has(name)) throw commonError('IncompleteSignature')
    fields.set(name, value)
  }
  const accessKeyId = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')?.split(';', limits.headers + 1)
  const signature = fields.get('Signature')
  if (fields.size !== 3 || accessKeyId === undefined || !signedHeaders || signature === undefined) {
    throw commonError('IncompleteSignature')
  }
  const wellFormed =
    signedHeaders.length <= limits.headers &&
    new Set(signedHeaders).size === signedHeaders.length &&
    signedHeaders.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) &&
    /^[0-9a-f]{64}$/.test(signature)
  if (!wellFormed) throw commonError('IncompleteSignature')
  return { accessKeyId, signedHeaders, signature: Buffer.from(signature, 'hex') }
}

export interface Acs3Request {
  method: string
  /** Decoded pairs of the URL; a form body is covered by its hash. */
  query: ReadonlyMap<string, string>
  headers: Headers
  body: Uint8Array
}

/** The six lines of §3, with the hash of the body as it really is. Holds secrets: it is never repeated to anyone. */
export function canonicalRequestAcs3(request: Acs3Request, signedHeaders: readonly string[]): string {
  const { method, query, headers, body } = request
  const canonicalQuery = [...query]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&')
  const canonicalHeaders = signedHeaders
    .toSorted(compareBytes)
    .map((name) => `${name}:${[...(headers.get(name) ?? [])].map(asUtf8).sort(compareBytes).join(',')}\n`)
    .join('')
  return [method, '/', canonicalQuery, canonicalHeaders, signedHeaders.join(';'), sha256Hex(body)].join('\n')
}

/** Holds no secret: the request is in it as a hash. */
export function stringToSignAcs3(request: Acs3Request, signedHeaders: readonly string[]): string {
  return `${algorithm}\n${sha256Hex(canonicalRequestAcs3(request, signedHeaders))}`
}

/** 32 bytes. */
function signAcs3(secret: string | Uint8Array, stringToSign: string): Buffer {
  return createHmac('sha256', secret).update(stringToSign).digest()
}

/**
 * What must be signed in this request: `host`, every `x-acs-*` header that is present, and the content type where
 * there is a body, since it says how to read that. Sorted.
 */
function headersToSign({ headers, body }: Acs3Request): string[] {
  const required = [...headers.keys()].filter((name) => name.startsWith('x-acs-'))
  required.push('host')
  if (body.length > 0) required.push('content-type')
  return required.sort(compareBytes)
}

/**
 * Whether all that must be signed is said to be signed; needs no secret.
 * @throws AlibabaWireError MissingParameter (no `host` or `x-acs-content-sha256`), IncompleteSignature
 */
export function checkSignedHeaders(request: Acs3Request, { signedHeaders }: Acs3Authorization): void {
  for (const name of ['host', 'x-acs-content-sha256']) {
    if (!request.headers.has(name)) throw missingCommonParameter(name)
  }
  const listed = new Set(signedHeaders)
  const required = headersToSign(request)
  if (required.every((name) => listed.has(name)) && signedHeaders.every((name) => request.headers.has(name))) return

  const full = [...new Set([...required, ...signedHeaders.filter((name) => request.headers.has(name))])]
  const stringToSign = stringToSignAcs3(request, full.sort(compareBytes))
  throw commonError(
    'IncompleteSignature',
    `SignedHeaders must name host, content-type and every x-acs-* header, and only headers that are sent. ` +
      `server string to sign is:${stringToSign}`,
  )
}

/**
 * Whether the signature was made with this secret over this request, and the hash of the body that the caller sent is
 * the hash of the body. Takes the same time for any signature.
 */
export function verifyAcs3(
  request: Acs3Request,
  authorization: Acs3Authorization,
  secret: string | Uint8Array,
): boolean {
  const { signedHeaders, signature } = authorization
  const expected = signAcs3(secret, stringToSignAcs3(request, signedHeaders))
  const signed = signature.length === expected.length && timingSafeEqual(signature, expected)
  return hashIsTrue(request) && signed
}

/** Whether `x-acs-content-sha256`, once and in lower case, is the hash of the body. */
export function hashIsTrue({ headers, body }: Acs3Request): boolean {
  const claimed = headers.get('x-acs-content-sha256')
  return claimed?.length === 1 && claimed[0] === sha256Hex(body)
}

function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data)
}

// Clients sign text as UTF-8; Node shows each byte of a header as one character.
function asUtf8(value: string): string {
  return decodeLatin1AsUtf8(value) ?? value
}
