/** What the Alibaba door can refuse with, and how a refusal looks on the wire (contract alibaba-wire §5.1, §5.2). */
import { Refusal } from '../../kernel/index.ts'
import { contentTypes, writeDocument, type Format, type WireAnswer, type WireObject } from './document.ts'

/** Status and text of the codes that are common to all operations (§5.2). */
export const commonErrors = {
  MissingParameter: { status: 400, message: 'A mandatory common parameter is missing.' },
  InvalidParameter: { status: 400, message: 'A parameter of the request is not valid.' },
  'InvalidParameter.Format': { status: 400, message: 'Specified parameter Format is not valid.' },
  'InvalidParameter.Accept': { status: 400, message: 'Specified header Accept is not valid.' },
  IncompleteSignature: { status: 400, message: 'The request signature does not conform to the standard.' },
  SignatureDoesNotMatch: { status: 400, message: 'Specified signature is not matched with our calculation.' },
  InvalidSignatureMethod: { status: 400, message: 'Specified signature method is not supported.' },
  'InvalidTimeStamp.Format': { status: 400, message: 'Specified time stamp or date value is not well formatted.' },
  'InvalidTimeStamp.Expired': { status: 400, message: 'Specified time stamp or date value is expired.' },
  SignatureNonceUsed: { status: 400, message: 'Specified signature nonce was used already.' },
  'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
  'InvalidAccessKeyId.Inactive': { status: 400, message: 'Specified access key is disabled.' },
  MissingSecurityToken: { status: 400, message: 'SecurityToken is mandatory for this action.' },
  'InvalidSecurityToken.MismatchWithAccessKey': {
    status: 400,
    message: 'Specified SecurityToken mismatch with the AccessKey.',
  },
  'InvalidSecurityToken.Malformed': { status: 400, message: 'Specified SecurityToken is malformed.' },
  'InvalidSecurityToken.Expired': { status: 400, message: 'Specified SecurityToken is expired.' },
  InvalidVersion: { status: 400, message: 'Specified parameter Version is not valid.' },
  'InvalidAction.NotFound': {
    status: 404,
    message: 'Specified api is not found, please check your url and method.',
  },
  'InvalidProduct.NotFound': { status: 404, message: 'Specified product is not found.' },
  'InvalidRegion.NotFound': { status: 404, message: 'Specified region is not found.' },
  'InvalidProtocol.NeedSsl': { status: 400, message: 'Your request is denied as lack of ssl protect.' },
  UnsupportedHTTPMethod: { status: 403, message: 'This http method is not supported.' },
  'Forbidden.RAM': { status: 403, message: 'User not authorized to operate on the specified resource.' },
  NoPermission: { status: 403, message: 'You are not authorized to do this operation.' },
  'Throttling.User': { status: 400, message: 'Request was denied due to user flow control.' },
  'Throttling.Api': { status: 400, message: 'Request was denied due to api flow control.' },
  Throttling: { status: 400, message: 'Request was denied due to request throttling.' },
  ContentLengthDoesNotMatch: { status: 400, message: 'The body does not have the length its header says.' },
  ContentMD5NotMatched: { status: 400, message: 'The body does not have the MD5 digest its header says.' },
  OperationConflict: { status: 409, message: 'The object was changed by another request.' },
  InternalError: { status: 500, message: 'The request processing has failed due to some unknown error.' },
  ServiceUnavailable: { status: 503, message: 'The request has failed due to a temporary failure of the server.' },
  UnknownError: { status: 400, message: 'The request processing has failed due to some unknown error.' },
} as const satisfies Record<string, { status: number; message: string }>

export type CommonErrorCode = keyof typeof commonErrors

/** Contract alibaba-ram §7. */
export interface AccessDeniedDetail {
  AuthAction: string
  AuthPrincipalDisplayName?: string
  AuthPrincipalOwnerId?: string
  AuthPrincipalType?: string
  NoPermissionType: 'ExplicitDeny' | 'ImplicitDeny'
  PolicyType?: string
  EncodedDiagnosticMessage?: string
}

export interface ErrorExtra {
  accessDeniedDetail?: AccessDeniedDetail
  /** Becomes the header `x-acs-retry-after`, in whole milliseconds, rounded up. */
  retryAfterMs?: number
  /** Further members of the document (the result of a dry run, say). They never replace the standard ones. */
  members?: WireObject
}

