import { runCli } from './program.ts'
import { processTerminal } from './terminal.ts'

// The code alone is set: `serve` goes on running, and what was written must still reach a slow reader.
process.exitCode = await runCli(process.argv.slice(2), processTerminal())
