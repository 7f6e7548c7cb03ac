import { describe, expect, test } from 'vitest'
import { kernelProblems, Problem, problem, problemsOf } from './index.ts'

describe('problems', () => {
  test('a problem has its code, the text of the catalogue and the facts behind it', () => {
    const thrown = problem('Throttled', { retryAfterMs: 40 })
    expect(thrown).toBeInstanceOf(Problem)
    expect(thrown).toMatchObject({
      code: 'Throttled',
      message: 'too many calls; the next may come in 40 ms',
      details: { retryAfterMs: 40 },
    })
  })

  test('details may be left out where the text needs none', () => {
    expect(problem('Replayed')).toMatchObject({ code: 'Replayed', message: kernelProblems.Replayed(), details: {} })
    const of = problemsOf({ Gone: () => 'gone' })
    expect(of('Gone', { id: 7 })).toMatchObject({ message: 'gone', details: { id: 7 } })
  })
})
