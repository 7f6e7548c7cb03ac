import { problem } from '../../kernel/index.ts'
import type { DoorParts } from '../door.ts'
import { authenticate, type Authenticated, type AuthenticationSources, type HuaweiPrincipal } from './authenticate.ts'
import { WrongSignature } from './errors.ts'
import type { HuaweiRequest } from './request.ts'

/**
 * {@link authenticate} with the brake on guessing: wrong signatures, and keys that nobody has, are counted; after too
 * many, the refusal says so and shows no string to sign. @throws HuaweiWireError; Problem Throttled
 */
export async function authenticateBraked<P extends HuaweiPrincipal>(
  request: HuaweiRequest,
  sourceIp: string,
  brake: DoorParts['brake'],
  sources: AuthenticationSources<P>,
): Promise<Authenticated<P>> {
  let tried: string | undefined
  try {
    const known = await authenticate(request, {
      ...sources,
      findAccessKey(id) {
        tried = id
        return sources.findAccessKey(id)
      },
    })
    if (known.accessKeyId !== undefined) brake.signatureRight(known.accessKeyId, sourceIp)
    return known
  } catch (error) {
    if (tried === undefined || !(error instanceof WrongSignature)) throw error
    const waitMs = brake.signatureWrong(tried, sourceIp)
    throw waitMs > 0 ? problem('Throttled', { retryAfterMs: waitMs }) : error
  }
}
