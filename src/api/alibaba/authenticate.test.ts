import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generator, mutated } from '../../../test/vectors/alibaba/mutate.ts'
import {
  rawRequestOf,
  requestVectors,
  vectorNamed,
  type RequestVector,
} from '../../../test/vectors/alibaba/read-vectors.ts'
import { authenticate, type AccessKey, type AuthenticateDependencies, type NonceVerdict } from './authenticate.ts'
import { AlibabaWireError } from './errors.ts'
import { operationParameters, readRequest, type RawRequest } from './read-request.ts'
import { signV1, stringToSignV1 } from './signature-v1.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest()
const later = Date.parse('2026-01-15T09:30:45Z')

/** Dependencies that know the key and tokens of a vector, and note what they are asked. */
function worldOf(vector: RequestVector, change: Partial<AccessKey<string>> = {}) {
  const asked: string[] = []
  const nonces = new Map<string, number>()
  const key: AccessKey<string> = {
    accessKeyId: vector.expected.accessKeyId ?? '',
    secret: vector.accessKeySecret ?? '',
    active: true,
    principal: 'alice',
    ...(vector.securityToken !== undefined && {
      session: { tokenSha256: sha256(vector.securityToken), expiresAtMs: later },
    }),
    ...change,
  }
  const dependencies: AuthenticateDependencies<string> = {
    refuseApi: ({ version, action }) => {
      asked.push(`api ${version} ${action}`)
      return undefined
    },
    findAccessKey: (id) => {
      asked.push(`key ${id}`)
      return Promise.resolve(id === key.accessKeyId ? key : undefined)
    },
    findBearerToken: (hash) => {
      asked.push('bearer')
      const known = vector.bearerToken !== undefined && sha256(vector.bearerToken).equals(hash)
      return Promise.resolve(known ? { principal: 'bob', expiresAtMs: later } : undefined)
    },
    nonces: {
      remember: (id, nonce, timestampMs): NonceVerdict => {
        asked.push(`nonce ${nonce}`)
        if (nonces.has(`${id} ${nonce}`)) return 'used'
        nonces.set(`${id} ${nonce}`, timestampMs)
        return 'fresh'
      },
    },
    wallClock: { now: () => Date.parse(vector.now) },
  }
  return { asked, dependencies }
}

async function refusal(raw: RawRequest, dependencies: AuthenticateDependencies<string>): Promise<AlibabaWireError> {
  try {
    await authenticate(readRequest(raw), dependencies)
  } catch (error) {
    expect(error).toBeInstanceOf(AlibabaWireError)
    return error as AlibabaWireError
  }
  throw new Error('the caller was let in')
}

/** The vector with one parameter of its query set (or taken out), signed again with the vector's secret. */
function signedAgain(vector: RequestVector, name: string, value: string | undefined): RawRequest {
  const raw = rawRequestOf(vector)
  const parameters = new Map(readRequest(raw).parameters)
  if (value === undefined) parameters.delete(name)
  else parameters.set(name, value)
  if (name !== 'Signature') {
    const signature = signV1(vector.accessKeySecret ?? '', stringToSignV1({ method: raw.method, parameters }))
    parameters.set('Signature', signature.toString('base64'))
  }
  return { ...raw, rawUrl: `/?${new URLSearchParams([...parameters]).toString()}` }
}

const withoutHeader = (raw: RawRequest, name: string): RawRequest => {
  const at = raw.rawHeaders.indexOf(name)
  return { ...raw, rawHeaders: raw.rawHeaders.toSpliced(at, 2) }
}

const v1 = vectorNamed('v1, GET')
const acs3 = vectorNamed('ACS3, no body')
const acs3Form = vectorNamed('ACS3 with form body')
const sts = vectorNamed('ACS3 with STS token')
const bearer = vectorNamed('bearer, ACS3 style')

describe('every vector of contract alibaba-wire §7 is let in', () => {
  test.each(requestVectors)('§$section $title', async (vector) => {
    const { dependencies } = worldOf(vector)
    const { principal, request, signed } = await authenticate(readRequest(rawRequestOf(vector)), dependencies)
    expect(principal).toBe(vector.bearerToken === undefined ? 'alice' : 'bob')
    expect(request.action).toBe(vector.expected.action)
    if (vector.bearerToken === undefined) {
      expect(signed).toMatchObject({
        accessKeyId: vector.expected.accessKeyId,
        timestampMs: Date.parse(vector.now),
        nonce: request.common.nonce,
      })
    } else {
      expect(signed).toBeUndefined()
    }
  })
})

