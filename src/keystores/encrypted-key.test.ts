import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { OpenSsl } from '../x509/test-support/openssl.ts'
import { encryptPrivateKey } from './index.ts'
import { aContent, keyIn } from './tools.fixture.ts'
import { isMissing } from '../../test/support/tools.ts'

const passwords = ['x', 'Aa0,.+-_#!@%^*()[]{}:;<>?/|~`= &', '密码 é 😀']

describe.skipIf(isMissing('openssl'))('ENCRYPTED PRIVATE KEY, RFC 7468 §11, as OpenSSL reads it', () => {
  test.each(['P-256', 'P-384', 'RSA-2048'] as const)('a %s key comes back', (kind) => {
    using openssl = new OpenSsl()
    const { privateKeyPkcs8 } = aContent(kind, 0)
    openssl.write('a.key', encryptPrivateKey(privateKeyPkcs8, 'secret'))
    expect(keyIn(openssl.run('pkey', '-in', 'a.key', '-passin', 'pass:secret'))).toBe(privateKeyPkcs8.toHex())
  })

  test.each(passwords)('the password "%s" opens the key, and no other does', (password) => {
    using openssl = new OpenSsl()
    openssl.write('a.key', encryptPrivateKey(aContent('P-256', 0).privateKeyPkcs8, password))
    const open = (guess: string) => openssl.try('pkey', '-in', 'a.key', '-passin', `pass:${guess}`, '-noout')
    expect(open(password)).toEqual({ ok: true, text: '' })
    expect(open(`${password}x`)).toMatchObject({ ok: false, text: expect.stringContaining('Could not read key') })
  })

  test('RFC 8018 Appendix A: PBES2, PBKDF2 with HMAC-SHA-256 and 100,000 iterations, AES-256-CBC', () => {
    using openssl = new OpenSsl()
    openssl.write('a.key', encryptPrivateKey(aContent().privateKeyPkcs8, 'secret'))
    const parsed = openssl.run('asn1parse', '-in', 'a.key')
    expect(parsed.match(/OBJECT +:\S+/g)?.map((line) => line.split(':')[1])).toEqual([
      'PBES2',
      'PBKDF2',
      'hmacWithSHA256',
      'aes-256-cbc',
    ])
    expect(parsed).toMatch(/INTEGER +:0186A0\n/)
  })
})

describe('ENCRYPTED PRIVATE KEY', () => {
  test.each(passwords)('node:crypto decrypts it with the password "%s"', (passphrase) => {
    const { privateKeyPkcs8 } = aContent('P-256', 0)
    const key = createPrivateKey({ key: encryptPrivateKey(privateKeyPkcs8, passphrase), passphrase })
    expect(key.export({ format: 'der', type: 'pkcs8' }).toHex()).toBe(privateKeyPkcs8.toHex())
  })

  test('lines end as asked', () => {
    const { privateKeyPkcs8 } = aContent('P-256', 0)
    expect(encryptPrivateKey(privateKeyPkcs8, 'secret')).not.toContain('\r')
    expect(encryptPrivateKey(privateKeyPkcs8, 'secret', '\r\n')).toMatch(
      /^-----BEGIN ENCRYPTED PRIVATE KEY-----\r\n([^\r\n]+\r\n)+-----END ENCRYPTED PRIVATE KEY-----\r\n$/,
    )
  })
})
