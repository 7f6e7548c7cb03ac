import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluate } from '../evaluate.ts'
import { ramResource } from '../match.ts'
import { parseHuawei11Policy } from './huawei-1-1.ts'
import { parseHuawei50Policy } from './huawei-5-0.ts'
import { parsePolicy } from './parse.ts'
import { PolicyError } from './policy.ts'
import { parseRamPolicy } from './ram.ts'

const statement = { Effect: 'Allow', Action: ['yundun-cert:List*'], Resource: ['*'] }
const ram = { Version: '1', Statement: [statement] }

function refusal(run: () => unknown): PolicyError {
  try {
    run()
  } catch (error) {
    if (error instanceof PolicyError) return error
    throw error
  }
  return expect.fail('not refused')
}

describe('reading a policy', () => {
  test('RAM §2: text and object give one policy', () => {
    expect(parsePolicy(JSON.stringify(ram))).toEqual(parsePolicy(ram))
    expect(parsePolicy(ram)).toEqual({
      grammar: 'ram-1',
      statements: [
        {
          effect: 'Allow',
          actions: { listed: 'only', patterns: ['yundun-cert:List*'] },
          resources: ['*'],
          conditions: [],
        },
      ],
    })
  })

  test('RAM §2: a lone string is a list of one', () => {
    expect(
      parseRamPolicy({ ...ram, Statement: [{ ...statement, Action: 'yundun-cert:List*', Resource: '*' }] }),
    ).toEqual(parseRamPolicy(ram))
  })

  test('Huawei IAM §3: conditions keep operator, key and values as written', () => {
    const Condition = { StringEquals: { 'g:UserName': 'a' }, 'ForAnyValue:StringMatch': { 'g:TagKeys': ['b', 'c*'] } }
    const policy = parseHuawei50Policy({
      Version: '5.0',
      Statement: [{ Sid: 'S', Effect: 'Deny', NotAction: ['pca:ca:get'], Condition }],
    })
    expect(policy.statements).toEqual([
      {
        sid: 'S',
        effect: 'Deny',
        actions: { listed: 'except', patterns: ['pca:ca:get'] },
        conditions: [
          { operator: 'StringEquals', key: 'g:UserName', values: ['a'] },
          { operator: 'ForAnyValue:StringMatch', key: 'g:TagKeys', values: ['b', 'c*'] },
        ],
      },
    ])
  })

  test('each grammar refuses the Version of another', () => {
    expect(refusal(() => parseHuawei11Policy(ram)).position).toBe('/Version')
    expect(refusal(() => parseHuawei50Policy(ram)).position).toBe('/Version')
    expect(refusal(() => parseRamPolicy({ ...ram, Version: '5.0' })).position).toBe('/Version')
  })

  test('a policy cannot be changed after it was read', () => {
    const { statements } = parsePolicy(ram)
    expect(
      Object.isFrozen(statements) && Object.isFrozen(statements[0]) && Object.isFrozen(statements[0]?.actions.patterns),
    ).toBe(true)
  })

  test('a lenient load keeps the names of what it does not know', () => {
    const stored = {
      ...ram,
      Statement: [{ ...statement, Audience: 'x', Condition: { StringResembles: { 'acs:Weather': ['fine'] } } }],
    }
    expect(parsePolicy(stored, { lenient: true }).statements[0]).toMatchObject({
      unknownElements: ['Audience'],
      conditions: [{ operator: 'StringResembles', key: 'acs:Weather', values: ['fine'] }],
    })
  })

  test('a lenient load still refuses what has no shape', () => {
    expect(
      refusal(() => parsePolicy({ ...ram, Statement: [{ ...statement, Effect: 'Perhaps' }] }, { lenient: true }))
        .position,
    ).toBe('/Statement/0/Effect')
  })
})

