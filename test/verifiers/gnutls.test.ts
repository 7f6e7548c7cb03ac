import { spawnSync } from 'node:child_process'
import { file } from '../support/openssl.ts'
import { verifierSuite, type Question, type Verdict } from './suite.ts'

const installed = [
  ['certtool', '--version'],
  ['faketime', '--version'],
].every(([program, ...args]) => spawnSync(program!, args).status === 0)

verifierSuite(
  'GnuTLS',
  { installed, command: 'apt-get install gnutls-bin faketime' },
  async () => ({
    async verify({ certificate, chain, roots, crls, at }: Question): Promise<Verdict> {
      // certtool knows no time but the system's.
      const instant = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
      const args = ['-f', instant, 'certtool', '--verify', '--infile', file('chain.pem', certificate + chain)]
      args.push('--load-ca-certificate', file('roots.pem', roots))
      if (crls !== '') args.push('--load-crl', file('crls.pem', crls))
      const { status, stdout, stderr } = spawnSync('faketime', args, {
        encoding: 'utf8',
        env: { ...process.env, TZ: 'UTC' },
      })
      return { accepted: status === 0, said: stdout + stderr }
    },
    async [Symbol.asyncDispose]() {},
  }),
  {
    expired: /expired certificate/,
    notYetValid: /not yet activated|not yet valid/,
    revoked: /revoked/,
    noIssuer: /issuer is unknown/,
    pathTooLong: /violates the signer's constraints/,
    nameNotPermitted: /violates the signer's constraints/,
  },
)
