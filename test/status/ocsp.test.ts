import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, leaf, rootCa, until } from '../support/life.ts'
import { file, openssl } from '../support/openssl.ts'
import { startService, type Service } from '../support/service.ts'
import { asked, ocspRequest, opensslAsks, opensslReads, pemOfCa, type Asked } from './openssl-ocsp.ts'

let service: Service
let caId: string
let valid: Asked
beforeAll(async () => {
  service = await startService()
  caId = await rootCa(service)
  valid = await asked(service, caId, await leaf(service, caId))
  await responderOf(caId)
})
afterAll(() => service[Symbol.asyncDispose]())

const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)

const post = (ca: string, body: Uint8Array, headers: Record<string, string> = {}) =>
  fetch(`${service.url}/ocsp/${ca}`, {
    method: 'POST',
    headers: { 'content-type': 'application/ocsp-request', ...headers },
    body: Buffer.from(body),
  })
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())
const hexOf = async (response: Response) => Buffer.from(await bytesOf(response)).toString('hex')

const errors = { malformedRequest: '30030a0101', tryLater: '30030a0103', unauthorized: '30030a0106' }

/** The job that certifies it takes a moment. */
async function responderOf(ca: string, request = ocspRequest(valid, '-no_nonce')): Promise<void> {
  await until('a responder', async () => (await hexOf(await post(ca, request))) !== errors.tryLater)
}

describe('openssl asks', () => {
  test.each([
    ['SHA-1, with a nonce', []],
    ['SHA-1, without', ['-no_nonce']],
    ['SHA-256, with a nonce', ['-sha256']],
    ['SHA-256, without', ['-sha256', '-no_nonce']],
  ])('by POST, %s: a valid certificate is good', async (_, options) => {
    const said = await opensslAsks(service, valid, ...options)
    expect(said).toContain('Response verify OK')
    expect(said).toContain('leaf.pem: good')
    expect(said).not.toContain('WARNING')
  })

  test.each(['rsa2048', 'p384', 'p521', 'ed25519'])(
    'of a CA with a key of kind %s: its delegate answers with P-256',
    async (keyAlgorithm) => {
      const { caId: id } = await call('CreateCa', {
        type: 'root',
        subject: { commonName: keyAlgorithm, country: 'CN' },
        keyAlgorithm,
        ...(keyAlgorithm === 'ed25519' ? {} : { signatureHash: 'sha384' }),
        validity: { unit: 'year', amount: 10 },
      })
      const of = await asked(service, id as string, await leaf(service, id as string))
      await responderOf(of.caId, ocspRequest(of))
      const said = await opensslAsks(service, of, '-resp_text')
      expect(said).toContain('Response verify OK')
      expect(said).toContain('leaf.pem: good')
      expect(said).toContain('Signature Algorithm: ecdsa-with-SHA256')
      expect(said).toContain('OCSP No Check')
    },
  )

  test('several certificates at once', async () => {
    const another = await asked(service, caId, await leaf(service, caId, 'b.example.com'))
    const said = await opensslAsks(service, valid, '-issuer', valid.ca, '-cert', another.certificate)
    expect(said).toContain('Response verify OK')
    expect(said.match(/leaf.pem: good/g)).toHaveLength(2)
  })

  test('a revoked certificate: within a second in the answer of every thread, with its reason and time', async () => {
    const id = await leaf(service, caId)
    const of = await asked(service, caId, id)
    const request = ocspRequest(of, '-no_nonce')
    const good = await Promise.all(Array.from({ length: 8 }, async () => bytesOf(await post(caId, request))))
    for (const answer of good) expect(opensslReads(of, request, answer)).toContain('leaf.pem: good')

    await call('RevokeCertificate', { certificateId: id, reason: 'keyCompromise' })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const after = await Promise.all(
      Array.from({ length: 16 }, async () => bytesOf(await post(caId, request, { connection: 'close' }))),
    )
    for (const answer of new Set(after.map((each) => Buffer.from(each).toString('hex')))) {
      const said = opensslReads(of, request, Buffer.from(answer, 'hex'))
      expect(said).toContain('Response verify OK')
      expect(said).toContain('leaf.pem: revoked')
      expect(said).toContain('Reason: keyCompromise')
      expect(said).toMatch(/Revocation Time: \w/)
    }
  })
})

