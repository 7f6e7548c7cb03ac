import { Command, CommanderError } from 'commander'
import { ServiceError } from '../client/index.ts'
import { addAccessKeyCommands } from './access-key.ts'
import { addAdminCommands } from './admin.ts'
import { addAuditCommands } from './audit.ts'
import { addCaCommands } from './ca.ts'
import { addCallCommand, type OperationTable } from './call.ts'
import { addCertCommands } from './cert.ts'
import { addEmulatorCommands } from './emulator.ts'
import { Declined } from './errors.ts'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts'
import { addApprovalCommands, addGuardCommands } from './guard.ts'
import { addHelpCommand } from './help.ts'
import { addPolicyCommands } from './policy.ts'
import { addServeCommand } from './serve.ts'
import type { Terminal } from './terminal.ts'
import { addTimeCommands } from './time.ts'
import { addTokenCommand } from './token.ts'
import { addUserCommands } from './user.ts'
import { printable } from './width.ts'

const helpWidth = 110

/**
 * Runs one command line (without the program's name) and resolves with the exit code; `serve` resolves when the service
 * is up. Never rejects: what goes wrong is told on standard error, as JSON with `--output json`.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const asJson = wantsJson(args)
  const usage: string[] = []
  try {
    await newProgram(terminal, await tableFor(args), (text) => usage.push(text)).parseAsync(args, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok // help was asked for, and is written
      const text = usage.join('')
      const isHelp = error.code === 'commander.help' // a group of commands was named, and none of them
      if (isHelp && !asJson) {
        terminal.err(text)
        return exitCodes.usage
      }
      const message = isHelp ? 'a command is missing' : text.replace(/^error: /, '').trim()
      tell(terminal, asJson, { code: 'UsageError', message, exitCode: exitCodes.usage })
      return exitCodes.usage
    }
    const exitCode = exitCodeOf(error)
    tell(terminal, asJson, { ...wordsOf(error, asJson), exitCode })
    return exitCode
  }
}

/** The whole command line, wired to a terminal. */
function newProgram(
  terminal: Terminal,
  table: OperationTable | undefined,
  onUsageError: (text: string) => void,
): Command {
  const program = new Command('certkeep')
    .description('A certificate management service and private CA that cloud SDKs can use unchanged.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: onUsageError,
      outputError: onUsageError,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
  addServeCommand(program)
  addTokenCommand(program, terminal)
  addCaCommands(program, terminal)
  addCertCommands(program, terminal)
  addUserCommands(program, terminal)
  addAccessKeyCommands(program, terminal)
  addPolicyCommands(program, terminal)
  addGuardCommands(program, terminal)
  addApprovalCommands(program, terminal)
  addAuditCommands(program, terminal)
  addTimeCommands(program, terminal)
  addCallCommand(program, terminal, table)
  addEmulatorCommands(program, terminal)
  addAdminCommands(program, terminal)
  addHelpCommand(program, terminal)
  return program
}

/** The operations with all they import, only for whom they are wanted. */
async function tableFor(args: readonly string[]): Promise<OperationTable | undefined> {
  const first = args[0] === 'help' ? args[1] : args[0]
  return first === 'call' ? (await import('../api/index.ts')).operations : undefined
}

/** Read apart from commander's parsing, because a command line that it refuses has to be refused in JSON too. */
function wantsJson(args: readonly string[]): boolean {
  const until = args.indexOf('--')
  return (until < 0 ? args : args.slice(0, until)).some(
    (arg, index) =>
      arg === '--output=json' ||
      arg === '-ojson' ||
      (arg === 'json' && /^(?:-o|--output)$/.test(args[index - 1] ?? '')),
  )
}

interface Told {
  code: string
  message: string
  requestId?: string | undefined
  /** What a dry run found. */
  result?: unknown
  exitCode: ExitCode
}

const expectedErrors: ReadonlySet<string> = new Set([
  'UsageError',
  'NotReachable',
  'CredentialsError',
  'AddressError',
  'ConfigError',
  'DataFolderError',
  'MasterKeyError',
  Declined.name,
  'NotVerified',
])

function wordsOf(error: unknown, asJson: boolean): Omit<Told, 'exitCode'> {
  if (error instanceof ServiceError) {
    const { code, message, requestId, result } = error
    return {
      code,
      message: result === undefined || asJson ? message : `${message}\n${JSON.stringify(result, null, 2)}`,
      requestId,
      result,
    }
  }
  if (!(error instanceof Error)) return { code: 'InternalError', message: String(error) }
  const expected = expectedErrors.has(error.name)
  // Anything else is a bug, and shows where it happened.
  return expected
    ? { code: error.name, message: error.message }
    : { code: 'InternalError', message: error.stack ?? error.message }
}

function tell(terminal: Terminal, asJson: boolean, { code, message, requestId, result, exitCode }: Told): void {
  if (asJson) {
    terminal.err(`${JSON.stringify({ error: { code, message, result }, requestId, exitCode }, null, 2)}\n`)
    return
  }
  const about = requestId === undefined ? '' : ` (${code}, request ${requestId})`
  const [first, ...rest] = message.split('\n')
  const lines = [`certkeep: ${first}${about}`, ...rest].map(printable)
  terminal.err(`${lines.join('\n')}\n`)
}
