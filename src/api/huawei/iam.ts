import { issueToken, principalNames } from '../../iam/index.ts'
import { Problem } from '../../kernel/index.ts'
import { ok, type AuthenticatedCall, type Call, type Handler, type Success } from './call.ts'
import { HuaweiWireError, iamErrors } from './errors.ts'
import { headerTable } from './request.ts'
import { createTemporaryAccessKey } from './security-tokens.ts'
import {
  callerIdentity,
  domainList,
  projectList,
  readProjectFilter,
  readSubjectToken,
  readTokenRequest,
  tokenDocument,
  wantsCatalog,
  type DomainReference,
  type Named,
  type TokenRequest,
  type TokenView,
} from './tokens.ts'

/** What is kept with a token: the project it was asked for, or nothing for a token of the account. */
interface KeptScope {
  project?: Named
}

/** The name of the project that a token was asked for. @param kept as stored with the token */
export const projectOf = (kept: string): string | undefined => (JSON.parse(kept) as KeptScope | null)?.project?.name

/**
 * `POST /v3/auth/tokens`, the one call without credentials in its headers. A wrong account, user, password or scope is told alike and
 * takes the same time.
 */
export async function createToken(call: Call): Promise<Success> {
  const asked = readTokenRequest(call.request)
  const scope = await scopeOf(call, asked)
  try {
    const { token, issuedAt, expiresAt, account, user } = await issueToken(call.parts.tokens, {
      // An account that nobody has: the password is weighed all the same.
      account: scope ? accountBy(asked.user.domain) : { domainId: '' },
      userName: asked.user.name,
      password: asked.password,
      scope: scope ?? null,
      request: call.origin,
    })
    const domain = { id: account.domainId, name: account.name }
    const view = { issuedAt, expiresAt, user: { id: user.id, name: user.name }, domain, ...projectIn(scope, domain) }
    return { ...tokenAnswer(call, token, view, asked.catalog), status: 201 }
  } catch (error) {
    if (!isBusy(error)) throw error
    throw new HuaweiWireError(iamErrors.unavailable, 'too many logins at this moment, try again later')
  }
}

/** Too many passwords are being checked, or the rights of the user changed while this one was: nothing was decided. */
const isBusy = (error: unknown): boolean =>
  error instanceof Problem
    ? error.code === 'EntitlementsChanged'
    : error instanceof Error && error.name === 'PasswordsBusy'

const accountBy = (reference: DomainReference) =>
  'id' in reference ? { domainId: reference.id } : { name: reference.name }

/**
 * The scope that the token gets, or undefined when it is none of the user's account. There are no projects here: each account has one
 * under whatever name it is asked for, with the account's own id.
 */
async function scopeOf({ parts }: Call, { user, scope }: TokenRequest): Promise<KeptScope | undefined> {
  if (scope === undefined) return {}
  const account = await parts.iam.account(accountBy(user.domain))
  if ('project' in scope) {
    const { project } = scope
    if ('name' in project) return { project: { id: account?.domainId ?? '', name: project.name } }
    return project.id === account?.domainId ? { project: { id: project.id, name: account.name } } : undefined
  }
  const named = await parts.iam.account(accountBy(scope.domain))
  return account !== undefined && named?.id === account.id ? {} : undefined
}

const projectIn = (scope: KeptScope | undefined, domain: Named): { project?: Named } =>
  scope?.project ? { project: { id: domain.id, name: scope.project.name } } : {}

function tokenAnswer(call: Call, token: string, view: Omit<TokenView, 'roles'>, catalog: boolean): Success {
  return {
    status: 200,
    headers: { 'X-Subject-Token': token },
    // Rights come from policies, which this document has no room for.
    body: tokenDocument({ ...view, roles: [], ...(catalog ? { catalog: catalogAt(baseUrl(call)) } : {}) }),
  }
}

const catalogAt = (url: string) =>
  ['ccm', 'scm', 'iam'].map((service) => ({ id: service, name: service, type: service, url }))

/** What every caller may ask about itself. */
export const iamHandlers = {
  /** A token of the caller's own: whose another one is, nobody else needs to know. */
  async KeystoneValidateToken(call) {
    const token = readSubjectToken(call.request)
    const found = await call.parts.principals.ofToken(token)
    if (found?.principal.user.id !== call.principal.user.id)
      throw new HuaweiWireError(iamErrors.notFound, 'the token does not exist')
    const { account, user } = found.principal
    const domain = { id: account.domainId, name: account.name }
    const { issuedAt, expiresAt } = found
    const project = projectIn(JSON.parse(found.scope) as KeptScope, domain)
    return tokenAnswer(
      call,
      token,
      { issuedAt, expiresAt, user: { id: user.id, name: user.name }, domain, ...project },
      wantsCatalog(call.request),
    )
  },

  KeystoneListAuthDomains: async (call) => ok(domainList([ownDomain(call)], `${baseUrl(call)}/v3/auth/domains`)),

  KeystoneListProjects: async (call) => {
    const { id, name } = ownDomain(call)
    const asked = readProjectFilter(call.request.target)
    return ok(projectList([{ id, name: asked ?? name, domainId: id }], `${baseUrl(call)}/v3/projects`))
  },

  GetCallerIdentity: async ({ principal }) => {
    const { account, user, session } = principal
    const principalId = session?.role ? `${user.id}:${session.name}` : user.id
    const principalUrn = principalNames(principal).urn
    return ok(callerIdentity({ domainId: account.domainId, principalId, principalUrn }))
  },

  CreateTemporaryAccessKey: createTemporaryAccessKey,
} satisfies Record<string, Handler>

const ownDomain = ({ principal: { account } }: AuthenticatedCall): Named => ({
  id: account.domainId,
  name: account.name,
})

const hostAndPort = /^[A-Za-z0-9.:[\]-]{1,255}$/

/** Under which URL the caller reached us, as far as it says; links are for reading only. */
function baseUrl({ request, origin }: Call): string {
  const [host = ''] = headerTable(request.rawHeaders).get('host') ?? []
  return hostAndPort.test(host) ? `${origin.secureTransport ? 'https' : 'http'}://${host}` : ''
}
