// @ts-check
// npm test [-- options and files]: the checks of checks.js, then vitest. The last line is the count over both.
//   --checks-only     no vitest          --no-checks   no checks
//   --check=<name>    only this check    anything else goes to vitest: test files, -t <title>
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from '../bin/node.js'
import { run } from '../bin/launch.js'
import { checks } from './checks.js'
import { countTests, summaryLine } from './count-tests.js'

const inCi = !['', '0', 'false'].includes(process.env['CI'] ?? '')

/** @param {string[]} args */
async function main(args) {
  const ours = args.filter((arg) => arg === '--checks-only' || arg === '--no-checks' || arg.startsWith('--check='))
  const theirs = args.filter((arg) => !ours.includes(arg))
  const named = ours.filter((arg) => arg.startsWith('--check=')).map((arg) => arg.slice('--check='.length))
  const unknown = named.find((name) => checks.every((check) => check.name !== name))
  if (unknown) throw new Error(`there is no check ${unknown}, only ${checks.map(({ name }) => name).join(', ')}`)

  const count = { passed: 0, failed: 0, skipped: 0 }
  const chosen = ours.includes('--no-checks') ? [] : checks.filter(({ name }) => !named.length || named.includes(name))
  for (const check of chosen) count[(await passes(check)) ? 'passed' : 'failed'] += 1

  if (!ours.includes('--checks-only') && !named.length) {
    const tests = await runVitest(theirs)
    for (const sentence of tests.remarks) console.log(sentence)
    count.passed += tests.passed
    count.failed += tests.failed
    count.skipped += tests.skipped
  }
  if (count.passed + count.failed === 0) console.log('Nothing was tested.')
  console.log(summaryLine(count))
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0
}

/**
 * Runs one check, and shows what it says.
 * @param {import('./checks.js').Check} check
 */
async function passes({ name, file, args }) {
  const begun = performance.now()
  const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  /** @type {Buffer[]} */
  const said = []
  child.stdout.on('data', (chunk) => said.push(chunk))
  child.stderr.on('data', (chunk) => said.push(chunk))
  /** @type {{ promise: Promise<number | null>, resolve: (code: number | null) => void, reject: (error: Error) => void }} */
  const ended = Promise.withResolvers()
  child.on('error', ended.reject)
  child.on('close', ended.resolve)
  const passed = (await ended.promise) === 0

  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${passed ? '✓' : '✗'} ${name.padEnd(14)} ${seconds.padStart(5)} s`)
  const text = stripVTControlCharacters(Buffer.concat(said).toString()).trim()
  if (text) console.log(text.replace(/^/gm, '    '))
  return passed
}

/**
 * Runs vitest on our own output, and counts from its report.
 * @param {string[]} args
 */
async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-test-'))
  const file = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const ending = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root })
    return countTests(readReport(file), ending, inCi)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} file
 * @returns {import('./count-tests.js').Report | undefined}
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // vitest did not come so far
  }
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(error)
  console.log(summaryLine({ passed: 0, failed: 1, skipped: 0 }))
  process.exitCode = 1
})
