import type { Command } from 'commander'
import type { TSchema } from 'typebox'
import type { operations } from '../api/index.ts'
import { Client, findAccessKey } from '../client/index.ts'
import { answerText } from './answer-text.ts'
import { UsageError } from './errors.ts'
import { readText } from './files.ts'
import { Output } from './output.ts'
import { collect, dryRunOption, urlOf, withService, type ServiceOptions } from './session.ts'
import { nearest } from './nearest.ts'
import type { Terminal } from './terminal.ts'

/** What `call` needs to know of an operation; the table's own type says more than can be said of all at once. */
interface Declared {
  summary: string
  access: string
  input: TSchema
}

export type OperationTable = Readonly<Record<keyof typeof operations, Declared>>

interface CallCommandOptions extends ServiceOptions {
  input?: string
  set?: string[]
  describe?: boolean
  dryRun: boolean
}

/**
 * `certkeep call <Operation>`: every operation of the service by its own name. Nothing in here knows any of them, so a new
 * one is there by itself. @param table undefined when the command line is not about `call`: loading it takes time
 */
export function addCallCommand(program: Command, terminal: Terminal, table: OperationTable | undefined): void {
  withService(
    program
      .command('call')
      .description('Call any operation of the service by its name; without a name, list them')
      .argument('[operation]', 'such as CreateCa'),
  )
    .option('--input <file>', 'the input as JSON; - for standard input')
    .option(
      '--set <name=value>',
      'a member of the input, as in subject.country=CN; @file for its content; repeatable',
      collect,
    )
    .addOption(dryRunOption())
    .option('--describe', 'show what the operation takes, and call nothing')
    .addHelpText('after', () => (table ? `\n${listed(table)}` : ''))
    .action(async (name: string | undefined, options: CallCommandOptions) => {
      if (!table) throw new Error('the table of operations was not loaded')
      const output = new Output(terminal, options.output)
      if (name === undefined) return showAll(table, output)
      if (!Object.hasOwn(table, name)) throw unknown(name, Object.keys(table))
      const operation = table[name as keyof OperationTable]
      if (options.describe) return describe(name, operation, output)

      const input = await readInput(options, operation.input, terminal)
      const accessKey = await findAccessKey(options.credentials, terminal.environment)
      const client = new Client({ url: urlOf(options, terminal), accessKey, clock: terminal.clock })
      const answer = await client.call(name, input, {
        confidential: secretMembers.some((member) => member in input),
        dryRun: options.dryRun,
      })
      output.result(answer, (show) => answerText(answer, show))
    })
}

const entries = (table: OperationTable): [string, Declared][] => Object.entries(table)

const listed = (table: OperationTable): string => {
  const width = Math.max(...Object.keys(table).map((name) => name.length))
  const lines = entries(table).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return ['Operations:', ...lines].join('\n')
}

function showAll(table: OperationTable, output: Output): void {
  output.result(
    entries(table).map(([name, { access, summary }]) => ({ name, access, summary })),
    (show) =>
      show.table(
        ['OPERATION', 'ACCESS', 'WHAT IT DOES'],
        entries(table).map(([name, { access, summary }]) => [name, access, summary]),
      ),
  )
}

function describe(name: string, { summary, access, input }: Declared, output: Output): void {
  output.result({ name, summary, access, input }, (show) => {
    const { properties = {}, required = [] } = input as Shape
    const rows = Object.entries(properties).map(([member, schema]) => [
      member,
      kindOf(schema),
      required.includes(member) ? 'required' : '',
    ])
    return `${name}: ${summary}\n\n${rows.length === 0 ? 'It takes no input.\n' : show.table(['MEMBER', 'KIND', ''], rows)}`
  })
}

function unknown(name: string, known: readonly string[]): UsageError {
  const near = nearest(name, known)
  return new UsageError(
    `there is no operation ${JSON.stringify(name)}` +
      (near.length > 0 ? `; is ${near.join(' or ')} meant?` : '') +
      ' (certkeep call lists them)',
  )
}

/** JSON Schema as far as inputs use it. */
interface Shape {
  type?: string
  enum?: readonly unknown[]
  properties?: Record<string, Shape>
  required?: readonly string[]
}

const kindOf = (schema: Shape): string => {
  if (schema.enum) return schema.enum.join(' | ')
  if (schema.type === 'object' && schema.properties) return `{ ${Object.keys(schema.properties).join(', ')} }`
  return schema.type ?? 'JSON'
}

/** Members that hold secrets in whatever operation has them. */
const secretMembers = ['password', 'privateKey']

async function readInput(
  { input: file, set = [] }: CallCommandOptions,
  schema: TSchema,
  terminal: Terminal,
): Promise<Record<string, unknown>> {
  const input = file === undefined ? {} : readObject(await readText(file, terminal), file)
  for (const pair of set) {
    const equals = pair.indexOf('=')
    // Only the name is quoted: what is behind it may be secret.
    if (equals < 1) throw new UsageError('--set is of the form name=value')
    const path = pair.slice(0, equals).split('.')
    const text = pair.slice(equals + 1)
    const fromFile = text.startsWith('@')
    if (!fromFile && secretMembers.includes(path.at(-1)!))
      throw new UsageError(
        `--set ${path.join('.')} would show a secret to others on this machine; use @file or --input`,
      )
    const value = fromFile ? await readText(text.slice(1), terminal) : text
    setMember(input, path, valueOf(value, memberOf(schema as Shape, path)))
  }
  return input
}

function readObject(text: string, file: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UsageError(`${file} does not hold JSON`) // the parser would quote the text, which may hold a secret
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} does not hold a JSON object`)
  return value as Record<string, unknown>
}

const memberOf = (schema: Shape | undefined, path: readonly string[]): Shape | undefined =>
  path.reduce<Shape | undefined>((shape, name) => shape?.properties?.[name], schema)

/** Text as the schema wants it; what cannot be read so goes as text, and the service says what it thinks of it. */
function valueOf(text: string, shape: Shape | undefined): unknown {
  if (shape?.type === 'string' || shape?.type === 'bigint' || shape?.enum) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function setMember(input: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = input
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined
    const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {}
    define(at, name, next)
    at = next as Record<string, unknown>
  }
  define(at, path.at(-1)!, value)
}

/** An own member, also for `__proto__`. */
const define = (object: object, name: string, value: unknown): void =>
  void Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
