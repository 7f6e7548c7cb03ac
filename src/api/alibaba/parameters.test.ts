import { describe, expect, test } from 'vitest'
import { generator } from '../../../test/vectors/alibaba/mutate.ts'
import { AlibabaWireError } from './errors.ts'
import { count, flag, ignored, int64, oneOf, required, tags, text, type Parameter } from './parameters.ts'

const read = <Value>(parameter: Parameter<Value>, value: string | undefined): Value =>
  parameter.read(new Map(value === undefined ? [] : [['P', value]]), 'P')
const code = (parameter: Parameter<unknown>, value: string | undefined): string => {
  try {
    read(parameter, value)
  } catch (error) {
    if (error instanceof AlibabaWireError) return error.code
    throw error
  }
  return 'read'
}

describe('operation parameters, alibaba-wire §1.3 and §5.2', () => {
  test('an empty value is an absent one: undefined, or Missing<Parameter> where the parameter is required', () => {
    for (const value of [undefined, ''])
      for (const parameter of [text, int64, flag, count({ min: 1, max: 2 }), oneOf('a')]) {
        expect(read<unknown>(parameter, value)).toBeUndefined()
        expect(code(required<unknown>(parameter), value)).toBe('MissingP')
      }
  })

  test('int64 is read without rounding, up to 2^63 - 1', () => {
    expect(read(int64, '9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(read(int64, '9223372036854775807')).toBe(2n ** 63n - 1n)
    expect(code(int64, '9223372036854775808')).toBe('InvalidP')
    expect(read(int64, '0')).toBe(0n)
  })

  test('booleans are true and false in any case', () => {
    expect([read(flag, 'true'), read(flag, 'False'), code(flag, '1')]).toEqual([true, false, 'InvalidP'])
  })

  test('a count stays within its bounds', () => {
    const parameter = count({ min: 1, max: 1_000 })
    expect([read(parameter, '1'), read(parameter, '1000')]).toEqual([1, 1_000])
    for (const value of ['0', '1001', '1.0', '1e2', '-1', '9'.repeat(30)])
      expect(code(parameter, value)).toBe('InvalidP')
  })

  test('what is ignored is not looked at', () => {
    expect(read(ignored, '\0')).toBeUndefined()
  })

  test('10,000 values: each is read or refused as missing or invalid', () => {
    const random = generator(7)
    const pieces = [
      '1',
      '9',
      '-',
      '.',
      'true',
      '\0',
      '\ud800',
      '测',
      'Key',
      'Value',
      '__proto__',
      ' ',
      '0',
      'constructor',
    ]
    const some = () => Array.from({ length: random(5) }, () => pieces[random(pieces.length)]!).join('')
    const parameters = [text, required(int64), flag, count({ min: 1, max: 9 }), oneOf('1', '19')]
    const outcomes = new Set<string>()
    for (let round = 0; round < 10_000; round++) {
      const parameter: Parameter<unknown> = parameters[random(parameters.length)]!
      outcomes.add(code(parameter, some()))
      const names = Array.from(
        { length: random(4) },
        () => [`P${['.', ''][random(2)]}${some()}.${some()}`, some()] as const,
      )
      try {
        const value = tags.read(new Map(names), 'P')
        for (const each of Object.values(value ?? {})) expect(typeof each).toBe('string')
      } catch (error) {
        expect(error).toBeInstanceOf(AlibabaWireError)
      }
    }
    expect([...outcomes].toSorted()).toEqual(['InvalidP', 'MissingP', 'read'])
  })
})
