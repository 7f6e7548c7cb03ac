import { STATUS_CODES } from 'node:http'
import { HuaweiWireError, iamErrors, ownErrors } from './errors.ts'

/** The three families of paths behind this door; each words its refusals differently. */
export type Dialect = 'pca' | 'scm' | 'iam'

/** Status, headers and JSON body of an answer, ready to be written. */
export interface WireAnswer {
  status: number
  headers: Record<string, string>
  body: unknown
}

const iamPath = /^\/(?:v3\/(?:auth|projects)|v3\.0\/OS-[A-Z]+|v5\/caller-identity)(?:[/?]|$)/
const scmPath = /^\/v3\/scm(?:[/?]|$)/

/** Which family a request path (with or without its query) belongs to. Unknown paths speak as the private CA service does. */
export function dialectOf(path: string): Dialect {
  if (iamPath.test(path)) return 'iam'
  return scmPath.test(path) ? 'scm' : 'pca'
}

/**
 * Headers that every answer carries, success or failure (huawei-wire.md §5.4).
 * @param requestId 32 lower-case hex digits
 */
export function answerHeaders(dialect: Dialect, requestId: string): Record<string, string> {
  return dialect === 'iam' ? { 'X-Request-Id': requestId, 'X-IAM-Trace-Id': requestId } : { 'X-Request-Id': requestId }
}

const internalErrors = { pca: ownErrors.pcaInternal, scm: ownErrors.scmInternal, iam: iamErrors.internal }

/**
 * Writes an error in the shape its path demands: `{error_code, error_msg}` (§5.1), or Keystone's `{error: {…}}` under IAM (§2.1).
 * Whatever is not a HuaweiWireError becomes a bare 500. Code and text are never null or empty: the Java client fails on null, the
 * Go client shows the raw body when one is empty.
 */
export function renderError(error: unknown, dialect: Dialect, requestId: string): WireAnswer {
  const known =
    error instanceof HuaweiWireError ? error : new HuaweiWireError(internalErrors[dialect], 'internal server error')
  const headers = { ...known.headers, ...answerHeaders(dialect, requestId), 'Content-Type': 'application/json' }
  const title = STATUS_CODES[known.status] ?? 'Error'
  const message = known.message === '' ? title : known.message
  const body =
    dialect === 'iam'
      ? { ...known.members, error: { code: known.status, message, title } }
      : { ...known.members, error_code: known.code, error_msg: message }
  return { status: known.status, headers, body }
}
