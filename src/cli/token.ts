import type { Command } from 'commander'
import {
  baseUrl,
  CredentialsError,
  firstCredentialsPath,
  readCredentials,
  send,
  ServiceError,
} from '../client/index.ts'
import { urlOf, urlOption } from './session.ts'
import type { Terminal } from './terminal.ts'

/** Logs in by the documented call and prints the token, for curl and scripts: `TOKEN=$(certkeep token)`. */
export function addTokenCommand(program: Command, terminal: Terminal): void {
  program
    .command('token')
    .description('Log in with a credentials file and print a token for X-Auth-Token, valid for a day')
    .option('--credentials <file>', 'the file (else first-credentials.json in CERTKEEP_HOME or ./data)')
    .addOption(urlOption())
    .action(async (options: { credentials?: string; url?: string }) => {
      const file = options.credentials ?? firstCredentialsPath(terminal.environment)
      terminal.out(`${await logIn(baseUrl(urlOf(options, terminal)), file)}\n`)
    })
}

async function logIn(service: URL, file: string): Promise<string> {
  const { accountName, userName, password } = await readCredentials(file)
  if (typeof accountName !== 'string' || typeof userName !== 'string' || typeof password !== 'string')
    throw new CredentialsError(`the credentials file ${file} lacks accountName, userName or password`)
  const domain = { name: accountName }
  const { status, headers } = await send(new URL('/v3/auth/tokens', service), {
    method: 'POST',
    headers: { 'content-type': 'application/json;charset=utf8' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: userName, password, domain } } },
        scope: { domain },
      },
    }),
  })
  const token = headers.get('x-subject-token')
  if (status === 201 && token !== null) return token
  throw new ServiceError(
    status,
    status === 401 ? 'CredentialsWrong' : 'UnexpectedAnswer',
    status === 401 ? 'no token: the user name or password is wrong' : `no token: ${service.origin} answered ${status}`,
    headers.get('x-request-id') ?? undefined,
  )
}
