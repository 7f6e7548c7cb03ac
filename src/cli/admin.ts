import type { Command } from 'commander'
import { databaseOf, dataFolderOf } from '../config/index.ts'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** Commands for whoever runs the service, on its files and without it. */
export function addAdminCommands(program: Command, terminal: Terminal): void {
  const admin = program
    .command('admin')
    .description('For the operator: on the data folder')
    .copyInheritedSettings(program)
  admin
    .command('reset')
    .description('Give a lost administrator a new password and a new access key')
    .option('--data <folder>', 'the data folder (else CERTKEEP_HOME, else ./data)')
    .option('--database <url>', 'PostgreSQL with the data (else CERTKEEP_DATABASE, else SQLite in the data folder)')
    .option('--user <name>', 'the user, who is made when there is none of this name', 'admin')
    .option('--account <name>', 'the account (else the first)')
    .action(async (options: ResetOptions) => terminal.out(await reset(options)))
  admin
    .command('rotate-master-key')
    .description('Exchange the master key while the service goes on; run again, it goes on where it was interrupted')
    .option('--data <folder>', 'the data folder (else CERTKEEP_HOME, else ./data)')
    .option('--database <url>', 'PostgreSQL with the data (else CERTKEEP_DATABASE, else SQLite in the data folder)')
    .action(async (options: Pick<ResetOptions, 'data' | 'database'>) => terminal.out(await rotate(options)))
  admin
    .command('new-master-key')
    .argument('<file>', 'a file that is not there yet')
    .description('Make a master key for a new data folder, to be kept apart from it')
    .action(async (file: string) => {
      process.umask(0o077)
      // Only who asks for it waits for the code behind it; so in reset.
      const { newMasterKeyFile } = await import('../new-master-key.ts')
      terminal.out(`Written to ${await newMasterKeyFile(file)}, readable for you alone.\n`)
    })
}

interface ResetOptions {
  data?: string
  database?: string
  user: string
  account?: string
}

async function rotate({ data, database }: Pick<ResetOptions, 'data' | 'database'>): Promise<string> {
  process.umask(0o077)
  const { rotateMasterKey } = await import('../rotate-master-key.ts')
  const asked = { database: databaseOf(database, process.env), environment: process.env }
  const { from, to, keys, values, left, retiredAt, nextAt } = await rotateMasterKey(
    dataFolderOf(data, process.env),
    asked,
  )
  return [
    `The master key is ${to}, and was ${from}: ${keys} keys and ${values} other values are sealed anew.`,
    retiredAt === undefined
      ? `Put master-next.key of the data folder where the current one is (${nextAt}), and keep that one for old backups.`
      : `The old one is ${retiredAt}: backups of before want it. Keep it where they are, and take it out of the data folder.`,
    ...(left.length === 0
      ? []
      : [
          `NOT sealed anew, and lost without the old one: ${left.join(', ')}. Leave it in the data folder, and run this again.`,
        ]),
    '',
  ].join('\n')
}

const userName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

async function reset({ data, database, user, account }: ResetOptions): Promise<string> {
  if (!userName.test(user)) throw new UsageError(`${JSON.stringify(user)} is no user name.`)
  process.umask(0o077)
  const { resetAdministrator } = await import('../admin-reset.ts')
  const asked = { userName: user, accountName: account, database: databaseOf(database, process.env) }
  const done = await resetAdministrator(dataFolderOf(data, process.env), asked, process.env)
  const verb = done.created ? 'was made' : 'has a new password and a new access key'
  const keys = done.disabledKeys === 1 ? 'One access key' : `${done.disabledKeys} access keys`
  return [
    `User ${done.userName} of account ${done.accountName} ${verb}, and has every right of the account.`,
    ...(done.disabledKeys > 0 ? [`${keys} that it had before can be used no more.`] : []),
    `The credentials are in ${done.credentialsPath}, readable for you alone: delete the file when you have put them where they belong.`,
    '',
  ].join('\n')
}
