import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generator, mutated } from '../../../test/vectors/alibaba/mutate.ts'
import { rawRequestOf, requestVectors, vectorNamed } from '../../../test/vectors/alibaba/read-vectors.ts'
import { AlibabaWireError } from './errors.ts'
import { hostOf } from './headers.ts'
import { limits } from './limits.ts'
import { operationParameters, readRequest, type RawRequest } from './read-request.ts'

const formType = ['content-type', 'application/x-www-form-urlencoded']

const get = (query: string, headers: string[] = []): RawRequest => ({
  method: 'GET',
  rawUrl: `/${query && '?'}${query}`,
  rawHeaders: ['Host', 'cas.test', ...headers],
  body: new Uint8Array(),
})

const post = (query: string, form: string | Uint8Array, headers: string[] = formType): RawRequest => ({
  ...get(query, headers),
  method: 'POST',
  body: typeof form === 'string' ? Buffer.from(form) : form,
})

/** What readRequest refuses with. */
function refusal(raw: RawRequest): { code: string; status: number; message: string } {
  try {
    readRequest(raw)
  } catch (error) {
    expect(error).toBeInstanceOf(AlibabaWireError)
    const { code, status, message } = error as AlibabaWireError
    return { code, status, message }
  }
  throw new Error('the request was read')
}

describe('parameters, contract alibaba-wire §1', () => {
  test('are the pairs of the query and of the form together', () => {
    const { parameters, query } = readRequest(post('A=1&B=', 'C=3'))
    expect([...parameters]).toEqual([
      ['A', '1'],
      ['B', ''],
      ['C', '3'],
    ])
    expect([...query.keys()]).toEqual(['A', 'B'])
  })

  test('a plus is a space in query and form, %2B is a plus', () => {
    const { parameters } = readRequest(post('A=x+y%2Bz', 'B=x+y%2Bz'))
    expect([...parameters.values()]).toEqual(['x y+z', 'x y+z'])
  })

  test('a name without value is empty text, a value may hold an equals sign, empty pairs are nothing', () => {
    expect([...readRequest(get('A&&B=c=d&')).parameters]).toEqual([
      ['A', ''],
      ['B', 'c=d'],
    ])
  })

  test('are UTF-8, escaped or not, and a byte order mark is kept', () => {
    expect(readRequest(get('A=%E6%B5%8B%EF%BB%BF')).parameters.get('A')).toBe('测\uFEFF')
    expect(readRequest(get(`A=${Buffer.from('测').toString('latin1')}`)).parameters.get('A')).toBe('测')
    expect(readRequest(post('', '\uFEFFA=测')).parameters.get('\uFEFFA')).toBe('测')
  })

  test.each([
    ['twice in the query', get('A=1&A=1')],
    ['twice in the form', post('', 'A=1&A=2')],
    ['in query and form', post('A=1', 'A=1')],
    ['twice in two spellings', get('A=1&%41=1')],
  ])('the same name %s is refused', (_, raw) => {
    expect(refusal(raw)).toMatchObject({ code: 'InvalidParameter', status: 400 })
  })

  test.each(['A=%', 'A=%4', 'A=%zz', 'A=%FF', 'A=%C0%80', 'A=%ED%A0%80', 'A=%E6%B5'])('%s is refused', (query) => {
    expect(refusal(get(query))).toEqual({
      code: 'InvalidA',
      status: 400,
      message: 'Specified parameter A is not valid.',
    })
    expect(refusal(post('', query)).code).toBe('InvalidA')
  })

  test.each(['%zz=1', '=1', `${'n'.repeat(limits.parameterNameChars + 1)}=1`])(
    'a malformed name is refused',
    (query) => {
      expect(refusal(get(query)).code).toBe('InvalidParameter')
    },
  )

  test('a name from the caller is not repeated in the code when no parameter is called so', () => {
    expect(refusal(get('<b>=%zz')).code).toBe('InvalidParameter')
  })

  test('a raw byte that is not UTF-8, a space, a control character or a fragment is refused', () => {
    for (const bad of ['A=\xFF', 'A= 1', 'A=\n', 'A=1#x', 'A=\u6d4b']) {
      expect(refusal(get(bad)).code, JSON.stringify(bad)).toBe('InvalidParameter')
    }
    expect(refusal(post('', new Uint8Array([0x41, 0x3d, 0xff]))).code).toBe('InvalidParameter')
  })

  test('a thousand are read, one more is refused, over query and form together', () => {
    const pairs = (count: number, letter: string) => Array.from({ length: count }, (_, i) => `${letter}${i}=`).join('&')
    expect(readRequest(post(pairs(500, 'q'), pairs(500, 'f'))).parameters.size).toBe(limits.parameters)
    expect(refusal(post(pairs(500, 'q'), pairs(501, 'f'))).code).toBe('InvalidParameter')
  })

  test('common names are kept from the operation, RegionId is not one of them', () => {
    const request = readRequest(get('Action=A&Version=V&Format=xml&Timestamp=T&RegionId=r&CertId=1&SecurityToken=t'))
    expect([...operationParameters(request).keys()]).toEqual(['RegionId', 'CertId'])
  })
})

