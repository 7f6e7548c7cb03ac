import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Group } from './groups.ts'
import type { Row } from './rows/row.ts'

const path = new URL('results.json', import.meta.url)

/** As the last runs left them. */
export const readRows = (): Row[] => (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Row[]) : [])

/** Puts these in the place of their like, in the order of the groups. */
export function writeRows(measured: readonly Row[], groups: readonly Group[]): void {
  const order = groups.flatMap(({ rows }) => rows)
  const kept = readRows().filter(({ name }) => order.includes(name) && !measured.some((row) => row.name === name))
  const rows = [...kept, ...measured].toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  writeFileSync(path, `${JSON.stringify(rows, null, 2)}\n`)
}