describe('GET, RFC 6960 A.1', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${service.url}/ocsp/${caId}/${path}`, { headers, method })
  const request = () => ocspRequest(valid, '-no_nonce')

  test('as it should be sent, and as clients really send it', async () => {
    const base64 = request().toString('base64')
    const spellings = {
      encoded: encodeURIComponent(base64),
      plain: base64,
      'one slash too many': `/${base64}`,
      'an encoded slash before it': `%2F${base64}`,
      'the alphabet of URLs, no padding': request().toString('base64url'),
      'lower-case escapes': encodeURIComponent(base64).replace(/%../g, (escape) => escape.toLowerCase()),
      'a query after it': `${encodeURIComponent(base64)}?a=b`,
    }
    for (const [name, path] of Object.entries(spellings)) {
      const said = opensslReads(valid, request(), await bytesOf(await get(path)))
      expect(said, name).toContain('leaf.pem: good')
    }
  })

  test('RFC 9919 §5.2: caches are told how long, and asked again they are told that nothing changed', async () => {
    const path = encodeURIComponent(request().toString('base64'))
    const first = await get(path)
    expect(first.headers.get('content-type')).toBe('application/ocsp-response')
    expect(first.headers.get('cache-control')).toBe('max-age=60, public, no-transform, must-revalidate')
    const [etag, lastModified] = [first.headers.get('etag')!, first.headers.get('last-modified')!]
    const [expires, modified] = [Date.parse(first.headers.get('expires')!), Date.parse(lastModified)]
    expect(expires - modified).toBe(4 * 3_600_000)
    const body = await bytesOf(first)
    expect(first.headers.get('content-length')).toBe(String(body.length))

    const head = await get(path, {}, 'HEAD')
    expect(head.headers.get('content-length')).toBe(String(body.length))
    expect(await bytesOf(head)).toHaveLength(0)
    const changed = { 'if-none-match': '"other"', 'if-modified-since': lastModified }
    expect((await get(path, changed)).status).toBe(200)
    const close = { connection: 'close' }
    // The threads sign for themselves, so a client may meet another answer than it has.
    await until('the same thread', async () => (await get(path, { ...close, 'if-none-match': etag })).status === 304)
    await until(
      'the same thread',
      async () => (await get(path, { ...close, 'if-none-match': `W/${etag}, "x"` })).status === 304,
    )
    const later = new Date(modified + 60_000).toUTCString()
    expect((await get(path, { 'if-modified-since': later })).status).toBe(304)
  })

  test('an answer to a nonce is nobody else’s: it may not be kept', async () => {
    const withNonce = ocspRequest(valid)
    const response = await get(encodeURIComponent(withNonce.toString('base64')))
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(opensslReads(valid, withNonce, await bytesOf(response))).toContain('leaf.pem: good')
  })
})

describe('what cannot be answered is refused in OCSP’s words', () => {
  const ask = async (ca: string, body: Uint8Array) => {
    const response = await post(ca, body)
    expect(response.headers.get('content-type')).toBe('application/ocsp-response')
    expect(response.headers.get('cache-control')).toBe('no-store')
    return hexOf(response)
  }

  test('unauthorized: a serial without record, another issuer, an unknown CA', async () => {
    const path = file('request.der', '')
    openssl('ocsp', '-issuer', valid.ca, '-serial', '0x1234567890', '-reqout', path)
    const { readFileSync } = await import('node:fs')
    expect(await ask(caId, readFileSync(path))).toBe(errors.unauthorized)
    const other = await rootCa(service, 'Another')
    await until('its responder', async () => (await ask(other, ocspRequest(valid))) !== errors.tryLater)
    expect(await ask(other, ocspRequest(valid))).toBe(errors.unauthorized)
    expect(await ask('00000000-0000-4000-8000-000000000000', ocspRequest(valid))).toBe(errors.unauthorized)
    const both = file('both.der', '')
    openssl('ocsp', '-issuer', valid.ca, '-cert', valid.certificate, '-serial', '7', '-reqout', both)
    expect(await ask(caId, readFileSync(both))).toBe(errors.unauthorized)
  })

  test('malformedRequest: what is no request, or asks about too much', async () => {
    expect(await ask(caId, Buffer.from('hello'))).toBe(errors.malformedRequest)
    expect(await ask(caId, new Uint8Array())).toBe(errors.malformedRequest)
    const many = Array.from({ length: 17 }, (_, index) => ['-serial', String(index + 1)]).flat()
    const path = file('many.der', '')
    openssl('ocsp', '-issuer', valid.ca, ...many, '-reqout', path)
    const { readFileSync } = await import('node:fs')
    expect(await ask(caId, readFileSync(path))).toBe(errors.malformedRequest)
    for (const bad of ['', '/', '/%', '/not*base64', '/AAAA', `/${'A'.repeat(5_000)}`]) {
      const response = await fetch(`${service.url}/ocsp/${caId}${bad}`)
      expect([response.status, await hexOf(response)], bad).toEqual([200, errors.malformedRequest])
    }
  })

  test('too large a body, other methods and other paths are refused by HTTP', async () => {
    expect((await post(caId, new Uint8Array(20_000))).status).toBe(413)
    expect((await fetch(`${service.url}/ocsp/${caId}`, { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(`${service.url}/ocsp/nothing`)).status).toBe(404)
    expect((await fetch(`${service.url}/ocsp/${caId}x/AAAA`)).status).toBe(404)
  })
})

describe('the responder', () => {
  test('is renewed before its certificate ends, and goes on while the CA waits for its day', async () => {
    await using own30 = await startService()
    const made = await rootCa(own30)
    const of = await asked(own30, made, await leaf(own30, made))
    const fetched = async () => Buffer.from(await (await fetch(`${own30.url}/ocsp/${made}/${path}`)).arrayBuffer())
    const path = encodeURIComponent(ocspRequest(of, '-no_nonce').toString('base64'))
    const serialNow = () =>
      until('a responder', async () => {
        const answer = await fetched()
        if (answer.length < 10) return undefined
        const at = Date.now() + days * 86_400_000
        const said = opensslReads(of, ocspRequest(of), answer, '-resp_text', '-attime', String(Math.floor(at / 1_000)))
        expect(said).toContain('Response verify OK')
        expect(said).toMatch(/^(.*leaf.pem: )?good$/m) // openssl compares the answer's times with the host's clock
        const issued = /Serial Number:\s+([0-9a-f:]+)/g
        return [...said.matchAll(issued)].at(-1)![1]!
      })
    let days = 0
    const serials = new Set([await serialNow()])
    const operate = (operation: string, input: object) => own(own30.url, own30.credentials, operation, input)
    await operate('DisableCa', { caId: made })
    await operate('DeleteCa', { caId: made, keepDays: 30 })
    for (const step of [8, 8, 8]) {
      await advance(own30, step)
      days += step
      serials.add(await serialNow())
    }
    expect(serials.size).toBe(4)
  })

  test('certificates name it when the service has a public URL', async () => {
    const { certificate } = valid
    const text = openssl('x509', '-in', certificate, '-noout', '-ocsp_uri')
    expect(text.trim()).toBe(`${service.url}/ocsp/${caId}`)
    expect(await pemOfCa(service, caId)).toContain('BEGIN CERTIFICATE')
  })
})
