import { describe, expect, test } from 'vitest'
import { HuaweiWireError } from './errors.ts'
import {
  callerIdentity,
  domainList,
  projectList,
  readProjectFilter,
  readSubjectToken,
  readTokenRequest,
  tokenDocument,
} from './tokens.ts'

const user = { name: 'alice', password: 'hunter2', domain: { name: 'acme' } }
const anAuth = (scope?: unknown, of: unknown = user, methods: unknown = ['password']) => ({
  auth: { identity: { methods, password: { user: of } }, ...(scope === undefined ? {} : { scope }) },
})
const read = (body: unknown, target = '/v3/auth/tokens') =>
  readTokenRequest({ body: Buffer.from(JSON.stringify(body)), target })
const id = '0123456789abcdef0123456789abcdef'

describe('POST /v3/auth/tokens, huawei-wire.md §2.1', () => {
  test('the account comes by name or id, the scope as account, project or not at all', () => {
    const common = { user: { name: 'alice', domain: { name: 'acme' } }, password: 'hunter2', catalog: true }
    expect(read(anAuth())).toEqual(common)
    expect(read(anAuth({ domain: { name: 'acme' } }))).toEqual({ ...common, scope: { domain: { name: 'acme' } } })
    expect(read(anAuth({ domain: { id } }))).toEqual({ ...common, scope: { domain: { id } } })
    expect(read(anAuth({ project: { name: 'p' } }))).toEqual({ ...common, scope: { project: { name: 'p' } } })
    expect(read(anAuth(undefined, { ...user, domain: { id } })).user.domain).toEqual({ id })
  })

  test('of account and project the project wins', () => {
    expect(read(anAuth({ domain: { id }, project: { id } })).scope).toEqual({ project: { id } })
  })

  test('any non-empty nocatalog suppresses the catalog', () => {
    expect(read(anAuth(), '/v3/auth/tokens?nocatalog=x').catalog).toBe(false)
    expect(read(anAuth(), '/v3/auth/tokens?nocatalog=').catalog).toBe(true)
  })

  test.each([
    ['no auth', {}],
    ['no password', anAuth(undefined, { ...user, password: undefined })],
    ['an empty password', anAuth(undefined, { ...user, password: '' })],
    ['no account', anAuth(undefined, { ...user, domain: undefined })],
    ['an account without id and name', anAuth(undefined, { ...user, domain: {} })],
    ['another method', anAuth(undefined, user, ['totp'])],
    ['a second factor', anAuth(undefined, user, ['password', 'totp'])],
    ['no methods', anAuth(undefined, user, [])],
    ['a scope that is no object', anAuth('acme')],
  ])('%s is refused with 400, without showing the password', (_, body) => {
    const run = () => read(body)
    expect(run).toThrow(HuaweiWireError)
    expect(run).not.toThrow(/hunter2/)
  })
})

describe('IAM answers, huawei-wire.md §2.1 and §4', () => {
  const view = {
    issuedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    expiresAt: Date.UTC(2026, 0, 3, 3, 4, 5, 678),
    user: { id: 'u'.repeat(32), name: 'alice' },
    domain: { id, name: 'acme' },
    roles: [{ id: '0', name: 'te_admin' }],
  }

  test('§2.1: the token document for account scope, times with microseconds', () => {
    const catalog = [{ id: 'c', name: 'ccm', type: 'ccm', url: 'https://localhost' }]
    expect(tokenDocument({ ...view, catalog })).toEqual({
      token: {
        methods: ['password'],
        issued_at: '2026-01-02T03:04:05.000000Z',
        expires_at: '2026-01-03T03:04:05.678000Z',
        user: { id: 'u'.repeat(32), name: 'alice', domain: { id, name: 'acme' }, password_expires_at: '' },
        domain: { id, name: 'acme' },
        roles: [{ id: '0', name: 'te_admin' }],
        catalog: [
          {
            id: 'c',
            name: 'ccm',
            type: 'ccm',
            endpoints: [{ id: 'c', interface: 'public', region: '*', region_id: '*', url: 'https://localhost' }],
          },
        ],
      },
    })
  })

  test('§2.1: for project scope the project takes the place of the account', () => {
    const { token } = tokenDocument({ ...view, project: { id: 'p', name: 'cn-north-4' } })
    expect(token).toMatchObject({ project: { id: 'p', name: 'cn-north-4', domain: { id, name: 'acme' } } })
    expect(token).not.toHaveProperty('domain')
    expect(token).not.toHaveProperty('catalog')
  })

  test('§2.1: X-Subject-Token names the token to check, once', () => {
    expect(readSubjectToken({ rawHeaders: ['x-subject-token', 'abc'] })).toBe('abc')
    for (const rawHeaders of [[], ['X-Subject-Token', ''], ['X-Subject-Token', 'a', 'X-Subject-Token', 'a']]) {
      expect(() => readSubjectToken({ rawHeaders })).toThrow(HuaweiWireError)
    }
  })

  test('§4: the lists of accounts and projects carry the id that the clients take', () => {
    expect(domainList([{ id, name: 'acme' }], 'http://h/v3/auth/domains')).toEqual({
      domains: [{ id, name: 'acme', enabled: true, description: '', links: { self: 'http://h/v3/auth/domains' } }],
      links: { self: 'http://h/v3/auth/domains' },
    })
    const { projects } = projectList([{ id: 'p', name: 'cn-north-4', domainId: id }], 'http://h/v3/projects')
    expect(projects[0]).toMatchObject({ id: 'p', name: 'cn-north-4', domain_id: id })
    expect(readProjectFilter('/v3/projects?name=cn-north-4')).toBe('cn-north-4')
    expect(readProjectFilter('/v3/projects')).toBeUndefined()
  })

  test('§4: caller identity', () => {
    expect(callerIdentity({ domainId: id, principalId: 'u', principalUrn: 'iam::x:user:alice' })).toEqual({
      account_id: id,
      principal_id: 'u',
      principal_urn: 'iam::x:user:alice',
    })
  })
})
