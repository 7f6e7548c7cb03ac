import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HuaweiWireError } from './errors.ts'
import type { HuaweiRequest } from './request.ts'
import { parseAuthorization, readSignedRequest, verifySignature } from './signature.ts'

interface Vector {
  name: string
  section: string
  method: string
  target: string
  headers: [string, string][]
  body: string
  canonicalRequest?: string
  canonicalSha256: string
  authorization: string
}
const file = new URL('../../../test/vectors/huawei/signature.json', import.meta.url)
const { accessKeyId, accessKeySecret, vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
  accessKeyId: string
  accessKeySecret: string
  vectors: Vector[]
}
const vector = (name: string) => vectors.find((one) => one.name === name) as Vector

const requestOf = (from: Vector): HuaweiRequest => ({
  method: from.method,
  target: from.target,
  rawHeaders: from.headers.flat(),
  body: Buffer.from(from.body),
})
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex')
const holds = (authorization: string, request: HuaweiRequest) =>
  verifySignature(readSignedRequest(authorization, request), accessKeySecret)
const refusal = (run: () => unknown): HuaweiWireError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HuaweiWireError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Signs as huawei-wire.md §3.2–3.3 says, over a canonical request given in full. */
const signed = (canonicalRequest: string, names: string) => {
  const stringToSign = `SDK-HMAC-SHA256\n20260102T030405Z\n${sha256(Buffer.from(canonicalRequest, 'latin1'))}`
  const signature = createHmac('sha256', accessKeySecret).update(stringToSign).digest('hex')
  return `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${names}, Signature=${signature}`
}
const dated = (extra: string[] = []) => ['X-Sdk-Date', '20260102T030405Z', ...extra]

