import type { Command } from 'commander'
import { commandsOf } from './commands.ts'
import { addPaging, pagingOf, type PagingOptions } from './inputs.ts'
import { remainder } from './output.ts'
import { given, type AnswerOf } from './session.ts'
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
  const { add } = commandsOf(program.command('audit').description('The audit log'), terminal)

  addPaging(add('list', 'Read the audit log, newest first'))
    .option('--object <id>', 'only what was done to this CA, certificate or user')
    .option('--type <type>', 'only objects of this kind: ca, certificate, user, policy …')
    .does<[], PagingOptions & { object?: string; type?: string }>(
      async ({ call, output, now }, { object, type, ...paging }) => {
        const page = await call('ListAuditEntries', given({ objectId: object, objectType: type, ...pagingOf(paging) }))
        output.result(
          page,
          (show) =>
            show.table(
              ['WHEN', 'WHO', 'OPERATION', 'OUTCOME', 'OBJECT', 'FROM'],
              page.rows.map((entry) => [
                timeCell(entry.at, now),
                entry.userName,
                entry.operation,
                outcomeCell(entry),
                entry.objectId === '' ? entry.objectType || '-' : `${entry.objectType} ${entry.objectId}`,
                entry.sourceIp || '-',
              ]),
            ) + remainder(page.rows.length, page.total, paging.offset),
        )
      },
    )
}
