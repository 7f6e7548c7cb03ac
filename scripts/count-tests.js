// @ts-check

/**
 * @typedef {{ status: string, fullName: string }} Test
 * @typedef {{ testResults: { name: string, status: string, assertionResults: Test[] }[] }} Report of vitest's reporter `json`
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 */

/**
 * What a run of vitest counts for. A file that could not be loaded, and an error outside any test, count as a failed
 * test each; in CI a skipped test does too, because nobody is there to wonder why it was skipped.
 * @param {Report | undefined} report undefined when vitest wrote none
 * @param {import('../bin/launch.js').Ending} ending
 * @param {boolean} inCi
 * @returns {Count & { remarks: string[] }}
 */
export function countTests(report, ending, inCi) {
  const count = { passed: 0, failed: 0, skipped: 0 }
  /** @type {string[]} */
  const remarks = []
  for (const { name, status, assertionResults } of report?.testResults ?? []) {
    for (const test of assertionResults) {
      if (test.status === 'passed') count.passed += 1
      else if (test.status === 'failed') count.failed += 1
      else if (inCi) {
        count.failed += 1
        remarks.push(`Skipped, which counts as failed in CI: ${test.fullName} (${name})`)
      } else count.skipped += 1
    }
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) {
      count.failed += 1
      remarks.push(`Failed outside its tests: ${name}`)
    }
  }
  if (ending.code !== 0 && count.failed === 0) {
    count.failed += 1
    remarks.push(`vitest ended with ${ending.signal ?? `exit code ${ending.code}`} though no test failed.`)
  }
  return { ...count, remarks }
}

/** @param {Count} count */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : '')
}
