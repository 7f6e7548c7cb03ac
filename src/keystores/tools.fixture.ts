import { spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { buildName, readPem } from '../x509/index.ts'
import { aLeafSpec, aRoot, aSubordinate, ecKey, issue, rsaKey } from '../x509/test-support/hierarchy.ts'
import type { OpenSsl } from '../x509/test-support/openssl.ts'
import type { KeystoreContent } from './index.ts'

const keys = { 'P-256': () => ecKey(), 'P-384': () => ecKey('secp384r1'), 'RSA-2048': () => rsaKey() }

/** Kinds of key and lengths of chain that each tool has to give back. */
export const cases = [
  ['P-256', 0],
  ['P-384', 1],
  ['RSA-2048', 2],
  ['P-256', 3],
] as const

const root = aRoot()
const middle = aSubordinate(root, { subject: buildName({ commonName: 'Middle CA' }) })
const issuer = aSubordinate(middle)

/** A leaf with its key, under the first `chainLength` of issuing CA, middle CA and root. */
export function aContent(kind: keyof typeof keys = 'P-256', chainLength = 3): Omit<KeystoreContent, 'password'> {
  const key = keys[kind]()
  return {
    certificate: issue(aLeafSpec(issuer, key), issuer.key).der,
    chain: issuer.chain.slice(0, chainLength).map((certificate) => certificate.der),
    privateKeyPkcs8: key.privateKey.export({ format: 'der', type: 'pkcs8' }),
  }
}

/** DER, in hexadecimal, of the certificates in a tool's output. */
export function certificatesIn(text: string): string[] {
  return readPem(text, { surroundingText: true }).map(({ label, der }) => `${label} ${der.toHex()}`)
}

/** The private number of the EC key that a content holds: what must not be found in a file. */
export function secretNumber(privateKeyPkcs8: Uint8Array): Buffer {
  const { d = '' } = createPrivateKey({ key: Buffer.from(privateKeyPkcs8), format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  })
  return Buffer.from(d, 'base64url')
}

/** What `certificatesIn` has to find. */
export function expectedCertificates(certificates: readonly Uint8Array[]): string[] {
  return certificates.map((der) => `CERTIFICATE ${der.toHex()}`)
}

/** The unencrypted key in a tool's output, as PKCS #8 in hexadecimal. */
export function keyIn(text: string): string {
  return createPrivateKey(text.slice(text.indexOf('-----BEGIN')))
    .export({ format: 'der', type: 'pkcs8' })
    .toHex()
}

/** The key that OpenSSL finds in a PKCS #12 file. */
export function keyInPkcs12(openssl: OpenSsl, file: string, password: string): string {
  return keyIn(openssl.run('pkcs12', '-in', file, '-passin', `pass:${password}`, '-nocerts', '-noenc'))
}

/** Java's keytool, in English and UTF-8; in the folder of `openssl`. */
export function keytool(openssl: OpenSsl, ...args: string[]): { ok: boolean; text: string } {
  const { status, stdout, stderr } = spawnSync(
    'keytool',
    ['-J-Duser.language=en', '-J-XX:TieredStopAtLevel=1', ...args],
    {
      cwd: openssl.folder,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    },
  )
  return { ok: status === 0, text: `${stdout}${stderr}` }
}

/** What keytool lists, with all certificates. */
export function listed(openssl: OpenSsl, file: string, password: string): { ok: boolean; text: string } {
  return keytool(openssl, '-list', '-rfc', '-keystore', file, '-storepass', password)
}

/** The key that Java recovers: copied by keytool into a store of its own making, and read there by OpenSSL. */
export function keyThroughJava(openssl: OpenSsl, file: string, password: string): string {
  const from = ['-srckeystore', file, '-srcstorepass', password]
  const to = ['-destkeystore', 'copy.p12', '-deststoretype', 'PKCS12', '-deststorepass', 'another secret']
  const { ok, text } = keytool(openssl, '-importkeystore', '-noprompt', ...from, ...to)
  if (!ok) throw new Error(text)
  return keyInPkcs12(openssl, 'copy.p12', 'another secret')
}
