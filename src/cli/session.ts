import { Option, type Command } from 'commander'
import type { OperationName, operations } from '../api/index.ts'
import { Client, findAccessKey, type CallOptions } from '../client/index.ts'
import type { Operation } from '../kernel/index.ts'
import { Declined, UsageError } from './errors.ts'
import { Output, type OutputFormat } from './output.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './width.ts'

type Table = typeof operations
/** What JSON makes of a value at the door: bytes are base64, big numbers text. */
type OnTheWire<T> = T extends Uint8Array | bigint
  ? string
  : T extends readonly (infer Item)[]
    ? OnTheWire<Item>[]
    : T extends object
      ? { [Key in keyof T]: OnTheWire<T[Key]> }
      : T

export type InputOf<N extends OperationName> =
  Table[N] extends Operation<infer Input, infer _Resource, infer _Answer, infer _Deps> ? OnTheWire<Input> : never
export type AnswerOf<N extends OperationName> =
  Table[N] extends Operation<infer _Input, infer _Resource, infer Answer, infer _Deps> ? OnTheWire<Answer> : never

/** What a command works with: the service, the place for results, the person. */
export interface Session {
  call: <N extends OperationName>(name: N, input: InputOf<N>, options?: CallOptions) => Promise<AnswerOf<N>>
  output: Output
  terminal: Terminal
  /** Milliseconds since 1970 on this machine's clock. */
  now: number
}

export interface ServiceOptions {
  url?: string
  credentials?: string
  output: OutputFormat
}

export const defaultUrl = 'http://127.0.0.1:8440'

/** The address: `--url`, else CERTKEEP_URL, else where `certkeep serve` listens when nothing else is said. */
export const urlOf = (options: { url?: string }, { environment }: Terminal): string =>
  options.url ?? (environment['CERTKEEP_URL'] || defaultUrl)

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'for people or for programs').choices(['table', 'json']).default('table')
export const urlOption = (): Option => new Option('--url <url>', `the service (else CERTKEEP_URL, else ${defaultUrl})`)

/** For what ends something: see docs/guards.md. */
export const dryRunOption = (): Option =>
  new Option('--dry-run', 'check everything, tell what would be done, and do nothing (exit code 7)').default(false)

/** Adds what every command has that calls the service. */
export const withService = (command: Command): Command =>
  command
    .addOption(outputOption())
    .addOption(urlOption())
    .option(
      '--credentials <file>',
      'JSON file with the access key (else CERTKEEP_ACCESS_KEY_ID and …_SECRET, else data/first-credentials.json)',
    )

/** @throws CredentialsError, AddressError */
export async function openSession(terminal: Terminal, options: ServiceOptions): Promise<Session> {
  const url = urlOf(options, terminal)
  const accessKey = await findAccessKey(options.credentials, terminal.environment)
  const client = new Client({ url, accessKey, clock: terminal.clock })
  return {
    call: (name, input, callOptions) => client.call(name, input as object, callOptions) as never,
    output: new Output(terminal, options.output),
    terminal,
    now: terminal.clock.now(),
  }
}

export interface Deletion {
  /** Given as --yes. */
  yes?: boolean
  /** Given as --dry-run: then nothing is deleted. */
  dryRun: boolean
  /** Asked for only when somebody has to be asked: what goes, its name, and what that means. */
  describe: () => Promise<{ what: string; name: string; consequence: string }>
}

/**
 * Makes sure that a deletion is meant: by --yes, or by a person who writes the object's name.
 * @throws UsageError when nobody can be asked, Declined when the name is another
 */
export async function confirmDeletion(
  { terminal }: Session,
  { yes = false, dryRun, describe }: Deletion,
): Promise<void> {
  if (yes || dryRun) return
  if (!terminal.interactive) throw new UsageError('deleting needs --yes where nobody can be asked')
  const { what, name, consequence } = await describe()
  terminal.err(`${printable(`This deletes ${what} ${name}. ${consequence}`)}\n`)
  const answer = await terminal.ask('Write its name to go on: ')
  if (answer?.trim() !== name) throw new Declined('that is not its name; nothing was deleted')
}

/** A whole number of an option. @throws UsageError */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${JSON.stringify(text)} is not a whole number`)
  return Number(text)
}

/** `name=value` pairs. @throws UsageError */
export function readPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new UsageError(`${JSON.stringify(pair)} is not of the form name=value`)
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value]

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Without members that are undefined, which exact optional properties do not want. */
export const given = <T extends object>(members: T): Given<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>
