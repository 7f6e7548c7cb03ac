import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { huaweiHeaders } from '../../../test/support/client.ts'
import { cas, openClient, origin, type Answer, type Client } from './door.fixture.ts'
import { huaweiDoor } from './door.ts'

const tokens = '/v3/auth/tokens'

describe('IAM, huawei-wire.md §2 and §4', () => {
  let client: Client
  beforeAll(async () => {
    client = await openClient()
  })
  afterAll(() => client[Symbol.asyncDispose]())

  interface Login {
    userName?: string
    password?: string
    domain?: object
    scope?: object
    query?: string
  }
  const login = ({ userName, password, domain, scope, query = '' }: Login = {}): Promise<Answer> => {
    const { administrator } = client.core
    const user = {
      name: userName ?? administrator.userName,
      password: password ?? administrator.password,
      domain: domain ?? { name: administrator.accountName },
    }
    const identity = { methods: ['password'], password: { user } }
    return client.bare('POST', `${tokens}${query}`, { body: { auth: { identity, ...(scope ? { scope } : {}) } } })
  }
  const tokenOf = async (asked: Login = {}): Promise<string> => (await login(asked)).headers['X-Subject-Token']!
  const withToken = (token: string, more: Record<string, string> = {}) => ({
    headers: { 'x-auth-token': token, ...more },
  })

  test('§2.1: 201, the token in X-Subject-Token and nowhere in the body, valid for 24 hours', async () => {
    const answer = await login({ scope: { domain: { name: client.core.administrator.accountName } } })
    expect(answer.status).toBe(201)
    const token = answer.headers['X-Subject-Token']!
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(answer.bytes.toString()).not.toContain(token)
    const { domainId, accountName, userName } = client.core.administrator
    const domain = { id: domainId, name: accountName }
    expect(answer.body.token).toMatchObject({
      methods: ['password'],
      user: { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: userName, domain, password_expires_at: '' },
      domain,
      roles: [],
    })
    const { issued_at: issuedAt, expires_at: expiresAt } = answer.body.token
    expect(Date.parse(expiresAt) - Date.parse(issuedAt)).toBe(24 * 3_600_000)
    expect(answer.body.token.catalog.map(({ type }: { type: string }) => type)).toEqual(['ccm', 'scm', 'iam'])
    expect(answer.body.token.catalog[0].endpoints[0].url).toBe(origin)
    expect(answer.headers['X-IAM-Trace-Id']).toBe(answer.headers['X-Request-Id'])
  })

  test('§2.1: nocatalog leaves the catalog out; the account may be named by id; without a scope the token is the account’s', async () => {
    const answer = await login({ domain: { id: client.core.administrator.domainId }, query: '?nocatalog=true' })
    expect(answer.status).toBe(201)
    expect(answer.body.token.catalog).toBeUndefined()
    expect(answer.body.token.domain.id).toBe(client.core.administrator.domainId)
  })

  test('§2.1: a project scope shows the project, which has the account’s id under any name', async () => {
    const { domainId } = client.core.administrator
    const answer = await login({ scope: { project: { name: 'cn-north-4' } } })
    expect(answer.body.token).toMatchObject({ project: { id: domainId, name: 'cn-north-4', domain: { id: domainId } } })
    expect(answer.body.token.domain).toBeUndefined()
    expect((await login({ scope: { project: { id: domainId } } })).status).toBe(201)
  })

  test.each<[string, () => Login]>([
    ['a wrong password', () => ({ password: 'not the password' })],
    ['an unknown user', () => ({ userName: 'nobody' })],
    ['an unknown account', () => ({ domain: { name: 'nobody' } })],
    ['a scope of an unknown account', () => ({ scope: { domain: { name: 'nobody' } } })],
    ['a scope of an unknown project', () => ({ scope: { project: { id: 'f'.repeat(32) } } })],
    [
      'a wrong account and its own scope',
      () => ({ domain: { id: 'f'.repeat(32) }, scope: { project: { name: 'x' } } }),
    ],
  ])('%s is 401 in the Keystone shape, the same words for all', async (_, asked) => {
    const answer = await login(asked())
    expect(answer.status).toBe(401)
    expect(answer.body).toEqual({
      error: { code: 401, message: 'the user name or password is wrong', title: 'Unauthorized' },
    })
    expect(answer.headers['X-Subject-Token']).toBeUndefined()
  })

  test('a scope of another account that exists is 401 too', async () => {
    await client.core.createAccount('other')
    expect((await login({ scope: { domain: { name: 'other' } } })).status).toBe(401)
  })

  test.each([
    ['no JSON', '{'],
    ['another method', { auth: { identity: { methods: ['totp'], password: {} } } }],
    ['nothing', {}],
  ])('%s is 400', async (_, body) => {
    expect(await client.bare('POST', tokens, { body })).toMatchObject({ status: 400, body: { error: { code: 400 } } })
  })

  test('too many passwords at once: 503, and nothing was decided', async () => {
    const { parts, deps, tokens: needs } = client.core
    const busy = Object.assign(new Error('busy'), { name: 'PasswordsBusy' })
    const passwords = { verify: () => Promise.reject(busy) } as unknown as typeof needs.passwords
    const door = huaweiDoor({ ...parts, iam: deps.iam, publication: undefined, tokens: { ...needs, passwords } })
    const user = { name: 'a', password: 'b', domain: { name: 'c' } }
    const body = JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } })
    const answer = await door({
      method: 'POST',
      rawUrl: tokens,
      rawHeaders: [],
      body: Buffer.from(body),
      sourceIp: '127.0.0.1',
      secureTransport: true,
    })
    expect(answer).toMatchObject({ status: 503 })
    expect(client.core.failures).toEqual([])
  })

  test('§2.2: a token calls CCM with the rights of its user; without rights 403, as by key', async () => {
    expect((await client.bare('GET', cas, withToken(await tokenOf()))).status).toBe(200)
    const { userName, password } = await client.core.createUser('poor')
    const poor = await tokenOf({ userName, password })
    expect(await client.bare('GET', cas, withToken(poor))).toMatchObject({ status: 403 })
  })

  test('§2.2: a wrong token is 401, in the words of the path’s family', async () => {
    const wrong = withToken('x'.repeat(43))
    expect(await client.bare('GET', cas, wrong)).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } })
    expect(await client.bare('GET', '/v3/scm/csr', wrong)).toMatchObject({
      status: 401,
      body: { error_code: 'SCM.1000' },
    })
    expect(await client.bare('GET', '/v3/auth/domains', wrong)).toMatchObject({
      status: 401,
      body: { error: { code: 401 } },
    })
  })

  test('§2.1: a token ends early when its user is disabled or its keys change; others stay', async () => {
    const { userName, password } = await client.core.createUser('leaver', ['PCA FullAccess'])
    const staying = await tokenOf()
    const first = await tokenOf({ userName, password })
    expect((await client.bare('GET', cas, withToken(first))).status).toBe(200)
    await client.core.call(client.core.administrator, operations.CreateAccessKey, { userName })
    expect((await client.bare('GET', cas, withToken(first))).status).toBe(401)
    const second = await tokenOf({ userName, password })
    await client.core.call(client.core.administrator, operations.SetUserEnabled, { userName, enabled: false })
    expect((await client.bare('GET', cas, withToken(second))).status).toBe(401)
    expect((await login({ userName, password })).status).toBe(401)
    expect((await client.bare('GET', cas, withToken(staying))).status).toBe(200)
  })

  test('§2.1: GET tells of a token of one’s own what its making told, and repeats it in the header', async () => {
    const made = await login({ scope: { project: { name: 'cn-north-4' } } })
    const token = made.headers['X-Subject-Token']!
    const asked = await client.bare('GET', tokens, withToken(await tokenOf(), { 'x-subject-token': token }))
    expect(asked.status).toBe(200)
    expect(asked.body).toEqual(made.body)
    expect(asked.headers['X-Subject-Token']).toBe(token)
    const signed = huaweiHeaders(client.core.administrator, 'GET', new URL(tokens, origin), '')
    expect((await client.bare('GET', tokens, { headers: { ...signed, 'x-subject-token': token } })).status).toBe(200)
  })

  test('§2.1: a token that is unknown and one of somebody else are alike: 404; without any it is 400', async () => {
    const own = await tokenOf()
    const { userName, password } = await client.core.createUser('colleague')
    const others = await tokenOf({ userName, password })
    const texts = await Promise.all(
      [others, 'x'.repeat(43)].map(async (subject) => {
        const answer = await client.bare('GET', tokens, withToken(own, { 'x-subject-token': subject }))
        expect(answer.status).toBe(404)
        return answer.bytes.toString()
      }),
    )
    expect(texts[0]).toBe(texts[1])
    expect((await client.bare('GET', tokens, withToken(own))).status).toBe(400)
    expect((await client.bare('GET', tokens, { headers: { 'x-subject-token': own } })).status).toBe(401)
  })

  test('§4: the list of accounts is the caller’s own, also for a GET with the body {} that Node signs', async () => {
    const { domainId, accountName } = client.core.administrator
    const answer = await client.send('GET', '/v3/auth/domains', {})
    const self = `${origin}/v3/auth/domains`
    expect(answer).toMatchObject({
      status: 200,
      body: { domains: [{ id: domainId, name: accountName, enabled: true, links: { self } }], links: { self } },
    })
    expect((await client.bare('GET', '/v3/auth/domains', withToken(await tokenOf()))).body.domains).toHaveLength(1)
  })

  test('§4: a project of any name is there, once, under the account’s id', async () => {
    const { domainId, accountName } = client.core.administrator
    const { projects } = (await client.send('GET', '/v3/projects?name=cn-north-4')).body
    expect(projects).toMatchObject([{ id: domainId, name: 'cn-north-4', domain_id: domainId, enabled: true }])
    expect((await client.send('GET', '/v3/projects')).body.projects).toMatchObject([
      { id: domainId, name: accountName },
    ])
  })

  test('§4: caller-identity names account and principal', async () => {
    const { domainId, userName } = client.core.administrator
    expect((await client.send('GET', '/v5/caller-identity')).body).toMatchObject({
      account_id: domainId,
      principal_urn: `iam::${domainId}:user:${userName}`,
    })
  })

  test('a Host header of odd characters is not repeated', async () => {
    const token = await tokenOf()
    const answer = await client.bare('GET', '/v3/auth/domains', withToken(token, { host: '"><script>' }))
    expect(answer.body.links.self).toBe('/v3/auth/domains')
  })

  test('the making of a token is an entry of the audit log, which never holds the token or the password', async () => {
    const token = await tokenOf()
    const entries = await client.core.auditEntries(client.core.administrator.accountId)
    expect(entries[0]).toMatchObject({ operation: 'IssueToken', outcome: 'done', door: 'huawei' })
    const log = JSON.stringify(entries)
    expect(log).not.toContain(token)
    expect(log).not.toContain(client.core.administrator.password)
  })
})
