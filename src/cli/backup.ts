import type { Command } from 'commander'
import { auditMirrorOf, databaseOf, dataFolderOf, outboundAllowOf } from '../config/index.ts'
import { commandsOf } from './commands.ts'
import { wholeNumber } from './session.ts'
import type { Terminal } from './terminal.ts'
import { timeCell } from './times.ts'

interface Place {
  data?: string
  database?: string
}

interface Seal extends Place {
  passphraseFile?: string
  recipient?: string
}

const withPlace = (command: Command): Command =>
  command
    .option('--data <folder>', 'the data folder (else CERTKEEP_HOME, else ./data)')
    .option('--database <url>', 'PostgreSQL with the data (else CERTKEEP_DATABASE, else SQLite in the data folder)')

const withSeal = (command: Command): Command =>
  withPlace(command)
    .option('--passphrase-file <file>', 'seal it by the passphrase in this file')
    .option('--recipient <file>', 'seal it to this X25519 public key (PEM): opening it takes the private key')

const instant = (ms: number): string => new Date(ms).toISOString()

/** `certkeep backup`, `restore`, `keyring …` and `quarantine …` */
export function addBackupCommands(program: Command, terminal: Terminal): void {
  const placeOf = ({ data, database }: Place) => ({
    folder: dataFolderOf(data, terminal.environment),
    database: databaseOf(database, terminal.environment),
  })

  withSeal(
    program
      .command('backup')
      .argument('<file>', 'a file that is not there yet')
      .description('Back up everything but master key and keyring, while the service goes on'),
  )
    .copyInheritedSettings(program)
    .action(async (file: string, options: Seal) => {
      process.umask(0o077)
      const [{ backupData }, { lockOf }] = await Promise.all([
        import('../backup-data.ts'),
        import('../seal-options.ts'),
      ])
      const { folder, database } = placeOf(options)
      const { bytes, takenAt } = await backupData(folder, { file, lock: lockOf(options), database })
      terminal.out(
        `${file}: ${bytes} bytes, the data as of ${instant(takenAt)}. Keys are not in it: certkeep keyring backup.\n`,
      )
    })

  withPlace(
    program
      .command('restore')
      .argument('<file>', 'a backup of the data')
      .description('Make a new instance of a backup, in quarantine until a person releases it'),
  )
    .copyInheritedSettings(program)
    .option('--passphrase-file <file>', 'the passphrase that the backup is sealed by')
    .option('--identity <file>', 'the X25519 private key (PEM) that the backup is sealed to')
    .option('--keyring <file>', 'a copy of the keyring, sealed alike (else the keyring in the folder)')
    .option('--mirror <place>', 'the audit mirror: what came after the backup (else nothing of it is known)')
    .action(
      async (
        file: string,
        options: Place & { passphraseFile?: string; identity?: string; keyring?: string; mirror?: string },
      ) => {
        process.umask(0o077)
        const [{ restoreData }, { unlockOf }, { mirrorPlaceOf }] = await Promise.all([
          import('../restore-data.ts'),
          import('../seal-options.ts'),
          import('../mirror.ts'),
        ])
        const { environment } = terminal
        const { folder, database } = placeOf(options)
        const unlock = unlockOf(options)
        const mirror = auditMirrorOf(options.mirror, environment)
        const record = await restoreData(folder, {
          file,
          unlock,
          keyringCopy: options.keyring === undefined ? undefined : { file: options.keyring, unlock },
          mirror: mirror && mirrorPlaceOf(mirror, outboundAllowOf(environment)),
          database,
          environment,
        })
        terminal.out(toldOf(record, `Restored into ${folder}, in quarantine: it changes nothing until it is released.`))
        terminal.out('Start it, look, then release it: certkeep quarantine show, certkeep quarantine release.\n')
      },
    )

  const keyring = program
    .command('keyring')
    .description('The keys apart from the data, and their numbered copies')
    .copyInheritedSettings(program)
  withSeal(
    keyring
      .command('backup')
      .argument('<file>', 'a file that is not there yet')
      .description('Make the next numbered copy of the keyring, while the service goes on')
      .copyInheritedSettings(program),
  )
    .requiredOption('--place <text>', 'where the copy goes, for whoever has to destroy it one day')
    .action(async (file: string, options: Seal & { place: string }) => {
      process.umask(0o077)
      const [{ backupKeyring }, { lockOf }] = await Promise.all([
        import('../keyring-backup.ts'),
        import('../seal-options.ts'),
      ])
      const { folder, database } = placeOf(options)
      const { environment } = terminal
      const lock = lockOf(options)
      const made = await backupKeyring(folder, { file, lock, database, place: options.place, environment })
      terminal.out(`${file}: copy ${made.number} of the keyring, ${made.keys} keys, ${made.bytes} bytes.\n`)
    })
  const ofKeyring = commandsOf(keyring, terminal)
  ofKeyring.add('list', 'List the numbered copies of the keyring').does(async ({ call, output, now }) => {
    const { rows } = await call('ListKeyringCopies', {})
    output.result(rows, (show) =>
      show.table(
        ['NUMBER', 'MADE', 'KEYS', 'PLACE', 'ATTESTED DESTROYED'],
        rows.map(({ number, madeAt, keys, place, attestedAt, attestedBy }) => [
          String(number),
          timeCell(madeAt, now),
          attestedAt === null ? String(keys) : '-',
          place,
          attestedAt === null ? 'no' : `${instant(attestedAt)} by ${attestedBy}`,
        ]),
      ),
    )
  })
  ofKeyring
    .add('attest-destroyed <number>', 'Attest that a numbered copy of the keyring is destroyed')
    .does<[string]>(async ({ call, output }, _options, number) => {
      const answer = await call('AttestKeyringCopyDestroyed', { number: wholeNumber(number) })
      output.result(answer, () => `Attested: copy ${number} of the keyring is destroyed.\n`)
    })

  const quarantine = commandsOf(program.command('quarantine').description('A restored instance'), terminal)
  quarantine
    .add('show', 'Show what a restored instance knows of the time after its backup')
    .does(async ({ call, output }) => {
      const answer = await call('ShowQuarantine', {})
      output.result(answer, () =>
        answer.quarantine === null
          ? 'The instance is in no quarantine.\n'
          : toldOf(answer.quarantine, 'In quarantine.'),
      )
    })
  quarantine
    .add('release', 'Release a restored instance: it issues, publishes and destroys again')
    .requiredOption('--known-until <instant>', 'until when it knows what happened, as `quarantine show` says it')
    .does<[], { knownUntil: string }>(async ({ call, output }, { knownUntil }) => {
      const answer = await call('ReleaseQuarantine', { knownUntil: Date.parse(knownUntil) })
      output.result(
        answer,
        () =>
          `Released. Every CA publishes a CRL now.\n${answer.rearmed
            .map(({ caId, dueAt }) => `CA ${caId} waits for its deletion until ${instant(dueAt)}.\n`)
            .join('')}`,
      )
    })
}

interface Told {
  backupAt: number
  knownUntil: number
  merged: Record<string, number>
  notMerged: Record<string, number>
  lostCas: readonly { caId: string; commonName: string }[]
  absentKeys: readonly string[]
}

function toldOf({ backupAt, knownUntil, merged, notMerged, lostCas, absentKeys }: Told, first: string): string {
  const counts = (of: Record<string, number>): string =>
    Object.entries(of)
      .map(([operation, count]) => `${operation} ${count}`)
      .join(', ') || 'nothing'
  return [
    first,
    `  backup of       ${instant(backupAt)}`,
    `  known until     ${instant(knownUntil)}  (what happened later is not known here)`,
    `  done over       ${counts(merged)}`,
    `  NOT done over   ${counts(notMerged)}`,
    ...lostCas.map(
      ({ caId, commonName }) => `  lost CA         ${caId} ${commonName}: made after the backup, its key is gone`,
    ),
    ...absentKeys.map((keyId) => `  key absent      ${keyId}: nothing signs with it`),
    '',
  ].join('\n')
}
