import { describe, expect, test } from 'vitest'
import { huaweiHeaders } from '../support/client.ts'
import { startService, type Service } from '../support/service.ts'

const behindProxy = { emulate: false, workers: 3, environment: { CERTKEEP_TRUSTED_PROXIES: '127.0.0.1' } }
const attacker = { 'x-forwarded-for': '203.0.113.9' }
const owner = { 'x-forwarded-for': '198.51.100.7' }

async function logIn(
  { url, credentials: { accountName, userName } }: Service,
  password: string,
  headers: Record<string, string>,
  user = userName,
): Promise<Response> {
  const domain = { name: accountName }
  const identity = { methods: ['password'], password: { user: { name: user, password, domain } } }
  return fetch(`${url}/v3/auth/tokens`, { method: 'POST', headers, body: JSON.stringify({ auth: { identity } }) })
}

function signed({ url, credentials }: Service, headers: Record<string, string>, accessKeySecret?: string) {
  const target = new URL('/v1/private-certificate-authorities', url)
  const caller = { ...credentials, ...(accessKeySecret === undefined ? {} : { accessKeySecret }) }
  return fetch(target, { headers: { ...huaweiHeaders(caller, 'GET', target, ''), ...headers } })
}

const statusesOf = async (calls: number, call: () => Promise<Response>): Promise<number[]> => {
  const statuses: number[] = []
  for (let at = 0; at < calls; at++) statuses.push((await call()).status)
  return statuses
}

describe('guessing passwords', () => {
  test('is slowed down over all threads, while the owner logs in from elsewhere', async () => {
    await using service = await startService(behindProxy)
    const { password } = service.credentials
    const statuses = await statusesOf(15, () => logIn(service, 'wrong password', attacker))
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5)
    const closed = await logIn(service, password, attacker)
    expect(closed.status).toBe(429)
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await logIn(service, password, owner)).status).toBe(201)
  })

  test('tells a user who exists from one who does not in nothing', async () => {
    await using service = await startService(behindProxy)
    const known = await statusesOf(12, () => logIn(service, 'wrong password', attacker))
    const unknown = await statusesOf(12, () =>
      logIn(service, 'wrong password', { 'x-forwarded-for': '192.0.2.1' }, 'nobody-of-this-name'),
    )
    expect(unknown.slice(0, 6)).toEqual(known.slice(0, 6))
  })

  test('wrong ones before the right one are forgiven', async () => {
    await using service = await startService(behindProxy)
    for (let round = 0; round < 4; round++) {
      expect(await statusesOf(4, () => logIn(service, 'wrong password', owner))).toEqual([401, 401, 401, 401])
      expect((await logIn(service, service.credentials.password, owner)).status).toBe(201)
    }
  })

  test('a burst at once learns little more than five answers, whatever the number of threads', async () => {
    await using service = await startService(behindProxy)
    const burst = Array.from({ length: 40 }, () => logIn(service, 'wrong password', attacker))
    const statuses = (await Promise.all(burst)).map(({ status }) => status)
    // Five, and one more for each time that the brake opened while the burst was weighed: after 1, 2, 4 … seconds.
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(12)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(28)
  })
})

describe('guessing keys', () => {
  test('is told as too many after twenty; right signatures pass from everywhere', async () => {
    await using service = await startService(behindProxy)
    const statuses = await statusesOf(30, () => signed(service, attacker, 'not the secret'))
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
    expect(statuses.slice(20)).toEqual(Array.from({ length: 10 }, () => 429))
    const braked = await signed(service, attacker, 'not the secret')
    expect(await braked.text()).not.toContain('string to sign')
    expect((await signed(service, owner)).status).toBe(200)
    expect((await signed(service, attacker)).status).toBe(200)
    expect((await signed(service, attacker, 'not the secret')).status).toBe(401)
  })
})
