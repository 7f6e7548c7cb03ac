import { HuaweiWireError, iamErrors } from './errors.ts'
import { fail, list, oneOf, optional, type Reader, readFields, record, required, text } from './fields.ts'
import { headerTable, type HuaweiRequest } from './request.ts'
import { readJsonBody, readQuery } from './read-body.ts'
import { noteNames } from './reading.ts'

/** An account, by id or by name. */
export type DomainReference = { id: string } | { name: string }

/** The body of `POST /v3/auth/tokens`, password method (huawei-wire.md §2.1). */
export interface TokenRequest {
  user: { name: string; domain: DomainReference }
  password: string
  /** Absent means a token for global services. When a client names both, the project wins. */
  scope?: { domain: DomainReference } | { project: { id: string } | { name: string } }
  /** Whether the answer carries the service catalog. */
  catalog: boolean
}

const bad = iamErrors.badRequest
const need = <T>(wireName: string, reader: Reader<T>) => required(wireName, reader, bad)
const identifier = text({ max: 64, code: bad })

const idOrName = record({ id: optional('id', identifier), name: optional('name', identifier) }, bad)
const reference: Reader<DomainReference> = (value, path) => {
  const { id, name } = idOrName(value, path)
  if (id !== undefined) return { id }
  return name === undefined ? fail(bad, path, 'has neither id nor name') : { name }
}

const userFields = record(
  {
    name: need('name', identifier),
    password: need('password', text({ max: 1024, code: bad })),
    domain: need('domain', reference),
  },
  bad,
)
const identityFields = record(
  {
    methods: need('methods', list(oneOf({ password: 'password' }, bad), { min: 1, max: 1, code: bad })),
    password: need('password', record({ user: need('user', userFields) }, bad)),
  },
  bad,
)
const scopeFields = record({ domain: optional('domain', reference), project: optional('project', reference) }, bad)
const tokenFields = {
  auth: need(
    'auth',
    record({ identity: need('identity', identityFields), scope: optional('scope', scopeFields) }, bad),
  ),
}

/**
 * Reads `POST /v3/auth/tokens`. Only the password method is spoken; a request for a second factor is refused rather than ignored.
 * @throws HuaweiWireError 400 (413 for an oversized body)
 */
export function readTokenRequest(request: Pick<HuaweiRequest, 'body' | 'target'>): TokenRequest {
  const body = readJsonBody(request.body, { malformed: bad })
  const { identity, scope } = readFields(tokenFields, body).auth
  const { name, password, domain } = identity.password.user
  const catalog = wantsCatalog(request)
  const common = { user: { name, domain }, password, catalog }
  if (scope?.project) return { ...common, scope: { project: scope.project } }
  if (scope?.domain) return { ...common, scope: { domain: scope.domain } }
  return common
}

/** Any value of `nocatalog` but the empty one leaves the catalog out. */
export function wantsCatalog({ target }: Pick<HuaweiRequest, 'target'>): boolean {
  const query = readQuery(target, bad)
  noteNames(query, ['nocatalog'])
  return (query['nocatalog'] ?? '') === ''
}

/**
 * The token that `GET /v3/auth/tokens` asks about, from `X-Subject-Token`.
 * @throws HuaweiWireError 400 when it is missing or repeated
 */
export function readSubjectToken(request: Pick<HuaweiRequest, 'rawHeaders'>): string {
  const [token, ...more] = headerTable(request.rawHeaders).get('x-subject-token') ?? []
  if (token === undefined || token === '') throw new HuaweiWireError(bad, 'X-Subject-Token is missing')
  if (more.length > 0) throw new HuaweiWireError(bad, 'X-Subject-Token is given twice')
  return token
}

/** Id and name of an account, user, role or project. */
export interface Named {
  id: string
  name: string
}

export interface TokenView {
  /** Milliseconds since 1970. */
  issuedAt: number
  /** Milliseconds since 1970. */
  expiresAt: number
  user: Named
  /** The account of the user, and of the scope. */
  domain: Named
  /** Present for project scope; the document then shows it in place of the account. */
  project?: Named
  roles: readonly Named[]
  /** Left out of the document when absent (`nocatalog`). */
  catalog?: readonly CatalogService[]
}

interface CatalogService extends Named {
  type: string
  /** Base URL, the same for every region. */
  url: string
}

/** The token document of huawei-wire.md §2.1. The token itself travels in `X-Subject-Token` only. */
export function tokenDocument(view: TokenView) {
  const domain = named(view.domain)
  return {
    token: {
      methods: ['password'],
      issued_at: isoMicroseconds(view.issuedAt),
      expires_at: isoMicroseconds(view.expiresAt),
      user: { ...named(view.user), domain, password_expires_at: '' },
      ...(view.project ? { project: { ...named(view.project), domain } } : { domain }),
      roles: view.roles.map(named),
      ...(view.catalog ? { catalog: view.catalog.map(catalogEntry) } : {}),
    },
  }
}

function named({ id, name }: Named): Named {
  return { id, name }
}

function catalogEntry({ id, name, type, url }: CatalogService) {
  return { id, name, type, endpoints: [{ id, interface: 'public', region: '*', region_id: '*', url }] }
}

/** IAM writes microseconds; ours are always zero below the millisecond. */
export function isoMicroseconds(instant: number): string {
  return new Date(instant).toISOString().replace('Z', '000Z')
}

/**
 * `GET /v3/auth/domains`: the clients take the first id (huawei-wire.md §4).
 * @param self absolute URL of this very list
 */
export function domainList(domains: readonly Named[], self: string) {
  return {
    domains: domains.map(({ id, name }) => ({ id, name, enabled: true, description: '', links: { self } })),
    links: { self },
  }
}

/** The `name` filter of `GET /v3/projects`, undefined for all. */
export function readProjectFilter(target: string): string | undefined {
  return readFields({ name: optional('name', identifier) }, readQuery(target, bad)).name
}

/**
 * `GET /v3/projects?name=`: the clients take the first id.
 * @param self absolute URL of this very list
 */
export function projectList(projects: readonly (Named & { domainId: string })[], self: string) {
  return {
    projects: projects.map(({ id, name, domainId }) => ({
      id,
      name,
      domain_id: domainId,
      parent_id: domainId,
      is_domain: false,
      enabled: true,
      description: '',
      links: { self },
    })),
    links: { self },
  }
}

/** `GET /v5/caller-identity`, which some clients ask when the list of accounts is empty. */
export function callerIdentity(caller: { domainId: string; principalId: string; principalUrn: string }) {
  return { account_id: caller.domainId, principal_id: caller.principalId, principal_urn: caller.principalUrn }
}
