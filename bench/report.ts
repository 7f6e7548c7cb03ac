import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Group } from './groups.ts'
import { rounds, type Row } from './rows/row.ts'

const path = new URL('RESULTS.md', import.meta.url)

const version = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0]!.trim()

const packageVersion = (name: string): string =>
  `${name} ${version('dpkg-query', '--showformat=${Version}', '--show', name)}`

/** Fewer digits for larger figures: nobody measures the fifth. */
const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2))

const tableLine = (row: Row): string =>
  `| ${[
    `\`${row.name}\``,
    `${figure(row.value)} ${row.unit}`,
    `${figure(row.yardstickValue)}`,
    row.yardstick,
    `**${row.ratio.toFixed(2)} ×**`,
    row.reach,
    row.reached ? 'yes' : '**no**',
    `${row.p50Ms.toFixed(1)} / ${row.p99Ms.toFixed(1)} ms`,
    `\`${row.command}\``,
  ].join(' | ')} |`

/** Writes bench/RESULTS.md: the rows for people. */
export function report(rows: readonly Row[], groups: readonly Group[]): void {
  const setups = groups.map((group) => `- ${group.rows.map((row) => `\`${row}\``).join(', ')}: ${group.setup}.`)
  writeFileSync(
    path,
    `# Measured

Made by \`npm run bench\`; a row alone is measured anew by the command beside it. ${rounds} rounds, the sides in turn, medians. The load
generator (wrk) is on the same cores; its requests are made and signed beforehand and pass signature, IAM and audit;
every write is durable before its answer. Figures are this machine's; the ratios are what can be compared.

- ${availableParallelism()} cores (${cpus()[0]!.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB
- Node ${process.version}, ${version('openssl', 'version')}; from Debian: ${['golang-cfssl', 'wrk', 'sqlite3', 'postgresql'].map(packageVersion).join(', ')}

| what | ours | yardstick | which is | ratio | to reach | reached | p50 / p99 | command |
|---|---|---|---|---|---|---|---|---|
${rows.map(tableLine).join('\n')}

${setups.join('\n')}
`,
  )
}