describe('SDK-HMAC-SHA256 and V11-HMAC-SHA256, huawei-wire.md §3', () => {
  test.each(vectors)('$section', (one) => {
    const read = readSignedRequest(one.authorization, requestOf(one))
    if (one.canonicalRequest !== undefined) expect(read.canonicalRequest).toBe(one.canonicalRequest)
    expect(sha256(Buffer.from(read.canonicalRequest, 'latin1'))).toBe(one.canonicalSha256)
    expect(read.claim.accessKeyId).toBe(accessKeyId)
    expect(verifySignature(read, accessKeySecret)).toBe(true)
    expect(verifySignature(read, `${accessKeySecret}x`)).toBe(false)
  })

  test.each([
    ['method', { method: 'GET' }],
    ['path', { target: vector('A').target.replace('4c0e', '4c0f') }],
    ['query', { target: vector('A').target.replace('=7', '=8') }],
    ['further parameter', { target: `${vector('A').target}&a=` }],
    ['body', { body: Buffer.from('{}') }],
    [
      'signed header',
      {
        rawHeaders: vector('A')
          .headers.flat()
          .map((text) => text.replace('8080', '8081')),
      },
    ],
  ])('§3.2: a changed %s breaks the signature', (_, change) => {
    expect(holds(vector('A').authorization, { ...requestOf(vector('A')), ...change })).toBe(false)
  })

  test('§3.2: headers outside SignedHeaders, their order and case do not matter', () => {
    const request = requestOf(vector('A'))
    const rawHeaders = [
      'User-Agent',
      'anything',
      ...[...vector('A').headers].reverse().flatMap(([name, value]) => [name.toUpperCase(), ` ${value} `]),
    ]
    expect(holds(vector('A').authorization, { ...request, rawHeaders })).toBe(true)
  })

  test('§3.1: the Authorization header may lack or have spaces around its separators', () => {
    const tight = vector('A').authorization.replaceAll(', ', ',')
    const wide = vector('A').authorization.replaceAll(', ', '  ,  ').replaceAll('=', ' = ')
    expect(holds(tight, requestOf(vector('A')))).toBe(true)
    expect(parseAuthorization(wide)).toEqual(parseAuthorization(tight))
  })

  test.each([
    ['unknown fields', (text: string) => `${text}, Extra=1`],
    ['a field given twice', (text: string) => `${text}, Access=other`],
    ['no access key', (text: string) => text.replace(/Access=[^,]*, /, '')],
    ['no signature', (text: string) => text.replace(/, Signature=.*/, '')],
    ['an upper-case signature', (text: string) => text.replace(/[0-9a-f]{64}/, (hex) => hex.toUpperCase())],
    ['a header named twice', (text: string) => text.replace('host;', 'host;Host;')],
    ['no signed headers', (text: string) => text.replace(/SignedHeaders=[^,]*/, 'SignedHeaders=')],
    ['a credential of the other algorithm', (text: string) => text.replace('Access=', 'Credential=')],
    ['no algorithm', (text: string) => text.replace('SDK-HMAC-SHA256 ', '')],
    ['too great a length', (text: string) => text.replace('Access=', `Access=${'A'.repeat(9000)}`)],
  ])('§3.1: an Authorization header with %s is refused with 401', (_, change) => {
    expect(refusal(() => parseAuthorization(change(vector('A').authorization)))).toMatchObject({ status: 401 })
  })

  test.each(['SDK-HMAC-SM3', 'SDK-ECDSA-P256-SHA256', 'SDK-SM2-SM3', 'Basic', 'toString', '__proto__'])(
    '§3.5: the algorithm %s is refused with 401',
    (name) => {
      const header = vector('A').authorization.replace('SDK-HMAC-SHA256', name)
      expect(refusal(() => parseAuthorization(header))).toMatchObject({ status: 401, code: 'APIG.0301' })
    },
  )

  test('§3.3: X-Sdk-Date must be signed, be there once, and be a date of the calendar', () => {
    const unsigned = vector('A').authorization.replace(';x-sdk-date', '')
    expect(refusal(() => holds(unsigned, requestOf(vector('A'))))).toMatchObject({ status: 401 })
    const twice = { ...requestOf(vector('A')), rawHeaders: [...vector('A').headers.flat(), ...dated()] }
    expect(refusal(() => holds(vector('A').authorization, twice))).toMatchObject({ status: 401 })
    for (const date of ['20260230T030405Z', '20261302T030405Z', '20260102T030405', '2026-01-02T03:04:05Z', '']) {
      const request = { method: 'GET', target: '/', rawHeaders: ['X-Sdk-Date', date], body: Buffer.alloc(0) }
      const header = `SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=${'0'.repeat(64)}`
      expect(refusal(() => holds(header, request))).toMatchObject({ status: 401 })
    }
  })

  test('§3.2: a header that is signed but missing is refused', () => {
    const rawHeaders = vector('A').headers.slice(0, 1).concat(vector('A').headers.slice(2)).flat()
    expect(refusal(() => holds(vector('A').authorization, { ...requestOf(vector('A')), rawHeaders }))).toMatchObject({
      status: 401,
    })
  })

  test('§3.2: path segments are decoded and encoded anew, `+` is a literal plus, a bare name is signed with `=`', () => {
    const hash = sha256('')
    const canonical = `GET\n/a%2Fb/~%2B/\na=&n=1%2B1&n=2&z=%2A\nx-sdk-date:20260102T030405Z\n\nx-sdk-date\n${hash}`
    const request = {
      method: 'get',
      target: '/a%2fb/%7E+?z=*&n=2&a&&n=1+1',
      rawHeaders: dated(),
      body: Buffer.alloc(0),
    }
    expect(readSignedRequest(signed(canonical, 'x-sdk-date'), request).canonicalRequest).toBe(canonical)
    expect(holds(signed(canonical, 'x-sdk-date'), request)).toBe(true)
  })

  test.each(['/a%', '/a%4', '/a%zz', '/?a=%', '/?%e=1', 'http://h/', ''])(
    '§3.2: the target %j is refused',
    (target) => {
      const request = { method: 'GET', target, rawHeaders: dated(), body: Buffer.alloc(0) }
      expect(refusal(() => holds(signed('', 'x-sdk-date'), request))).toMatchObject({ status: 401 })
    },
  )

  describe('X-Sdk-Content-Sha256, §3.2 step 6', () => {
    const names = 'x-sdk-content-sha256;x-sdk-date'
    const canonicalOf = (given: string) =>
      `POST\n/v1/a/\n\nx-sdk-content-sha256:${given}\nx-sdk-date:20260102T030405Z\n\n${names}\n${given}`
    const requestWith = (given: string, body: string) => ({
      method: 'POST',
      target: '/v1/a',
      rawHeaders: dated(['X-Sdk-Content-Sha256', given]),
      body: Buffer.from(body),
    })

    test('a signed and true hash holds', () => {
      const given = sha256('{"a":1}')
      expect(holds(signed(canonicalOf(given), names), requestWith(given, '{"a":1}'))).toBe(true)
    })

    test('a signed but false hash is refused although the signature is right', () => {
      const given = sha256('{"a":1}')
      const changed = requestWith(given, '{"a":2}')
      expect(refusal(() => holds(signed(canonicalOf(given), names), changed)).message).toContain('not the hash')
    })

    test('an unsigned hash is refused even when it is true', () => {
      const given = sha256('{"a":1}')
      const canonical = `POST\n/v1/a/\n\nx-sdk-date:20260102T030405Z\n\nx-sdk-date\n${given}`
      const request = requestWith(given, '{"a":1}')
      expect(refusal(() => holds(signed(canonical, 'x-sdk-date'), request)).message).toContain('signed headers')
    })

    test('UNSIGNED-PAYLOAD holds for an empty body only', () => {
      const authorization = signed(canonicalOf('UNSIGNED-PAYLOAD'), names)
      expect(holds(authorization, requestWith('UNSIGNED-PAYLOAD', ''))).toBe(true)
      const withBody = requestWith('UNSIGNED-PAYLOAD', '{"a":1}')
      expect(refusal(() => holds(authorization, withBody)).message).toContain('must sign')
    })
  })

  test('§3.6: the day of a derived scope must be that of X-Sdk-Date', () => {
    const header = vector('D').authorization.replace('20260102/', '20260103/')
    expect(refusal(() => holds(header, requestOf(vector('D')))).message).toContain('scope')
  })

  test('§3.6: another region or service in the scope breaks the signature', () => {
    const header = vector('D').authorization.replace('globe', 'glob2')
    expect(holds(header, requestOf(vector('D')))).toBe(false)
  })
})
