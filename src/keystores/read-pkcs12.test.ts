import fc from 'fast-check'
import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { der, writePem } from '../x509/index.ts'
import { OpenSsl } from '../x509/test-support/openssl.ts'
import { Password } from './decrypt.ts'
import { KeystoreError, readPkcs12, writePkcs12, type Pkcs12Contents } from './index.ts'
import { readAuthenticatedSafe } from './read-pkcs12.ts'
import { aContent, keytool } from './tools.fixture.ts'
import { isMissing } from '../../test/support/tools.ts'

const password = 'a secret 密码'
const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => 'accepted',
    (error: unknown) => (error instanceof KeystoreError ? error.code : error),
  )
const told = ({ privateKey, certificates }: Pkcs12Contents) => ({
  key: privateKey.key.export({ format: 'der', type: 'pkcs8' }).toHex(),
  certificates: certificates.map((each) => each.toHex()).toSorted(),
})

/** Key, certificate and chain in a file made by OpenSSL with these options. */
function byOpenSsl(openssl: OpenSsl, content: ReturnType<typeof aContent>, ...options: string[]): Buffer {
  const key = createPrivateKey({ key: Buffer.from(content.privateKeyPkcs8), format: 'der', type: 'pkcs8' })
  openssl.write('key.pem', key.export({ format: 'pem', type: 'pkcs8' }) as string)
  openssl.write('leaf.pem', writePem('CERTIFICATE', content.certificate))
  openssl.write('chain.pem', content.chain.map((each) => writePem('CERTIFICATE', each)).join(''))
  const files = ['-inkey', 'key.pem', '-in', 'leaf.pem', '-certfile', 'chain.pem', '-out', 'a.p12']
  openssl.run('pkcs12', '-export', ...files, '-passout', `pass:${password}`, ...options)
  return openssl.read('a.p12')
}

const expected = (content: ReturnType<typeof aContent>) => ({
  key: content.privateKeyPkcs8.toHex(),
  certificates: [content.certificate, ...content.chain].map((each) => each.toHex()).toSorted(),
})

describe.skipIf(isMissing('openssl'))('PKCS #12 made by OpenSSL (RFC 7292)', () => {
  test.each<[string, string[]]>([
    ['as it does by itself: PBES2, AES-256, SHA-256', []],
    ['AES-128 and AES-192', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC']],
    [
      '3DES of PKCS #12 and a MAC with SHA-1',
      ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    ],
    ['a MAC with SHA-384', ['-macalg', 'sha384']],
    ['a MAC with SHA-512', ['-macalg', 'sha512']],
    ['certificates that are not encrypted', ['-certpbe', 'NONE']],
    ['a key that is not encrypted', ['-keypbe', 'NONE']],
    ['a name', ['-name', 'Test CA']],
  ])('%s', async (_, options) => {
    using openssl = new OpenSsl()
    const content = aContent('P-384', 2)
    expect(told(await readPkcs12(byOpenSsl(openssl, content, ...options), password))).toEqual(expected(content))
  })

  test('RC2 is refused by name, and so is what has no MAC', async () => {
    using openssl = new OpenSsl()
    const legacy = byOpenSsl(openssl, aContent(), '-legacy')
    await expect(readPkcs12(legacy, password)).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringContaining('RC2 of 40 bits'),
    })
    expect(await codeOf(readPkcs12(byOpenSsl(openssl, aContent(), '-nomac'), password))).toBe('Unsupported')
  })

  test('a file without a key is refused', async () => {
    using openssl = new OpenSsl()
    byOpenSsl(openssl, aContent())
    openssl.run('pkcs12', '-export', '-nokeys', '-in', 'leaf.pem', '-out', 'b.p12', '-passout', `pass:${password}`)
    expect(await codeOf(readPkcs12(openssl.read('b.p12'), password))).toBe('BadKey')
  })
})

test.skipIf(isMissing('keytool'))('PKCS #12 made by Java’s keytool', async () => {
  using openssl = new OpenSsl()
  const { ok, text } = keytool(
    openssl,
    '-genkeypair',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    '-dname',
    'CN=Java',
    '-alias',
    'ca',
    '-keystore',
    'java.p12',
    '-storetype',
    'PKCS12',
    '-storepass',
    'a secret',
  )
  expect(ok, text).toBe(true)
  const { privateKey, certificates } = await readPkcs12(openssl.read('java.p12'), 'a secret')
  expect(privateKey.spki.algorithm).toBe('p256')
  expect(certificates).toHaveLength(1)
})

