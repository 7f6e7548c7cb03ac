import Type, { type TSchema } from 'typebox'
import { newRequestId, Problem, problem } from '../../kernel/index.ts'
import type { Principal } from '../../iam/index.ts'
import type { CallFacts, Dialect, Door, DoorAnswer, DoorParts, DoorRequest } from '../door.ts'
import { authenticateBraked } from '../huawei/braked.ts'
import { dryRunOf } from '../huawei/dry-run.ts'
import { HuaweiWireError } from '../huawei/errors.ts'
import { readJsonBody } from '../huawei/read-body.ts'
import { operations, type OperationName } from '../operations.ts'

const prefix = '/api/'

/**
 * Every operation of the core by its own name: `POST /api/{Operation}` with its input as JSON. Signed like the Huawei
 * door (SDK-HMAC-SHA256) or with a token; answers and errors are plain JSON: `{"error":{"code","message"}}`.
 */
export function ownDoor(parts: DoorParts): Door {
  return async (request) => {
    const requestId = newRequestId()
    const about: CallFacts = { door: 'own', requestId }
    try {
      const answer = await call(parts, request, requestId, about)
      return { status: 200, headers: headersOf(requestId), body: JSON.stringify(answer, wireValue), about }
    } catch (error) {
      const refusal = told(error)
      if (refusal.status >= 500) parts.report(error, requestId)
      about.refusal = refusal.code
      return { ...refused(refusal, requestId), about }
    }
  }
}

const headersOf = (requestId: string) => ({ 'content-type': 'application/json', 'x-request-id': requestId })

const refused = ({ status, ...error }: ReturnType<typeof told>, requestId: string): DoorAnswer => ({
  status,
  headers: headersOf(requestId),
  body: JSON.stringify({ error, requestId }, wireValue),
})

const nameIn = ({ rawUrl }: DoorRequest): string => rawUrl.slice(prefix.length).split('?', 1)[0]!

export const ownDialect: Dialect = {
  door: 'own',
  operations: new Set(Object.keys(operations)),
  operationOf: nameIn,
  refuse(_request, refusal) {
    if ('throttled' in refusal) return refused(told(problem('Throttled', refusal.throttled)), newRequestId())
    const { status, code, message } = refusal
    return refused({ status, code, message }, newRequestId())
  },
}

async function call(parts: DoorParts, request: DoorRequest, requestId: string, about: CallFacts): Promise<unknown> {
  const name = nameIn(request)
  const byToken = async (token: string) => (await parts.principals.ofToken(token))?.principal
  const { principal, accessKeyId, signedHeaders } = await authenticateBraked<Who>(
    { method: request.method, target: request.rawUrl, rawHeaders: request.rawHeaders, body: request.body },
    request.sourceIp,
    parts.brake,
    {
      findAccessKey: async (id) => {
        const key = await parts.principals.byAccessKey(id)
        if (!key) return undefined
        const { secret, active, temporary } = key
        return {
          secret,
          active,
          principal: whoOf(key.principal, () => parts.principals.rereadKey(id)),
          ...(temporary && { securityTokenHash: temporary.tokenSha256, expiresAt: temporary.expiresAt }),
        }
      },
      findToken: async (token) => {
        const known = await parts.principals.ofToken(token)
        return known && { principal: whoOf(known.principal, () => byToken(token)), expiresAt: known.expiresAt }
      },
      wallClock: parts.wallClock,
    },
  )
  about.accountId = principal.principal.account.id
  if (!Object.hasOwn(operations, name))
    throw new Problem('OperationNotFound', `there is no operation ${name.slice(0, 64)}`)
  if (request.method !== 'POST') throw new Problem('MethodNotAllowed', 'operations are called with POST')
  const operation = operations[name as OperationName]
  about.operation = name
  if (parts.strict?.() && request.rawUrl.includes('?'))
    throw new Problem('InputInvalid', 'operations have no parameters in the query')
  const caller = parts.principals.callerOf(principal.principal, principal.reread, {
    accessKeyId,
    sourceIp: request.sourceIp,
    secureTransport: request.secureTransport,
    door: 'own',
    requestId,
  })
  // Which operation it is was decided by its name; the runner checks the input against that operation's schema.
  return parts.runner.run(operation as never, caller, () => {
    caller.dryRun = dryRunOf({ rawHeaders: request.rawHeaders, target: request.rawUrl }, signedHeaders, 'pca')
    return readInput(name as OperationName, request.body) as never
  })
}

