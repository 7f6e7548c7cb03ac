import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RequestContext } from './context.ts'
import type { AttachedPolicy, Evaluation } from './evaluate.ts'
import { evaluate } from './evaluate.ts'
import { caUrn, ramResource } from './match.ts'
import { parsePolicy } from './policies/parse.ts'

type Json = Record<string, unknown>
interface Drawn {
  readonly Version: '1' | '1.1' | '5.0'
  readonly Statement: readonly Json[]
}

const domain = '0123456789abcdef0123456789abcdef'
const effect = fc.constantFrom('Allow', 'Deny')
const action = fc.constantFrom(
  '*',
  'pca:ca:*',
  'pca:*:get',
  'pca:ca:get',
  'pca:ca:delete',
  'pca:ca:active',
  'yundun-cert:*',
)
const lists = (arbitrary: fc.Arbitrary<string>) => fc.array(arbitrary, { minLength: 1, maxLength: 3 })
const maybe = <T>(name: string, arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined }).map((value): Json => (value === undefined ? {} : { [name]: value }))

const ramCondition = fc.constantFrom<Json>(
  { StringEquals: { 'acs:ResourceTag/env': 'dev' } },
  { StringNotLike: { 'acs:ResourceTag/env': ['d*', 'x'] } },
  { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' } },
  { Bool: { 'acs:MFAPresent': 'false' }, NumericLessThan: { 'acs:ResourceTag/env': '5' } },
)
const huaweiCondition = fc.constantFrom<Json>(
  { StringMatch: { 'g:UserName': ['a*'] } },
  { StringEqualsIfExists: { 'g:UserName': 'bob' } },
  { Null: { 'g:UserName': ['true'] } },
  { NumberLessThan: { 'g:MFAAge': ['900'] } },
)
const withConditions = (condition: fc.Arbitrary<Json>, extra: fc.Arbitrary<Json>) =>
  fc
    .record({ effect, actions: lists(action), condition: maybe('Condition', condition), extra })
    .map((drawn): Json => ({ Effect: drawn.effect, Action: drawn.actions, ...drawn.condition, ...drawn.extra }))
const statementsOf = {
  '1': withConditions(
    ramCondition,
    fc.constantFrom<Json>({ Resource: '*' }, { Resource: 'acs:yundun-cert:*:*:certificate/1' }),
  ),
  '1.1': withConditions(huaweiCondition, fc.constant({})),
  '5.0': withConditions(
    huaweiCondition,
    maybe('Resource', lists(fc.constantFrom('*', `pca::${domain}:ca:a`, 'pca:*:*:ca:*'))),
  ),
}
const document: fc.Arbitrary<Drawn> = fc
  .constantFrom<Drawn['Version']>('1', '1.1', '5.0')
  .chain((Version) =>
    fc.array(statementsOf[Version], { minLength: 1, maxLength: 4 }).map((Statement) => ({ Version, Statement })),
  )
const documents = fc.array(document, { maxLength: 4 })
const request = fc.record({
  actions: fc.constantFrom(
    ['pca:ca:get'],
    ['pca:ca:activate', 'pca:ca:active'],
    ['pca:ca:delete', 'yundun-cert:UpdateCACertificateStatus'],
  ),
  urn: fc.constantFrom(undefined, caUrn(domain), caUrn(domain, 'a'), caUrn(domain, 'b')),
  context: fc.record({
    currentTime: fc.constant(0),
    secureTransport: fc.boolean(),
    mfaPresent: fc.boolean(),
    sourceIp: fc.constantFrom('10.0.0.1', '::ffff:10.0.0.1', '192.0.2.1'),
    userName: fc.constantFrom(undefined, 'alice', 'bob'),
    mfaAgeSeconds: fc.constantFrom(undefined, 5),
    resourceTags: fc.constantFrom(undefined, { env: 'dev' }, { env: '4' }),
  }) satisfies fc.Arbitrary<RequestContext>,
})
interface Asked {
  readonly actions: readonly string[]
  readonly urn: string | undefined
  readonly context: RequestContext
}

function attach(drawn: readonly Drawn[], options = {}): AttachedPolicy[] {
  return drawn.map((each, index) => ({ id: `p${index}`, name: '', kind: 'custom', policy: parsePolicy(each, options) }))
}

function decide(policies: readonly AttachedPolicy[], { actions, urn, context }: Asked): Evaluation {
  return evaluate({ policies, actions, resource: { ram: ramResource('1'), urn }, context })
}

const runs = { numRuns: 2000, seed: 7 }
const allowed = (evaluation: Evaluation): boolean => evaluation.decision === 'allow'

describe('properties of evaluation, RAM §3 and Huawei IAM §2', () => {
  test('the same question has the same answer', () => {
    fc.assert(
      fc.property(documents, request, (drawn, asked) => {
        expect(decide(attach(drawn), asked)).toEqual(decide(attach(drawn), asked))
      }),
      runs,
    )
  })

  test('one more Deny never allows more; one more Allow never denies more', () => {
    fc.assert(
      fc.property(documents, document, request, (drawn, more, asked) => {
        const before = decide(attach(drawn), asked)
        const only = (wanted: string) => ({
          ...more,
          Statement: more.Statement.map((each) => ({ ...each, Effect: wanted })),
        })
        if (allowed(decide(attach([...drawn, only('Deny')]), asked))) expect(allowed(before)).toBe(true)
        if (allowed(before)) expect(allowed(decide(attach([...drawn, only('Allow')]), asked))).toBe(true)
      }),
      runs,
    )
  })

  test('the order of policies and of statements decides nothing', () => {
    fc.assert(
      fc.property(documents, request, (drawn, asked) => {
        const reversed = drawn.map((each) => ({ ...each, Statement: each.Statement.toReversed() })).toReversed()
        expect(decide(attach(reversed), asked).decision).toBe(decide(attach(drawn), asked).decision)
      }),
      runs,
    )
  })

  test('statements may be spread over policies of their own', () => {
    fc.assert(
      fc.property(documents, request, (drawn, asked) => {
        const spread = drawn.flatMap(({ Version, Statement }) =>
          Statement.map((each) => ({ Version, Statement: [each] })),
        )
        expect(decide(attach(spread), asked).decision).toBe(decide(attach(drawn), asked).decision)
      }),
      runs,
    )
  })

  test('the reported statement alone gives the reported decision', () => {
    fc.assert(
      fc.property(documents, request, (drawn, asked) => {
        const { decision, policyId, statementIndex = -1 } = decide(attach(drawn), asked)
        if (policyId === undefined) return
        const found = drawn[Number(policyId.slice(1))]
        const statement = found?.Statement[statementIndex]
        if (!found || !statement) return expect.fail('no such statement')
        expect(decide(attach([{ ...found, Statement: [statement] }]), asked).decision).toBe(decision)
      }),
      runs,
    )
  })

  test('another name of the operation never lifts a Deny by Action', () => {
    fc.assert(
      fc.property(documents, request, action, (drawn, asked, name) => {
        const { decision } = decide(attach(drawn), asked)
        if (decision !== 'explicitDeny') return
        expect(decide(attach(drawn), { ...asked, actions: [...asked.actions, name] }).decision).toBe('explicitDeny')
      }),
      runs,
    )
  })

  test('control and session policies only take away', () => {
    fc.assert(
      fc.property(documents, documents, documents, request, (drawn, control, session, asked) => {
        const limited = evaluate({
          policies: attach(drawn),
          controlPolicies: attach(control),
          sessionPolicies: attach(session),
          actions: asked.actions,
          resource: { ram: ramResource('1'), urn: asked.urn },
          context: asked.context,
        })
        const parts = [drawn, control, session].map((part) => allowed(decide(attach(part), asked)))
        expect(allowed(limited)).toBe(parts.every(Boolean))
      }),
      runs,
    )
  })

  test('RAM §2: a condition that is not understood never allows more', () => {
    fc.assert(
      fc.property(documents, request, fc.nat(3), (drawn, asked, index) => {
        const unknown = { Guess: { 'acs:Weather': ['fine'] } }
        const spoiled = drawn.map((each) => ({
          ...each,
          Statement: each.Statement.map((statement, at) =>
            at === index
              ? { ...statement, Condition: { ...(statement.Condition as object | undefined), ...unknown } }
              : statement,
          ),
        }))
        if (allowed(decide(attach(spoiled, { lenient: true }), asked)))
          expect(allowed(decide(attach(drawn), asked))).toBe(true)
      }),
      runs,
    )
  })
})