describe('limits of a policy', () => {
  test('64 KiB of UTF-8, counted in bytes', () => {
    const padded = (filler: string) => JSON.stringify(ram) + filler
    expect(parsePolicy(padded(' '.repeat(65_536 - padded('').length)))).toEqual(parsePolicy(ram))
    expect(refusal(() => parsePolicy(padded(' '.repeat(65_537 - padded('').length)))).message).toMatch(/65537 bytes/)
    expect(refusal(() => parsePolicy('"é"', { limits: { bytes: 3 } })).message).toMatch(/4 bytes/)
  })

  test('100 statements', () => {
    const of = (count: number) => ({ Version: '1', Statement: Array.from({ length: count }, () => statement) })
    expect(parsePolicy(of(100)).statements).toHaveLength(100)
    expect(refusal(() => parsePolicy(of(101))).position).toBe('/Statement')
  })

  test('depth, for text that would not end', () => {
    expect(refusal(() => parsePolicy('['.repeat(30_000) + ']'.repeat(30_000))).message).toMatch(/nested/)
  })

  test('entries of an element, values of a key, keys of a statement', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `a:${index}`)
    const refused = (change: object) =>
      refusal(() => parsePolicy({ ...ram, Statement: [{ ...statement, ...change }] })).position
    expect(refused({ Action: many(501) })).toBe('/Statement/0/Action')
    expect(refused({ Condition: { StringLike: { 'acs:PrincipalARN': many(251) } } })).toBe(
      '/Statement/0/Condition/StringLike/acs:PrincipalARN',
    )
    const keys = Object.fromEntries(many(51).map((name) => [`acs:ResourceTag/${name}`, 'x']))
    expect(refused({ Condition: { StringLike: keys } })).toBe('/Statement/0/Condition')
  })

  test('an object that cannot be written as JSON', () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    for (const source of [cycle, { n: 1n }, { toJSON: () => undefined }])
      expect(refusal(() => parsePolicy(source)).message).toMatch(/JSON/)
  })

  test('long names from outside are cut in sentences', () => {
    const long = 'x'.repeat(5000)
    expect(refusal(() => parsePolicy({ ...ram, [long]: 1 })).message.length).toBeLessThan(200)
  })
})

describe('mutated policies', () => {
  const seeds = [
    ram,
    {
      Version: '1.1',
      Statement: [{ Effect: 'Deny', Action: ['pca:ca:*'], Condition: { StringMatch: { 'pca:CommonName': ['*.a'] } } }],
    },
    {
      Version: '5.0',
      Statement: [
        { Sid: 'a', Effect: 'Allow', NotAction: ['scm::*'], Resource: ['pca::*:ca:*'] },
        {
          Effect: 'Deny',
          Action: ['*'],
          Condition: { NotIpAddress: { 'g:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] } },
        },
      ],
    },
  ].map((seed) => JSON.stringify(seed))
  const pieces = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '*',
    '?',
    '\\',
    '\\u0000',
    'null',
    '1e999',
    '"Deny"',
    '"Null"',
    'IfExists',
    'ForAllValues:',
    '__proto__',
    '/',
    '::',
    '\u{1f600}',
  ]
  const mutation = fc.record({ at: fc.nat(400), remove: fc.nat(6), insert: fc.constantFrom('', ...pieces) })
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([seed, mutations]) =>
      mutations.reduce((text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove), seed),
    )
  const context = { currentTime: 0, secureTransport: true, mfaPresent: false, sourceIp: '10.0.0.1' }

  test.each([false, true])('are read or refused with PolicyError, and then evaluated (lenient: %s)', (lenient) => {
    const seen = { read: 0, refused: 0 }
    fc.assert(
      fc.property(mutated, (text) => {
        try {
          const policy = parsePolicy(text, { lenient })
          const attached = [{ id: 'p', name: 'p', kind: 'custom', policy } as const]
          evaluate({ policies: attached, actions: ['pca:ca:get'], resource: { ram: ramResource('1') }, context })
          seen.read += 1
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError)
          seen.refused += 1
        }
      }),
      { numRuns: 10_000, seed: 6 },
    )
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(100)
  })
})