describe('required common parameters, contract alibaba-wire §1.1 and §1.2', () => {
  test.each([
    'Action',
    'Version',
    'Timestamp',
    'SignatureNonce',
    'AccessKeyId',
    'SignatureMethod',
    'SignatureVersion',
    'Signature',
  ])('v1 without %s, or with an empty one: MissingParameter', async (name) => {
    for (const value of [undefined, '']) {
      const { asked, dependencies } = worldOf(v1)
      expect(await refusal(signedAgain(v1, name, value), dependencies)).toMatchObject({
        status: 400,
        code: 'MissingParameter',
        message: `${name} is mandatory for this action.`,
      })
      expect(asked).toEqual([])
    }
  })

  test.each(['x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256', 'host'])(
    'ACS3 without %s: MissingParameter',
    async (name) => {
      const { asked, dependencies } = worldOf(acs3)
      expect(await refusal(withoutHeader(rawRequestOf(acs3), name), dependencies)).toMatchObject({
        code: 'MissingParameter',
        message: `${name} is mandatory for this action.`,
      })
      expect(asked).toEqual([])
    },
  )

  test('bearer without BearerToken: MissingParameter', async () => {
    const vector = vectorNamed('bearer, v1 style')
    const raw = rawRequestOf(vector)
    const missing = { ...raw, rawUrl: raw.rawUrl.replace('BearerToken=bt-123&', '') }
    expect(await refusal(missing, worldOf(vector).dependencies)).toMatchObject({
      code: 'MissingParameter',
      message: 'BearerToken is mandatory for this action.',
    })
  })

  test('another signature method or version is refused', async () => {
    const { dependencies } = worldOf(v1)
    expect(await refusal(signedAgain(v1, 'SignatureMethod', 'HMAC-SHA256'), dependencies)).toMatchObject({
      code: 'InvalidSignatureMethod',
    })
    expect(await refusal(signedAgain(v1, 'SignatureVersion', '2.0'), dependencies)).toMatchObject({
      code: 'InvalidSignatureVersion',
    })
  })

  test('a signature that is not base64 of 20 bytes is IncompleteSignature with the string to sign', async () => {
    const error = await refusal(signedAgain(v1, 'Signature', 'x'), worldOf(v1).dependencies)
    expect(error.code).toBe('IncompleteSignature')
    expect(error.message.endsWith(` server string to sign is:${v1.expected.stringToSign}`)).toBe(true)
  })
})

describe('the order of the checks, contract alibaba-wire §4', () => {
  test('an unknown operation is refused before the key is looked up', async () => {
    const { asked, dependencies } = worldOf(v1)
    const unknown = { ...dependencies, refuseApi: () => 'InvalidAction.NotFound' as const }
    expect(await refusal(rawRequestOf(v1), unknown)).toMatchObject({ status: 404, code: 'InvalidAction.NotFound' })
    expect(asked).toEqual([])
  })

  test('the operation is judged by version, action and method', async () => {
    const { dependencies } = worldOf(v1)
    let seen: unknown
    const noting: typeof dependencies = {
      ...dependencies,
      refuseApi: (api) => {
        seen = api
        return 'InvalidVersion'
      },
    }
    expect((await refusal(rawRequestOf(v1), noting)).code).toBe('InvalidVersion')
    expect(seen).toEqual({ version: '2020-04-07', action: 'DeleteUserCertificate', method: 'GET' })
  })

  test.each([v1, acs3])('$title: an unknown key comes before time and signature', async (vector) => {
    const { asked, dependencies } = worldOf(vector, { accessKeyId: 'another' })
    const longAgo = { ...dependencies, wallClock: { now: () => 0 } }
    expect(await refusal(rawRequestOf(vector), longAgo)).toMatchObject({
      status: 404,
      code: 'InvalidAccessKeyId.NotFound',
      message: 'Specified access key is not found.',
    })
    expect(asked.filter((question) => question.startsWith('nonce'))).toEqual([])
  })

  test.each([v1, acs3])('$title: an inactive key comes before time and signature', async (vector) => {
    const { dependencies } = worldOf(vector, { active: false, secret: 'wrong' })
    const longAgo = { ...dependencies, wallClock: { now: () => 0 } }
    expect((await refusal(rawRequestOf(vector), longAgo)).code).toBe('InvalidAccessKeyId.Inactive')
  })

  test.each([v1, acs3])('$title: the time comes before the signature', async (vector) => {
    const { asked, dependencies } = worldOf(vector, { secret: 'wrong' })
    const late = Date.parse(vector.now) + 900_001
    expect((await refusal(rawRequestOf(vector), { ...dependencies, wallClock: { now: () => late } })).code).toBe(
      'InvalidTimeStamp.Expired',
    )
    expect(asked.filter((question) => question.startsWith('nonce'))).toEqual([])
  })

  test('an unparsable time is InvalidTimeStamp.Format', async () => {
    const raw = signedAgain(v1, 'Timestamp', '2026-01-15 08:30:45')
    expect((await refusal(raw, worldOf(v1).dependencies)).code).toBe('InvalidTimeStamp.Format')
  })

  test.each([v1, acs3])('$title: a wrong signature uses up no nonce', async (vector) => {
    const { asked, dependencies } = worldOf(vector, { secret: 'wrong' })
    expect(await refusal(rawRequestOf(vector), dependencies)).toMatchObject({
      status: 400,
      code: 'SignatureDoesNotMatch',
    })
    expect(asked.filter((question) => question.startsWith('nonce'))).toEqual([])
  })

  test.each([v1, acs3])('$title: the same request again is SignatureNonceUsed', async (vector) => {
    const { dependencies } = worldOf(vector)
    await authenticate(readRequest(rawRequestOf(vector)), dependencies)
    expect(await refusal(rawRequestOf(vector), dependencies)).toMatchObject({ status: 400, code: 'SignatureNonceUsed' })
  })

  test('a key without room for another nonce is throttled', async () => {
    const { dependencies } = worldOf(v1)
    const full = { ...dependencies, nonces: { remember: () => Promise.resolve('full' as const) } }
    const error = await refusal(rawRequestOf(v1), full)
    expect(error.code).toBe('Throttling.User')
    expect(error.extra.retryAfterMs).toBeGreaterThan(0)
  })

  test('the token is looked at last: a wrong one uses up the nonce of its own caller', async () => {
    const session = { tokenSha256: sha256('another'), expiresAtMs: later }
    const { asked, dependencies } = worldOf(sts, { session })
    expect((await refusal(rawRequestOf(sts), dependencies)).code).toBe('InvalidSecurityToken.MismatchWithAccessKey')
    expect(asked.at(-1)).toMatch(/^nonce/)
  })
})

