import { describe, expect, test } from 'vitest'
import { countTests, summaryLine } from './count-tests.js'

const well = { code: 0, signal: null }
const badly = { code: 1, signal: null }
const report = (status: string, ...statuses: string[]) => ({
  testResults: [
    {
      name: 'a.test.ts',
      status,
      assertionResults: statuses.map((each) => ({ status: each, fullName: `a ${each} test` })),
    },
  ],
})

describe('what a run of vitest counts for', () => {
  test('passed and failed tests', () => {
    const count = countTests(report('failed', 'passed', 'passed', 'failed'), badly, true)
    expect(count).toEqual({ passed: 2, failed: 1, skipped: 0, remarks: [] })
  })

  test.each(['skipped', 'pending', 'todo', 'disabled'])('%s: skipped on a desk, failed in CI', (status) => {
    expect(countTests(report('passed', 'passed', status), well, false)).toMatchObject({ failed: 0, skipped: 1 })
    const inCi = countTests(report('passed', 'passed', status), well, true)
    expect(inCi).toMatchObject({ passed: 1, failed: 1, skipped: 0 })
    expect(inCi.remarks).toEqual([`Skipped, which counts as failed in CI: a ${status} test (a.test.ts)`])
  })

  test('a file that cannot be loaded is one failed test', () => {
    expect(countTests(report('failed'), badly, true)).toMatchObject({ passed: 0, failed: 1 })
  })

  test('a file whose tests passed, and which failed afterwards, is one failed test', () => {
    expect(countTests(report('failed', 'passed'), badly, true)).toMatchObject({ passed: 1, failed: 1 })
  })

  test('an error that belongs to no test is one failed test', () => {
    expect(countTests(report('passed', 'passed'), badly, true)).toMatchObject({ passed: 1, failed: 1 })
  })

  test('no report at all is one failed test', () => {
    const count = countTests(undefined, { code: null, signal: 'SIGKILL' }, true)
    expect(count).toMatchObject({ passed: 0, failed: 1 })
    expect(count.remarks).toEqual(['vitest ended with SIGKILL though no test failed.'])
  })

  test('the last line speaks of skipped tests only when there are some', () => {
    expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
    expect(summaryLine({ passed: 12, failed: 1, skipped: 2 })).toBe('12 passed, 1 failed, 2 skipped')
  })
})
