import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AttachedPolicy, Evaluation, RequestContext, RequestResource } from '../../src/iam/index.ts'
import { builtinPolicy, evaluate, parsePolicy, PolicyError, ramResource } from '../../src/iam/index.ts'

/** See cases/README.md. */
interface PolicyCase {
  readonly title: string
  readonly rule: string
  readonly lenient?: boolean
  readonly policies: readonly CasePolicy[]
  readonly sessionPolicies?: readonly CasePolicy[]
  readonly controlPolicies?: readonly CasePolicy[]
  readonly request?: {
    readonly actions: readonly string[]
    readonly resource?: Partial<RequestResource>
    readonly context?: Record<string, unknown>
  }
  readonly expect: Partial<Evaluation> & { readonly refused?: string }
}

interface CasePolicy {
  readonly id?: string
  readonly kind?: 'system' | 'custom'
  readonly scope?: NonNullable<AttachedPolicy['scope']>
  readonly document?: object
  readonly text?: string
  readonly builtin?: string
}

const folder = new URL('cases/', import.meta.url)

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const cases = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as PolicyCase[]
  describe(file, () => {
    test.each(cases.map((each) => [`${each.rule}: ${each.title}`, each] as const))('%s', (_, each) => {
      if (each.expect.refused === undefined) expect(decide(each)).toMatchObject(each.expect)
      else expect(refusal(each)).toMatchObject({ position: each.expect.refused })
    })
    test('no two cases have one title', () => {
      expect(new Set(cases.map(({ rule, title }) => `${rule}: ${title}`)).size).toBe(cases.length)
    })
  })
}

function decide({ lenient = false, policies, sessionPolicies, controlPolicies, request }: PolicyCase): Evaluation {
  if (!request) throw new Error('a case that is decided needs a request')
  const attached = (list: readonly CasePolicy[]) => list.map((policy, index) => attach(policy, index, lenient))
  return evaluate({
    policies: attached(policies),
    actions: request.actions,
    resource: { ram: ramResource('1234567890123456'), ...request.resource },
    context: contextOf(request.context ?? {}),
    ...(sessionPolicies && { sessionPolicies: attached(sessionPolicies) }),
    ...(controlPolicies && { controlPolicies: attached(controlPolicies) }),
  })
}

function attach(policy: CasePolicy, index: number, lenient: boolean): AttachedPolicy {
  const { id = `p${index}`, kind = 'custom', scope } = policy
  return { id, name: id, kind, scope, policy: read(policy, lenient) }
}

function read({ document, text, builtin }: CasePolicy, lenient: boolean) {
  const known = builtin === undefined ? undefined : builtinPolicy(builtin)
  if (known) return known.policy
  const source = document ?? text
  if (source === undefined) throw new Error(`no such policy: ${builtin}`)
  return parsePolicy(source, { lenient })
}

function contextOf({ currentTime = '2026-03-01T12:00:00Z', ...others }: Record<string, unknown>): RequestContext {
  const context = { secureTransport: true, mfaPresent: false, sourceIp: '198.51.100.7', ...others }
  const present = Object.entries(context).filter(([, value]) => value !== null)
  return { ...Object.fromEntries(present), currentTime: Date.parse(String(currentTime)) } as RequestContext
}

function refusal({ policies }: PolicyCase): PolicyError {
  try {
    for (const policy of policies) read(policy, false)
  } catch (error) {
    if (error instanceof PolicyError) return error
    throw error
  }
  throw new Error('the policy was not refused')
}
