import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { integer, sequence } from './der/writer.ts'
import { writePem } from './pem.ts'
import { keyMatches, readPrivateKey } from './private-key.ts'
import { ecKey, rsaKey } from './test-support/hierarchy.ts'
import { OpenSsl } from './test-support/openssl.ts'

const codeOf = (pem: string) => {
  try {
    readPrivateKey(pem)
  } catch (error) {
    return (error as { code?: string }).code
  }
  return 'accepted'
}

describe('private keys', () => {
  const ec = ecKey()
  const rsa = rsaKey()

  test.each([
    ['PKCS #8, EC', ec, 'pkcs8'],
    ['SEC 1', ec, 'sec1'],
    ['PKCS #8, RSA', rsa, 'pkcs8'],
    ['PKCS #1', rsa, 'pkcs1'],
  ] as const)('%s is read, with its public half', (_, pair, type) => {
    const pem = pair.privateKey.export({ format: 'pem', type: type as 'pkcs8' }) as string
    const { key, spki } = readPrivateKey(pem)
    expect(key.equals(pair.privateKey)).toBe(true)
    expect(spki.der.toHex()).toBe(pair.spki.der.toHex())
  })

  test('Ed25519 of PKCS #8 (RFC 8410 §7)', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    expect(readPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string).spki.kind.type).toBe('ed25519')
  })

  test('OpenSSL’s EC PARAMETERS before the key are read past; other second blocks are not', () => {
    using openssl = new OpenSsl()
    const pem = openssl.run('ecparam', '-name', 'prime256v1', '-genkey')
    expect(pem).toContain('EC PARAMETERS')
    expect(readPrivateKey(pem).spki.algorithm).toBe('p256')
    const one = ec.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
    expect(codeOf(one + one)).toBe('BadPem')
  })

  test('encrypted keys of both kinds are told apart', () => {
    const options = { cipher: 'aes-256-cbc', passphrase: 'x' }
    expect(codeOf(ec.privateKey.export({ format: 'pem', type: 'pkcs8', ...options }) as string)).toBe('EncryptedKey')
    expect(codeOf(rsa.privateKey.export({ format: 'pem', type: 'pkcs1', ...options }) as string)).toBe('EncryptedKey')
  })

  test('only strict DER and only keys', () => {
    const der = ec.privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(codeOf(writePem('PRIVATE KEY', Buffer.concat([der, Buffer.of(0)])))).toBe('TrailingBytes')
    expect(codeOf(writePem('PRIVATE KEY', sequence()))).toBe('Truncated')
    expect(codeOf(writePem('PRIVATE KEY', sequence(integer(0), sequence())))).toBe('BadKey')
    expect(codeOf(writePem('RSA PRIVATE KEY', der))).toBe('UnexpectedTag')
    expect(codeOf(writePem('CERTIFICATE', sequence()))).toBe('BadPem')
    expect(codeOf('')).toBe('BadPem')
  })

  test('no message holds any of the key', () => {
    const der = Buffer.from(ec.privateKey.export({ format: 'der', type: 'sec1' }))
    const secret = der.subarray(7, 39)
    for (const pem of [writePem('RSA PRIVATE KEY', der), writePem('EC PRIVATE KEY', der.subarray(0, 60))]) {
      expect(() => readPrivateKey(pem)).toThrow(
        expect.objectContaining({
          message: expect.not.stringContaining(secret.toString('hex').slice(0, 8)) as string,
          code: expect.stringMatching(/UnexpectedTag|Truncated/) as string,
        }),
      )
    }
  })

  test('a key matches its own public key only', () => {
    expect(keyMatches(ec.privateKey, ec.spki)).toBe(true)
    expect(keyMatches(ec.privateKey, ecKey().spki)).toBe(false)
    expect(keyMatches(ec.privateKey, rsa.spki)).toBe(false)
  })
})
