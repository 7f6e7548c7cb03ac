import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './service.ts'
import { need } from './tools.ts'

type Arguments = readonly (string | readonly string[])[]

/** Runs openssl; throws with what it said when it fails. Options may come in groups, a line each. */
export function openssl(...args: Arguments): string {
  need('openssl')
  return execFileSync('openssl', args.flat(), { encoding: 'utf8', stdio: 'pipe' })
}

/** `openssl req` without the extensions that a system's configuration adds of its own. */
export const opensslReq = (...args: Arguments): string =>
  openssl('req', '-config', file('req.cnf', '[req]\ndistinguished_name = dn\n[dn]\n'), ...args)

/** What it prints where it prints it, whether it fails or not. */
export function opensslSays(...args: string[]): string {
  need('openssl')
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return stdout + stderr
}

/** Writes bytes to a file of their own and gives its path. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

/** `openssl verify`: whether it accepts, and what it said. `at` is the instant of verification in ms. */
export function verify(
  certificatePem: string,
  {
    roots,
    chain = '',
    crls,
    at,
    wholeChain = false,
  }: {
    roots: string
    chain?: string
    crls?: string | undefined
    at?: number | undefined
    /** Asks for a CRL of every CA, not of the issuer alone. */
    wholeChain?: boolean
  },
): { accepted: boolean; said: string } {
  const args = ['verify', '-x509_strict', '-CAfile', file('roots.pem', roots)]
  if (chain !== '') args.push('-untrusted', file('chain.pem', chain))
  if (crls !== undefined) args.push(wholeChain ? '-crl_check_all' : '-crl_check', '-CRLfile', file('crls.pem', crls))
  if (at !== undefined) args.push('-attime', String(Math.floor(at / 1_000)))
  args.push(file('certificate.pem', certificatePem))
  need('openssl')
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return { accepted: status === 0, said: stdout + stderr }
}

/** DER of a CRL as PEM, by way of openssl, which so reads it as well. */
export const crlPem = (der: Uint8Array): string => openssl('crl', '-inform', 'DER', '-in', file('crl.der', der))

/** A certificate for this name with its key, both PEM, as somebody would upload them. */
export function selfSigned(commonName: string): { certificate: string; privateKey: string } {
  const key = join(temporaryFolder(), 'key.pem')
  const certificate = opensslReq(
    ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key],
    ['-days', '365', '-subj', `/CN=${commonName}`, '-addext', `subjectAltName=DNS:${commonName}`],
  )
  return { certificate, privateKey: readFileSync(key, 'utf8') }
}
