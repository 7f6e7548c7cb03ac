import { Command } from 'commander'
import { resetAdministrator } from '../admin-reset.ts'
import { dataFolderOf } from '../config/index.ts'
import { newMasterKeyFile } from '../new-master-key.ts'

/** Commands for whoever runs the service, on its files and without it. */
export function adminCommand(): Command {
  const admin = new Command('admin').description('For the operator: on the data folder, while nothing serves it.')
  admin
    .command('reset')
    .description('Give a lost administrator a new password and a new access key.')
    .option('--data <folder>', 'the data folder (else CERTKEEP_HOME, else ./data)')
    .option('--user <name>', 'the user, who is made when there is none of this name', 'admin')
    .option('--account <name>', 'the account (else the first)')
    .action(reset)
  admin
    .command('new-master-key <file>')
    .description('Make a master key for a new data folder, to be kept apart from it.')
    .action((file: string) => tell(async () => `Written to ${await newMasterKeyFile(file)}, readable for you alone.`))
  return admin
}

interface ResetOptions {
  data?: string
  user: string
  account?: string
}

const userName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

const reset = ({ data, user, account }: ResetOptions): Promise<void> =>
  tell(async () => {
    if (!userName.test(user)) throw new Error(`${JSON.stringify(user)} is no user name.`)
    const folder = dataFolderOf(data, process.env)
    const done = await resetAdministrator(folder, { userName: user, accountName: account }, process.env)
    const keys = done.disabledKeys === 1 ? 'One access key' : `${done.disabledKeys} access keys`
    return [
      `User ${done.userName} of account ${done.accountName} ${done.created ? 'was made' : 'has a new password and a new access key'}, and has every right of the account.`,
      ...(done.disabledKeys > 0 ? [`${keys} that it had before can be used no more.`] : []),
      `The credentials are in ${done.credentialsPath}, readable for you alone: delete the file when you have put them where they belong.`,
    ].join('\n')
  })

/** Expected refusals are one sentence; anything else is a bug and shows where it happened. */
async function tell(act: () => Promise<string>): Promise<void> {
  process.umask(0o077)
  try {
    process.stdout.write(`${await act()}\n`)
  } catch (error) {
    const expected = error instanceof Error && ['Error', 'DataFolderError', 'MasterKeyError'].includes(error.name)
    process.stderr.write(
      `certkeep: ${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    )
    process.exitCode = 1
  }
}
