import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseTrustPolicy, trusts } from '../../src/iam/policies/trust.ts'
import { PolicyError } from '../../src/iam/index.ts'

/** `expect`: whether the caller may take the role, or the position at which the document is refused. */
interface TrustCase {
  readonly title: string
  readonly rule: string
  readonly trust: object
  /** Of account 1111222233334444; the user alice unless given. */
  readonly caller?: string
  readonly externalId?: string
  readonly expect: 'trusted' | 'refused' | { readonly refusedAt: string }
}

const cases = JSON.parse(readFileSync(new URL('trust-cases.json', import.meta.url), 'utf8')) as TrustCase[]

describe('trust policies of roles', () => {
  test.each(cases.map((each) => [`${each.rule}: ${each.title}`, each] as const))('%s', (_, each) => {
    if (typeof each.expect === 'object') {
      expect(refusal(each.trust)).toMatchObject({ position: each.expect.refusedAt })
      return
    }
    const { caller = 'acs:ram::1111222233334444:user/alice', externalId } = each
    const context = {
      accountId: '1111222233334444',
      sourceIp: '198.51.100.7',
      currentTime: Date.parse('2026-03-01T12:00:00Z'),
      secureTransport: true,
      mfaPresent: false,
      serviceAttributes: externalId === undefined ? {} : { 'sts:externalid': externalId },
    }
    expect(trusts(parseTrustPolicy(each.trust), caller, context)).toBe(each.expect === 'trusted')
  })

  test('10^4 mutated documents are read, or refused with PolicyError', () => {
    const seeds = cases.map(({ trust }) => JSON.stringify(trust))
    let state = 20_261_121
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state % below
    }
    let read = 0
    for (let round = 0; round < 10_000; round++) {
      const seed = seeds[round % seeds.length]!
      const at = next(seed.length)
      const text = seed.slice(0, at) + String.fromCharCode(next(128)) + seed.slice(at + next(3))
      try {
        parseTrustPolicy(text)
        read++
      } catch (error) {
        expect(error).toBeInstanceOf(PolicyError)
      }
    }
    expect(read).toBeGreaterThan(0)
  })
})

function refusal(trust: object): unknown {
  try {
    parseTrustPolicy(trust)
  } catch (error) {
    return error
  }
  throw new Error('the policy was not refused')
}
