import { Option, type Command } from 'commander'
import { commandsOf } from './commands.ts'
import { UsageError } from './errors.ts'
import { addPaging, pagingOf, type PagingOptions } from './inputs.ts'
import { remainder } from './output.ts'
import { collect, given, readPairs, wholeNumber, type AnswerOf } from './session.ts'
import type { Terminal } from './terminal.ts'
import { timeCell } from './times.ts'

type Switch = 'on' | 'off'
type Guards = AnswerOf<'ShowGuards'>['guards']

const words: Readonly<Record<keyof Guards, string>> = {
  deletionProtection: 'deletion protection',
  refuseWhileInUse: 'refuse while in use',
  twoPersons: 'two persons',
  certificateDeletionsPerUser: 'certificate deletions a day, of a user',
  certificateDeletionsPerAccount: 'certificate deletions a day, of all',
  caDeletionsPerUser: 'CA deletions a day, of a user',
  caDeletionsPerAccount: 'CA deletions a day, of all',
  revocationsPerUser: 'revocations a day, of a user',
  revocationsPerAccount: 'revocations a day, of all',
}
type CapName = Exclude<keyof Guards, 'deletionProtection' | 'refuseWhileInUse' | 'twoPersons'>
const names = Object.keys(words) as (keyof Guards)[]
const capNames = names.slice(3) as CapName[]

const shownValue = (value: Guards[keyof Guards]): string =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : value === null ? 'no cap' : String(value)

const switchOption = (flag: string, description: string): Option =>
  new Option(`--${flag} <switch>`, description).choices(['on', 'off'])

/** `certkeep guard …`: what holds back who may. */
export function addGuardCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('guard').description('Guards: what holds back who may'), terminal)

  add('show', 'Show the guards of the account, or of a CA with what it has from the account')
    .option('--ca <ca-id>', 'of this CA')
    .does<[], { ca?: string }>(async ({ call, output, now }, { ca }) => {
      const answer = await call('ShowGuards', given({ caId: ca }))
      const { inForce, weaker } = answer
      output.result(answer, (show) =>
        show.record([
          ...names.map((name) => [words[name], shownValue(inForce[name])] as const),
          ...(weaker === null
            ? []
            : names
                .filter((name) => weaker.guards[name] !== answer.guards[name])
                .map(
                  (name) =>
                    [
                      `${words[name]}, later`,
                      `${shownValue(weaker.guards[name])} from ${timeCell(weaker.from, now)}`,
                    ] as const,
                )),
        ]),
      )
    })

  add('set', 'Set guards: stricter at once, weaker a day later')
    .option('--ca <ca-id>', 'of this CA; else of the account')
    .addOption(switchOption('deletion-protection', 'no end, by whichever way'))
    .addOption(switchOption('refuse-while-in-use', 'no end while something shows that it is used'))
    .addOption(switchOption('two-persons', 'an end needs a second person'))
    .option('--cap <name=count>', `how often a day, or none: ${capNames.join(', ')}`, collect)
    .does<
      [],
      { ca?: string; deletionProtection?: Switch; refuseWhileInUse?: Switch; twoPersons?: Switch; cap?: string[] }
    >(async ({ call, output, now }, { ca, deletionProtection, refuseWhileInUse, twoPersons, cap = [] }) => {
      const is = (value: Switch | undefined) => (value === undefined ? undefined : value === 'on')
      const answer = await call(
        'SetGuards',
        given({
          caId: ca,
          deletionProtection: is(deletionProtection),
          refuseWhileInUse: is(refuseWhileInUse),
          twoPersons: is(twoPersons),
          ...capsOf(cap),
        }),
      )
      output.result(answer, () =>
        answer.weaker === null
          ? 'The guards are in force.\n'
          : `What is stricter is in force; what is weaker will be from ${timeCell(answer.weaker.from, now)}.\n`,
      )
    })
}

function capsOf(pairs: readonly string[]): Partial<Record<CapName, number | null>> {
  return Object.fromEntries(
    Object.entries(readPairs(pairs)).map(([name, value]) => {
      if (!(capNames as string[]).includes(name)) throw new UsageError(`there is no cap ${JSON.stringify(name)}`)
      return [name, value === 'none' ? null : wholeNumber(value)]
    }),
  )
}

/** `certkeep approval …`: what waits for a second person. */
export function addApprovalCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('approval').description('What waits for a second person'), terminal)
  const states = ['waiting', 'approved', 'rejected', 'withdrawn', 'used', 'void'] as const

  addPaging(add('list', 'List what waits, or waited'))
    .addOption(new Option('--state <state>', 'only those').choices(states))
    .does<[], PagingOptions & { state?: (typeof states)[number] }>(
      async ({ call, output, now }, { state, ...paging }) => {
        const page = await call('ListApprovals', given({ state, ...pagingOf(paging) }))
        output.result(
          page,
          (show) =>
            show.table(
              ['ID', 'STATE', 'OPERATION', 'OBJECT', 'BY', 'UNTIL'],
              page.rows.map((row) => [
                row.id,
                row.state,
                row.operation,
                row.objectId || '-',
                row.requestedByName,
                timeCell(row.expiresAt, now),
              ]),
            ) + remainder(page.rows.length, page.total, paging.offset),
        )
      },
    )

  add('show <approval-id>', 'Show what is asked for, and its digest').does<[string]>(
    async ({ call, output, now }, _options, approvalId) => {
      const answer = await call('ShowApproval', { approvalId })
      const { subject } = answer
      output.result(answer, (show) =>
        show.record([
          ['id', answer.id],
          ['state', answer.state],
          ['operation', answer.operation],
          ['object', answer.objectId || '-'],
          ['terms', JSON.stringify(subject.act.terms)],
          ['under it', JSON.stringify(subject.counts)],
          ['asked for by', `${answer.requestedByName}, ${timeCell(answer.requestedAt, now)}`],
          ['until', timeCell(answer.expiresAt, now)],
          ['decided by', answer.decidedByName ?? '-'],
          ['digest', answer.digest],
        ]),
      )
    },
  )

  add('approve <approval-id> <digest>', 'Approve what `approval show` told, by its digest').does<[string, string]>(
    async ({ call, output }, _options, approvalId, digest) =>
      output.result(await call('Approve', { approvalId, digest }), () => `Approved: the same call passes now, once.\n`),
  )
  add('reject <approval-id>', 'Reject it, or take an approval back').does<[string]>(
    async ({ call, output }, _options, approvalId) =>
      output.result(await call('RejectApproval', { approvalId }), () => `Rejected.\n`),
  )
  add('withdraw <approval-id>', 'Withdraw what one asked for oneself').does<[string]>(
    async ({ call, output }, _options, approvalId) =>
      output.result(await call('WithdrawApproval', { approvalId }), () => `Withdrawn.\n`),
  )
}
