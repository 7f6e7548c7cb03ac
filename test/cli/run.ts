import { join } from 'node:path'
import { expect } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Service } from '../support/service.ts'

/** What a command line wrote, and its exit code. */
export interface Ran {
  code: number
  out: string
  err: string
  /** Standard output as the one JSON document it must be. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is in its assertions
  json(): any
}

export interface World {
  /** Standard input. */
  input?: string
  /** What a person at a terminal answers; without it there is no terminal. */
  answers?: string[]
  colours?: boolean
  environment?: Record<string, string>
}

/** Runs a command line in this process, in a world of its own. */
export async function run(args: readonly string[], world: World = {}): Promise<Ran> {
  const { input = '', answers, colours = false, environment = {} } = world
  let out = ''
  let err = ''
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readInput: () => Promise.resolve(Buffer.from(input)),
    ask: (question) => {
      err += question
      return Promise.resolve(answers?.shift())
    },
    interactive: answers !== undefined,
    colours,
    environment,
    clock: { now: () => Date.now() },
  }
  const code = await runCli(args, terminal)
  return { code, out, err, json: () => JSON.parse(out) as unknown }
}

/** Command lines to this service, as its first administrator. */
export function shellOf({ url, dataFolder }: Pick<Service, 'url' | 'dataFolder'>) {
  const environment = { CERTKEEP_URL: url, CERTKEEP_HOME: dataFolder }
  const shell = (args: readonly string[], world: World = {}) =>
    run(args, { ...world, environment: { ...environment, ...world.environment } })
  return {
    run: shell,
    /** Must succeed; gives the text for people. */
    async text(args: readonly string[], world: World = {}): Promise<string> {
      const { code, out, err } = await shell(args, world)
      expect(code, `${args.join(' ')}: ${err}`).toBe(0)
      return out
    },
    /** Must succeed; gives the document for programs, beside which nothing is said. */
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    async json(args: readonly string[], world: World = {}): Promise<any> {
      const ran = await shell([...args, '--output', 'json'], world)
      expect(ran.code, `${args.join(' ')}: ${ran.err}`).toBe(0)
      expect(ran.err).toBe('')
      return ran.json()
    },
    at: (name: string) => join(dataFolder, name),
  }
}
