import type { Style } from './terminal.ts'
import { displayWidth, padded, printable } from './width.ts'

/** A cell: its text, and a style if there is something to say by colour that the text says too. */
export type Cell = string | { text: string; style: Style }

const gap = '  '
const textOf = (cell: Cell): string => printable(typeof cell === 'string' ? cell : cell.text)

/** Columns aligned by what terminals show, two spaces apart; no spaces at the ends of lines. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: (text: string, style: Style) => string,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(displayWidth(heading), ...rows.map((row) => displayWidth(textOf(row[column] ?? '')))),
  )
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, column) => {
        const text = textOf(cell)
        const shown = typeof cell === 'string' ? text : paint(text, cell.style)
        return column === cells.length - 1 ? shown : shown + ' '.repeat(widths[column]! - displayWidth(text))
      })
      .join(gap)
      .trimEnd()
  const head = line(headings.map((text) => ({ text, style: 'faint' })))
  return [head, ...rows.map(line)].map((each) => `${each}\n`).join('')
}

/** Names and values under each other. */
export function record(
  fields: readonly (readonly [string, Cell])[],
  paint: (text: string, style: Style) => string,
): string {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(printable(name))))
  return fields
    .map(([name, cell]) => {
      const text = textOf(cell)
      const value = typeof cell === 'string' ? text : paint(text, cell.style)
      return `${`${paint(padded(printable(name), width), 'faint')}${gap}${value}`.trimEnd()}\n`
    })
    .join('')
}