describe('the request, contract alibaba-wire §1', () => {
  test('the target may have 64 KiB', () => {
    const longest = `A=${'x'.repeat(limits.requestTargetBytes - '/?A='.length)}`
    expect(readRequest(get(longest)).parameters.get('A')).toHaveLength(limits.requestTargetBytes - 4)
    expect(refusal(get(`${longest}x`)).code).toBe('InvalidParameter')
  })

  test('a body over the limit is refused', () => {
    expect(refusal(post('', new Uint8Array(limits.bodyBytes + 1))).code).toBe('InvalidParameter')
  })

  test('§1 the path is always /', () => {
    expect(readRequest({ ...get(''), rawUrl: '/?' }).parameters.size).toBe(0)
    for (const rawUrl of ['/x', '', '//', '*', 'http://cas.test/?A=1', '/%2F?A=1']) {
      expect(refusal({ ...get(''), rawUrl }), rawUrl).toMatchObject({ code: 'InvalidAction.NotFound', status: 404 })
    }
  })

  test.each(['PUT', 'DELETE', 'HEAD', 'get'])('method %s is refused', (method) => {
    expect(refusal({ ...get(''), method })).toMatchObject({ code: 'UnsupportedHTTPMethod', status: 403 })
  })

  test('a body is read as a form only when it says it is one, and never passed over', () => {
    expect(
      readRequest(post('', 'A=1', ['Content-Type', 'Application/X-WWW-form-urlencoded; charset=utf-8'])),
    ).toBeTruthy()
    expect(readRequest(post('A=1', '', ['content-type', 'application/json; charset=utf-8'])).parameters.size).toBe(1)
    expect(refusal(post('', '{"A":1}', ['content-type', 'application/json'])).code).toBe('InvalidParameter')
    expect(refusal(post('', 'A=1', [])).code).toBe('InvalidParameter')
  })

  test('§5.2 a body of another length or MD5 than announced is refused', () => {
    const md5 = createHash('md5').update('A=1').digest('base64')
    expect(readRequest(post('', 'A=1', [...formType, 'content-length', '3', 'content-md5', md5])).body).toHaveLength(3)
    expect(refusal(post('', 'A=1', [...formType, 'content-length', '4'])).code).toBe('ContentLengthDoesNotMatch')
    expect(refusal(post('', 'A=2', [...formType, 'content-md5', md5])).code).toBe('ContentMD5NotMatched')
  })

  test('§1.1 Format is compared without case; another one is refused', () => {
    expect(readRequest(get('Format=json')).format).toBe('JSON')
    expect(readRequest(get('Format=Xml')).format).toBe('XML')
    expect(readRequest(get('')).format).toBe('JSON')
    expect(refusal(get('Format=yaml')).code).toBe('InvalidParameter.Format')
  })

  test('headers that mean something may occur once only', () => {
    for (const name of ['Authorization', 'Host', 'X-Acs-Bearer-Token', 'Content-Type', 'X-Acs-Certkeep-Dry-Run']) {
      expect(refusal({ ...get(''), rawHeaders: [name, 'a', name, 'a'] }).code, name).toBe('InvalidParameter')
    }
    const acs3 = rawRequestOf(vectorNamed('ACS3, no body'))
    for (const name of ['x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce']) {
      expect(refusal({ ...acs3, rawHeaders: [...acs3.rawHeaders, name, 'a'] }).code, name).toBe('InvalidParameter')
    }
  })

  test('too many headers, or half a header, are refused', () => {
    expect(refusal(get('', ['x'])).code).toBe('InvalidParameter')
    expect(
      refusal(
        get(
          '',
          Array.from({ length: limits.headers * 2 }, () => 'x'),
        ),
      ).code,
    ).toBe('InvalidParameter')
  })

  test('an action, id or nonce of unreasonable length is refused by its name', () => {
    const long = 'x'.repeat(limits.commonValueChars + 1)
    for (const name of ['Action', 'Version', 'AccessKeyId', 'SignatureNonce', 'Timestamp']) {
      expect(refusal(get(`${name}=${long}`)).code).toBe(`Invalid${name}`)
    }
  })

  test('the host asked is the first Host header', () => {
    expect(hostOf(['Accept', 'host', 'HOST', 'cas.test:1', 'host', 'b'])).toBe('cas.test:1')
    expect(hostOf([])).toBe('')
  })
})

