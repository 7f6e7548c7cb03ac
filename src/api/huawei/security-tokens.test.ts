import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huaweiHeaders, type Caller } from '../../../test/support/client.ts'
import { operations } from '../operations.ts'
import { cas, openClient, origin, type Answer, type Client } from './door.fixture.ts'
import { HuaweiWireError } from './errors.ts'
import { readSecurityTokenRequest } from './security-tokens.ts'

const path = '/v3.0/OS-CREDENTIAL/securitytokens'

describe('POST /v3.0/OS-CREDENTIAL/securitytokens, huawei-wire.md §4', () => {
  let client: Client
  let user: Caller & { userName: string; password: string }
  beforeAll(async () => {
    client = await openClient()
    const { core } = client
    const { administrator } = core
    const assume = { Version: '5.0', Statement: [{ Effect: 'Allow', Action: ['sts:agencies:assume'] }] }
    user = await core.createUser('deployer', [assume])
    const trustPolicy = JSON.stringify({
      Version: '1',
      Statement: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${administrator.accountId}:root`] } },
      ],
    })
    await core.call(administrator, operations.CreateRole, { roleName: 'reader', trustPolicy })
    await core.call(administrator, operations.AttachPolicyToRole, {
      roleName: 'reader',
      policyName: 'PCA ReadOnlyAccess',
    })
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const ask = (identity: object, caller: Caller = user) => client.as(caller)('POST', path, { auth: { identity } })
  const agency = (more: object = {}, others: object = {}) => ({
    methods: ['assume_role'],
    ...others,
    assume_role: { domain_name: client.core.administrator.accountName, agency_name: 'reader', ...more },
  })
  const ofOneself = { methods: ['token'] }

  interface Temporary extends Caller {
    securityToken: string
  }
  const keyOf = ({ body }: Answer): Temporary => ({
    accessKeyId: body.credential.access,
    accessKeySecret: body.credential.secret,
    securityToken: body.credential.securitytoken,
  })
  const call = (key: Temporary, method: string, target: string, body?: unknown) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const extra = { 'x-security-token': key.securityToken }
    const headers = huaweiHeaders(key, method, new URL(target, origin), text, { extra })
    return client.bare(method, target, { body, headers })
  }

  test('assume_role: 201 with the credential, 15 minutes unless asked for more', async () => {
    const answer = await ask(agency())
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      credential: {
        access: expect.stringMatching(/^STS\.[A-Z0-9]{20}$/),
        secret: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
        securitytoken: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/),
      },
    })
    const lasts = (made: Answer) => Date.parse(made.body.credential.expires_at) - Date.now()
    expect(Math.abs(lasts(answer) - 900_000)).toBeLessThan(60_000)
    expect(Math.abs(lasts(await ask(agency({ duration_seconds: '1800' }))) - 1_800_000)).toBeLessThan(60_000)
  })

  test('the key works with its token signed, has the agency’s rights, and is told who it is', async () => {
    const key = keyOf(await ask(agency({ session_user: { name: 'ci-job' } })))
    expect((await call(key, 'GET', cas)).status).toBe(200)
    expect((await call(key, 'POST', cas, {})).status).toBe(400)
    const { domainId } = client.core.administrator
    const { body } = await call(key, 'GET', '/v5/caller-identity')
    expect(body).toMatchObject({
      account_id: domainId,
      principal_urn: `sts::${domainId}:assumed-agency:reader/ci-job`,
      principal_id: expect.stringMatching(/^[0-9a-f]{32}:ci-job$/),
    })
    expect((await call(key, 'GET', '/v3/auth/domains')).body.domains).toMatchObject([{ id: domainId }])
  })

  test('without its token, with another’s, or with one that is not signed it is 401', async () => {
    const [key, other] = [keyOf(await ask(agency())), keyOf(await ask(agency()))]
    expect((await client.as(key)('GET', cas)).status).toBe(401)
    expect((await call({ ...key, securityToken: other.securityToken }, 'GET', cas)).status).toBe(401)
    const headers = huaweiHeaders(key, 'GET', new URL(cas, origin), '')
    const unsigned = { ...headers, 'x-security-token': key.securityToken }
    expect((await client.bare('GET', cas, { headers: unsigned })).status).toBe(401)
    expect((await call({ ...user, securityToken: key.securityToken }, 'GET', cas)).status).toBe(401)
  })

  test('after its time it is 401', async () => {
    const key = keyOf(await ask(agency()))
    const { wall } = client.core
    wall.aheadMs = 901_000
    const extra = { 'x-security-token': key.securityToken }
    const date = new Date(Date.now() + wall.aheadMs)
    const headers = huaweiHeaders(key, 'GET', new URL(cas, origin), '', { extra, date })
    const late = await client.bare('GET', cas, { headers })
    wall.aheadMs = 0
    expect(late).toMatchObject({
      status: 401,
      body: { error_msg: expect.stringContaining('the access key has expired') },
    })
  })

  test('token: a key with one’s own rights, by signature or by token, and less with a policy', async () => {
    const auditor = await client.core.createUser('auditor', ['PCA ReadOnlyAccess'])
    const own = keyOf(await ask(ofOneself, auditor))
    expect((await call(own, 'GET', cas)).status).toBe(200)
    const policy = { Version: '1.1', Statement: [{ Effect: 'Allow', Action: ['pca:cert:list'] }] }
    const less = keyOf(await ask({ ...ofOneself, policy }, auditor))
    expect((await call(less, 'GET', cas)).status).toBe(403)
    expect((await call(less, 'GET', '/v1/private-certificates')).status).toBe(200)

    const login = {
      methods: ['password'],
      password: {
        user: { name: 'auditor', password: auditor.password, domain: { name: client.core.administrator.accountName } },
      },
    }
    const { headers } = await client.bare('POST', '/v3/auth/tokens', { body: { auth: { identity: login } } })
    const token = headers['X-Subject-Token']!
    const body = { auth: { identity: { ...ofOneself, token: { id: token, duration_seconds: 3_600 } } } }
    const made = await client.bare('POST', path, { body, headers: { 'x-auth-token': token } })
    expect(made.status).toBe(201)
    expect((await call(keyOf(made), 'GET', cas)).status).toBe(200)
    const others = await client.as(user)('POST', path, body)
    expect(others).toMatchObject({ status: 404, body: { error: { code: 404 } } })
  })

  test('a temporary key asks for no other by token; and takes an agency only where that trusts it', async () => {
    const key = keyOf(await ask(ofOneself))
    expect((await call(key, 'POST', path, { auth: { identity: ofOneself } })).status).toBe(403)
    const chained = await call(key, 'POST', path, { auth: { identity: agency() } })
    expect(chained.status).toBe(201)
  })

  test('nobody gets one without credentials: 401', async () => {
    expect((await client.bare('POST', path, { body: { auth: { identity: ofOneself } } })).status).toBe(401)
  })

  test('an unknown agency is 404, one of an account that trusts nobody here 403, as an unknown account', async () => {
    await client.core.createAccount('elsewhere')
    const status = async (more: object) => (await ask(agency(more))).status
    expect(await status({ agency_name: 'none' })).toBe(404)
    // The right to take agencies was given for all.
    expect(await status({ domain_name: 'elsewhere' })).toBe(403)
    expect(await status({ domain_name: 'nowhere' })).toBe(403)
  })

  test.each<[string, object]>([
    ['no method', {}],
    ['an unknown method', { methods: ['password'] }],
    ['two methods', { methods: ['token', 'assume_role'] }],
    ['no agency', { methods: ['assume_role'], assume_role: { domain_name: 'x' } }],
    ['no account', { methods: ['assume_role'], assume_role: { agency_name: 'x' } }],
    ['nothing to assume', { methods: ['assume_role'] }],
    ['too short a time', { methods: ['token'], token: { duration_seconds: 899 } }],
    ['too long a time', { methods: ['token'], token: { duration_seconds: 86_401 } }],
    ['a policy that is text', { methods: ['token'], policy: '{}' }],
    ['a policy that is none', { methods: ['token'], policy: { Version: '1' } }],
  ])('%s is 400 in the Keystone shape', async (_, identity) => {
    expect(await ask(identity)).toMatchObject({ status: 400, body: { error: { code: 400 } } })
  })

  test('g:ProjectName (huawei-iam.md §2) is the project that a token was asked for', async () => {
    const { core } = client
    const onlyThere = {
      Version: '1.1',
      Statement: [
        { Effect: 'Allow', Action: ['pca:ca:list'], Condition: { StringEquals: { 'g:ProjectName': ['cn-north-4'] } } },
      ],
    }
    const { userName, password } = await core.createUser('regional', [onlyThere])
    const status = async (scope: object) => {
      const domain = { name: core.administrator.accountName }
      const identity = { methods: ['password'], password: { user: { name: userName, password, domain } } }
      const { headers } = await client.bare('POST', '/v3/auth/tokens', { body: { auth: { identity, scope } } })
      return (await client.bare('GET', cas, { headers: { 'x-auth-token': headers['X-Subject-Token']! } })).status
    }
    expect(await status({ project: { name: 'cn-north-4' } })).toBe(200)
    expect(await status({ project: { name: 'cn-north-1' } })).toBe(403)
    expect(await status({ domain: { name: core.administrator.accountName } })).toBe(403)
  })
})

describe('reading the request', () => {
  test('10^4 mutated bodies are read, or refused with HuaweiWireError', () => {
    const seed = JSON.stringify({
      auth: {
        identity: {
          methods: ['assume_role'],
          policy: { Version: '1.1', Statement: [] },
          assume_role: {
            domain_id: 'd',
            xrole_name: 'r',
            duration_seconds: '900',
            session_user: { name: 'session' },
          },
        },
      },
    })
    let state = 7
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state % below
    }
    for (let round = 0; round < 10_000; round++) {
      const at = next(seed.length)
      const text = seed.slice(0, at) + String.fromCharCode(next(128)) + seed.slice(at + next(3))
      try {
        expect(readSecurityTokenRequest(Buffer.from(text))).toHaveProperty('method')
      } catch (error) {
        expect(error).toBeInstanceOf(HuaweiWireError)
      }
    }
  })
})
