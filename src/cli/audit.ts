import type { Command } from 'commander'
import { auditText } from '../client/index.ts'
import { addVerifyCommand } from './audit-verify.ts'
import { commandsOf } from './commands.ts'
import { newFile, type NewFile } from './files.ts'
import { addPaging, pagingOf, type PagingOptions } from './inputs.ts'
import { remainder } from './output.ts'
import { confirmDeletion, dryRunOption, given, urlOf, urlOption, type AnswerOf, type InputOf } from './session.ts'
import type { Cell } from './table.ts'
import type { Terminal } from './terminal.ts'
import { timeCell } from './times.ts'

function outcomeCell({ outcome, code }: AnswerOf<'ListAuditEntries'>['rows'][number]): Cell {
  if (outcome === 'done') return 'done'
  if (outcome === 'dryRun') return code === '' ? 'dry run' : `dry run: ${code}`
  return { text: `refused: ${code}`, style: 'bad' }
}

/** `certkeep audit …` */
export function addAuditCommands(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('The audit log').copyInheritedSettings(program)
  const { add } = commandsOf(audit, terminal)

  addPaging(add('list', 'Read the audit log, newest first'))
    .option('--object <id>', 'only what was done to this CA, certificate or user')
    .option('--type <type>', 'only objects of this kind: ca, certificate, user, policy …')
    .does<[], PagingOptions & { object?: string; type?: string }>(
      async ({ call, output, now }, { object, type, ...paging }) => {
        const page = await call(
          'ListAuditEntries',
          given({ objectId: object, objectType: type, withIndex: true, ...pagingOf(paging) }),
        )
        output.result(
          page,
          (show) =>
            show.table(
              ['NUMBER', 'WHEN', 'WHO', 'OPERATION', 'OUTCOME', 'OBJECT', 'FROM'],
              page.rows.map((entry) => [
                String(entry.index ?? '-'),
                timeCell(entry.at, now),
                entry.userName || '(erased)',
                entry.operation,
                outcomeCell(entry),
                entry.objectId === '' ? entry.objectType || '-' : `${entry.objectType} ${entry.objectId}`,
                entry.sourceIp || '-',
              ]),
            ) + remainder(page.rows.length, page.total, paging.offset),
        )
      },
    )

  add('export <file>', 'Write the audit log with its hashes and checkpoint to a file, for audit verify')
    .option('--force', 'replace a file that is there')
    .does<[string], { force?: boolean }>(async ({ call, output }, { force = false }, path) => {
      await using file = await newFile(path, { secret: true, force })
      const { entries, size } = await exportTo(file, (input) => call('ExportAudit', input))
      output.result({ file: path, entries, size }, () => `${entries} of ${size} entries are in ${path}.\n`)
    })

  addVerifyCommand(audit, terminal)

  for (const what of ['key', 'checkpoint'] as const)
    audit
      .command(what)
      .description(`Print the ${what} of the audit log, to be put aside`)
      .addOption(urlOption())
      .action(async (options: { url?: string }) => terminal.out(await auditText(urlOf(options, terminal), what)))

  add('erase <user-id>', "Erase a user's name and addresses from the audit log, for good; its proofs stay valid")
    .option('--yes', 'do not ask')
    .addOption(dryRunOption())
    .does<[string], { yes?: boolean; dryRun: boolean }>(async (session, { yes = false, dryRun }, userId) => {
      await confirmDeletion(session, {
        yes,
        dryRun,
        describe: () =>
          Promise.resolve({
            what: 'from the audit log the person',
            name: userId,
            consequence: 'There is no way back.',
          }),
      })
      let erased = 0
      for (let after: number | null = 0; after !== null;) {
        const answer: { erased: number; after: number | null } = await session.call(
          'EraseAuditPerson',
          { userId, after },
          { dryRun },
        )
        erased += answer.erased
        after = answer.after
      }
      session.output.result({ userId, erased }, () => `Erased in ${erased} entries.\n`)
    })
}

/** A line each: what it is of, then by tiles of 256 their entries and their hashes. */
async function exportTo(
  file: NewFile,
  page: (input: InputOf<'ExportAudit'>) => Promise<AnswerOf<'ExportAudit'>>,
): Promise<{ entries: number; size: number }> {
  const line = (value: object) => file.add(`${JSON.stringify(value)}\n`)
  const { exportForm } = await import('../audit/index.ts')
  const first = await page({})
  const { size, checkpoint, key } = first
  await line({ form: exportForm, size, checkpoint, key })
  let entries = 0
  for (let answer = first; ; answer = await page({ tile: answer.next, size })) {
    for (const entry of answer.entries) await line(entry)
    entries += answer.entries.length
    const { from, hashes, root, others } = answer
    await line({ from, hashes, root, others })
    if (answer.next === null) break
  }
  await file.write('')
  return { entries, size }
}
