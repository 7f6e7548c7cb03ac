/**
 * From the bytes of an HTTP request to what the caller asks for and claims to be. Nothing is believed yet: a request
 * becomes trustworthy in authenticate.ts (contract alibaba-wire §1).
 */
import { createHash } from 'node:crypto'
import type { Format } from './document.ts'
import { commonError, invalidParameter } from './errors.ts'
import { readHeaders, singleHeader, type Headers } from './headers.ts'
import { limits } from './limits.ts'
import { decodeLatin1AsUtf8, decodeUtf8, percentDecode } from './percent.ts'
import { parseAuthorization, type Acs3Authorization } from './signature-acs3.ts'

export interface RawRequest {
  method: string
  /** The request target as it came: path and query. */
  rawUrl: string
  /** Flat list name, value, … as Node's `rawHeaders`. */
  rawHeaders: readonly string[]
  /** The whole body; empty when there is none. */
  body: Uint8Array
}

/** How the caller proves who they are. */
type Style = 'acs3' | 'v1' | 'bearer'

interface CommonValues {
  accessKeyId: string | undefined
  timestamp: string | undefined
  nonce: string | undefined
  securityToken: string | undefined
  bearerToken: string | undefined
  /** v1: base64 text. ACS3 signatures are in `authorization`. */
  signature: string | undefined
  signatureMethod: string | undefined
  signatureVersion: string | undefined
}

export interface RpcRequest {
  style: Style
  /** Where action, version, time and nonce were read: `x-acs-*` headers, or parameters. */
  commonIn: 'headers' | 'parameters'
  method: 'GET' | 'POST'
  action: string | undefined
  version: string | undefined
  format: Format
  /** Decoded pairs of the query and of the form body, the common ones included. */
  parameters: ReadonlyMap<string, string>
  /** Decoded pairs of the query alone, which is what ACS3 signs. */
  query: ReadonlyMap<string, string>
  headers: Headers
  body: Uint8Array
  /** ACS3 only. */
  authorization: Acs3Authorization | undefined
  common: CommonValues
  /** The caller wants to know, not to act. Only a request that signs this wish gets so far. */
  dryRun: boolean
}

/**
 * Reads a request to the Alibaba door. Which common values are missing is judged by `authenticate`, in its order.
 * @throws AlibabaWireError InvalidParameter and Invalid<Parameter> (limits, malformed or repeated parameters),
 *   InvalidParameter.Format, UnsupportedHTTPMethod, InvalidAction.NotFound (path), ContentLengthDoesNotMatch,
 *   ContentMD5NotMatched, IncompleteSignature and InvalidSignatureMethod (the Authorization header)
 */
export function readRequest(raw: RawRequest): RpcRequest {
  const { method, body } = raw
  if (method !== 'GET' && method !== 'POST') throw commonError('UnsupportedHTTPMethod')
  const headers = readHeaders(raw.rawHeaders)
  singleHeader(headers, 'host')
  const query = readQuery(raw.rawUrl)
  const parameters = new Map(query)
  readBody(headers, body, parameters)

  const authorization = parseAuthorization(singleHeader(headers, 'authorization'))
  const bearerHeader = singleHeader(headers, 'x-acs-bearer-token')
  const style = styleOf(parameters, authorization, bearerHeader)
  const commonIn = authorization || (style === 'bearer' && bearerHeader !== undefined) ? 'headers' : 'parameters'
  const fromHeaders = commonIn === 'headers'
  const common = (parameter: string, header: string): string | undefined =>
    bounded(parameter, fromHeaders ? singleHeader(headers, header) : parameters.get(parameter))

  return {
    style,
    commonIn,
    method,
    action: common('Action', 'x-acs-action'),
    version: common('Version', 'x-acs-version'),
    format: formatOf(parameters.get('Format')),
    parameters,
    query,
    headers,
    body,
    authorization,
    common: {
      accessKeyId: bounded('AccessKeyId', authorization ? authorization.accessKeyId : parameters.get('AccessKeyId')),
      timestamp: common('Timestamp', 'x-acs-date'),
      nonce: common('SignatureNonce', 'x-acs-signature-nonce'),
      securityToken: fromHeaders ? singleHeader(headers, 'x-acs-security-token') : parameters.get('SecurityToken'),
      bearerToken: fromHeaders ? bearerHeader : parameters.get('BearerToken'),
      signature: parameters.get('Signature'),
      signatureMethod: parameters.get('SignatureMethod'),
      signatureVersion: parameters.get('SignatureVersion'),
    },
    dryRun: dryRunOf(style, parameters, headers),
  }
}

/** Names that say who calls what, not what the operation works on. `RegionId` is an operation parameter of some. */
const commonNames: ReadonlySet<string> = new Set([
  'Action',
  'Version',
  'Format',
  'AccessKeyId',
  'Timestamp',
  'SecurityToken',
  'BearerToken',
  'DryRun',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'SignatureType',
])

/** The parameters without the common ones: what the operation gets to see. */
export function operationParameters(request: RpcRequest): Map<string, string> {
  return new Map([...request.parameters].filter(([name]) => !commonNames.has(name)))
}

