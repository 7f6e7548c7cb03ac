import type { Command } from 'commander'
import { UsageError } from './errors.ts'
import { exitCodeTexts } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': () =>
    [
      'Exit codes:',
      ...Object.entries(exitCodeTexts).map(([code, text]) => `  ${code}  ${text}`),
      '',
      '`certkeep serve` ends with 0 when it was stopped, 1 when it could not start, and 70 when the state of the disk',
      'became unknown.',
      '',
    ].join('\n'),
}

/** `certkeep help`, `certkeep help ca create`, `certkeep help exit-codes`. */
export function addHelpCommand(program: Command, terminal: Terminal): void {
  program.helpCommand(false)
  program
    .command('help')
    .description('Show help for a command, or about exit-codes')
    .argument('[command...]')
    .action((words: string[]) => {
      const topic = words.length === 1 && Object.hasOwn(topics, words[0]!) ? topics[words[0]!] : undefined
      if (topic) return terminal.out(topic())
      commandAt(program, words).outputHelp()
    })
}

function commandAt(program: Command, words: readonly string[]): Command {
  return words.reduce((parent, word) => {
    const command = parent.commands.find((each) => each.name() === word)
    if (!command) throw new UsageError(`there is no command ${JSON.stringify(words.join(' '))}; see certkeep help`)
    return command
  }, program)
}
