import { describe, expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const known = ['ShowCa', 'ListCas', 'CreateCa', 'DeleteCa', 'RestoreCa', 'CreateUser']

describe('the nearest name', () => {
  test.each([
    ['ShowCas', ['ShowCa']],
    ['createca', ['CreateCa']],
    ['CraeteCa', ['CreateCa']],
    ['DeleetUser', []],
    ['Frobnicate', []],
    ['x'.repeat(100_000), []],
  ])('%.20s', (name, names) => {
    expect(nearest(name, known)).toEqual(names)
  })

  test('of several the nearest first', () => {
    expect(nearest('CreateUsers', [...known, 'CreateCase'])[0]).toBe('CreateUser')
  })
})
