import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { vectorNamed, rawRequestOf } from '../../../test/vectors/alibaba/read-vectors.ts'
import { readHeaders } from './headers.ts'
import { compareBytes, percentEncode } from './percent.ts'
import { readRequest } from './read-request.ts'
import { canonicalRequestAcs3, checkSignedHeaders, verifyAcs3, type Acs3Authorization } from './signature-acs3.ts'
import { canonicalQueryV1, decodeSignatureV1, shownStringToSignV1, stringToSignV1, verifyV1 } from './signature-v1.ts'

describe('E(x), contract alibaba-wire §2 step 2', () => {
  test('A-Z a-z 0-9 - _ . ~ stay, everything else is %XX in upper case', () => {
    const stay = 'AZaz09-_.~'
    expect(percentEncode(stay)).toBe(stay)
    expect(percentEncode(" !'()*+/:=&%测")).toBe('%20%21%27%28%29%2A%2B%2F%3A%3D%26%25%E6%B5%8B')
  })

  test('names sort by their bytes, not by their code units', () => {
    expect(['😀', '\uFF5E', 'b', 'a', 'B', 'a.1', 'a1'].sort(compareBytes)).toEqual([
      'B',
      'a',
      'a.1',
      'a1',
      'b',
      '\uFF5E',
      '😀',
    ])
  })
})

describe('signature v1, contract alibaba-wire §2', () => {
  const parameters = new Map([
    ['SignatureType', ''],
    ['Signature', 'x'],
    ['Action', 'A'],
  ])

  test('step 1: empty parameters are signed, Signature is not', () => {
    expect(canonicalQueryV1(parameters)).toBe('Action=A&SignatureType=')
  })

  test('step 4: the method is part of it', () => {
    expect(stringToSignV1({ method: 'GET', parameters })).toBe('GET&%2F&Action%3DA%26SignatureType%3D')
  })

  test('only base64 of 20 bytes is a signature', () => {
    expect(decodeSignatureV1('QLRy46SpxlixepAE4ivFSvjANuo=')).toHaveLength(20)
    for (const text of ['', 'x', 'QLRy46SpxlixepAE4ivFSvjANuo', 'QLRy46SpxlixepAE4ivFSvjAN-o=', 'A'.repeat(28)]) {
      expect(decodeSignatureV1(text), text).toBeUndefined()
    }
    expect(verifyV1({ method: 'GET', parameters }, Buffer.alloc(19), 's')).toBe(false)
  })

  test('§5.1 the string that is shown has *** for secrets and is otherwise the one that is signed', () => {
    const secrets = [
      'Key',
      'EncryptPrivateKey',
      'SignPrivateKey',
      'PrivateKey',
      'SecurityToken',
      'BearerToken',
      'SecretKey',
    ]
    const withSecrets = new Map(parameters).set('Tags.1.Key', 'env').set('A.1.PrivateKey', 'hidden').set('CertId', '1*')
    for (const name of secrets) withSecrets.set(name, 'hidden')
    const shown = shownStringToSignV1({ method: 'POST', parameters: withSecrets })
    expect(shown).not.toContain('hidden')
    expect(shown).toContain('Key%3D***%26')
    expect(shown).toContain('A.1.PrivateKey%3D***%26')
    expect(shown).toContain('Tags.1.Key%3Denv')
    expect(shown).toContain('CertId%3D1%252A%26')
    expect(shown.replaceAll('***', 'hidden')).toBe(stringToSignV1({ method: 'POST', parameters: withSecrets }))
  })
})

