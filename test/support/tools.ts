import { spawnSync } from 'node:child_process'
import { describe, expect, test, TestRunner } from 'vitest'

const known = new Map<string, boolean>()

/** True if the program is not installed, so that its tests are skipped. @throws in CI, where none may be */
export function isMissing(program: string): boolean {
  let missing = known.get(program)
  if (missing === undefined) {
    missing = spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined
    known.set(program, missing)
  }
  if (missing && process.env['CI'] === 'true')
    throw new Error(`${program} is not installed: in CI its tests are not skipped`)
  return missing
}

/** Before a test runs the program: without it, this test is skipped by name. @throws in CI, and outside a test */
export function need(program: string): void {
  if (!isMissing(program)) return
  const test = TestRunner.getCurrentTest()
  if (test === undefined) throw new Error(`${program} is not installed`)
  test.context.skip(`${program} is not installed`)
}

/** `describe` whose body itself runs the program. Without it, one test of its name is skipped instead. */
export function describeWith(program: string, name: string, body: () => void): void {
  describe(name, () => {
    if (!isMissing(program)) return body()
    test(`with ${program}`, () => {
      need(program)
      expect.unreachable('it is skipped')
    })
  })
}
