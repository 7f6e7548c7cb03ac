import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AlibabaWireError } from './errors.ts'
import { flattenParameters, nestParameters, type Flattenable } from './flatten.ts'

const nest = (flat: Record<string, string>) => nestParameters(new Map(Object.entries(flat)))

describe('lists and objects, contract alibaba-wire §1.3', () => {
  const examples: [string, Record<string, Flattenable>, Record<string, string>][] = [
    ['list of scalars', { ResourceId: ['a', 'b'] }, { 'ResourceId.1': 'a', 'ResourceId.2': 'b' }],
    ['list of objects', { Tags: [{ Key: 'k', Value: 'v' }] }, { 'Tags.1.Key': 'k', 'Tags.1.Value': 'v' }],
    [
      'nested object',
      { ApiPassthrough: { Subject: { CommonName: 'x' } } },
      { 'ApiPassthrough.Subject.CommonName': 'x' },
    ],
    ['list inside object inside list', { A: [{ B: ['p', { C: 'q' }] }] }, { 'A.1.B.1': 'p', 'A.1.B.2.C': 'q' }],
    ['empty string', { Tags: [{ Key: '', Value: '' }] }, { 'Tags.1.Key': '', 'Tags.1.Value': '' }],
    ['names that only begin with a digit', { A: { '1a': 'x' } }, { 'A.1a': 'x' }],
  ]

  test.each(examples)('%s, there and back', (_, nested, flat) => {
    expect(Object.fromEntries(flattenParameters(nested))).toEqual(flat)
    expect(nest(flat)).toEqual(nested)
  })

  test('null, undefined and empty lists send nothing; booleans and numbers are text', () => {
    const flat = flattenParameters({
      A: null,
      B: undefined,
      C: [],
      D: true,
      E: 7,
      F: 9007199254740993n,
      G: [null, 'x'],
    })
    expect(Object.fromEntries(flat)).toEqual({ D: 'true', E: '7', F: '9007199254740993', 'G.2': 'x' })
  })

  test('indexes are read in ascending order as numbers, gaps are closed', () => {
    expect(nest({ 'A.10': 'c', 'A.2': 'a', 'A.9': 'b' })).toEqual({ A: ['a', 'b', 'c'] })
    expect(nest({ 'A.999999999': 'x' })).toEqual({ A: ['x'] })
  })

  test.each([
    [{ 'A.0': 'x' }],
    [{ 'A.01': 'x' }],
    [{ 'A.1234567890': 'x' }],
    [{ 'A.1': 'x', 'A.B': 'y' }],
    [{ A: 'x', 'A.1': 'y' }],
    [{ 'A.1': 'y', A: 'x' }],
    [{ 'A..B': 'x' }],
    [{ 'A.': 'x' }],
    [{ '.A': 'x' }],
    [{ 'A.B.C.D.E.F.G.H.I': 'x' }],
  ])('%j is refused', (flat) => {
    expect(() => nest(flat)).toThrow(AlibabaWireError)
  })

  test('the refusal names the parameter', () => {
    expect(() => nest({ 'Tags.1.Key': 'x', 'Tags.Key': 'y' })).toThrow(
      expect.objectContaining({ code: 'InvalidTags', status: 400 }),
    )
    expect(() => nest({ 'Tags.0.Key': 'x' })).toThrow(expect.objectContaining({ code: 'InvalidTags.0.Key' }))
  })

  test('eight levels are read', () => {
    expect(nest({ 'A.B.C.D.E.F.G.H': 'x' })).toEqual({ A: { B: { C: { D: { E: { F: { G: { H: 'x' } } } } } } } })
  })

  test('more than a thousand parameters are refused, either way', () => {
    const list = Array.from({ length: 1001 }, () => 'x')
    expect(() => flattenParameters({ A: list })).toThrow(AlibabaWireError)
    expect(() => nest(Object.fromEntries(list.map((value, i) => [`A.${i + 1}`, value])))).toThrow(AlibabaWireError)
  })

  test('names cannot reach a prototype', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const flat = new Map([[`A.${name}.polluted`, 'x']])
      expect(() => nestParameters(flat)).toThrow(AlibabaWireError)
      expect(() => nestParameters(new Map([[name, 'x']]))).toThrow(AlibabaWireError)
      expect(() => flattenParameters({ A: { [name]: 'x' } })).toThrow(AlibabaWireError)
    }
    expect(Object.getPrototypeOf(nest({ 'A.toString': 'x' })['A'])).toBeNull()
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('names that would not be read back are not sent', () => {
    expect(() => flattenParameters({ 'A.B': 'x' })).toThrow(AlibabaWireError)
    expect(() => flattenParameters({ '': 'x' })).toThrow(AlibabaWireError)
  })

  test('what is sent is read back', () => {
    const name = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9]{0,5}$/)
      .filter((text) => !/^(constructor|prototype)$/.test(text))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
        fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    const parameters = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true })
    fc.assert(
      fc.property(parameters, (nested) => {
        expect(nestParameters(flattenParameters(nested as Record<string, Flattenable>))).toEqual(nested)
      }),
      { seed: 20260115, numRuns: 1000 },
    )
  })

  test('whatever the names, the answer is values or an AlibabaWireError: 10000 sets', () => {
    const part = fc.constantFrom(
      'A',
      'B',
      '1',
      '2',
      '02',
      '',
      '__proto__',
      'constructor',
      'toString',
      '9'.repeat(12),
      '测',
    )
    const name = fc.array(part, { minLength: 1, maxLength: 10 }).map((parts) => parts.join('.'))
    let read = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 6 }), (pairs) => {
        try {
          nestParameters(new Map(pairs))
          read++
        } catch (error) {
          if (!(error instanceof AlibabaWireError)) throw error
        }
      }),
      { seed: 20260115, numRuns: 10_000 },
    )
    expect(read).toBeGreaterThan(500)
  })
})
