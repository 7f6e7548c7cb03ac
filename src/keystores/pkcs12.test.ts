import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { der } from '../x509/index.ts'
import { OpenSsl } from '../x509/test-support/openssl.ts'
import { writePkcs12 } from './index.ts'
import {
  aContent,
  cases,
  certificatesIn,
  expectedCertificates,
  keyInPkcs12,
  keyThroughJava,
  listed,
  secretNumber,
} from './tools.fixture.ts'
import { isMissing } from '../../test/support/tools.ts'

const friendlyName = 'www.example.com'
const longest = 'Aa0,.+-_#!@%^*()[]{}:;<>?/|~`= &'

describe.skipIf(isMissing('openssl'))('PKCS #12, RFC 7292, as OpenSSL reads it', () => {
  test.each(cases)('%s key and a chain of %i come back', (kind, chainLength) => {
    using openssl = new OpenSsl()
    const content = aContent(kind, chainLength)
    openssl.write('a.p12', writePkcs12({ ...content, password: 'secret', friendlyName }))
    const list = (...which: string[]) =>
      openssl.run('pkcs12', '-in', 'a.p12', '-passin', 'pass:secret', '-nokeys', ...which)

    expect(keyInPkcs12(openssl, 'a.p12', 'secret')).toBe(content.privateKeyPkcs8.toHex())
    expect(certificatesIn(list())).toEqual(expectedCertificates([content.certificate, ...content.chain]))
    expect(certificatesIn(list('-clcerts')), '§4.2: localKeyID marks the certificate of the key').toEqual(
      expectedCertificates([content.certificate]),
    )
  })

  test('§4, Appendix A: PBES2 with AES-256 for key and certificates, MAC with SHA-256, one number of iterations', () => {
    using openssl = new OpenSsl()
    openssl.write('a.p12', writePkcs12({ ...aContent(), password: 'secret', friendlyName }))
    const info = openssl.run('pkcs12', '-info', '-in', 'a.p12', '-passin', 'pass:secret', '-noout')
    const algorithms = 'PBES2, PBKDF2, AES-256-CBC, Iteration 20000, PRF hmacWithSHA256'
    expect(info).toContain('MAC: sha256, Iteration 20000')
    expect(info).toContain(`PKCS7 Encrypted data: ${algorithms}`)
    expect(info).toContain(`Shrouded Keybag: ${algorithms}`)
  })

  test('§4.2: key and certificate carry friendlyName and the same localKeyID, the chain carries neither', () => {
    using openssl = new OpenSsl()
    openssl.write('a.p12', writePkcs12({ ...aContent(), password: 'secret', friendlyName }))
    const text = openssl.run('pkcs12', '-in', 'a.p12', '-passin', 'pass:secret', '-noenc')
    expect(text.match(/friendlyName: .*/g)).toEqual(Array(2).fill(`friendlyName: ${friendlyName}`))
    const ids = text.match(/localKeyID: .*/g)
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
  })

  test.each(['x', longest, 'x'.repeat(31), 'пароль', '密码 é', '😀𠮷'])(
    'Appendix B.1: the password "%s" opens the file, and no other does',
    (password) => {
      using openssl = new OpenSsl()
      openssl.write('a.p12', writePkcs12({ ...aContent('P-256', 0), password, friendlyName }))
      const open = (guess: string) => openssl.try('pkcs12', '-in', 'a.p12', '-passin', `pass:${guess}`, '-noout')
      expect(open(password)).toEqual({ ok: true, text: '' })
      for (const guess of [`${password}x`, password.slice(1), 'y']) {
        expect(open(guess)).toMatchObject({ ok: false, text: expect.stringContaining('Mac verify error') })
      }
    },
  )
})

describe.skipIf(isMissing('keytool') || isMissing('openssl'))('PKCS #12 as Java’s keytool reads it', () => {
  test.each(cases)('%s key and a chain of %i come back', (kind, chainLength) => {
    using openssl = new OpenSsl()
    const content = aContent(kind, chainLength)
    openssl.write('a.p12', writePkcs12({ ...content, password: 'secret', friendlyName }))
    const { text } = listed(openssl, 'a.p12', 'secret')
    expect(text).toContain('Entry type: PrivateKeyEntry')
    expect(text).toContain(`Certificate chain length: ${1 + chainLength}`)
    expect(certificatesIn(text)).toEqual(expectedCertificates([content.certificate, ...content.chain]))
    expect(keyThroughJava(openssl, 'a.p12', 'secret')).toBe(content.privateKeyPkcs8.toHex())
  })

  test.each(['服务器证书', '𠮷野家', 'Größe №1'])('RFC 2985 §5.5.1: the friendlyName %s is the alias', (name) => {
    using openssl = new OpenSsl()
    openssl.write('a.p12', writePkcs12({ ...aContent(), password: 'secret', friendlyName: name }))
    expect(listed(openssl, 'a.p12', 'secret').text).toContain(`Alias name: ${name.toLowerCase()}\n`)
  })

  test.each(['x', longest])('the password "%s" opens the file, and no other does', (password) => {
    using openssl = new OpenSsl()
    const content = aContent('P-256', 1)
    openssl.write('a.p12', writePkcs12({ ...content, password, friendlyName }))
    expect(keyThroughJava(openssl, 'a.p12', password)).toBe(content.privateKeyPkcs8.toHex())
    expect(listed(openssl, 'a.p12', `${password}x`)).toMatchObject({
      ok: false,
      text: expect.stringContaining('keystore password was incorrect'),
    })
  })
})

describe('PKCS #12', () => {
  test('the file is DER throughout', () => {
    const file = writePkcs12({ ...aContent(), password: 'secret', friendlyName })
    expect(() => der.checkDer(file)).not.toThrow()
  })

  test('salts, IVs and so ciphertexts and MAC are fresh: two files of the same content share the localKeyID only', () => {
    const content = { ...aContent('P-256', 0), password: 'secret', friendlyName }
    const [one, other] = [octetStrings(writePkcs12(content)), octetStrings(writePkcs12(content))]
    expect(one).toHaveLength(9)
    expect(one.filter((each) => other.includes(each))).toEqual([hash('sha256', content.certificate, 'hex')])
  })

  test('the key is not in the file in the clear', () => {
    const content = aContent()
    const file = Buffer.from(writePkcs12({ ...content, password: 'secret', friendlyName }))
    expect(file.includes(secretNumber(content.privateKeyPkcs8))).toBe(false)
  })
})

/** Every OCTET STRING, or [0] IMPLICIT one, that holds no SEQUENCE; in hexadecimal. */
function octetStrings(bytes: Uint8Array): string[] {
  const found: string[] = []
  for (const reader = new der.DerReader(bytes); !reader.done;) {
    reader.next()
    const contents = bytes.subarray(reader.contentStart, reader.contentEnd)
    const isOctets = reader.tag === der.tags.octetString || reader.tag === der.contextTagOctet(0, false)
    if ((reader.tag & 0x20) !== 0 || (isOctets && holdsSequence(contents))) found.push(...octetStrings(contents))
    else if (isOctets) found.push(contents.toHex())
  }
  return found
}

function holdsSequence(bytes: Uint8Array): boolean {
  try {
    der.checkDer(bytes)
    return bytes[0] === der.tags.sequence
  } catch {
    return false
  }
}
