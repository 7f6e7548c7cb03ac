import { createHash, timingSafeEqual } from 'node:crypto'
import { type Dialect, dialectOf } from './answer.ts'
import { gatewayErrors, HuaweiWireError, iamErrors, scmErrors, WrongSignature, type WireCode } from './errors.ts'
import { type HeaderTable, headerTable, type HuaweiRequest } from './request.ts'
import { readSignedRequest, refusalText, refuse, type SignedRequest, verifySignature } from './signature.ts'

/** The least this door must know of a caller. */
export interface HuaweiPrincipal {
  /** Account id, 32 hex digits on this cloud's wire. */
  domainId: string
  /** Projects of the account. Absent: a project hint is not checked. */
  projectIds?: readonly string[]
}

export interface AccessKey<P extends HuaweiPrincipal> {
  secret: string | Uint8Array
  /** False for a disabled key, or a key of a disabled user. */
  active: boolean
  principal: P
  /** SHA-256 of the security token; present exactly for temporary keys. */
  securityTokenHash?: Uint8Array
  /** Milliseconds since 1970; the key is refused from this instant on. */
  expiresAt?: number
}

interface IssuedToken<P extends HuaweiPrincipal> {
  principal: P
  /** Milliseconds since 1970; the token is refused from this instant on. */
  expiresAt: number
}

type Awaitable<T> = T | Promise<T>

/** What authentication asks of the rest of the server. Neither look-up may throw for an unknown or odd name. */
export interface AuthenticationSources<P extends HuaweiPrincipal> {
  findAccessKey(id: string): Awaitable<AccessKey<P> | undefined>
  findToken(tokenText: string): Awaitable<IssuedToken<P> | undefined>
  /** Milliseconds since 1970 on the wall clock: moving the domain clock must not disturb a client's signatures. */
  wallClock: { now(): number }
}

export interface Authenticated<P extends HuaweiPrincipal> {
  principal: P
  method: 'signature' | 'token'
  /** Only with `method: 'signature'`. */
  accessKeyId?: string
  /** Lower-case names of the headers under the signature; empty for a token. A dry run counts only if its header is in here. */
  signedHeaders: ReadonlySet<string>
}

const signatureWindow = 15 * 60_000
const maxTokenLength = 16_384

/**
 * Says who sent a request (huawei-wire.md §1–3): by its signature if it has an `Authorization` header, else by `X-Auth-Token`. A request
 * with both stands or falls with its signature.
 * @throws HuaweiWireError 401 when nobody can be named; 401 or 403 (SCM) when a hint header contradicts the credentials
 */
export async function authenticate<P extends HuaweiPrincipal>(
  request: HuaweiRequest,
  sources: AuthenticationSources<P>,
): Promise<Authenticated<P>> {
  const dialect = dialectOf(request.target)
  const headers = headerTable(request.rawHeaders)
  const authorization = single(headers, 'authorization')
  const authenticated =
    authorization === undefined
      ? await byToken(headers, dialect, sources)
      : await bySignature(readSignedRequest(authorization, request, headers), headers, sources)
  checkHints(headers, dialect, authenticated.principal)
  return authenticated
}

/**
 * An unknown key costs as much as a wrong signature and is answered with the same text. What is said of disabled or temporary keys is
 * said only to a holder of the secret.
 */
async function bySignature<P extends HuaweiPrincipal>(
  signed: SignedRequest,
  headers: HeaderTable,
  sources: AuthenticationSources<P>,
): Promise<Authenticated<P>> {
  const now = sources.wallClock.now()
  if (Math.abs(now - signed.signedAt) > signatureWindow) {
    refuse(`signature expired, signature time ${isoTime(signed.signedAt)}, server time ${isoTime(now)}`)
  }
  const key = await sources.findAccessKey(signed.claim.accessKeyId)
  const held = verifySignature(signed, key?.secret ?? 'of no key')
  if (!key || !held) {
    const reason = `verify aksk signature fail, string to sign: ${signed.stringToSign.replaceAll('\n', '\\n')}`
    throw new WrongSignature(gatewayErrors.authenticationFailed, refusalText(reason))
  }
  if (!key.active) refuse('the access key is disabled')
  if (key.expiresAt !== undefined && now >= key.expiresAt) refuse('the access key has expired')
  checkSecurityToken(key.securityTokenHash, signed, headers)
  return {
    principal: key.principal,
    method: 'signature',
    accessKeyId: signed.claim.accessKeyId,
    signedHeaders: signed.signedHeaders,
  }
}

/** A temporary key needs its token, under the signature. A permanent key with a token is a mix of two credentials. */
function checkSecurityToken(expected: Uint8Array | undefined, signed: SignedRequest, headers: HeaderTable): void {
  const given = single(headers, 'x-security-token')
  if (expected === undefined) {
    if (given !== undefined) refuse('X-Security-Token does not belong to the access key')
    return
  }
  if (given === undefined || !signed.signedHeaders.has('x-security-token')) {
    return refuse('a temporary access key needs a signed X-Security-Token')
  }
  const actual = createHash('sha256').update(given, 'latin1').digest()
  if (expected.length !== actual.length || !timingSafeEqual(actual, expected)) {
    refuse('X-Security-Token does not belong to the access key')
  }
}

const refusedToken: Record<Dialect, WireCode> = {
  pca: gatewayErrors.authenticationFailed,
  scm: scmErrors.tokenRefused,
  iam: iamErrors.unauthorized,
}

async function byToken<P extends HuaweiPrincipal>(
  headers: HeaderTable,
  dialect: Dialect,
  sources: AuthenticationSources<P>,
): Promise<Authenticated<P>> {
  const refusal = refusedToken[dialect]
  const text = single(headers, 'x-auth-token')
  if (text === undefined || text === '') {
    throw new HuaweiWireError(refusal, 'the request carries neither a signature nor a token')
  }
  const token = text.length > maxTokenLength ? undefined : await sources.findToken(text)
  if (!token || sources.wallClock.now() >= token.expiresAt) {
    throw new HuaweiWireError(refusal, 'the token is invalid or has expired')
  }
  return { principal: token.principal, method: 'token', signedHeaders: new Set() }
}

const contradiction: Record<Dialect, WireCode> = {
  pca: gatewayErrors.authenticationFailed,
  scm: scmErrors.accountMismatch,
  iam: iamErrors.unauthorized,
}

/** The account follows from the credentials; `X-Domain-Id` and `X-Project-Id` may only agree with it (huawei-wire.md §1). */
function checkHints(headers: HeaderTable, dialect: Dialect, principal: HuaweiPrincipal): void {
  const domainId = single(headers, 'x-domain-id')
  if (domainId !== undefined && domainId !== '' && domainId !== principal.domainId) {
    throw new HuaweiWireError(contradiction[dialect], 'X-Domain-Id is not the account of the credentials')
  }
  const projectId = single(headers, 'x-project-id')
  const contradicts = principal.projectIds !== undefined && !principal.projectIds.includes(projectId ?? '')
  if (projectId !== undefined && projectId !== '' && contradicts) {
    throw new HuaweiWireError(contradiction[dialect], 'X-Project-Id is not a project of the account')
  }
}

/** The value of a header that must not be repeated; repeated credentials are nobody's. */
function single(headers: HeaderTable, name: string): string | undefined {
  const values = headers.get(name) ?? []
  if (values.length > 1) refuse('a header of the credentials appears more than once')
  return values[0]
}

function isoTime(instant: number): string {
  return new Date(instant).toISOString()
}
