import type { Show } from './output.ts'
import { printable } from './width.ts'

type Plain = string | number | boolean | null

const isPlain = (value: unknown): value is Plain => typeof value !== 'object' || value === null

const maxCell = 60
const shortened = (value: Plain): string => {
  const text = value === null ? '-' : String(value)
  return text.length > maxCell ? `${text.slice(0, maxCell - 1)}…` : text
}

/** An answer of any operation for a person: members under each other, lists of flat things as tables. */
export function answerText(answer: unknown, show: Show): string {
  if (isPlain(answer)) return `${printable(String(answer))}\n`
  const members = Object.entries(answer as object)
  if (members.length === 0) return 'Done.\n'
  const flat = members.filter(([, value]) => isPlain(value)) as [string, Plain][]
  const nested = members.filter(([, value]) => !isPlain(value))
  return [
    ...(flat.length > 0
      ? [show.record(flat.map(([name, value]) => [name, value === null ? '-' : String(value)]))]
      : []),
    ...nested.map(([name, value]) => `${printable(name)}\n${indented(toldMember(value, show))}`),
  ].join('\n')
}

function toldMember(value: unknown, show: Show): string {
  if (Object.keys(value as object).length === 0) return 'none\n'
  if (!Array.isArray(value)) return answerText(value, show)
  if (value.every(isPlain)) return value.map((each) => answerText(each, show)).join('')
  const isFlat = value.every((row) => !isPlain(row) && Object.values(row as object).every(isPlain))
  if (!isFlat) return value.map((row) => answerText(row, show)).join('\n')
  const rows = value as Record<string, Plain>[]
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return show.table(
    columns,
    rows.map((row) => columns.map((column) => shortened(row[column] ?? null))),
  )
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')
