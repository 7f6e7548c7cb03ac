import { newRequestId } from '../../kernel/index.ts'
import type { Dialect } from '../door.ts'
import { AlibabaWireError, renderError, throttled } from './errors.ts'
import { hostOf } from './headers.ts'
import { formatAsked, readRequest } from './read-request.ts'
import { wireOperations } from './wire-operations.ts'

export const alibabaDialect: Dialect = {
  door: 'alibaba',
  operations: new Set(Object.values(wireOperations).flatMap((actions) => Object.keys(actions))),
  operationOf(request) {
    try {
      return readRequest(request).action
    } catch {
      return undefined // the door will say what is wrong with it
    }
  },
  refuse(request, refusal) {
    const error =
      'throttled' in refusal
        ? throttled('Throttling.User', refusal.throttled.retryAfterMs)
        : new AlibabaWireError(refusal)
    const context = { requestId: newRequestId(), hostId: hostOf(request.rawHeaders), format: formatAsked(request) }
    return renderError(error, context)
  },
}