describe('where the common values are, contract alibaba-wire §1', () => {
  test('v1 ignores the unsigned x-acs-action and x-acs-version that SDKs add', () => {
    const request = readRequest(get('Action=A&Version=V', ['x-acs-action', 'B', 'x-acs-version', 'W']))
    expect(request).toMatchObject({ style: 'v1', commonIn: 'parameters', action: 'A', version: 'V' })
  })

  test('ACS3 ignores parameters called Action and Version', () => {
    const raw = rawRequestOf(vectorNamed('ACS3, no body'))
    const request = readRequest({ ...raw, rawUrl: '/?Action=B&Version=W&AccessKeyId=x' })
    expect(request).toMatchObject({ style: 'acs3', action: 'DeleteUserCertificate', version: '2020-04-07' })
    expect(request.common.accessKeyId).toBe('LTAItestAccessKeyId0001')
  })

  test('a signature and a bearer token together are refused', () => {
    const raw = rawRequestOf(vectorNamed('ACS3, no body'))
    expect(refusal({ ...raw, rawHeaders: [...raw.rawHeaders, 'x-acs-bearer-token', 't'] }).code).toBe(
      'IncompleteSignature',
    )
  })

  test('an Authorization header that is not the vendor’s counts as none', () => {
    expect(readRequest(get('Action=A', ['Authorization', 'Basic eDp5'])).style).toBe('v1')
    expect(readRequest(get('', ['Authorization', 'bearer t', 'x-acs-bearer-token', 't'])).style).toBe('bearer')
  })

  test('SignatureType is empty or BEARERTOKEN', () => {
    expect(readRequest(get('SignatureType=')).style).toBe('v1')
    expect(readRequest(get('SignatureType=BEARERTOKEN')).style).toBe('bearer')
    expect(refusal(get('SignatureType=PRIVATEKEY')).code).toBe('InvalidSignatureType')
  })
})

