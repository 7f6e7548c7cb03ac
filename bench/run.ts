import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { calls } from './rows/calls.ts'
import { crlMillion } from './rows/crl.ts'
import { issuing } from './rows/issuing.ts'
import { ocsp } from './rows/ocsp.ts'
import { rounds, type Row } from './rows/row.ts'

/**
 * `npm run bench`: peers from Debian packages and ourselves on the same machine in the same run, as ratios. Absolute
 * figures are this machine's; the ratios are what can be compared. Writes bench/RESULTS.md and bench/results.json.
 * `npm run bench -- issuing` runs one group.
 */
const groups: Readonly<Record<string, (command: string) => Promise<Row[]>>> = {
  issuing,
  calls,
  crl: crlMillion,
  ocsp,
}

const wanted = process.argv.slice(2)
const rows: Row[] = []
for (const [name, group] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  const measured = await group(`npm run bench -- ${name}`)
  for (const row of measured) process.stdout.write(`${line(row)}\n`)
  rows.push(...measured)
}
if (wanted.length === 0) {
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(rows, null, 2)}\n`)
  writeFileSync(new URL('RESULTS.md', import.meta.url), report(rows))
}

function line({ name, value, unit, yardstickValue, yardstick, ratio, reach, reached, p50Ms, p99Ms }: Row): string {
  const figures = `${value.toFixed(0)} ${unit} against ${yardstickValue.toFixed(0)} (${yardstick})`
  return `${reached ? 'reached' : 'MISSED '} ${name}: ${ratio.toFixed(2)} × (${reach}), ${figures}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`
}

function report(all: readonly Row[]): string {
  const version = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0]!.trim()
  const table = all.map(
    ({ name, value, unit, yardstick, yardstickValue, ratio, reach, reached, p50Ms, p99Ms, command }) =>
      `| \`${name}\` | ${value.toFixed(0)} ${unit} | ${yardstickValue.toFixed(0)} | ${yardstick} | **${ratio.toFixed(2)} ×** | ${reach} | ${reached ? 'yes' : 'no'} | ${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} ms | \`${command}\` |`,
  )
  return `# Measured

Made by \`npm run bench\`. ${rounds} rounds, the sides in turn, medians; the load generator (wrk, 32 connections) on the same cores;
requests signed beforehand; every write durable before its answer; two HTTP threads on our side.

- ${availableParallelism()} cores (${cpus()[0]!.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB
- Node ${process.version}, ${version('openssl', 'version')}, cfssl ${version('cfssl', 'version')}

| what | ours | yardstick | which is | ratio | to reach | reached | p50 / p99 | command |
|---|---|---|---|---|---|---|---|---|
${table.join('\n')}
`
}