/** Of these the input may be as long as the server takes: thousands of serials. */
const longBodies: ReadonlySet<string> = new Set<OperationName>(['ImportCa', 'ImportIssued'])
const longBody = { maxBytes: 4 * 1024 * 1024, maxValues: 80_000 }

/**
 * The input as the operation's schema wants it. JSON has no integers beyond 2^53, so a big one comes as text of digits;
 * what is neither that nor a safe integer is left as it came, and is refused by the schema.
 */
function readInput(operation: OperationName, body: Uint8Array): Record<string, unknown> {
  const input = readJsonBody(body, { absent: 'empty', ...(longBodies.has(operation) ? longBody : {}) })
  const schema: TSchema = operations[operation].input
  for (const [name, member] of Object.entries((schema as { properties?: Record<string, TSchema> }).properties ?? {})) {
    const value = input[name]
    if (!Type.IsBigInt(member)) continue
    if (Number.isSafeInteger(value) || (typeof value === 'string' && /^\d{1,20}$/.test(value)))
      input[name] = BigInt(value as number | string)
  }
  return input
}

/** Whom the credentials name, and how the same is read anew after rights changed: a key or token may be gone by then. */
interface Who {
  domainId: string
  principal: Principal
  reread: () => Promise<Principal | undefined>
}

const whoOf = (principal: Principal, reread: Who['reread']): Who => ({
  domainId: principal.account.domainId,
  principal,
  reread,
})

/** Bytes as base64, big numbers as text: both survive JSON. A key leaves by an export only, and sealed not at all. */
function wireValue(this: unknown, key: string, value: unknown): unknown {
  if (key === 'sealedPrivateKey') return undefined
  const original = (this as Record<string, unknown>)[key]
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64')
  return typeof value === 'bigint' ? value.toString() : value
}

const statusOf: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  Throttled: 429,
  Unavailable: 503,
  CallerGone: 401,
  OperationNotFound: 404,
  MethodNotAllowed: 405,
  ApprovalRequired: 403,
  DeletionProtected: 403,
  InUse: 403,
  DailyCapReached: 403,
  ApproverUnfit: 403,
  NotTheRequester: 403,
  ApprovalNotFound: 404,
  ApprovalStateForbids: 409,
  ApprovalChanged: 409,
  CaNotFound: 404,
  CertificateNotFound: 404,
  AuditEntryNotFound: 404,
  AuditSizeUnknown: 409,
  UserNotFound: 404,
  AccessKeyNotFound: 404,
  PolicyNotFound: 404,
  PolicyVersionNotFound: 404,
  GroupNotFound: 404,
  RoleNotFound: 404,
  ResourceGroupNotFound: 404,
  RoleNotTrusting: 403,
  NotForTemporaryKeys: 403,
  LastAdministrator: 409,
  UserInUse: 409,
  GroupInUse: 409,
  RoleInUse: 409,
  PolicyInUse: 409,
  PolicyVersionInUse: 409,
  AccessKeyInUse: 409,
  ChangedMeanwhile: 409,
  InQuarantine: 409,
  KeyringCopyNotFound: 404,
  KeyringCopyAttested: 409,
  QuarantineChanged: 409,
  CaChanged: 409,
  CertificateChanged: 409,
}

interface Told {
  status: number
  code: string
  message: string
  /** What a dry run found. */
  result?: Problem['details']
}

function told(error: unknown): Told {
  if (error instanceof Problem) {
    const { code, message, details } = error
    const shown = code === 'DryRunOperation' ? { result: details } : {}
    return { status: statusOf[code] ?? 400, code, message, ...shown }
  }
  if (error instanceof HuaweiWireError)
    return {
      status: error.status,
      code: error.status === 401 ? 'Unauthenticated' : 'InputInvalid',
      message: error.message,
    }
  return { status: 500, code: 'InternalError', message: 'The service failed.' }
}