export interface ErrorFacts {
  status: number
  code: string
  /** Shown to the caller: no secret may be in it. */
  message: string
  extra?: ErrorExtra
  /** What lies behind it, for the log of the service. Never shown. */
  cause?: unknown
}

/** The one error that leaves this door's modules: a refusal as the caller will see it. */
export class AlibabaWireError extends Refusal {
  readonly status: number
  readonly code: string
  readonly extra: ErrorExtra

  constructor(facts: ErrorFacts) {
    super(facts.message, { cause: facts.cause })
    this.name = 'AlibabaWireError'
    this.status = facts.status
    this.code = facts.code
    this.extra = facts.extra ?? {}
  }
}

/** A refusal with the status of the table, and its text unless another is given. */
export function commonError(code: CommonErrorCode, message?: string, extra: ErrorExtra = {}): AlibabaWireError {
  const usual = commonErrors[code]
  return new AlibabaWireError({ status: usual.status, code, message: message ?? usual.message, extra })
}

/** A common parameter or header is missing (Action, Version, AccessKeyId, x-acs-date …). */
export function missingCommonParameter(name: string): AlibabaWireError {
  return commonError('MissingParameter', `${name} is mandatory for this action.`)
}

/** A required operation parameter is missing: code `Missing<Parameter>`. `parameter` comes from our declarations. */
export function missingParameter(parameter: string): AlibabaWireError {
  const message = `${parameter} is mandatory for this action.`
  return new AlibabaWireError({ status: 400, code: `Missing${parameter}`, message })
}

/**
 * A parameter has a wrong type or value: code `Invalid<Parameter>`. A name that no parameter has (it comes from the
 * caller) is not repeated: the code is then plainly `InvalidParameter`. `hint` is a sentence about the rule, never
 * about what came.
 */
export function invalidParameter(parameter: string, hint?: string): AlibabaWireError {
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/.test(parameter)) return commonError('InvalidParameter')
  const usual = `Specified parameter ${parameter} is not valid.`
  const message = hint === undefined ? usual : `${usual} ${hint}`
  return new AlibabaWireError({ status: 400, code: `Invalid${parameter}`, message })
}

/** Too many calls. Clients with retry options wait `retryAfterMs` (§5.2). */
export function throttled(
  code: 'Throttling' | 'Throttling.User' | 'Throttling.Api',
  retryAfterMs: number,
): AlibabaWireError {
  return commonError(code, undefined, { retryAfterMs })
}

/** RAM refuses (contract alibaba-ram §7). The text names the missing action and nothing about what exists. */
export function noPermission(accessDeniedDetail: AccessDeniedDetail): AlibabaWireError {
  const message = `You are not authorized to do this operation. Action: ${accessDeniedDetail.AuthAction}`
  return commonError('NoPermission', message, { accessDeniedDetail })
}

/** Whatever was thrown, as a refusal: what is not ours becomes a bare InternalError that tells nothing. */
export function asWireError(thrown: unknown): AlibabaWireError {
  return thrown instanceof AlibabaWireError ? thrown : commonError('InternalError')
}

export interface ErrorContext {
  requestId: string
  /** The host that was asked, as in the request's Host header. */
  hostId: string
  format: Format
  /** Help URL; unset, the vendor's shape of it. */
  recommend?: string
}

/** The error document: JSON object, or XML with the root `Error` (§5.1). Code, Message, … are always strings. */
export function renderError(error: AlibabaWireError, context: ErrorContext): WireAnswer {
  const { accessDeniedDetail, retryAfterMs, members } = error.extra
  const document: WireObject = {
    ...members,
    RequestId: context.requestId,
    HostId: context.hostId,
    Code: error.code,
    Message: error.message,
    Recommend: context.recommend ?? troubleshootUrl(error.code, context.requestId),
    ...(accessDeniedDetail && { AccessDeniedDetail: { ...accessDeniedDetail } }),
  }
  const headers: Record<string, string> = {
    'content-type': contentTypes[context.format],
    'x-acs-request-id': context.requestId,
  }
  if (retryAfterMs !== undefined) headers['x-acs-retry-after'] = String(Math.max(0, Math.ceil(retryAfterMs)))
  return { status: error.status, headers, body: writeDocument(context.format, 'Error', document) }
}

function troubleshootUrl(code: string, requestId: string): string {
  const query = new URLSearchParams({ q: code, product: 'cas', requestId })
  return `https://api.aliyun.com/troubleshoot?${query.toString()}`
}