describe('a changed request does not match its signature', () => {
  test('§5.1 v1: the refusal ends in the string to sign, with *** for secrets', async () => {
    const plain = await refusal(rawRequestOf(v1), worldOf(v1, { secret: 'wrong' }).dependencies)
    expect(plain.message.endsWith(` server string to sign is:${v1.expected.stringToSign}`)).toBe(true)

    const vector = vectorNamed('v1, POST with awkward characters')
    const raw = rawRequestOf(vector)
    const changed = { ...raw, body: Buffer.from(Buffer.from(raw.body).toString().replace('Key=k&', 'Key=hushhush&')) }
    const secretive = await refusal(changed, worldOf(vector).dependencies)
    expect(secretive.message).toContain('%26Key%3D***%26')
    expect(secretive.message).not.toContain('hushhush')
  })

  test('§5.1 ACS3: the refusal ends in the string to sign', async () => {
    const { message } = await refusal(rawRequestOf(acs3), worldOf(acs3, { secret: 'wrong' }).dependencies)
    expect(message.endsWith(` server string to sign is:${acs3.expected.stringToSign}`)).toBe(true)
  })

  test('a string to sign of unreasonable length is not repeated', async () => {
    const raw = { ...rawRequestOf(v1), method: 'POST', body: Buffer.from(`Big=${'%25'.repeat(20_000)}`) }
    const rawHeaders = [...raw.rawHeaders, 'content-type', 'application/x-www-form-urlencoded']
    const { code, message } = await refusal({ ...raw, rawHeaders }, worldOf(v1).dependencies)
    expect(code).toBe('SignatureDoesNotMatch')
    expect(message.length).toBeLessThan(100)
  })

  test.each([
    ['method', v1, (raw: RawRequest) => ({ ...raw, method: 'POST' })],
    ['parameter', v1, (raw: RawRequest) => ({ ...raw, rawUrl: raw.rawUrl.replace('7562353', '7562354') })],
    ['parameter', acs3, (raw: RawRequest) => ({ ...raw, rawUrl: '/?CertId=7562354' })],
    ['body', acs3Form, (raw: RawRequest) => ({ ...raw, body: Buffer.from('ClientToken=x') })],
    ['host', acs3, (raw: RawRequest) => ({ ...raw, rawHeaders: ['host', 'other', ...raw.rawHeaders.slice(2)] })],
  ] as const)('another %s, %#', async (_, vector, change) => {
    const error = await refusal(change(rawRequestOf(vector)), worldOf(vector).dependencies)
    expect(error.code).toBe('SignatureDoesNotMatch')
  })

  test('an unsigned parameter slipped into the form of an ACS3 request is refused', async () => {
    const raw = { ...rawRequestOf(acs3), body: Buffer.from('Force=true') }
    const rawHeaders = [...raw.rawHeaders, 'content-type', 'application/x-www-form-urlencoded']
    expect((await refusal({ ...raw, rawHeaders }, worldOf(acs3).dependencies)).code).toBe('IncompleteSignature')
  })

  test('no mutation of a signed request is let in with another meaning: 10000 mutations', async () => {
    const random = generator(407)
    const signed = requestVectors.filter(({ bearerToken }) => bearerToken === undefined)
    let same = 0
    for (let i = 0; i < 10_000; i++) {
      const vector = signed[random(signed.length)]
      if (!vector) throw new Error('no vectors')
      const raw = mutated(rawRequestOf(vector), random)
      try {
        const { request } = await authenticate(readRequest(raw), worldOf(vector).dependencies)
        expect(Object.fromEntries(operationParameters(request))).toEqual(vector.expected.parameters)
        expect(request).toMatchObject({
          action: vector.expected.action,
          version: vector.expected.version,
          dryRun: false,
        })
        same++
      } catch (error) {
        if (!(error instanceof AlibabaWireError)) throw error
      }
    }
    expect(same).toBeLessThan(5000)
  })
})

