import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { OpenSsl } from '../x509/test-support/openssl.ts'
import { writeJks } from './index.ts'
import {
  aContent,
  cases,
  certificatesIn,
  expectedCertificates,
  keyThroughJava,
  listed,
  secretNumber,
} from './tools.fixture.ts'
import { isMissing } from '../../test/support/tools.ts'

const alias = 'server'
const createdAt = Date.UTC(2026, 0, 2, 12)

describe.skipIf(isMissing('keytool') || isMissing('openssl'))('JKS as Java’s keytool reads it', () => {
  test.each(cases)('%s key and a chain of %i come back', (kind, chainLength) => {
    using openssl = new OpenSsl()
    const content = aContent(kind, chainLength)
    openssl.write('a.jks', writeJks({ ...content, password: 'secret', alias, createdAt }))
    const { text } = listed(openssl, 'a.jks', 'secret')
    expect(text).toContain('Keystore type: JKS')
    expect(text).toContain('Entry type: PrivateKeyEntry')
    expect(text).toContain('Creation date: Jan 2, 2026')
    expect(text).toContain(`Certificate chain length: ${1 + chainLength}`)
    expect(certificatesIn(text)).toEqual(expectedCertificates([content.certificate, ...content.chain]))
    expect(keyThroughJava(openssl, 'a.jks', 'secret')).toBe(content.privateKeyPkcs8.toHex())
  })

  test.each(['WWW.Example.com', '服务器证书', '𠮷野家', 'Größe'])(
    'the alias %s is written in modified UTF-8 and lower case, so that Java finds the key by it',
    (name) => {
      using openssl = new OpenSsl()
      const content = aContent()
      openssl.write('a.jks', writeJks({ ...content, password: 'secret', alias: name, createdAt }))
      expect(listed(openssl, 'a.jks', 'secret').text).toContain(`Alias name: ${name.toLowerCase()}\n`)
      expect(keyThroughJava(openssl, 'a.jks', 'secret')).toBe(content.privateKeyPkcs8.toHex())
    },
  )

  test.each(['x', 'Aa0,.+-_#!@%^*()[]{}:;<>?/|~`= &'])(
    'the password "%s" opens the store, and no other does',
    (password) => {
      using openssl = new OpenSsl()
      const content = aContent('P-256', 1)
      openssl.write('a.jks', writeJks({ ...content, password, alias, createdAt }))
      expect(keyThroughJava(openssl, 'a.jks', password)).toBe(content.privateKeyPkcs8.toHex())
      expect(listed(openssl, 'a.jks', `${password}x`)).toMatchObject({
        ok: false,
        text: expect.stringContaining('password was incorrect'),
      })
    },
  )

  test('a store with another creation date is noticed to be changed', () => {
    using openssl = new OpenSsl()
    const store = writeJks({ ...aContent(), password: 'secret', alias, createdAt })
    store[31]! ^= 1
    openssl.write('a.jks', store)
    expect(listed(openssl, 'a.jks', 'secret')).toMatchObject({
      ok: false,
      text: expect.stringContaining('Keystore was tampered with'),
    })
  })
})

describe('JKS', () => {
  test('begins with magic, version 2, one entry, PrivateKeyEntry; ends in SHA-1 over password, phrase and store', () => {
    const store = Buffer.from(writeJks({ ...aContent(), password: 'ab', alias, createdAt }))
    expect(store.subarray(0, 16).toHex()).toBe('feedfeed000000020000000100000001')
    expect(store.subarray(16, 24).toString('latin1')).toBe('\0\u0006server')
    expect(store.readBigInt64BE(24)).toBe(BigInt(createdAt))
    const digest = createHash('sha1').update('\0a\0bMighty Aphrodite').update(store.subarray(0, -20)).digest()
    expect(store.subarray(-20)).toEqual(digest)
  })

  test.each(['pässword', '密码', 'pass\tword', 'pass\u007fword'])(
    'the password %j is refused: not printable ASCII',
    (password) => {
      expect(() => writeJks({ ...aContent(), password, alias, createdAt })).toThrow(
        expect.objectContaining({ name: 'KeystoreError', code: 'BadPassword' }),
      )
    },
  )

  test('the key is not in the store in the clear, and its salt is fresh', () => {
    const content = { ...aContent(), password: 'secret', alias, createdAt }
    const store = Buffer.from(writeJks(content))
    expect(store.includes(secretNumber(content.privateKeyPkcs8))).toBe(false)
    expect(Buffer.from(writeJks(content))).not.toEqual(store)
  })
})
