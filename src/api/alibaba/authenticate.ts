/**
 * Who calls: the checks of a request's identity in the one order that gives nothing away (contract alibaba-wire §4).
 *
 *   required common values → operation known → key known and active → time → signature → nonce → token
 *
 * The signature is computed before anything is said about the key, with a secret that nobody has when the key is
 * unknown, so that the time taken says no more than the code does. The nonce is remembered only after the signature
 * held: nobody can use up the nonces of others.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  commonError,
  invalidParameter,
  missingCommonParameter,
  throttled,
  type AlibabaWireError,
  type CommonErrorCode,
} from './errors.ts'
import { limits } from './limits.ts'
import type { RpcRequest } from './read-request.ts'
import { checkSignedHeaders, hashIsTrue, stringToSignAcs3, verifyAcs3 } from './signature-acs3.ts'
import { decodeSignatureV1, shownStringToSignV1, verifyV1 } from './signature-v1.ts'
import { checkRequestTime } from './time.ts'

export interface AccessKey<Principal> {
  accessKeyId: string
  secret: string | Uint8Array
  active: boolean
  principal: Principal
  /** Temporary keys only: their token must come with every request. */
  session?: TokenFacts
}

/** A token is known by its SHA-256 alone. */
interface TokenFacts {
  tokenSha256: Uint8Array
  /** Wall clock, milliseconds since 1970; from then on the token is refused. */
  expiresAtMs: number
}

interface BearerToken<Principal> {
  principal: Principal
  expiresAtMs: number
}

export type NonceVerdict = 'fresh' | 'used' | 'full'

export interface AuthenticateDependencies<Principal> {
  /** Why an operation is refused before anyone is asked who they are; undefined when it is ours to serve. */
  refuseApi(api: { version: string; action: string; method: 'GET' | 'POST' }): CommonErrorCode | undefined
  /** An inactive key is returned, with `active: false`; undefined means there is no such key. */
  findAccessKey(accessKeyId: string): Promise<AccessKey<Principal> | undefined>
  /** Looks a bearer token up by its SHA-256; absent where bearer tokens are not served. */
  findBearerToken?(tokenSha256: Uint8Array): Promise<BearerToken<Principal> | undefined>
  nonces: {
    /**
     * Remembers the pair at least until `timestampMs` has left the window. `used` when it was remembered before,
     * `full` when the key has no room for another; of two concurrent calls one is told `used`.
     */
    remember(accessKeyId: string, nonce: string, timestampMs: number): NonceVerdict | Promise<NonceVerdict>
  }
  /** Milliseconds since 1970. */
  wallClock: { now(): number }
}

export interface Authenticated<Principal> {
  principal: Principal
  request: RpcRequest & { action: string; version: string }
  /** What makes this request the only one of its kind; absent with a bearer token, which signs nothing. */
  signed: { accessKeyId: string; nonce: string; timestampMs: number } | undefined
}

/**
 * @throws AlibabaWireError MissingParameter, InvalidSignatureMethod, IncompleteSignature, what `refuseApi` says,
 *   InvalidAccessKeyId.*, InvalidTimeStamp.*, SignatureDoesNotMatch, SignatureNonceUsed, Throttling.User,
 *   MissingSecurityToken, InvalidSecurityToken.*
 */
export async function authenticate<Principal>(
  request: RpcRequest,
  dependencies: AuthenticateDependencies<Principal>,
): Promise<Authenticated<Principal>> {
  const action = required(request, request.action, 'Action', 'x-acs-action')
  const version = required(request, request.version, 'Version', 'x-acs-version')
  const timestamp = required(request, request.common.timestamp, 'Timestamp', 'x-acs-date')
  const nonce = required(request, request.common.nonce, 'SignatureNonce', 'x-acs-signature-nonce')
  const proof = request.style === 'bearer' ? undefined : readProof(request)
  const token = proof ? undefined : required(request, request.common.bearerToken, 'BearerToken', 'x-acs-bearer-token')

  const refusal = dependencies.refuseApi({ version, action, method: request.method })
  if (refusal !== undefined) throw commonError(refusal)
  const identified = { ...request, action, version }

  if (!proof) {
    const principal = await authenticateBearer(request, token ?? '', timestamp, dependencies)
    return { principal, request: identified, signed: undefined }
  }

  const key = await dependencies.findAccessKey(proof.accessKeyId)
  const holds = proof.verify(key?.secret ?? secretOfNobody)
  if (!key) throw commonError('InvalidAccessKeyId.NotFound')
  if (!key.active) throw commonError('InvalidAccessKeyId.Inactive')
  const now = dependencies.wallClock.now()
  const timestampMs = checkRequestTime(timestamp, now)
  if (!holds) throw signatureDoesNotMatch(proof.shownStringToSign())

  const verdict = await dependencies.nonces.remember(key.accessKeyId, nonce, timestampMs)
  if (verdict === 'used') throw commonError('SignatureNonceUsed')
  if (verdict === 'full') throw throttled('Throttling.User', fullNoncesRetryAfterMs)
  checkSecurityToken(key.session, request.common.securityToken, now)
  return {
    principal: key.principal,
    request: identified,
    signed: { accessKeyId: key.accessKeyId, nonce, timestampMs },
  }
}

