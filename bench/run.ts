import { report } from './report.ts'
import { groups, type Group } from './groups.ts'
import { readRows, writeRows } from './results.ts'
import type { Row } from './rows/row.ts'

/**
 * `npm run bench`: peers from Debian packages and ourselves on the same machine in the same run, as ratios. Absolute
 * figures are this machine's; the ratios are what can be compared. Writes bench/RESULTS.md and bench/results.json.
 * `npm run bench -- <rows or groups>` measures these alone and replaces them there; with `--print` nothing is written.
 */
const words = process.argv.slice(2)
const print = words.includes('--print')
const wanted = new Set(words.filter((word) => word !== '--print'))
const unknown = [...wanted].filter((word) => !groups.some(({ name, rows }) => name === word || rows.includes(word)))
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}. There are:\n`)
  for (const { name, rows } of groups) process.stderr.write(`  ${name}: ${rows.join(', ')}\n`)
  process.exit(2)
}

/** All of a group when it is named, or when nothing is. */
const asked = ({ name, rows }: Group): readonly string[] =>
  wanted.size === 0 || wanted.has(name) ? rows : rows.filter((row) => wanted.has(row))

for (const group of groups) {
  const names = asked(group)
  if (names.length === 0) continue
  process.stderr.write(`${group.name} …\n`)
  const figures = await group.measure()
  const rows = figures
    .filter(({ name }) => names.includes(name))
    .map((figure): Row => ({ ...figure, command: `npm run bench -- ${figure.name}` }))
  for (const row of rows) process.stdout.write(`${line(row)}\n`)
  if (!print) writeRows(rows, groups)
}
if (!print) report(readRows(), groups)

function line({ name, value, unit, yardstickValue, yardstick, ratio, reach, reached, p50Ms, p99Ms }: Row): string {
  const figures = `${value.toFixed(0)} ${unit} against ${yardstickValue.toFixed(0)} (${yardstick})`
  return `${reached ? 'reached' : 'MISSED '} ${name}: ${ratio.toFixed(2)} × (${reach}), ${figures}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`
}
