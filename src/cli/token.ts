import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'

interface Credentials {
  accountName: string
  userName: string
  password: string
}

/** Logs in by the documented call and prints the token, for curl and scripts: `TOKEN=$(certkeep token)`. */
export const tokenCommand = (): Command =>
  new Command('token')
    .description('Log in with a credentials file and print a token for X-Auth-Token, valid for a day.')
    .option('--credentials <file>', 'the file (else first-credentials.json in CERTKEEP_HOME or ./data)')
    .option('--url <url>', 'the service', 'http://127.0.0.1:8440')
    .action(run)

async function run({ credentials: path, url }: { credentials?: string; url: string }): Promise<void> {
  const file = path ?? join(process.env['CERTKEEP_HOME'] ?? 'data', 'first-credentials.json')
  try {
    process.stdout.write(`${await logIn(url, JSON.parse(await readFile(file, 'utf8')) as Credentials)}\n`)
  } catch (error) {
    process.stderr.write(`certkeep: no token: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

async function logIn(url: string, { accountName, userName, password }: Credentials): Promise<string> {
  const domain = { name: accountName }
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json;charset=utf8' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: userName, password, domain } } },
        scope: { domain },
      },
    }),
  })
  const token = response.headers.get('x-subject-token')
  if (response.status !== 201 || token === null) throw new Error(`${url} answered ${response.status}`)
  return token
}
