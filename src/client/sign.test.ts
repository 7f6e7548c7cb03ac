import { describe, expect, test } from 'vitest'
import { readSignedRequest, verifySignature } from '../api/huawei/signature.ts'
import { signedHeaders } from './sign.ts'

const accessKey = { accessKeyId: 'AKTESTEXAMPLE0001', accessKeySecret: 'SKtestExampleSecret0001' }
const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const url = new URL('http://127.0.0.1:8440/api/CreateCa')
const body = '{"name":"根"}'

/** As the door reads it, perhaps with something else than what was signed. */
function holds(changed: { body?: string; target?: string; secret?: string } = {}): boolean {
  const headers = signedHeaders(accessKey, { method: 'POST', url, body, at })
  const signed = readSignedRequest(headers['authorization']!, {
    method: 'POST',
    target: changed.target ?? '/api/CreateCa',
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.from(changed.body ?? body),
  })
  return verifySignature(signed, changed.secret ?? accessKey.accessKeySecret)
}

describe('SDK-HMAC-SHA256 (huawei-wire.md §3)', () => {
  test('a signature of ours holds at our door', () => {
    expect(holds()).toBe(true)
  })

  test('it covers body, path and key', () => {
    expect(holds({ body: '{"name":"other"}' })).toBe(false)
    expect(holds({ target: '/api/DeleteCa' })).toBe(false)
    expect(holds({ secret: 'another' })).toBe(false)
  })

  test('the token of a temporary key is under the signature', () => {
    const temporary = { ...accessKey, securityToken: 'token-of-ak' }
    const headers = signedHeaders(temporary, { method: 'POST', url, body, at })
    const request = (token: string) => ({
      method: 'POST',
      target: '/api/CreateCa',
      rawHeaders: Object.entries({ ...headers, 'x-security-token': token }).flat(),
      body: Buffer.from(body),
    })
    const verified = (token: string) =>
      verifySignature(readSignedRequest(headers['authorization']!, request(token)), accessKey.accessKeySecret)
    expect(verified('token-of-ak')).toBe(true)
    expect(verified('another')).toBe(false)
  })

  test('date in whole seconds; the secret is in no header', () => {
    const headers = signedHeaders(accessKey, { method: 'POST', url, body, at })
    expect(headers['x-sdk-date']).toBe('20260102T030405Z')
    expect(headers['authorization']).toMatch(
      /^SDK-HMAC-SHA256 Access=AKTESTEXAMPLE0001, SignedHeaders=content-type;host;x-sdk-date, Signature=[0-9a-f]{64}$/,
    )
    expect(JSON.stringify(headers)).not.toContain(accessKey.accessKeySecret)
  })
})
