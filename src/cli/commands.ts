import { Command } from 'commander'
import { openSession, withService, type ServiceOptions, type Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** A command that calls the service: its action gets a session, the options, and the arguments in their order. */
export class ServiceCommand extends Command {
  private terminal!: Terminal

  /** Made as a subcommand, so that it inherits how errors and help are written. */
  static under(parent: Command, terminal: Terminal, nameAndArguments: string, description: string): ServiceCommand {
    const [name, ...rest] = nameAndArguments.split(' ')
    const command = new ServiceCommand(name)
    command.terminal = terminal
    if (rest.length > 0) command.arguments(rest.join(' '))
    withService(command.description(description).copyInheritedSettings(parent))
    parent.addCommand(command)
    return command
  }

  does<Arguments extends unknown[], Options = unknown>(
    act: (session: Session, options: Options & ServiceOptions, ...args: Arguments) => Promise<void>,
  ): void {
    // Commander hands over the arguments, then the options, then the command.
    this.action(async (...given: unknown[]) => {
      const options = given.at(-2) as Options & ServiceOptions
      await act(await openSession(this.terminal, options), options, ...(given.slice(0, -2) as Arguments))
    })
  }
}

export interface Commands {
  /** A subcommand, such as `show <ca-id>`. */
  add: (nameAndArguments: string, description: string) => ServiceCommand
}

export const commandsOf = (parent: Command, terminal: Terminal): Commands => ({
  add: (nameAndArguments, description) => ServiceCommand.under(parent, terminal, nameAndArguments, description),
})
