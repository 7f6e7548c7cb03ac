import { createInterface } from 'node:readline/promises'
import { wallClock, type Clock } from '../kernel/index.ts'

export type Style = 'faint' | 'good' | 'warning' | 'bad'

/** All that the command line knows of the world around it; tests have one of their own. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** All of standard input. */
  readInput(): Promise<Buffer>
  /** Asks the person at the terminal for one line; only when `interactive`. Undefined when they ended the input. */
  ask(question: string): Promise<string | undefined>
  /** A person can be asked: input and the place where questions appear are both terminals. */
  interactive: boolean
  /** Standard output takes colours. */
  colours: boolean
  environment: Readonly<Record<string, string | undefined>>
  clock: Clock
}

const maxInputBytes = 4 * 1024 * 1024

/** The terminal of this process. Colours only on a terminal, never with NO_COLOR (no-color.org) or TERM=dumb. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  // A reader that has seen enough (`| head`) is no failure of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    async readInput() {
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of stdin) {
        bytes += (chunk as Buffer).length
        if (bytes > maxInputBytes) throw new Error(`standard input is longer than ${maxInputBytes} bytes`)
        chunks.push(chunk as Buffer)
      }
      return Buffer.concat(chunks)
    },
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
        return await Promise.race([lines.question(question), ended])
      } finally {
        lines.close()
      }
    },
    interactive: stdin.isTTY && stderr.isTTY,
    colours: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    environment: env,
    clock: wallClock,
  }
}

const codes: Record<Style, string> = { faint: '2', good: '32', warning: '33', bad: '31' }

/** Paints for a terminal with colours, and leaves the text alone for any other. */
export const painter =
  ({ colours }: Pick<Terminal, 'colours'>) =>
  (text: string, style: Style): string =>
    colours ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
