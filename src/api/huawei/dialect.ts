import { newHexId, problem } from '../../kernel/index.ts'
import type { Dialect } from '../door.ts'
import { dialectOf, renderError } from './answer.ts'
import { HuaweiWireError } from './errors.ts'
import { route, wireOperations } from './routes.ts'
import { wireError } from './wire-problems.ts'

export const huaweiDialect: Dialect = {
  door: 'huawei',
  operations: new Set(Object.keys(wireOperations)),
  operationOf({ method, rawUrl }) {
    const found = route(method, rawUrl.split('?', 1)[0]!)
    return found.kind === 'found' ? found.name : undefined
  },
  refuse({ rawUrl }, refusal) {
    const error =
      'throttled' in refusal
        ? wireError(problem('Throttled', refusal.throttled))
        : new HuaweiWireError(refusal, refusal.message)
    const { status, headers, body } = renderError(error, dialectOf(rawUrl), newHexId())
    return { status, headers, body: JSON.stringify(body) }
  },
}