describe('a file of our own', () => {
  const content = aContent('RSA-2048', 1)
  const file = writePkcs12({ ...content, password, friendlyName: 'mine' })

  test('comes back', async () => {
    expect(told(await readPkcs12(file, password))).toEqual(expected(content))
  })

  test('opens with its password only; the MAC is looked at before anything is decrypted', async () => {
    for (const wrong of ['x', `${password}x`, password.slice(1)])
      await expect(readPkcs12(file, wrong)).rejects.toMatchObject({ code: 'BadPassword' })
    for (const impossible of ['', 'a\nb', 'x'.repeat(257)])
      expect(await codeOf(readPkcs12(file, impossible))).toBe('BadPassword')
    const changed = Uint8Array.from(file)
    changed[600]! ^= 1
    await expect(readPkcs12(changed, password)).rejects.toMatchObject({
      code: 'BadPassword',
      message: 'the passphrase is wrong, or the file was changed',
    })
  })

  test('limits: size, and rounds of key derivation over the whole file', async () => {
    expect(await codeOf(readPkcs12(new Uint8Array(262_145).fill(0x30), password))).toBe('Malformed')
    const { safe } = partsOf(file)
    expect(await codeOf(readAuthenticatedSafe(safe, new Password(password, 39_999)))).toBe('TooExpensive')
    expect(await codeOf(readAuthenticatedSafe(safe, new Password(password, 40_000)))).toBe('accepted')
  })

  test('many rounds for the MAC are refused before they are made', async () => {
    const { safe, mac } = partsOf(file)
    const macReader = new der.DerReader(mac).enter(der.tags.sequence)
    const digest = macReader.element()
    const expensive = der.sequence(digest, der.octetString(new Uint8Array(8)), der.integer(2 ** 31))
    const pfx = der.sequence(
      der.integer(3),
      der.sequence(der.oid('1.2.840.113549.1.7.1'), der.explicitTag(0, der.octetString(safe))),
      expensive,
    )
    expect(await codeOf(readPkcs12(pfx, password))).toBe('TooExpensive')
  })
})

describe('fuzz', () => {
  const content = aContent('P-256', 1)
  const file = writePkcs12({ ...content, password, friendlyName: 'mine' })

  test('10^4 changed files are read or refused, with one class of error', { timeout: 300_000 }, async () => {
    const { safe } = partsOf(file)
    // Behind the MAC, or hardly any would be looked at; with few rounds, so that it is not their cost that is tried.
    const cheap = withoutRounds(safe)
    let refused = 0
    await fc.assert(
      fc.asyncProperty(mutations(cheap), async (bytes) => {
        const outcome = await codeOf(readAuthenticatedSafe(bytes, new Password(password, 64)))
        expect(typeof outcome, String(outcome)).toBe('string')
        if (outcome !== 'accepted') refused++
      }),
      { numRuns: 9_000, seed: 20_270_104 },
    )
    expect(refused).toBeGreaterThan(8_000)
    await fc.assert(
      fc.asyncProperty(mutations(cheapPfx(cheap)), async (bytes) => {
        expect(typeof (await codeOf(readPkcs12(bytes, password)))).toBe('string')
      }),
      { numRuns: 1_000, seed: 20_270_104 },
    )
  })
})

function partsOf(pfx: Uint8Array): { safe: Uint8Array; mac: Uint8Array } {
  const reader = new der.DerReader(pfx).enter(der.tags.sequence)
  reader.smallInteger(3)
  const info = reader.enter(der.tags.sequence)
  info.oid()
  return { safe: info.enter(der.contextTagOctet(0, true)).octetString(), mac: reader.element() }
}

/** Each iteration count of 20,000 (two octets behind tag and length) as 16: what is encrypted no longer opens, but is looked at. */
function withoutRounds(safe: Uint8Array): Buffer {
  const cheap = Buffer.from(safe)
  for (let at = cheap.indexOf('02024e20', 'hex'); at >= 0; at = cheap.indexOf('02024e20', at + 1, 'hex'))
    cheap.write('02020100', at, 'hex')
  return cheap
}

function cheapPfx(safe: Uint8Array): Buffer {
  const info = der.sequence(der.oid('1.2.840.113549.1.7.1'), der.explicitTag(0, der.octetString(safe)))
  const digest = der.sequence(der.sequence(der.oid('2.16.840.1.101.3.4.2.1')), der.octetString(new Uint8Array(32)))
  return Buffer.from(der.sequence(der.integer(3), info, der.sequence(digest, der.octetString(new Uint8Array(8)))))
}

/** Bytes changed, removed, inserted, the end cut off. */
function mutations(original: Uint8Array): fc.Arbitrary<Buffer> {
  const change = fc.record({
    kind: fc.constantFrom('replace', 'remove', 'insert', 'cut', 'flip'),
    at: fc.nat(original.length - 1),
    byte: fc.nat(255),
  })
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((list) => {
    const bytes = [...original]
    for (const { kind, at, byte } of list) {
      if (kind === 'replace') bytes[at] = byte
      else if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (byte % 8))
      else if (kind === 'remove') bytes.splice(at, 1)
      else if (kind === 'insert') bytes.splice(at, 0, byte)
      else bytes.length = Math.min(at, bytes.length)
    }
    return Buffer.from(bytes)
  })
}