describe('signature ACS3-HMAC-SHA256, contract alibaba-wire §3', () => {
  const vector = vectorNamed('ACS3, no body')
  const form = vectorNamed('ACS3 with form body')
  const secret = vector.accessKeySecret ?? ''
  const readAcs3 = (from: typeof vector, extra: string[] = []) => {
    const raw = rawRequestOf(from)
    const request = readRequest({ ...raw, rawHeaders: [...raw.rawHeaders, ...extra] })
    if (!request.authorization) throw new Error('the vector has no Authorization')
    return { request, authorization: request.authorization }
  }

  test('a repeated header has its values sorted and joined by a comma, each trimmed', () => {
    const headers = readHeaders(['x-acs-b', ' 2 ', 'Host', 'h', 'X-Acs-B', '\t1', 'x-acs-a', ''])
    const request = {
      method: 'GET',
      query: new Map([
        ['b', '2'],
        ['a', ''],
      ]),
      headers,
      body: new Uint8Array(),
    }
    expect(canonicalRequestAcs3(request, ['host', 'x-acs-a', 'x-acs-b']).split('\n').slice(0, 6)).toEqual([
      'GET',
      '/',
      'a=&b=2',
      'host:h',
      'x-acs-a:',
      'x-acs-b:1,2',
    ])
  })

  test('a header in UTF-8 is signed as that text', () => {
    const headers = readHeaders(['host', 'h', 'x-acs-name', Buffer.from('测').toString('latin1')])
    const request = { method: 'GET', query: new Map<string, string>(), headers, body: new Uint8Array() }
    expect(canonicalRequestAcs3(request, ['x-acs-name'])).toContain('x-acs-name:测\n')
  })

  test('long runs of blanks in a header take no time to speak of', () => {
    const value = `a${' '.repeat(1_000_000)}b`
    expect(readHeaders(['x', value]).get('x')).toEqual([value])
  })

  test.each([
    ['an x-acs header that is not in SignedHeaders', ['x-acs-certkeep-dry-run', 'false']],
    ['a security token that is not in SignedHeaders', ['X-Acs-Security-Token', 't']],
  ])('%s is IncompleteSignature, with the string to sign', (_, extra) => {
    const { request, authorization } = readAcs3(vector, extra)
    expect(() => checkSignedHeaders(request, authorization)).toThrow(
      expect.objectContaining({
        code: 'IncompleteSignature',
        message: expect.stringMatching(/ server string to sign is:ACS3-HMAC-SHA256\n[0-9a-f]{64}$/) as string,
      }),
    )
  })

  test('host must be signed, and so must the content type of a body', () => {
    for (const missing of ['host', 'content-type']) {
      const { request, authorization } = readAcs3(form)
      const signedHeaders = authorization.signedHeaders.filter((name) => name !== missing)
      expect(() => checkSignedHeaders(request, { ...authorization, signedHeaders })).toThrow(
        expect.objectContaining({ code: 'IncompleteSignature' }),
      )
    }
  })

  test('a header said to be signed must be there', () => {
    const { request, authorization } = readAcs3(vector)
    const signedHeaders = [...authorization.signedHeaders, 'x-acs-zzz']
    expect(() => checkSignedHeaders(request, { ...authorization, signedHeaders })).toThrow(
      expect.objectContaining({ code: 'IncompleteSignature' }),
    )
  })

  test('host and x-acs-content-sha256 must be there', () => {
    for (const name of ['host', 'x-acs-content-sha256']) {
      const { request, authorization } = readAcs3(vector)
      const headers = new Map(request.headers)
      headers.delete(name)
      expect(() => checkSignedHeaders({ ...request, headers }, authorization)).toThrow(
        expect.objectContaining({ code: 'MissingParameter', message: `${name} is mandatory for this action.` }),
      )
    }
  })

  test('the hash of the body must be true, even where the signature would hold over a false one', () => {
    const { request, authorization } = readAcs3(form)
    expect(verifyAcs3(request, authorization, secret)).toBe(true)
    expect(verifyAcs3({ ...request, body: Buffer.from('ClientToken=tok%201%2B3') }, authorization, secret)).toBe(false)

    // A client that signs the true hash in the last line, but says another in its header.
    const headers = new Map(request.headers).set('x-acs-content-sha256', ['UNSIGNED-PAYLOAD'])
    expect(verifyAcs3({ ...request, headers }, resigned({ ...request, headers }, authorization), secret)).toBe(false)
    const control = resigned(request, authorization)
    expect(verifyAcs3(request, control, secret)).toBe(true)
  })

  function resigned(request: Parameters<typeof verifyAcs3>[0], authorization: Acs3Authorization): Acs3Authorization {
    const canonicalRequest = canonicalRequestAcs3(request, authorization.signedHeaders)
    const hash = createHash('sha256').update(canonicalRequest).digest('hex')
    const signature = createHmac('sha256', secret).update(`ACS3-HMAC-SHA256\n${hash}`).digest()
    return { ...authorization, signature }
  }
})
