import type { Command } from 'commander'
import { commandsOf } from './commands.ts'
import type { Terminal } from './terminal.ts'

/** `certkeep time …` */
export function addTimeCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('time').description('The trusted clock'), terminal)

  add('confirm', 'Confirm that the time is right after an unexplained jump: destroying and purging go on').does(
    async ({ call, output }) => {
      const answer = await call('ConfirmTime', {})
      output.result(answer, () =>
        answer.wasHeldBecause === null
          ? 'Nothing was on hold.\n'
          : `Confirmed. Destroying and purging were on hold: ${answer.wasHeldBecause}.\n`,
      )
    },
  )
}
