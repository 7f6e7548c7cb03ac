import Type from 'typebox'
import { newUuid, operation } from '../kernel/index.ts'
import { builtinPolicies } from './builtin.ts'
import { changesRights, theUser, type IamNeeds } from './manage-users.ts'
import { parsePolicy } from './policies/parse.ts'
import { PolicyError } from './policies/policy.ts'
import { problem } from './problems.ts'
import type { IamStore, StoredPolicy } from './store.ts'

const policyName = Type.String({ minLength: 1, maxLength: 128 })

/** Keeps a policy of any of the three grammars (told apart by its Version) under a name that is free in the account. */
export const createPolicy = operation<IamNeeds>()({
  name: 'CreatePolicy',
  summary: 'Create a policy',
  access: 'write',
  actions: ['ram:CreatePolicy', 'iam:policies:create'],
  input: Type.Object(
    { policyName, document: Type.String({ minLength: 2, maxLength: 65_536 }) },
    { additionalProperties: false },
  ),
  problems: ['PolicyInvalid', 'PolicyNameTaken'],
  run({ policyName: name, document }, _resource, { iam, domainClock }, caller) {
    const policy: StoredPolicy = {
      id: newUuid(),
      accountId: caller.accountId,
      name,
      grammar: grammarOf(document),
      document,
      createdAt: domainClock.now(),
      version: 1,
    }
    return Promise.resolve({
      answer: { policyName: name, grammar: policy.grammar },
      writes: [iam.insertPolicy(policy, problem('PolicyNameTaken', { policyName: name }))],
      audit: { objectType: 'policy', objectId: policy.id, facts: { policyName: name, document } },
    })
  },
})

function grammarOf(document: string): string {
  try {
    return parsePolicy(document).grammar
  } catch (error) {
    if (error instanceof PolicyError) throw problem('PolicyInvalid', { reason: `${error.position}: ${error.message}` })
    throw error
  }
}

const attachment = Type.Object(
  { userName: Type.String({ maxLength: 64 }), policyName },
  { additionalProperties: false },
)

/** A policy of the account by its name, or a built-in one by its name or id (`ram-1/AdministratorAccess`). */
async function policyIdOf(iam: IamStore, accountId: string, name: string): Promise<string> {
  const own = await iam.policyByName(accountId, name)
  if (own) return own.id
  const builtin = builtinPolicies.find((policy) => policy.id === name || policy.name === name)
  if (!builtin) throw problem('PolicyNotFound', { policyName: name })
  return `system:${builtin.id}`
}

export const attachPolicy = operation<IamNeeds>()({
  name: 'AttachPolicy',
  summary: 'Attach a policy to a user',
  access: 'write',
  actions: ['ram:AttachPolicyToUser', 'iam:users:attachPolicy'],
  input: attachment,
  resource: theUser<{ userName: string; policyName: string }>(),
  problems: ['UserNotFound', 'PolicyNotFound', 'CallerGone'],
  async run({ policyName: name }, user, { iam, domainClock, rights }, caller) {
    const policyId = await policyIdOf(iam, caller.accountId, name)
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return {
      answer: {},
      writes: [
        iam.attach(caller.accountId, user.id, policyId, domainClock.now()),
        iam.replaceUser(user, user, problem('CallerGone')),
        raise,
      ],
      audit: { objectType: 'user', objectId: user.id, facts: { attached: name } },
      afterwards,
    }
  },
})

export const detachPolicy = operation<IamNeeds>()({
  name: 'DetachPolicy',
  summary: 'Detach a policy from a user',
  access: 'write',
  actions: ['ram:DetachPolicyFromUser', 'iam:users:detachPolicy'],
  input: attachment,
  resource: theUser<{ userName: string; policyName: string }>(),
  problems: ['UserNotFound', 'PolicyNotFound', 'PolicyNotAttached', 'CallerGone'],
  async run({ policyName: name }, user, { iam, rights }, caller) {
    const policyId = await policyIdOf(iam, caller.accountId, name)
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return {
      answer: {},
      writes: [
        iam.detach(caller.accountId, user.id, policyId, problem('PolicyNotAttached', { policyName: name })),
        iam.replaceUser(user, user, problem('CallerGone')),
        raise,
      ],
      audit: { objectType: 'user', objectId: user.id, facts: { detached: name } },
      afterwards,
    }
  },
})