/** Makes the work for an unknown key that of a known one. */
const secretOfNobody = randomBytes(30).toString('base64')

/** Room for nonces comes back as their times leave the window, bucket by bucket. */
const fullNoncesRetryAfterMs = 10_000

/** What the caller shows to prove that they know the secret of a key. */
interface Proof {
  accessKeyId: string
  verify(secret: string | Uint8Array): boolean
  shownStringToSign(): string
}

function readProof(request: RpcRequest): Proof {
  const { authorization, common } = request
  const accessKeyId = required(request, common.accessKeyId, 'AccessKeyId', 'Authorization')
  if (authorization) {
    checkSignedHeaders(request, authorization)
    return {
      accessKeyId,
      verify: (secret) => verifyAcs3(request, authorization, secret),
      shownStringToSign: () => stringToSignAcs3(request, authorization.signedHeaders),
    }
  }
  const method = required(request, common.signatureMethod, 'SignatureMethod')
  const version = required(request, common.signatureVersion, 'SignatureVersion')
  const text = required(request, common.signature, 'Signature')
  if (method !== 'HMAC-SHA1') throw commonError('InvalidSignatureMethod')
  if (version !== '1.0') throw invalidParameter('SignatureVersion')
  const signature = decodeSignatureV1(text)
  if (!signature) throw incompleteSignature(shownStringToSignV1(request))
  return {
    accessKeyId,
    verify: (secret) => verifyV1(request, signature, secret),
    shownStringToSign: () => shownStringToSignV1(request),
  }
}

/** Whoever has the token can make nonces at will, so none is remembered; time and hash must be true all the same. */
async function authenticateBearer<Principal>(
  request: RpcRequest,
  token: string,
  timestamp: string,
  dependencies: AuthenticateDependencies<Principal>,
): Promise<Principal> {
  if (token.length > limits.tokenChars) throw commonError('InvalidSecurityToken.Malformed')
  const holder = await dependencies.findBearerToken?.(sha256(token))
  if (!holder) throw commonError('InvalidSecurityToken.MismatchWithAccessKey', 'Specified BearerToken is not valid.')
  const now = dependencies.wallClock.now()
  checkRequestTime(timestamp, now)
  if (request.headers.has('x-acs-content-sha256') && !hashIsTrue(request)) {
    throw commonError('SignatureDoesNotMatch', 'The header x-acs-content-sha256 is not the hash of the body.')
  }
  if (now >= holder.expiresAtMs) throw commonError('InvalidSecurityToken.Expired')
  return holder.principal
}

/** The token of a temporary key (§4). It stands under the signature; what is left is whether it is this key's, and good. */
function checkSecurityToken(session: TokenFacts | undefined, token: string | undefined, now: number): void {
  if (token === undefined || token === '') {
    if (session) throw commonError('MissingSecurityToken')
    return
  }
  if (token.length > limits.tokenChars) throw commonError('InvalidSecurityToken.Malformed')
  const hash = sha256(token)
  const matches = session?.tokenSha256.length === hash.length && timingSafeEqual(session.tokenSha256, hash)
  if (!session || !matches) throw commonError('InvalidSecurityToken.MismatchWithAccessKey')
  if (now >= session.expiresAtMs) throw commonError('InvalidSecurityToken.Expired')
}

/** An empty value is a missing one. `parameter` and `header` name it for the caller, as their style spells it. */
function required(request: RpcRequest, value: string | undefined, parameter: string, header?: string): string {
  if (value !== undefined && value !== '') return value
  throw missingCommonParameter(request.commonIn === 'headers' && header !== undefined ? header : parameter)
}

function signatureDoesNotMatch(stringToSign: string): AlibabaWireError {
  return commonError(
    'SignatureDoesNotMatch',
    withStringToSign('Specified signature is not matched with our calculation.', stringToSign),
  )
}

function incompleteSignature(stringToSign: string): AlibabaWireError {
  return commonError(
    'IncompleteSignature',
    withStringToSign('The parameter Signature is not base64 of 20 bytes.', stringToSign),
  )
}

/** Old clients compare the end of the text with their own string to sign (§5.1). */
function withStringToSign(text: string, stringToSign: string): string {
  if (stringToSign.length > limits.echoedChars) return text
  return `${text} server string to sign is:${stringToSign}`
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
