import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type AccessKey, authenticate, type AuthenticationSources, type HuaweiPrincipal } from './authenticate.ts'
import { HuaweiWireError } from './errors.ts'
import type { HuaweiRequest } from './request.ts'

const domainId = '0123456789abcdef0123456789abcdef'
const alice = { domainId, projectIds: ['fedcba9876543210fedcba9876543210'], user: 'alice' }
const secret = 'SKtestExampleSecret0001'
const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()

const sourcesWith = (
  key: Partial<AccessKey<typeof alice>> = {},
  at: number = now,
): AuthenticationSources<typeof alice> => ({
  findAccessKey: (id) => (id === 'AK1' ? { secret, active: true, principal: alice, ...key } : undefined),
  findToken: (token) =>
    Promise.resolve(token === 'good-token' ? { principal: alice, expiresAt: now + 1000 } : undefined),
  wallClock: { now: () => at },
})

interface Signing {
  id?: string
  secret?: string
  headers?: Record<string, string>
  unsigned?: string[]
  target?: string
}
/** Signs every header but those named, with an empty body. */
function aSignedRequest({
  id = 'AK1',
  secret: sk = secret,
  headers = {},
  unsigned = [],
  target = '/v1/x',
}: Signing = {}) {
  const all: Record<string, string> = { 'X-Sdk-Date': '20260102T030405Z', ...headers }
  const signed = Object.keys(all).filter((name) => !unsigned.includes(name))
  const names = signed.map((name) => name.toLowerCase()).join(';')
  const lines = signed.map((name) => `${name.toLowerCase()}:${all[name]}\n`).join('')
  const canonical = `GET\n${target}/\n\n${lines}\n${names}\n${sha256('').toString('hex')}`
  const stringToSign = `SDK-HMAC-SHA256\n${all['X-Sdk-Date']}\n${sha256(canonical).toString('hex')}`
  const signature = createHmac('sha256', sk).update(stringToSign).digest('hex')
  const authorization = `SDK-HMAC-SHA256 Access=${id}, SignedHeaders=${names}, Signature=${signature}`
  return aRequest({ ...all, Authorization: authorization }, target)
}
const aRequest = (headers: Record<string, string>, target = '/v1/x'): HuaweiRequest => ({
  method: 'GET',
  target,
  rawHeaders: Object.entries(headers).flat(),
  body: new Uint8Array(),
})

async function refusal<P extends HuaweiPrincipal>(request: HuaweiRequest, sources: AuthenticationSources<P>) {
  const outcome = await authenticate(request, sources).catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(HuaweiWireError)
  return outcome as HuaweiWireError
}

