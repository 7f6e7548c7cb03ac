import { createHmac, hash as digest, hkdfSync, timingSafeEqual } from 'node:crypto'
import { gatewayErrors, HuaweiWireError } from './errors.ts'
import { type HeaderTable, headerTable, type HuaweiRequest } from './request.ts'
import { parseTarget, percentDecode, percentEncode, type QueryPair } from './target.ts'

/** Says that a signed request is refused; always 401 (huawei-wire.md §2.2). */
export function refuse(reason: string): never {
  throw new HuaweiWireError(gatewayErrors.authenticationFailed, refusalText(reason))
}

export const refusalText = (reason: string): string => `incorrect IAM authentication information: ${reason}`

/** What an `Authorization` header claims, parsed and not yet verified. */
export interface SignatureClaim {
  algorithm: AlgorithmName
  accessKeyId: string
  /** `<yyyymmdd>/<region>/<service>`, only of V11-HMAC-SHA256. */
  scope?: string
  /** Header names in the order given. */
  signedHeaders: readonly string[]
  /** 64 lower-case hex digits. */
  signature: string
}

interface Algorithm {
  /** The field of `Authorization` that names the access key. */
  credentialField: string
  credential: RegExp
  stringToSign(claim: SignatureClaim, date: string, canonicalHash: string): string
  signingKey(claim: SignatureClaim, secret: string | Uint8Array): string | Uint8Array
}

type AlgorithmName = 'SDK-HMAC-SHA256' | 'V11-HMAC-SHA256'

const algorithms: Record<AlgorithmName, Algorithm> = {
  /** huawei-wire.md §3.3: the secret itself is the key. */
  'SDK-HMAC-SHA256': {
    credentialField: 'Access',
    credential: /^(?<accessKeyId>[A-Za-z0-9_.-]{1,128})$/,
    stringToSign: (claim, date, canonicalHash) => `${claim.algorithm}\n${date}\n${canonicalHash}`,
    signingKey: (_, secret) => secret,
  },
  /** huawei-wire.md §3.6: the key is the hex text of an HKDF output bound to day, region and service. */
  'V11-HMAC-SHA256': {
    credentialField: 'Credential',
    credential: /^(?<accessKeyId>[A-Za-z0-9_.-]{1,128})\/(?<scope>\d{8}\/[A-Za-z0-9_-]{1,64}\/[A-Za-z0-9_-]{1,64})$/,
    stringToSign: (claim, date, canonicalHash) => `${claim.algorithm}\n${date}\n${claim.scope ?? ''}\n${canonicalHash}`,
    signingKey: (claim, secret) =>
      Buffer.from(hkdfSync('sha256', secret, claim.accessKeyId, claim.scope ?? '', 32)).toString('hex'),
  },
}

const maxAuthorizationLength = 8192
const maxSignedHeaders = 100
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Reads `<algorithm> Access=…, SignedHeaders=a;b, Signature=…` (or `Credential=…` for V11). Spaces around commas and equals signs
 * do not matter; each field must be there exactly once, and no other.
 * @throws HuaweiWireError 401, also for algorithms that this door does not speak (huawei-wire.md §3.5)
 */
export function parseAuthorization(header: string): SignatureClaim {
  if (header.length > maxAuthorizationLength) refuse('the Authorization header is too long')
  const [, name, rest] = /^([A-Za-z0-9-]+)[ \t]+(.*)$/.exec(header) ?? refuse('the Authorization header is malformed')
  if (!isAlgorithm(name)) refuse('the signature algorithm is not supported')
  const algorithm = algorithms[name]

  const fields = new Map<string, string>()
  for (const item of (rest ?? '').split(',')) {
    const equals = item.indexOf('=')
    const field = item.slice(0, Math.max(equals, 0)).trim()
    if (equals < 0 || fields.has(field)) refuse('the Authorization header is malformed')
    fields.set(field, item.slice(equals + 1).trim())
  }
  const credential = algorithm.credential.exec(fields.get(algorithm.credentialField) ?? '')?.groups
  const signature = fields.get('Signature') ?? ''
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';')
  if (fields.size !== 3 || !credential) refuse('the Authorization header is malformed')
  if (!/^[0-9a-f]{64}$/.test(signature)) refuse('the signature is malformed')
  const distinct = new Set(signedHeaders.map((signed) => signed.toLowerCase()))
  if (signedHeaders.length > maxSignedHeaders || distinct.size !== signedHeaders.length) {
    refuse('the list of signed headers is malformed')
  }
  if (!signedHeaders.every((signed) => headerName.test(signed))) refuse('the list of signed headers is malformed')

  const { accessKeyId = '', scope } = credential
  return { algorithm: name, accessKeyId, ...(scope === undefined ? {} : { scope }), signedHeaders, signature }
}

function isAlgorithm(name: string | undefined): name is AlgorithmName {
  return name !== undefined && Object.hasOwn(algorithms, name)
}

/** A claim together with the request it was made for: everything that verification needs but the secret. */
export interface SignedRequest {
  claim: SignatureClaim
  /** Lower-case names of the headers under the signature. */
  signedHeaders: ReadonlySet<string>
  /** Milliseconds since 1970 of `X-Sdk-Date`. */
  signedAt: number
  canonicalRequest: string
  /** Holds no secret: an algorithm, a date, perhaps a scope, and a hash. */
  stringToSign: string
}

