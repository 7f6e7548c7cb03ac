import fc from 'fast-check'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isMissing } from '../../test/support/tools.ts'
import { ecKey, rsaKey } from '../x509/test-support/hierarchy.ts'
import { OpenSsl } from '../x509/test-support/openssl.ts'
import { encryptPrivateKey, KeystoreError, readProtectedKey } from './index.ts'

const passphrase = 'a passphrase 密码'
const ec = ecKey().privateKey
const rsa = rsaKey().privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey
const pemOf = (key: typeof ec, type: 'pkcs8' | 'sec1' | 'pkcs1', options = {}) =>
  key.export({ format: 'pem', type: type as 'pkcs8', ...options }) as string
const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => 'accepted',
    (error: unknown) => (error instanceof KeystoreError ? error.code : error),
  )

describe('private keys in PEM', () => {
  test.each([
    ['PKCS #8', ec, 'pkcs8'],
    ['SEC 1', ec, 'sec1'],
    ['PKCS #1', rsa, 'pkcs1'],
    ['Ed25519', ed25519, 'pkcs8'],
  ] as const)('%s, not encrypted', async (_, key, type) => {
    expect((await readProtectedKey(pemOf(key, type), undefined)).key.equals(key)).toBe(true)
    expect((await readProtectedKey(pemOf(key, type), 'not needed')).key.equals(key)).toBe(true)
  })

  test.each(['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des-ede3-cbc'])(
    'RFC 5958 §3: ENCRYPTED PRIVATE KEY under PBES2 with %s',
    async (cipher) => {
      for (const key of [ec, rsa, ed25519]) {
        const pem = pemOf(key, 'pkcs8', { cipher, passphrase })
        expect((await readProtectedKey(pem, passphrase)).key.equals(key)).toBe(true)
        expect(await codeOf(readProtectedKey(pem, 'another'))).toBe('BadPassword')
        expect(await codeOf(readProtectedKey(pem, undefined))).toBe('BadPassword')
      }
    },
  )

  test.each([
    ['SEC 1', ec, 'sec1', 'aes-256-cbc'],
    ['SEC 1', ec, 'sec1', 'aes-128-cbc'],
    ['PKCS #1', rsa, 'pkcs1', 'aes-192-cbc'],
  ] as const)('RFC 1421 headers, as step-ca writes them: %s', async (_, key, type, cipher) => {
    const pem = pemOf(key, type, { cipher, passphrase })
    expect(pem).toContain('DEK-Info: AES')
    expect((await readProtectedKey(pem, passphrase)).key.equals(key)).toBe(true)
    expect((await readProtectedKey(pem.replaceAll('\n', '\r\n'), passphrase)).key.equals(key)).toBe(true)
    expect(await codeOf(readProtectedKey(pem, 'another'))).toBe('BadPassword')
    expect(await codeOf(readProtectedKey(pem, undefined))).toBe('BadPassword')
  })

  test('RFC 1421 headers with DES are refused, with a word on what to do', async () => {
    const pem = pemOf(rsa, 'pkcs1', { cipher: 'des-ede3-cbc', passphrase })
    await expect(readProtectedKey(pem, passphrase)).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringContaining('openssl pkcs8 -topk8'),
    })
  })

  test('what we encrypt we read', async () => {
    const pem = encryptPrivateKey(ec.export({ format: 'der', type: 'pkcs8' }), passphrase)
    expect((await readProtectedKey(pem, passphrase)).key.equals(ec)).toBe(true)
  })

  test('two keys, a certificate, headers of another kind and half a text are refused', async () => {
    const pem = pemOf(ec, 'pkcs8')
    const headers = pemOf(ec, 'sec1', { cipher: 'aes-256-cbc', passphrase })
    expect(await codeOf(readProtectedKey(pem + pem, undefined))).toBe('BadKey')
    expect(await codeOf(readProtectedKey(pem.replaceAll('PRIVATE KEY', 'CERTIFICATE'), undefined))).toBe('BadKey')
    expect(await codeOf(readProtectedKey(headers.replace('DEK-Info', 'X-Info'), passphrase))).toBe('BadKey')
    expect(await codeOf(readProtectedKey(headers.replace(/,[0-9A-F]{8}/, ','), passphrase))).toBe('Malformed')
    expect(await codeOf(readProtectedKey(pem.slice(0, 100), undefined))).toBe('BadKey')
    expect(await codeOf(readProtectedKey('', undefined))).toBe('BadKey')
  })
})

describe.skipIf(isMissing('openssl'))('encrypted by OpenSSL', () => {
  test.each<[string, string[], string]>([
    ['with the most rounds that are read', ['-v2', 'aes-256-cbc', '-iter', '1000000'], 'accepted'],
    ['with more', ['-v2', 'aes-256-cbc', '-iter', '1000001'], 'TooExpensive'],
    ['with HMAC-SHA-512', ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA512'], 'accepted'],
    ['with scrypt', ['-scrypt'], 'Unsupported'],
    ['with 3DES of PKCS #12', ['-v1', 'PBE-SHA1-3DES'], 'accepted'],
  ])('%s', async (_, options, outcome) => {
    using openssl = new OpenSsl()
    openssl.write('key.pem', pemOf(ec, 'pkcs8'))
    openssl.run('pkcs8', '-topk8', '-in', 'key.pem', '-out', 'out.pem', '-passout', `pass:${passphrase}`, ...options)
    expect(await codeOf(readProtectedKey(openssl.read('out.pem').toString(), passphrase))).toBe(outcome)
  })
})

test('10^4 changed texts are read or refused, with one class of error', { timeout: 300_000 }, async () => {
  const originals = [
    pemOf(ec, 'sec1', { cipher: 'aes-256-cbc', passphrase }),
    pemOf(ec, 'pkcs8', { cipher: 'aes-256-cbc', passphrase }),
    pemOf(ec, 'pkcs8'),
  ]
  const change = fc.record({ at: fc.nat(400), with: fc.string({ maxLength: 2 }), drop: fc.nat(2) })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...originals),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (pem, list) => {
        let text = pem
        for (const { at, with: inserted, drop } of list) text = text.slice(0, at) + inserted + text.slice(at + drop)
        const outcome = await codeOf(readProtectedKey(text, passphrase))
        expect(typeof outcome, String(outcome)).toBe('string')
      },
    ),
    { numRuns: 10_000, seed: 20_270_104 },
  )
})

test('no message holds any of the key', async () => {
  const pem = pemOf(ec, 'sec1')
  const secret = createPrivateKey(pem).export({ format: 'jwk' }).d!
  const hex = Buffer.from(secret, 'base64url').toString('hex')
  for (const text of [pem.replaceAll('EC PRIVATE', 'RSA PRIVATE'), pem.replace('MHc', 'MHg')]) {
    const error = await readProtectedKey(text, undefined).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(KeystoreError)
    expect(String(error)).not.toContain(hex.slice(0, 8))
  }
})
