import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caUrn, certificateUrn, isEverything, nameList, ramResource, resourceSegments, wildcardMatch } from './match.ts'

/** The definition, without a thought for speed. */
function bySpecification(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const rest = pattern.slice(1)
  if (pattern.startsWith('*'))
    return bySpecification(rest, text) || (text !== '' && bySpecification(pattern, text.slice(1)))
  return text !== '' && (pattern.startsWith('?') || pattern[0] === text[0]) && bySpecification(rest, text.slice(1))
}

const letters = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet.split('')), { maxLength }).map((units) => units.join(''))

describe('wildcards, RAM §2.1', () => {
  test('agree with the definition of "*" and "?"', () => {
    fc.assert(
      fc.property(letters('ab*?', 8), letters('ab', 10), (pattern, text) => {
        expect(wildcardMatch(pattern, text, true)).toBe(bySpecification(pattern, text))
      }),
      { numRuns: 5000, seed: 1 },
    )
  })

  test('without "?" in the grammar it is plain text', () => {
    expect(wildcardMatch('a?c', 'abc', false)).toBe(false)
    expect(wildcardMatch('a?c', 'a?c', false)).toBe(true)
  })

  test('"?" is one whole character, also outside the basic plane', () => {
    expect(wildcardMatch('a?c', 'a😀c', true)).toBe(true)
    expect(wildcardMatch('a??c', 'a😀c', true)).toBe(false)
  })

  test('a pattern made to backtrack ends', () => {
    expect(wildcardMatch(`${'*a'.repeat(500)}b`, 'a'.repeat(20_000), true)).toBe(false)
  })

  test('a list says the same as its patterns one by one', () => {
    fc.assert(
      fc.property(fc.array(letters('ab*?:', 6), { maxLength: 4 }), letters('ab:', 6), (patterns, name) => {
        const expected = patterns.some((pattern) => isEverything(pattern) || bySpecification(pattern, name))
        expect(nameList(patterns, { questionMark: true, ignoreCase: true }).has(name)).toBe(expected)
      }),
      { numRuns: 3000, seed: 2 },
    )
  })
})

describe('resources', () => {
  test('RAM §2.2: every call names the whole account', () => {
    expect(ramResource('1234567890123456')).toBe('acs:yundun-cert:*:1234567890123456:*')
  })

  test('Huawei IAM §3.1: URNs of CAs and certificates; without an id, of one to be created', () => {
    expect(caUrn('d', 'c')).toBe('pca::d:ca:c')
    expect(caUrn('d')).toBe('pca::d:ca:*')
    expect(certificateUrn('d', 'c')).toBe('scm::d:cert:c')
    expect(certificateUrn('d')).toBe('scm::d:cert:*')
  })

  test('Huawei IAM §3.1: the path may contain colons', () => {
    expect(resourceSegments('pca::d:ca:a:b')).toEqual(['pca', '', 'd', 'ca', 'a:b'])
    expect(resourceSegments('pca::d:ca')).toBeUndefined()
  })
})
