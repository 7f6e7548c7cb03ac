import { newHexId, Problem } from '../../kernel/index.ts'
import type { Principal } from '../../iam/index.ts'
import type { CallFacts, Door, DoorAnswer, DoorRequest } from '../door.ts'
import { answerHeaders, dialectOf, renderError, type Dialect } from './answer.ts'
import { type Authenticated, type AuthenticationSources } from './authenticate.ts'
import { authenticateBraked } from './braked.ts'
import { caTagHandlers } from './ca-tags.ts'
import { caHandlers } from './ca.ts'
import type { Call, Handler, HuaweiDoorParts, Success } from './call.ts'
import { certificateHandlers } from './certificates.ts'
import { dryRunOf } from './dry-run.ts'
import { HuaweiWireError, iamErrors, ownErrors, pcaErrors, scmErrors, type WireCode } from './errors.ts'
import { createToken, iamHandlers, projectOf } from './iam.ts'
import { route, type WireOperation } from './routes.ts'
import { lenient, strictly } from './strict.ts'
import { wireError } from './wire-problems.ts'

/** What this door speaks. Every other operation of the contract is refused by name. */
export const handlers: Readonly<Partial<Record<WireOperation, Handler>>> = {
  ...caHandlers,
  ...caTagHandlers,
  ...certificateHandlers,
  ...iamHandlers,
}

/** Whom the credentials name, and how the same is read anew after rights changed. */
interface Known {
  domainId: string
  principal: Principal
  reread: () => Promise<Principal | undefined>
  /** Of the token's scope. */
  projectName?: string | undefined
}

/**
 * The door of Huawei's clients: CCM (private CA) and the part of IAM that they ask for. Order (design 4): path → who → too fast → well
 * formed → may → do → answer. Every answer carries X-Request-Id; a failure of ours is reported under that id and answered with a bare 500.
 */
export function huaweiDoor(parts: HuaweiDoorParts): Door {
  const sources: AuthenticationSources<Known> = {
    wallClock: parts.wallClock,
    async findAccessKey(id) {
      const found = await parts.principals.byAccessKey(id)
      if (!found) return undefined
      const { secret, active, temporary } = found
      return {
        secret,
        active,
        principal: known(found.principal, () => parts.principals.rereadKey(id)),
        ...(temporary && { securityTokenHash: temporary.tokenSha256, expiresAt: temporary.expiresAt }),
      }
    },
    async findToken(text) {
      const found = await parts.principals.ofToken(text)
      return (
        found && {
          expiresAt: found.expiresAt,
          principal: {
            ...known(found.principal, async () => (await parts.principals.ofToken(text))?.principal),
            projectName: projectOf(found.scope),
          },
        }
      )
    },
  }

  return async (request) => {
    const requestId = newHexId()
    const dialect = dialectOf(request.rawUrl)
    const about: CallFacts = { door: 'huawei', requestId }
    try {
      return { ...toAnswer(await answer(parts, sources, request, dialect, about), dialect, requestId), about }
    } catch (error) {
      const refusal = error instanceof Problem ? wireError(error) : error
      if (refusal instanceof HuaweiWireError) about.refusal = refusal.code
      else parts.report(error, requestId)
      const { status, headers, body } = renderError(refusal, dialect, requestId)
      return { status, headers, body: JSON.stringify(body), about }
    }
  }
}

const known = (principal: Principal, reread: Known['reread']): Known => ({
  domainId: principal.account.domainId,
  principal,
  reread,
})

async function answer(
  parts: HuaweiDoorParts,
  sources: AuthenticationSources<Known>,
  { method, rawUrl: target, rawHeaders, body, sourceIp, secureTransport }: DoorRequest,
  dialect: Dialect,
  about: CallFacts,
): Promise<Success> {
  const [path = ''] = target.split('?', 1)
  const found = route(method, path)
  if (found.kind === 'unknown') throw new HuaweiWireError(refusals.pathUnknown[dialect], 'there is no such path')
  if (found.kind === 'wrongMethod') {
    const allow = found.allowed.join(', ')
    throw new HuaweiWireError(refusals.methodNotAllowed[dialect], `this path knows ${allow} only`, { Allow: allow })
  }

  about.operation = found.name
  const call: Call = {
    parts,
    request: { method, target, rawHeaders, body },
    id: found.id,
    origin: { sourceIp, secureTransport, door: 'huawei', requestId: about.requestId ?? '' },
  }
  const strictness = parts.strict?.() ? strictly(call.request, refusals.malformed[dialect]) : lenient
  if (found.name === 'KeystoneCreateUserTokenByPassword') {
    dryRunOf(call.request, new Set(), dialect)
    return strictness.watch(() => createToken(call))
  }

  const who = await authenticateBraked(call.request, sourceIp, parts.brake, sources)
  about.accountId = who.principal.principal.account.id
  const handler = handlers[found.name]
  if (!handler) throw new HuaweiWireError(refusals.unsupported[dialect], `${found.name} is not supported`)
  const caller = callerOf(parts, who, call)
  return strictness.watch(() =>
    handler({
      ...call,
      principal: who.principal.principal,
      run: (operation, readInput) => {
        const read = strictness.reader(readInput)
        return parts.runner.run(operation, caller, () => {
          caller.dryRun = dryRunOf(call.request, who.signedHeaders, dialect)
          return read()
        })
      },
    }),
  )
}

const callerOf = (parts: HuaweiDoorParts, { principal, accessKeyId }: Authenticated<Known>, { origin }: Call) =>
  parts.principals.callerOf(principal.principal, principal.reread, {
    ...origin,
    accessKeyId,
    projectName: principal.projectName,
  })

const refusals = {
  pathUnknown: { pca: ownErrors.pcaPathUnknown, scm: ownErrors.scmPathUnknown, iam: iamErrors.notFound },
  methodNotAllowed: {
    pca: ownErrors.pcaMethodNotAllowed,
    scm: ownErrors.scmMethodNotAllowed,
    iam: iamErrors.methodNotAllowed,
  },
  malformed: { pca: pcaErrors.parameterInvalid, scm: scmErrors.parameterInvalid, iam: iamErrors.badRequest },
  unsupported: { pca: ownErrors.pcaUnsupported, scm: ownErrors.scmUnsupported, iam: iamErrors.notFound },
} satisfies Record<string, Record<Dialect, WireCode>>

function toAnswer({ status, headers, body }: Success, dialect: Dialect, requestId: string): DoorAnswer {
  const common = { ...headers, ...answerHeaders(dialect, requestId) }
  if (body === undefined || body instanceof Uint8Array) return { status, headers: common, body: body ?? '' }
  return { status, headers: { ...common, 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}