describe('dry run is part of what is signed (design §3)', () => {
  const acs3 = rawRequestOf(vectorNamed('ACS3, no body'))
  const withHeader = (value: string) => ({
    ...acs3,
    rawHeaders: [...acs3.rawHeaders, 'x-acs-certkeep-dry-run', value],
  })

  test('v1 asks by parameter, ACS3 by header or parameter', () => {
    expect(readRequest(get('DryRun=true')).dryRun).toBe(true)
    expect(readRequest(get('DryRun=false')).dryRun).toBe(false)
    expect(readRequest(get('')).dryRun).toBe(false)
    expect(readRequest(withHeader('true')).dryRun).toBe(true)
    expect(readRequest({ ...withHeader('false'), rawUrl: '/?DryRun=true' }).dryRun).toBe(true)
  })

  test('another spelling is refused, for it would act for real', () => {
    for (const value of ['True', '1', 'yes', '']) {
      expect(refusal(get(`DryRun=${value}`)).code).toBe('InvalidDryRun')
      expect(refusal(withHeader(value)).code).toBe('InvalidDryRun')
    }
  })

  test('an unsigned wish is refused', () => {
    expect(refusal(get('', ['x-acs-certkeep-dry-run', 'true'])).code).toBe('InvalidParameter')
    expect(refusal(get('SignatureType=BEARERTOKEN&DryRun=true')).code).toBe('InvalidParameter')
    expect(refusal(get('', ['x-acs-bearer-token', 't', 'x-acs-certkeep-dry-run', 'true'])).code).toBe(
      'InvalidParameter',
    )
  })
})

describe('Authorization, contract alibaba-wire §3', () => {
  const vector = vectorNamed('ACS3, no body')
  const authorization = vector.request.headers.at(-1) ?? ''
  const withAuthorization = (value: string): RawRequest => ({
    ...rawRequestOf(vector),
    rawHeaders: [...vector.request.headers.slice(0, -1), value],
  })

  test('single spaces after the commas are tolerated', () => {
    const { authorization: read } = readRequest(withAuthorization(authorization.replaceAll(',', ', ')))
    expect(read?.signedHeaders).toContain('host')
    expect(read?.signature).toHaveLength(32)
  })

  test.each(['ACS3-HMAC-SM3', 'ACS3-RSA-SHA256', 'ACS4-HMAC-SHA256', 'ACS3-HMAC-SHA2567'])('%s is refused', (name) => {
    expect(refusal(withAuthorization(authorization.replace('ACS3-HMAC-SHA256', name)))).toMatchObject({
      code: 'InvalidSignatureMethod',
      status: 400,
    })
  })

  test.each([
    ['no fields', () => 'ACS3-HMAC-SHA256'],
    ['no signature', (text: string) => text.replace(/,Signature=.*/, '')],
    ['a field twice', (text: string) => `${text},Signature=${'0'.repeat(64)}`],
    ['another field', (text: string) => `${text},Other=1`],
    ['an empty field', (text: string) => `${text},`],
    ['an empty credential', (text: string) => text.replace(/Credential=[^,]*/, 'Credential=')],
    ['an upper-case signed header', (text: string) => text.replace('host;', 'Host;')],
    ['a signed header twice', (text: string) => text.replace('host;', 'host;host;')],
    ['an empty signed header', (text: string) => text.replace('host;', 'host;;')],
    ['a short signature', (text: string) => text.slice(0, -1)],
    ['an upper-case signature', (text: string) => text.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())],
  ])('%s is refused', (_, change) => {
    expect(refusal(withAuthorization(change(authorization))).code).toBe('IncompleteSignature')
  })
})

describe('whatever comes', () => {
  test('is read or refused with an AlibabaWireError: 10000 mutations of the vectors', () => {
    const random = generator(20260115)
    const outcomes = { read: 0, refused: 0 }
    for (let i = 0; i < 10_000; i++) {
      const vector = requestVectors[random(requestVectors.length)]
      if (!vector) throw new Error('no vectors')
      const raw = mutated(rawRequestOf(vector), random)
      try {
        const request = readRequest(raw)
        operationParameters(request)
        outcomes.read++
      } catch (error) {
        if (!(error instanceof AlibabaWireError)) throw error
        outcomes.refused++
      }
    }
    expect(outcomes.read + outcomes.refused).toBe(10_000)
    expect(outcomes.read).toBeGreaterThan(1000)
    expect(outcomes.refused).toBeGreaterThan(1000)
  })
})
