import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { temporaryFolder } from '../support/service.ts'
import { need } from '../support/tools.ts'

export interface OutsideCa {
  folder: string
  certificate: string
  /** Unencrypted PKCS #8. */
  key: string
  subject: string
}

const keyOptions: Readonly<Record<string, readonly string[]>> = {
  rsa2048: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ed25519: ['-algorithm', 'ED25519'],
}

export const ofCa = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
const identifiers = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'

function openssl(folder: string, ...args: string[]): string {
  need('openssl')
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
}

/** A CA as somebody runs it with openssl: a root, or under `parent`. */
export function opensslCa({
  keyAlgorithm = 'p256',
  parent,
  subject = parent ? '/C=CN/O=Outside/CN=Outside Issuing CA' : '/C=CN/O=Outside/CN=Outside Root',
  extensions = ofCa,
  days = '3650',
  identify = true,
  from,
}: {
  keyAlgorithm?: string
  parent?: OutsideCa
  subject?: string
  extensions?: string
  days?: string
  identify?: boolean
  /** A key of its own in PEM, in place of a new one. */
  from?: string
} = {}): OutsideCa {
  const folder = temporaryFolder()
  const at = (name: string, text: string) => writeFileSync(join(folder, name), text)
  if (from === undefined) openssl(folder, 'genpkey', ...keyOptions[keyAlgorithm]!, '-out', 'key.pem')
  else at('key.pem', from)
  at('req.cnf', '[req]\ndistinguished_name=dn\n[dn]\n')
  at('ext.cnf', extensions + (identify ? identifiers : 'subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n'))
  openssl(folder, 'req', '-new', '-config', 'req.cnf', '-key', 'key.pem', '-subj', subject, '-out', 'ca.csr')
  const signer = parent ? ['-CA', 'parent.pem', '-CAkey', 'parent.key'] : ['-signkey', 'key.pem']
  if (parent) {
    at('parent.pem', parent.certificate)
    at('parent.key', parent.key)
  }
  openssl(folder, 'x509', '-req', '-in', 'ca.csr', ...signer, '-days', days, '-extfile', 'ext.cnf', '-out', 'ca.pem')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { folder, subject, certificate: read('ca.pem'), key: read('key.pem') }
}

/** The CA's key in another form; `args` are of `openssl pkcs8`, `rsa`, `ec` or `pkcs12`. */
export function converted(ca: OutsideCa, ...args: string[]): string {
  openssl(ca.folder, ...args, '-out', 'converted')
  return readFileSync(join(ca.folder, 'converted'), 'utf8')
}

/** A PKCS #12 file in base64, with these certificates above the CA's. */
export function pkcs12Of(ca: OutsideCa, passphrase: string, above: readonly string[] = [], ...args: string[]): string {
  writeFileSync(join(ca.folder, 'above.pem'), above.join(''))
  const chain = above.length > 0 ? ['-certfile', 'above.pem'] : []
  openssl(
    ca.folder,
    'pkcs12',
    '-export',
    '-inkey',
    'key.pem',
    '-in',
    'ca.pem',
    ...chain,
    '-passout',
    `pass:${passphrase}`,
    '-out',
    'ca.p12',
    ...args,
  )
  return readFileSync(join(ca.folder, 'ca.p12')).toString('base64')
}

/** A certificate by the CA for `name`, by openssl and with this serial (hexadecimal). */
export function outsideLeaf(ca: OutsideCa, name: string, serial: string): string {
  const folder = temporaryFolder()
  const at = (file: string, text: string) => writeFileSync(join(folder, file), text)
  at('req.cnf', '[req]\ndistinguished_name=dn\n[dn]\n')
  at('ext.cnf', `${identifiers}subjectAltName=DNS:${name}\n`)
  at('ca.pem', ca.certificate)
  at('ca.key', ca.key)
  openssl(folder, 'genpkey', ...keyOptions['p256']!, '-out', 'key.pem')
  openssl(folder, 'req', '-new', '-config', 'req.cnf', '-key', 'key.pem', '-subj', `/CN=${name}`, '-out', 'leaf.csr')
  return openssl(
    folder,
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-set_serial',
    `0x${serial}`,
    '-days',
    '90',
    '-extfile',
    'ext.cnf',
  )
}

/** A CA run with `openssl ca` and its database: two certificates, the second revoked. */
export function opensslDatabase(ca: OutsideCa): { index: string; leaves: string[] } {
  const { folder } = ca
  const at = (file: string, text: string) => writeFileSync(join(folder, file), text)
  at('index.txt', '')
  at('serial', '1001\n')
  at(
    'ca.cnf',
    [
      '[ca]\ndefault_ca=ours\n[ours]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem',
      'private_key=key.pem\ndefault_md=sha256\npolicy=any\nx509_extensions=ext\nunique_subject=no',
      '[any]\ncommonName=supplied\n[ext]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    ].join('\n'),
  )
  const leaves = ['a.example.test', 'b.example.test'].map((name, number) => {
    openssl(folder, 'genpkey', ...keyOptions['p256']!, '-out', 'leaf.key')
    openssl(folder, 'req', '-new', '-config', 'req.cnf', '-key', 'leaf.key', '-subj', `/CN=${name}`, '-out', 'leaf.csr')
    const out = `leaf-${number}.pem`
    openssl(folder, 'ca', '-batch', '-config', 'ca.cnf', '-in', 'leaf.csr', '-days', '60', '-notext', '-out', out)
    return readFileSync(join(folder, out), 'utf8')
  })
  openssl(folder, 'ca', '-config', 'ca.cnf', '-revoke', 'leaf-1.pem', '-crl_reason', 'keyCompromise')
  return { index: readFileSync(join(folder, 'index.txt'), 'utf8'), leaves }
}
