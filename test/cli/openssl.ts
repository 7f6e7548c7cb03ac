import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../support/service.ts'
import { need } from '../support/tools.ts'

/** A CA of somebody else, made with OpenSSL in a folder that goes with it. */
export function withOpenssl() {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): string => {
    need('openssl')
    return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const pem = (name: string): string => readFileSync(at(name), 'utf8')
  return {
    at,
    /** A self-signed CA in root.pem, and its certificate for a request as a CA. */
    signCa(csr: string): { certificate: string; root: string } {
      openssl(
        'req',
        '-x509',
        ...newKey,
        '-keyout',
        'root.key',
        '-out',
        'root.pem',
        '-subj',
        '/CN=Outside Root',
        '-days',
        '3650',
      )
      writeFileSync(
        at('ca.cnf'),
        'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' +
          'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
      )
      openssl(
        'x509',
        '-req',
        '-in',
        csr,
        '-CA',
        'root.pem',
        '-CAkey',
        'root.key',
        '-days',
        '365',
        '-extfile',
        'ca.cnf',
        '-out',
        'ca.pem',
      )
      return { certificate: pem('ca.pem'), root: pem('root.pem') }
    },
    /** A request in leaf.csr; its key is in leaf.key. */
    request(commonName: string): void {
      openssl('req', '-new', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', `/CN=${commonName}`)
    },
    /** A self-signed certificate in own.pem with its key in own.key. */
    selfSigned(commonName: string): void {
      openssl(
        'req',
        '-x509',
        '-utf8',
        ...newKey,
        '-keyout',
        'own.key',
        '-out',
        'own.pem',
        '-subj',
        `/CN=${commonName}`,
        '-days',
        '90',
      )
    },
    /** The public key of a certificate or of a private key, to see whether they belong together. */
    publicKey: (name: string, of: 'certificate' | 'key'): string =>
      of === 'key' ? openssl('pkey', '-in', name, '-pubout') : openssl('x509', '-in', name, '-noout', '-pubkey'),
    [Symbol.asyncDispose]: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  }
}
