import type { Command } from 'commander'
import { commandsOf } from './commands.ts'
import { newFile } from './files.ts'
import type { Terminal } from './terminal.ts'
import { dateCell, timeCell } from './times.ts'

/** `certkeep access-key …` */
export function addAccessKeyCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('access-key').description('Access keys of users'), terminal)

  add('list <user-name>', 'List the access keys of a user, and when each was last used').does<[string]>(
    async ({ call, output, now }, _options, userName) => {
      const answer = await call('ListAccessKeys', { userName })
      output.result(answer, (show) =>
        show.table(
          ['ID', 'STATE', 'CREATED', 'LAST USED'],
          answer.accessKeys.map(({ accessKeyId, enabled, createdAt, lastUsedAt }) => [
            accessKeyId,
            enabled ? { text: 'enabled', style: 'good' } : { text: 'disabled', style: 'warning' },
            dateCell(createdAt, now),
            timeCell(lastUsedAt, now),
          ]),
        ),
      )
    },
  )

  add('create <user-name>', 'Create an access key; its secret is shown this once')
    .option('--save <file>', 'write it to a credentials file that you alone can read, and do not show the secret')
    .option('--force', 'replace a file that is there')
    .does<[string], { save?: string; force?: boolean }>(async ({ call, output }, { save, force = false }, userName) => {
      // Before the call: a key whose secret cannot be kept would have to be made again, and a user has two at most.
      await using file = save === undefined ? undefined : await newFile(save, { secret: true, force })
      const { accessKeyId, accessKeySecret } = await call('CreateAccessKey', { userName })
      await file?.write(`${JSON.stringify({ userName, accessKeyId, accessKeySecret }, null, 2)}\n`)
      output.result(file ? { accessKeyId, file: file.path } : { accessKeyId, accessKeySecret }, (show) =>
        show.record([
          ['access key id', accessKeyId],
          file ? ['credentials file', file.path] : ['secret', accessKeySecret],
        ]),
      )
      if (!file) output.note('The secret is shown this once: keep it now.')
    })

  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    add(`${name} <access-key-id>`, enabled ? 'Let a disabled access key in again' : 'Disable an access key').does<
      [string]
    >(async ({ call, output }, _options, accessKeyId) =>
      output.result(
        await call('SetAccessKeyEnabled', { accessKeyId, enabled }),
        () => `Access key ${accessKeyId} is ${name}d.\n`,
      ),
    )
}
