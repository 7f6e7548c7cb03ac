import { Command } from 'commander'
import { adminCommand } from './admin.ts'
import { serveCommand } from './serve.ts'
import { tokenCommand } from './token.ts'

const program = new Command('certkeep')
  .description('A certificate management service and private CA that cloud SDKs can use unchanged.')
  .showHelpAfterError()
program.addCommand(serveCommand())
program.addCommand(tokenCommand())
program.addCommand(adminCommand())

await program.parseAsync()
