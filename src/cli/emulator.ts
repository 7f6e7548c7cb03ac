import { Option, type Command } from 'commander'
import { emulatorClock, type EmulatorClockChange } from '../client/index.ts'
import { UsageError } from './errors.ts'
import { Output } from './output.ts'
import { outputOption, given, urlOf, urlOption, type ServiceOptions } from './session.ts'
import type { Terminal } from './terminal.ts'
import { readDuration } from './times.ts'

interface ClockOptions extends ServiceOptions {
  advance?: number
  set?: string
  freeze?: boolean
  thaw?: boolean
}

/** `certkeep emulator …` */
export function addEmulatorCommands(program: Command, terminal: Terminal): void {
  program
    .command('emulator')
    .description('What only an emulator has (serve --emulate)')
    .command('clock')
    .description('Read the clock of the emulator, or move it; answers when what fell due has been done')
    .addOption(outputOption())
    .addOption(urlOption())
    .addOption(
      new Option('--advance <time>', 'move it on: 8d, 36h, 90m, 1d12h; or back: --advance=-1h')
        .argParser(readDuration)
        .conflicts('set'),
    )
    .option('--set <instant>', 'set it: 2027-01-31T00:00:00Z')
    .option('--freeze', 'let it stand still')
    .addOption(new Option('--thaw', 'let it run').conflicts('freeze'))
    .action(async (options: ClockOptions) => {
      const clock = await emulatorClock(urlOf(options, terminal), changeOf(options))
      new Output(terminal, options.output).result(clock, () => `${clock.now}${clock.frozen ? ' (frozen)' : ''}\n`)
    })
}

function changeOf({ advance, set, freeze, thaw }: ClockOptions): EmulatorClockChange | undefined {
  if (set !== undefined && Number.isNaN(Date.parse(set)))
    throw new UsageError(`${JSON.stringify(set)} is not an instant: write 2027-01-31T00:00:00Z`)
  const frozen = freeze ? true : thaw ? false : undefined
  if (advance === undefined && set === undefined && frozen === undefined) return undefined
  return given({ advance_seconds: advance, set, frozen })
}
