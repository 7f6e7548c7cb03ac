import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClient } from '../../src/api/huawei/door.fixture.ts'
import { huaweiHeaders } from '../support/client.ts'
import { advance } from '../support/life.ts'
import { administrator, person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { aPendingCa, cas } from './caller.ts'

const password = 'correct horse battery'
const day = 86_400_000

const tokenRequest = (account: object, name: string, secret: string, scope?: object) => ({
  auth: {
    identity: { methods: ['password'], password: { user: { name, password: secret, domain: account } } },
    ...(scope && { scope }),
  },
})

describe('tokens (huawei-wire.md §2)', () => {
  let service: Service
  let admin: ReturnType<typeof administrator>
  beforeAll(async () => {
    service = await startService()
    admin = administrator(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())

  const post = (body: object) =>
    fetch(`${service.url}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json;charset=utf8' },
      body: JSON.stringify(body),
    })
  const account = () => ({ name: service.credentials.accountName })

  async function tokenOf(userName: string): Promise<string> {
    const response = await post(tokenRequest(account(), userName, password, { domain: account() }))
    expect(response.status).toBe(201)
    return response.headers.get('x-subject-token')!
  }
  const withToken = (token: string, method = 'GET', target = cas, body?: object) =>
    fetch(new URL(target, service.url), {
      method,
      headers: { 'x-auth-token': token, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  /** 200, or 401 once the token has ended. */
  const status = async (token: string) => (await withToken(token)).status

  let users = 0
  async function somebody(...policies: string[]) {
    const userName = `user-${++users}`
    return person(service, userName, ['PCA FullAccess', ...policies], password)
  }

  test('a password gets a token, and the token opens the door as the user’s key does', async () => {
    const { userName } = await somebody()
    const response = await post(tokenRequest(account(), userName, password, { domain: account() }))
    expect(response.status).toBe(201)
    const { token } = (await response.json()) as { token: Record<string, string> }
    expect(token).toMatchObject({
      methods: ['password'],
      user: { name: userName, domain: { id: service.credentials.domainId } },
      domain: { id: service.credentials.domainId, name: service.credentials.accountName },
    })
    expect(Date.parse(token['expires_at']!) - Date.parse(token['issued_at']!)).toBe(day)
    const text = response.headers.get('x-subject-token')!
    expect(JSON.stringify(token)).not.toContain(text)
    const made = await withToken(text, 'POST', cas, aPendingCa)
    expect(made.status).toBe(200)
    const { ca_id: id } = (await made.json()) as { ca_id: string }
    expect((await withToken(text, 'DELETE', `${cas}/${id}`)).status).toBe(204)

    const validated = await fetch(`${service.url}/v3/auth/tokens`, {
      headers: { 'x-auth-token': text, 'x-subject-token': text },
    })
    expect(validated.status).toBe(200)
    expect(validated.headers.get('x-subject-token')).toBe(text)
  })

  test('wrong password, user, account and scope are told alike', async () => {
    const { userName } = await somebody()
    const other = await secondAccount(service)
    const bodies = [
      tokenRequest(account(), userName, 'wrong password'),
      tokenRequest(account(), 'nobody', password),
      tokenRequest({ name: 'no-such-account' }, userName, password),
      tokenRequest({ name: other.accountName }, userName, password),
      tokenRequest(account(), userName, password, { domain: { name: other.accountName } }),
    ]
    const answers = new Set<string>()
    for (const body of bodies) {
      const response = await post(body)
      expect(response.headers.get('x-subject-token')).toBeNull()
      answers.add(`${response.status} ${await response.text()}`)
    }
    expect([...answers]).toEqual([expect.stringMatching(/^401 .*"title":"Unauthorized"/)])
  })

  test('a new token does not end older ones', async () => {
    const { userName } = await somebody()
    const [first, second] = [await tokenOf(userName), await tokenOf(userName)]
    expect([await status(first), await status(second)]).toEqual([200, 200])
  })

  describe('a token ends early', () => {
    test.each([
      [
        'a policy is attached',
        (userName: string) => admin('AttachPolicy', { userName, policyName: 'CertkeepAuditor' }),
      ],
      ['a policy is detached', (userName: string) => admin('DetachPolicy', { userName, policyName: 'SCM FullAccess' })],
      ['a key is made', (userName: string) => admin('CreateAccessKey', { userName })],
      [
        'a key is disabled',
        (_: string, accessKeyId: string) => admin('SetAccessKeyEnabled', { accessKeyId, enabled: false }),
      ],
      ['the user is disabled', (userName: string) => admin('SetUserEnabled', { userName, enabled: false })],
    ])('when %s', async (_, change) => {
      const { userName, accessKeyId } = await somebody('SCM FullAccess')
      const [bystander, token] = [await tokenOf((await somebody()).userName), await tokenOf(userName)]
      expect(await status(token)).toBe(200)
      await change(userName, accessKeyId)
      expect(await status(token)).toBe(401)
      const write = await withToken(token, 'POST', cas, aPendingCa)
      expect([write.status, await write.json()]).toMatchObject([401, { error_code: 'APIG.0301' }])
      expect(await status(bystander)).toBe(200)
    })

    test('and stays so: a user enabled again needs a new one', async () => {
      const { userName } = await somebody()
      const token = await tokenOf(userName)
      await admin('SetUserEnabled', { userName, enabled: false })
      expect((await post(tokenRequest(account(), userName, password))).status).toBe(401)
      await admin('SetUserEnabled', { userName, enabled: true })
      expect(await status(token)).toBe(401)
      expect(await status(await tokenOf(userName))).toBe(200)
    })
  })

  test('a token lasts 24 h of wall time: the emulator’s clock does not end it', async () => {
    const { userName } = await somebody()
    const token = await tokenOf(userName)
    await advance(service, 40)
    expect(await status(token)).toBe(200)
  })

  test('a token lasts 24 h of wall time, and not longer', async () => {
    await using client = await openClient()
    const { userName, password: secret } = await client.core.createUser('timed', ['PCA FullAccess'])
    const body = tokenRequest({ name: client.core.administrator.accountName }, userName, secret)
    const { status: created, headers } = await client.bare('POST', '/v3/auth/tokens', { body })
    expect(created).toBe(201)
    const list = async () =>
      (await client.bare('GET', cas, { headers: { 'x-auth-token': headers['X-Subject-Token']! } })).status
    client.core.advance(40 * day)
    expect(await list()).toBe(200)
    client.core.wall.aheadMs = day - 60_000
    expect(await list()).toBe(200)
    client.core.wall.aheadMs = day
    expect(await list()).toBe(401)
  })

  test.each([
    ['unknown', 'not-a-token'],
    ['of another shape', 'x'.repeat(20_000)],
  ])('a token that is %s is 401', async (_, token) => {
    expect(await status(token)).toBe(401)
  })

  test('a token of another account opens that account, and shows nothing of this one', async () => {
    const other = await secondAccount(service, 'foreign')
    const response = await post(tokenRequest({ id: other.domainId }, other.userName, other.password))
    const token = response.headers.get('x-subject-token')!
    expect(await (await withToken(token)).json()).toEqual({ total: 0, certificate_authorities: [] })
    const { userName } = await somebody()
    const mine = await tokenOf(userName)
    const asked = await fetch(`${service.url}/v3/auth/tokens`, {
      headers: { 'x-auth-token': token, 'x-subject-token': mine },
    })
    expect(asked.status).toBe(404)
  })

  test('GET /v3/auth/domains with the body {} that Huawei’s Node client sends and signs (huawei-wire.md §4)', async () => {
    const url = new URL('/v3/auth/domains', service.url)
    const headers = { ...huaweiHeaders(service.credentials, 'GET', url, '{}'), 'content-length': '2' }
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(url, { headers }, (answer) => {
        let body = ''
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
        answer.on('end', () => resolve(`${answer.statusCode} ${body}`))
      })
      sent.on('error', reject)
      sent.end('{}')
    })
    expect(text).toMatch(/^200 /)
    expect(text).toContain(service.credentials.domainId)
  })

  test('the account’s own id for clients that look for it: /v3/projects and /v5/caller-identity', async () => {
    const { domainId, userName } = service.credentials
    const get = async (target: string) => {
      const url = new URL(target, service.url)
      return (await fetch(url, { headers: huaweiHeaders(service.credentials, 'GET', url, '') })).json()
    }
    expect(await get('/v3/projects?name=cn-north-4')).toMatchObject({
      projects: [{ id: domainId, name: 'cn-north-4' }],
    })
    expect(await get('/v5/caller-identity')).toMatchObject({
      account_id: domainId,
      principal_urn: `iam::${domainId}:user:${userName}`,
    })
  })
})
