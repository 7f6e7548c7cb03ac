import type { Command } from 'commander'
import { commandsOf } from './commands.ts'
import { readPassword } from './files.ts'
import { given } from './session.ts'
import type { Terminal } from './terminal.ts'
import { dateCell } from './times.ts'

/** `certkeep user …` */
export function addUserCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('user').description('Users of the account'), terminal)

  add('list', 'List the users').does(async ({ call, output, now }) => {
    const answer = await call('ListUsers', {})
    output.result(answer, (show) =>
      show.table(
        ['NAME', 'ID', 'STATE', 'CREATED'],
        answer.users.map(({ userName, userId, enabled, createdAt }) => [
          userName,
          userId,
          enabled ? { text: 'enabled', style: 'good' } : { text: 'disabled', style: 'warning' },
          dateCell(createdAt, now),
        ]),
      ),
    )
  })

  add('create <user-name>', 'Create a user; it has no rights until a policy is attached')
    .option('--password-file <file>', 'a password for tokens, from a file; - for standard input')
    .does<[string], { passwordFile?: string }>(
      async ({ call, output, terminal: world }, { passwordFile }, userName) => {
        const password = passwordFile === undefined ? undefined : await readPassword(passwordFile, world)
        const input = given({ userName, password })
        const answer = await call('CreateUser', input, { confidential: password !== undefined })
        output.result(answer, () => `User ${userName} is created.\n`)
      },
    )

  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    add(
      `${name} <user-name>`,
      enabled ? 'Let a disabled user in again' : 'Disable a user, its keys and its tokens',
    ).does<[string]>(async ({ call, output }, _options, userName) =>
      output.result(await call('SetUserEnabled', { userName, enabled }), () => `User ${userName} is ${name}d.\n`),
    )
}
