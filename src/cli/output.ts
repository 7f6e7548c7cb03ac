import { record, table, type Cell } from './table.ts'
import { painter, type Terminal } from './terminal.ts'

export type OutputFormat = 'table' | 'json'

/** Where a command's result goes: for people as aligned text, for programs as one JSON document on standard output. */
export class Output {
  readonly format: OutputFormat
  private readonly terminal: Terminal

  constructor(terminal: Terminal, format: OutputFormat) {
    this.terminal = terminal
    this.format = format
  }

  /** The result. `text` is made only when a person reads it. */
  result(document: unknown, text: (show: Show) => string): void {
    if (this.format === 'json') {
      this.terminal.out(`${JSON.stringify(document, null, 2)}\n`)
      return
    }
    const paint = painter(this.terminal)
    this.terminal.out(
      text({
        table: (headings, rows) => table(headings, rows, paint),
        record: (fields) => record(fields, paint),
      }),
    )
  }

  /** A remark for a person, beside the result; programs do not see it. */
  note(text: string): void {
    if (this.format === 'table') this.terminal.err(`${text}\n`)
  }
}

export interface Show {
  table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string
  record(fields: readonly (readonly [string, Cell])[]): string
}

/** "12 of 340": said under a list that does not show all. */
export const remainder = (shown: number, total: number, offset: number): string =>
  shown < total
    ? `\n${shown === 0 ? 0 : offset + 1}–${offset + shown} of ${total}; more with --offset and --limit\n`
    : ''
