import { newRequestId, Problem, type Clock } from '../../kernel/index.ts'
import type { Principal } from '../../iam/index.ts'
import type { CallFacts, Door, DoorParts, DoorRequest } from '../door.ts'
import { renderSuccess } from './answer.ts'
import { authenticate, type AccessKey } from './authenticate.ts'
import type { WireObject } from './document.ts'
import { AlibabaWireError, asWireError, renderError, throttled } from './errors.ts'
import { hostOf } from './headers.ts'
import { formatAsked, readRequest, type RpcRequest } from './read-request.ts'
import { findWireOperation } from './wire-operations.ts'
import { wireError } from './wire-problems.ts'

export interface AlibabaDoorParts extends DoorParts {
  /** By which answers say what has expired, and how many days are left. */
  domainClock: Clock
}

/**
 * The door of Alibaba Cloud's clients: RPC with signature v1 and ACS3, JSON and XML (contract alibaba-wire). Every answer
 * has its request id in body and header; a failure of ours is reported under it and answered with a bare InternalError.
 * Bearer tokens are not served yet: each is answered like one that nobody was given.
 */
export function alibabaDoor(parts: AlibabaDoorParts): Door {
  return async (raw) => {
    const requestId = newRequestId()
    const about: CallFacts = { door: 'alibaba', requestId }
    let request: RpcRequest | undefined
    try {
      request = readRequest(raw)
      const { action, members } = await answer(parts, raw, request, requestId, about)
      return { ...renderSuccess(members, { action, requestId, format: request.format }), about }
    } catch (error) {
      const refusal = asWireError(error)
      if (refusal.status >= 500) parts.report(refusal.cause ?? error, requestId)
      about.refusal = refusal.code
      about.throttled = refusal.code.startsWith('Throttling')
      const hostId = hostOf(raw.rawHeaders)
      return { ...renderError(refusal, { requestId, hostId, format: request?.format ?? formatAsked(raw) }), about }
    }
  }
}

/** Who → too fast → well formed → may → do (design 4); the size limits were `readRequest`'s. */
async function answer(
  parts: AlibabaDoorParts,
  { sourceIp, secureTransport }: DoorRequest,
  read: RpcRequest,
  requestId: string,
  about: CallFacts,
): Promise<{ action: string; members: WireObject }> {
  const { principal, request, accessKeyId, nonce } = await braked(parts, read, sourceIp, () => identify(parts, read))
  const { action, version } = request
  const operation = findWireOperation(version, action)
  if (typeof operation === 'string') throw new Error('an operation was let through that is not served')
  about.operation = action
  about.accountId = principal.account.id
  const reread = async () => (accessKeyId === undefined ? undefined : parts.principals.rereadKey(accessKeyId))
  const caller = parts.principals.callerOf(principal, reread, {
    accessKeyId,
    sourceIp,
    secureTransport,
    door: 'alibaba',
    requestId,
    nonce,
  })
  caller.dryRun = request.dryRun
  try {
    const members = await operation.call({
      runner: parts.runner,
      caller,
      request,
      strict: parts.strict?.() ?? false,
      now: () => parts.domainClock.now(),
    })
    return { action, members }
  } catch (error) {
    const refusal =
      error instanceof Problem
        ? wireError(error, {
            ramAction: `${operation.ramCode}:${action}`,
            requestId,
            principal,
            fields: operation.fields,
          })
        : undefined
    throw refusal ?? error
  }
}

/** Wrong signatures, and keys that nobody has, are counted; after too many, the answer says so and nothing else. */
async function braked<T>(
  { brake }: DoorParts,
  { common }: RpcRequest,
  sourceIp: string,
  act: () => Promise<T>,
): Promise<T> {
  const { accessKeyId } = common
  try {
    const known = await act()
    if (accessKeyId !== undefined) brake.signatureRight(accessKeyId, sourceIp)
    return known
  } catch (error) {
    if (accessKeyId === undefined || !(error instanceof AlibabaWireError && wrongGuess.has(error.code))) throw error
    const waitMs = brake.signatureWrong(accessKeyId, sourceIp)
    throw waitMs > 0 ? throttled('Throttling.User', waitMs) : error
  }
}

const wrongGuess: ReadonlySet<string> = new Set(['SignatureDoesNotMatch', 'InvalidAccessKeyId.NotFound'])

/** The caller, and the nonce under the hash by which a write makes it durable where that is still to be done. */
async function identify(parts: AlibabaDoorParts, read: RpcRequest) {
  let hash: Uint8Array | undefined
  const { principal, request, signed } = await authenticate<Principal>(read, {
    refuseApi({ version, action }) {
      const operation = findWireOperation(version, action)
      return typeof operation === 'string' ? operation : undefined
    },
    findAccessKey: (id) => findAccessKey(parts, id),
    nonces: {
      async remember(accessKeyId, nonce, timestampMs) {
        const remembered = await parts.nonces.remember(accessKeyId, nonce, timestampMs)
        hash = remembered.hash
        return remembered.verdict
      },
    },
    wallClock: parts.wallClock,
  })
  return { principal, request, accessKeyId: signed?.accessKeyId, nonce: signed && hash && { ...signed, hash } }
}

async function findAccessKey({ principals }: DoorParts, id: string): Promise<AccessKey<Principal> | undefined> {
  const found = await principals.byAccessKey(id)
  if (!found) return undefined
  const { secret, active, principal, temporary } = found
  return {
    accessKeyId: id,
    secret,
    active,
    principal,
    ...(temporary && { session: { tokenSha256: temporary.tokenSha256, expiresAtMs: temporary.expiresAt } }),
  }
}
