import { describe, expect, test } from 'vitest'
import { builtinPolicies, builtinPolicy, keyRevealingActions } from './builtin.ts'
import { evaluate } from './evaluate.ts'
import { ramResource } from './match.ts'
import { parsePolicy } from './policies/parse.ts'

const context = { currentTime: 0, secureTransport: true, mfaPresent: true }

describe('built-in policies', () => {
  test('design §4: only full access reveals private keys', () => {
    const revealing = builtinPolicies.filter(({ id, name, policy }) =>
      keyRevealingActions.some(
        (action) =>
          evaluate({
            policies: [{ id, name, kind: 'system', policy }],
            actions: [action],
            resource: { ram: ramResource('1') },
            context,
          }).decision === 'allow',
      ),
    )
    expect(new Set(revealing.map(({ name }) => name))).toEqual(
      new Set([
        'AdministratorAccess',
        'AliyunYundunCertFullAccess',
        'PCA FullAccess',
        'SCM FullAccess',
        'CertkeepFullAccess',
      ]),
    )
  })

  test('ids are unique, and an id finds its policy', () => {
    expect(new Set(builtinPolicies.map(({ id }) => id)).size).toBe(builtinPolicies.length)
    for (const policy of builtinPolicies) expect(builtinPolicy(policy.id)).toBe(policy)
    expect(builtinPolicy('ram-1/Nothing')).toBeUndefined()
  })

  test('the shown document is the policy in force', () => {
    for (const { document, policy, grammar } of builtinPolicies) {
      expect(parsePolicy(document)).toEqual(policy)
      expect(policy.grammar).toBe(grammar)
    }
  })
})