function styleOf(
  parameters: ReadonlyMap<string, string>,
  authorization: Acs3Authorization | undefined,
  bearerHeader: string | undefined,
): Style {
  if (authorization) {
    if (bearerHeader !== undefined) {
      throw commonError('IncompleteSignature', 'A request carries a signature or a bearer token, not both.')
    }
    return 'acs3'
  }
  const signatureType = parameters.get('SignatureType') ?? ''
  if (bearerHeader !== undefined || signatureType === 'BEARERTOKEN') return 'bearer'
  if (signatureType !== '') throw invalidParameter('SignatureType')
  return 'v1'
}

/**
 * The format that a request asks for which `readRequest` refused, so that also this refusal can be read. A guess: a
 * request that cannot be read does not say for certain what it asks.
 */
export function formatAsked({ rawUrl, body }: Pick<RawRequest, 'rawUrl' | 'body'>): Format {
  const wish = /(?:^|[?&])Format=xml(?:&|$)/i
  const bounded = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, limits.bodyBytes))
  return wish.test(rawUrl.slice(0, limits.requestTargetBytes)) || wish.test(bounded.toString('latin1')) ? 'XML' : 'JSON'
}

/** ACS3 requests carry no Format; one that does is taken by its word. */
function formatOf(text: string | undefined): Format {
  const format = (text ?? 'JSON').toUpperCase()
  if (format !== 'JSON' && format !== 'XML') throw commonError('InvalidParameter.Format')
  return format
}

/**
 * A wish for a dry run that we misread would act for real, so every spelling but `true` and `false` is refused, and so
 * is a wish that the signature does not cover: somebody on the way could have taken it off.
 */
function dryRunOf(style: Style, parameters: ReadonlyMap<string, string>, headers: Headers): boolean {
  const parameter = parameters.get('DryRun')
  const header = singleHeader(headers, 'x-acs-certkeep-dry-run')
  const misspelt = [...parameters.keys()].find((name) => name !== 'DryRun' && /^dry[-_]?run$/i.test(name))
  if (misspelt !== undefined || headers.has('x-certkeep-dry-run')) throw invalidParameter('DryRun')
  if (parameter === undefined && header === undefined) return false
  if (style === 'bearer' || (style === 'v1' && header !== undefined)) {
    throw commonError('InvalidParameter', 'A dry run must be asked for in what is signed.')
  }
  for (const wish of [parameter, header]) {
    if (wish !== undefined && wish !== 'true' && wish !== 'false') throw invalidParameter('DryRun')
  }
  return parameter === 'true' || header === 'true'
}

function readQuery(rawUrl: string): Map<string, string> {
  if (rawUrl.length > limits.requestTargetBytes) {
    throw commonError('InvalidParameter', `The request line is longer than ${limits.requestTargetBytes} bytes.`)
  }
  if (rawUrl !== '/' && !rawUrl.startsWith('/?')) throw commonError('InvalidAction.NotFound')
  const text = decodeLatin1AsUtf8(rawUrl.slice(2))
  // No control character, space or fragment may stand in a request target.
  if (text === undefined || /[^!-~\u0080-\u{10FFFF}]|#/u.test(text)) {
    throw commonError('InvalidParameter', 'The query is malformed.')
  }
  const query = new Map<string, string>()
  readPairs(text, query)
  return query
}

function readBody(headers: Headers, body: Uint8Array, parameters: Map<string, string>): void {
  if (body.length > limits.bodyBytes) {
    throw commonError('InvalidParameter', `The body is longer than ${limits.bodyBytes} bytes.`)
  }
  const length = singleHeader(headers, 'content-length')
  if (length !== undefined && length !== String(body.length)) throw commonError('ContentLengthDoesNotMatch')
  const md5 = singleHeader(headers, 'content-md5')
  // The vendor's integrity check, not a protection: that is the signature.
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
    throw commonError('ContentMD5NotMatched')
  }
  const contentType = singleHeader(headers, 'content-type')
  if (body.length === 0) return

  // A body that we would not read could carry parameters that the caller believes in.
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/x-www-form-urlencoded') {
    throw commonError('InvalidParameter', 'The content type of the body is not application/x-www-form-urlencoded.')
  }
  const text = decodeUtf8(body)
  if (text === undefined) throw commonError('InvalidParameter', 'The body is not UTF-8.')
  readPairs(text, parameters)
}

function readPairs(text: string, into: Map<string, string>): void {
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('&', start)
    const pair = end < 0 ? text.slice(start) : text.slice(start, end)
    start = end < 0 ? text.length : end + 1
    if (pair !== '') readPair(pair, into)
  }
}

function readPair(pair: string, into: Map<string, string>): void {
  const at = pair.indexOf('=')
  const name = percentDecode(at < 0 ? pair : pair.slice(0, at))
  const value = percentDecode(at < 0 ? '' : pair.slice(at + 1))
  if (name === undefined || name === '' || name.length > limits.parameterNameChars) {
    throw commonError('InvalidParameter', 'The name of a parameter is malformed.')
  }
  if (value === undefined) throw invalidParameter(name)
  if (into.has(name)) throw commonError('InvalidParameter', 'A parameter occurs more than once.')
  if (into.size >= limits.parameters) {
    throw commonError('InvalidParameter', `The request has more than ${limits.parameters} parameters.`)
  }
  into.set(name, value)
}

function bounded(name: string, value: string | undefined): string | undefined {
  if (value !== undefined && value.length > limits.commonValueChars) throw invalidParameter(name)
  return value
}
