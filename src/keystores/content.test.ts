import { describe, expect, test } from 'vitest'
import { ecKey } from '../x509/test-support/hierarchy.ts'
import { encryptPrivateKey, KeystoreError, writeJks, writePkcs12 } from './index.ts'
import type { KeystoreContent } from './index.ts'
import { aContent } from './tools.fixture.ts'

const sample: KeystoreContent = { ...aContent(), password: 'secret' }
const { certificate, privateKeyPkcs8 } = sample

const writers = [
  ['PKCS #12', (content: KeystoreContent, name = 'a') => writePkcs12({ ...content, friendlyName: name })],
  ['JKS', (content: KeystoreContent, name = 'a') => writeJks({ ...content, alias: name, createdAt: 0 })],
] as const

describe.each(writers)('what %s refuses', (_, write) => {
  const expectRefusal = (change: Partial<KeystoreContent>, code: string, name?: string) =>
    expect(() => write({ ...sample, ...change }, name)).toThrow(
      expect.objectContaining({ name: 'KeystoreError', code }),
    )

  test.each([
    ['no password', ''],
    ['one of more than 256 UTF-16 units', 'x'.repeat(257)],
    ['a control character', 'pass\nword'],
    ['half a surrogate pair', 'pass\ud800word'],
  ])('as password: %s', (_, password) => expectRefusal({ password }, 'BadPassword'))

  test.each([
    ['nothing', ''],
    ['more than 255 UTF-16 units (RFC 2985 §5.5.1)', 'x'.repeat(256)],
    ['a control character', 'a\0b'],
    ['half a surrogate pair', '\udc00'],
  ])('as name: %s', (_, name) => expectRefusal({}, 'BadName', name))

  test.each([
    ['nothing', new Uint8Array()],
    ['PEM', Buffer.from('-----BEGIN CERTIFICATE-----\n')],
    ['a private key', privateKeyPkcs8],
    ['a certificate and something behind it', Buffer.concat([certificate, certificate])],
  ])('as certificate, or in the chain: %s', (_, bytes) => {
    expectRefusal({ certificate: bytes }, 'BadCertificate')
    expectRefusal({ chain: [certificate, bytes] }, 'BadCertificate')
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a certificate', certificate],
    ['a SEC 1 key', ecKey().privateKey.export({ format: 'der', type: 'sec1' })],
    ['an encrypted key', encryptedKey()],
  ])('as private key: %s', (_, bytes) => expectRefusal({ privateKeyPkcs8: bytes }, 'BadKey'))

  test('more than 16 certificates in the chain', () => {
    expectRefusal({ chain: Array<Uint8Array>(17).fill(certificate) }, 'ChainTooLong')
    expect(write({ ...sample, chain: Array<Uint8Array>(16).fill(certificate) })).toBeInstanceOf(Uint8Array)
  })
})

test.each(['', 'x'.repeat(257), 'pass\0word'])('the password %j encrypts no PEM key', (password) => {
  expect(() => encryptPrivateKey(privateKeyPkcs8, password)).toThrow(expect.objectContaining({ code: 'BadPassword' }))
})

test('an encrypted key is not encrypted again', () => {
  expect(() => encryptPrivateKey(encryptedKey(), 'secret')).toThrow(expect.objectContaining({ code: 'BadKey' }))
})

test('no refusal repeats the password', () => {
  for (const password of ['hunter2\n', 'hunter2'.repeat(40)]) {
    expect(() => writeJks({ ...sample, password, alias: 'a', createdAt: 0 })).toThrow(/^(?!.*hunter2)/s)
  }
})

test('10,000 mutated certificates and keys are written or refused with KeystoreError', () => {
  let state = 20_260_102
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const mutated = (bytes: Uint8Array) => {
    const copy = Buffer.from(bytes)
    for (let edits = 1 + below(3); edits > 0; edits--) copy[below(Math.min(copy.length, 64 << below(5)))] = below(256)
    return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy
  }
  let written = 0
  let refused = 0
  for (let i = 0; i < 10_000; i++) {
    const change = i % 2 === 0 ? { certificate: mutated(certificate) } : { privateKeyPkcs8: mutated(privateKeyPkcs8) }
    try {
      writeJks({ ...sample, ...change, alias: 'a', createdAt: 0 })
      written++
    } catch (error) {
      if (!(error instanceof KeystoreError)) throw error
      refused++
    }
  }
  expect(written).toBeGreaterThan(500)
  expect(refused).toBeGreaterThan(500)
})

function encryptedKey(): Uint8Array {
  return ecKey().privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
}