/**
 * Prepares a request for verification.
 * @param headers of the same request; passed in so that they are tabled once
 * @throws HuaweiWireError 401 when the claim cannot be true of this request whatever the secret is
 */
export function readSignedRequest(
  authorization: string,
  request: HuaweiRequest,
  headers: HeaderTable = headerTable(request.rawHeaders),
): SignedRequest {
  const claim = parseAuthorization(authorization)
  const signedHeaders = new Set(claim.signedHeaders.map((name) => name.toLowerCase()))
  if (!signedHeaders.has('x-sdk-date')) refuse('X-Sdk-Date is not among the signed headers')
  const date = singleSigned(headers, 'x-sdk-date')
  const signedAt = parseSdkDate(date)
  if (claim.scope !== undefined && !claim.scope.startsWith(`${date.slice(0, 8)}/`)) {
    refuse('the day of the credential scope is not that of X-Sdk-Date')
  }

  const canonicalRequest = canonicalize(request, claim, signedHeaders, headers)
  // Header values are wire bytes held one per character, so latin1 gives back the very bytes that the client signed.
  const hash = digest('sha256', Buffer.from(canonicalRequest, 'latin1'), 'hex')
  const stringToSign = algorithms[claim.algorithm].stringToSign(claim, date, hash)
  return { claim, signedHeaders, signedAt, canonicalRequest, stringToSign }
}

/** Whether the signature was made with this secret; takes the same time wherever the difference is. */
export function verifySignature(signed: SignedRequest, secret: string | Uint8Array): boolean {
  const key = algorithms[signed.claim.algorithm].signingKey(signed.claim, secret)
  const expected = createHmac('sha256', key).update(signed.stringToSign).digest()
  return timingSafeEqual(expected, Buffer.from(signed.claim.signature, 'hex'))
}

/** huawei-wire.md §3.2. The canonical headers end in LF themselves, hence the empty line before the list of names. */
function canonicalize(
  request: HuaweiRequest,
  claim: SignatureClaim,
  signedHeaders: ReadonlySet<string>,
  headers: HeaderTable,
): string {
  const { path, query } = parseTarget(request.target, gatewayErrors.authenticationFailed)
  const canonicalHeaders = claim.signedHeaders.map((signed) => {
    const name = signed.toLowerCase()
    return `${name}:${singleSigned(headers, name)}\n`
  })
  return [
    request.method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    canonicalHeaders.join(''),
    claim.signedHeaders.join(';'),
    payloadHash(request.body, signedHeaders, headers),
  ].join('\n')
}

/** Each segment decoded and encoded anew; a slash at the end exists only here, not on the wire. */
function canonicalPath(path: string): string {
  const segments = path
    .split('/')
    .map((segment) => percentEncode(percentDecode(segment, gatewayErrors.authenticationFailed)))
  const joined = segments.join('/')
  return joined.endsWith('/') ? joined : `${joined}/`
}

/** Decoding first matters: some clients send `*` and `(` bare on the wire and sign them escaped. */
function canonicalQuery(query: readonly QueryPair[]): string {
  return [...query]
    .sort((left, right) => Buffer.compare(left.name, right.name) || Buffer.compare(left.value, right.value))
    .map(({ name, value }) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&')
}

/**
 * The hash line. A hash given by the client must be signed and true. `UNSIGNED-PAYLOAD` must be signed too and is taken only with an
 * empty body: every operation behind this door reads JSON or nothing, so a body that no hash covers could only be one that
 * somebody put there on the way.
 */
function payloadHash(body: Uint8Array, signedHeaders: ReadonlySet<string>, headers: HeaderTable): string {
  const actual = digest('sha256', body, 'hex')
  if (!headers.has('x-sdk-content-sha256')) return actual
  if (!signedHeaders.has('x-sdk-content-sha256')) refuse('X-Sdk-Content-Sha256 is not among the signed headers')
  const given = singleSigned(headers, 'x-sdk-content-sha256')
  if (given === 'UNSIGNED-PAYLOAD') {
    if (body.length > 0) refuse('a request with a body must sign it')
  } else if (given !== actual) {
    refuse('X-Sdk-Content-Sha256 is not the hash of the body')
  }
  return given
}

/** A signed header must be there, and once: which of two values was signed could not be told. */
function singleSigned(headers: HeaderTable, name: string): string {
  const values = headers.get(name) ?? []
  const [value] = values
  if (value === undefined) return refuse('a signed header is missing from the request')
  if (values.length > 1) refuse('a signed header appears more than once')
  return value
}

/** `yyyymmddThhmmssZ` as milliseconds since 1970; dates that the calendar lacks are refused. */
function parseSdkDate(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!parts) return refuse('X-Sdk-Date is malformed')
  const [, year, month, day, hour, minute, second] = parts
  const extended = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const instant = Date.parse(`${extended}Z`)
  // Date.parse rolls 30 February over into March; a round trip shows it.
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(extended)) refuse('X-Sdk-Date is malformed')
  return instant
}