describe('who sent it, huawei-wire.md §1', () => {
  test('§3: a signature names the principal of its access key and what it covers', async () => {
    const found = await authenticate(aSignedRequest({ headers: { 'X-Domain-Id': domainId } }), sourcesWith())
    expect(found).toMatchObject({ principal: alice, method: 'signature', accessKeyId: 'AK1' })
    expect([...found.signedHeaders]).toEqual(['x-sdk-date', 'x-domain-id'])
  })

  test('§2.2: a token names its principal and covers no header', async () => {
    const found = await authenticate(aRequest({ 'X-Auth-Token': 'good-token' }), sourcesWith())
    expect(found).toEqual({ principal: alice, method: 'token', signedHeaders: new Set() })
  })

  test('a request with neither is 401, worded for the service it asks', async () => {
    expect(await refusal(aRequest({}), sourcesWith())).toMatchObject({ status: 401, code: 'APIG.0301' })
    expect(await refusal(aRequest({}, '/v3/scm/certificates'), sourcesWith())).toMatchObject({
      status: 401,
      code: 'SCM.1000',
    })
    expect(await refusal(aRequest({}, '/v3/auth/domains'), sourcesWith())).toMatchObject({ status: 401 })
  })

  test('a request with both stands or falls with its signature', async () => {
    const request = aSignedRequest({ secret: 'wrong', headers: { 'X-Auth-Token': 'good-token' } })
    expect(await refusal(request, sourcesWith())).toMatchObject({ status: 401 })
  })

  test('another scheme in Authorization is not overlooked in favour of a token', async () => {
    const request = aRequest({ Authorization: 'Bearer x', 'X-Auth-Token': 'good-token' })
    expect(await refusal(request, sourcesWith())).toMatchObject({ status: 401 })
  })

  test.each(['Authorization', 'X-Auth-Token', 'X-Domain-Id'])('a repeated %s header is refused', async (name) => {
    const once =
      name === 'Authorization' ? aSignedRequest() : aRequest({ 'X-Auth-Token': 'good-token', 'X-Domain-Id': domainId })
    const index = once.rawHeaders.indexOf(name)
    const rawHeaders = [...once.rawHeaders, name, once.rawHeaders[index + 1] as string]
    expect(await refusal({ ...once, rawHeaders }, sourcesWith())).toMatchObject({ status: 401 })
  })

  test('an unknown key and a wrong signature get the same words', async () => {
    const unknown = await refusal(aSignedRequest({ id: 'AK2', secret: 'of no key' }), sourcesWith())
    const wrong = await refusal(aSignedRequest({ secret: 'wrong' }), sourcesWith())
    expect(unknown).toMatchObject({ status: 401, code: 'APIG.0301', message: wrong.message })
  })

  test('a refusal shows the string to sign and no secret', async () => {
    const token = 'SECURITYTOKENTEXT'
    const request = aSignedRequest({
      secret: 'wrong',
      headers: { 'X-Security-Token': token, 'X-Auth-Token': 'good-token' },
    })
    const { message } = await refusal(request, sourcesWith())
    expect(message).toContain('SDK-HMAC-SHA256\\n20260102T030405Z\\n')
    for (const hidden of [token, 'good-token', secret]) expect(message).not.toContain(hidden)
  })

  test.each([
    ['exactly 15 minutes late', 900_000, true],
    ['exactly 15 minutes early', -900_000, true],
    ['more than 15 minutes late', 900_001, false],
    ['more than 15 minutes early', -900_001, false],
  ])('§3.1: a signature %s', async (_, offset, accepted) => {
    const outcome = authenticate(aSignedRequest(), sourcesWith({}, now + offset))
    if (accepted) expect((await outcome).principal).toBe(alice)
    else await expect(outcome).rejects.toThrow('signature expired, signature time 2026-01-02T03:04:05')
  })

  test('a disabled or expired key is refused, and says so only to a holder of its secret', async () => {
    expect((await refusal(aSignedRequest(), sourcesWith({ active: false }))).message).toContain('disabled')
    expect((await refusal(aSignedRequest(), sourcesWith({ expiresAt: now }))).message).toContain('expired')
    const stranger = await refusal(aSignedRequest({ secret: 'wrong' }), sourcesWith({ active: false }))
    expect(stranger.message).not.toContain('disabled')
  })

  describe('temporary keys', () => {
    const temporary = { securityTokenHash: sha256('TOKEN123') }
    test('the security token must be there, signed, and the right one', async () => {
      const good = aSignedRequest({ headers: { 'X-Security-Token': 'TOKEN123' } })
      expect((await authenticate(good, sourcesWith(temporary))).principal).toBe(alice)
      const unsigned = aSignedRequest({ headers: { 'X-Security-Token': 'TOKEN123' }, unsigned: ['X-Security-Token'] })
      for (const bad of [aSignedRequest(), unsigned, aSignedRequest({ headers: { 'X-Security-Token': 'TOKEN124' } })]) {
        expect(await refusal(bad, sourcesWith(temporary))).toMatchObject({ status: 401 })
      }
    })

    test('a permanent key with a security token is refused', async () => {
      const request = aSignedRequest({ headers: { 'X-Security-Token': 'TOKEN123' } })
      expect(await refusal(request, sourcesWith())).toMatchObject({ status: 401 })
    })
  })

  test('an unknown, expired or oversized token is refused with the same words', async () => {
    const unknown = await refusal(aRequest({ 'X-Auth-Token': 'bad' }), sourcesWith())
    const expired = await refusal(aRequest({ 'X-Auth-Token': 'good-token' }), sourcesWith({}, now + 1000))
    const oversized = await refusal(aRequest({ 'X-Auth-Token': 'x'.repeat(20_000) }), sourcesWith())
    expect(new Set([unknown.message, expired.message, oversized.message]).size).toBe(1)
  })

  test.each([
    ['X-Domain-Id', 'ffffffffffffffffffffffffffffffff'],
    ['X-Project-Id', 'ffffffffffffffffffffffffffffffff'],
  ])('a %s hint that contradicts the account is refused', async (name, value) => {
    expect(await refusal(aSignedRequest({ headers: { [name]: value } }), sourcesWith())).toMatchObject({ status: 401 })
    const scm = aSignedRequest({ headers: { [name]: value }, target: '/v3/scm/certificates' })
    expect(await refusal(scm, sourcesWith())).toMatchObject({ status: 403, code: 'SCM.0002' })
  })

  test('agreeing and empty hints pass', async () => {
    const agreeing = { 'X-Domain-Id': domainId, 'X-Project-Id': 'fedcba9876543210fedcba9876543210' }
    for (const headers of [agreeing, { 'X-Domain-Id': '', 'X-Project-Id': '' }]) {
      expect((await authenticate(aSignedRequest({ headers }), sourcesWith())).principal).toBe(alice)
    }
  })
})
