/** Success as the Alibaba door writes it (contract alibaba-wire §5). */
import { contentTypes, writeDocument, type Format, type WireAnswer, type WireObject } from './document.ts'

/** pop-core decides success by the member `Code` alone, never by the HTTP status (§5). */
const codesOfSuccess: readonly unknown[] = [200, '200', 'OK', 'Success']

export interface SuccessContext {
  /** Names the XML root: `<{Action}Response>`. */
  action: string
  /** A UUID in upper case. */
  requestId: string
  format: Format
}

/**
 * HTTP 200 with the answer's members and `RequestId`, in body and header.
 * @throws TypeError when `members` has a top-level `Code` that a client would take for a failure: a mistake in our code
 */
export function renderSuccess(members: WireObject, context: SuccessContext): WireAnswer {
  const { action, requestId, format } = context
  if (members['Code'] !== undefined && !codesOfSuccess.includes(members['Code'])) {
    throw new TypeError('an answer with a top-level Code reads as a failure')
  }
  return {
    status: 200,
    headers: { 'content-type': contentTypes[format], 'x-acs-request-id': requestId },
    body: writeDocument(format, `${action}Response`, { ...members, RequestId: requestId }),
  }
}