describe('tokens, contract alibaba-wire §4', () => {
  test('a temporary key without its token: MissingSecurityToken', async () => {
    const session = { tokenSha256: sha256('t'), expiresAtMs: later }
    expect(await refusal(rawRequestOf(v1), worldOf(v1, { session }).dependencies)).toMatchObject({
      status: 400,
      code: 'MissingSecurityToken',
      message: 'SecurityToken is mandatory for this action.',
    })
  })

  test('v1: the token is a signed parameter', async () => {
    const session = { tokenSha256: sha256('t'), expiresAtMs: later }
    const { dependencies } = worldOf(v1, { session })
    const { principal } = await authenticate(readRequest(signedAgain(v1, 'SecurityToken', 't')), dependencies)
    expect(principal).toBe('alice')
    const other = worldOf(v1, { session }).dependencies
    expect((await refusal(signedAgain(v1, 'SecurityToken', 'u'), other)).code).toBe(
      'InvalidSecurityToken.MismatchWithAccessKey',
    )
  })

  test('a token with a key that has none: MismatchWithAccessKey', async () => {
    const { dependencies } = worldOf(v1)
    expect((await refusal(signedAgain(v1, 'SecurityToken', 't'), dependencies)).code).toBe(
      'InvalidSecurityToken.MismatchWithAccessKey',
    )
  })

  test('a token is good until it expires, by the wall clock', async () => {
    for (const [expiresAtMs, code] of [
      [Date.parse(sts.now), 'InvalidSecurityToken.Expired'],
      [Date.parse(sts.now) + 1, undefined],
    ] as const) {
      const session = { tokenSha256: sha256(sts.securityToken ?? ''), expiresAtMs }
      const { dependencies } = worldOf(sts, { session })
      if (code === undefined) {
        expect((await authenticate(readRequest(rawRequestOf(sts)), dependencies)).principal).toBe('alice')
      } else {
        expect((await refusal(rawRequestOf(sts), dependencies)).code).toBe(code)
      }
    }
  })

  test('a token of unreasonable length is malformed', async () => {
    const { dependencies } = worldOf(v1)
    const long = 't'.repeat(16 * 1024 + 1)
    expect((await refusal(signedAgain(v1, 'SecurityToken', long), dependencies)).code).toBe(
      'InvalidSecurityToken.Malformed',
    )
  })
})

describe('bearer tokens, contract alibaba-wire §7.10', () => {
  test('an unknown token is refused, and so is any where none are served', async () => {
    const { dependencies } = worldOf(bearer)
    const unknown = { ...dependencies, findBearerToken: () => Promise.resolve(undefined) }
    const none = { ...dependencies }
    delete none.findBearerToken
    for (const world of [unknown, none]) {
      expect(await refusal(rawRequestOf(bearer), world)).toMatchObject({
        status: 400,
        code: 'InvalidSecurityToken.MismatchWithAccessKey',
      })
    }
  })

  test('an expired token, an old time, a false hash are refused', async () => {
    const { dependencies } = worldOf(bearer)
    const at = (now: number) => ({ ...dependencies, wallClock: { now: () => now } })
    expect((await refusal(rawRequestOf(bearer), at(later))).code).toBe('InvalidTimeStamp.Expired')
    const expired = {
      ...dependencies,
      findBearerToken: () => Promise.resolve({ principal: 'bob', expiresAtMs: Date.parse(bearer.now) }),
    }
    expect((await refusal(rawRequestOf(bearer), expired)).code).toBe('InvalidSecurityToken.Expired')

    const raw = { ...rawRequestOf(bearer), body: Buffer.from('A=1') }
    const rawHeaders = [...raw.rawHeaders, 'content-type', 'application/x-www-form-urlencoded']
    expect((await refusal({ ...raw, rawHeaders }, dependencies)).code).toBe('SignatureDoesNotMatch')
  })
})
