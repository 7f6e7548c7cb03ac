import Type from 'typebox'
import { newUuid, operation } from '../kernel/index.ts'
import { keepAnAdministrator, rewording } from './administrators.ts'
import { policyOfName } from './attach-policies.ts'
import { builtinPolicies, builtinPolicy } from './builtin.ts'
import {
  allOf,
  aNew,
  changed,
  changesRights,
  documentInput,
  ofPolicy,
  policyNameInput,
  thePolicy,
  type IamNeeds,
} from './needs.ts'
import { parsePolicy } from './policies/parse.ts'
import { PolicyError } from './policies/policy.ts'
import { systemPrefix } from './principal.ts'
import { problem } from './problems.ts'
import type { IamStore, StoredPolicy } from './store.ts'

interface NewPolicy {
  policyName: string
  document: string
}

/** Keeps a policy of any of the three grammars (told apart by its Version) under a name that is free in the account. */
export const createPolicy = operation<IamNeeds>()({
  name: 'CreatePolicy',
  summary: 'Create a policy',
  access: 'write',
  actions: ['ram:CreatePolicy', 'iam:policies:create'],
  input: Type.Object({ policyName: policyNameInput, document: documentInput }, { additionalProperties: false }),
  resource: aNew<NewPolicy>('policy', ({ policyName }) => policyName),
  problems: ['PolicyInvalid', 'PolicyNameTaken'],
  run({ policyName: name, document }, _resource, { iam, domainClock }, caller) {
    const grammar = grammarOf(document)
    const createdAt = domainClock.now()
    const policy: StoredPolicy = {
      id: newUuid(),
      accountId: caller.accountId,
      name,
      grammar,
      document,
      createdAt,
      version: 1,
      defaultVersion: 1,
      lastVersion: 1,
    }
    return Promise.resolve({
      answer: { policyName: name, grammar },
      // Nobody has it yet, so no rights change.
      writes: [
        iam.insertPolicy(policy, problem('PolicyNameTaken', { policyName: name })),
        iam.insertPolicyVersion({ policyId: policy.id, number: 1, grammar, document, createdAt }),
      ],
      audit: { objectType: 'policy', objectId: policy.id, facts: { policyName: name, document } },
    })
  },
})

export function grammarOf(document: string): string {
  try {
    return parsePolicy(document).grammar
  } catch (error) {
    if (error instanceof PolicyError) throw problem('PolicyInvalid', { reason: `${error.position}: ${error.message}` })
    throw error
  }
}

export const listPolicies = operation<IamNeeds>()({
  name: 'ListPolicies',
  summary: 'List the policies of the account and the built-in ones',
  access: 'list',
  actions: ['ram:ListPolicies', 'iam:policies:list'],
  input: Type.Object({}, { additionalProperties: false }),
  resource: allOf('policy'),
  problems: [],
  run: async (_input, _resource, { iam }, caller) => ({
    answer: {
      policies: (await iam.policies(caller.accountId)).map(({ name, grammar, defaultVersion, createdAt }) => ({
        policyName: name,
        grammar,
        defaultVersion,
        createdAt,
      })),
      builtin: builtinPolicies.map(({ id, name, grammar, description }) => ({
        id,
        policyName: name,
        grammar,
        description,
      })),
    },
  }),
})

/** A policy with its versions, and to whom it is attached. A built-in one is asked for by id or name. */
export const showPolicy = operation<IamNeeds>()({
  name: 'ShowPolicy',
  summary: 'Show a policy, its versions, and to whom it is attached',
  access: 'read',
  actions: ['ram:GetPolicy', 'iam:policies:get'],
  input: ofPolicy,
  resource: aNew<{ policyName: string }>('policy', ({ policyName }) => policyName),
  problems: ['PolicyNotFound'],
  async run({ policyName }, _resource, { iam }, { accountId }) {
    const { id, own } = await policyOfName(iam, accountId, policyName)
    const attachedTo = await attachedToOf(iam, accountId, id)
    if (own) {
      const versions = await iam.policyVersions(id)
      return {
        answer: {
          policyName,
          grammar: own.grammar,
          document: own.document,
          defaultVersion: own.defaultVersion,
          versions: versions.map(({ number, document, createdAt }) => ({ number, document, createdAt })),
          attachedTo,
        },
      }
    }
    const { name, grammar, document } = builtinPolicy(id.slice(systemPrefix.length))!
    const text = JSON.stringify(document)
    return {
      answer: { policyName: name, grammar, document: text, defaultVersion: 1, versions: [], attachedTo },
    }
  },
})

async function attachedToOf(iam: IamStore, accountId: string, policyId: string) {
  const groups = new Map((await iam.resourceGroups(accountId)).map(({ id, name }) => [id, name]))
  const attachments = await iam.attachmentsOfPolicy(accountId, policyId)
  return attachments.map(({ principalKind, principalName, scope }) => ({
    kind: principalKind,
    name: principalName,
    resourceGroup: scope === null ? null : (groups.get(scope) ?? scope),
  }))
}

const maxVersions = 5

interface NewVersion extends NewPolicy {
  setAsDefault: boolean
}

/** Five at most (as in the cloud); numbers are not given again. As default it is in force at once, wherever the policy is attached. */
export const createPolicyVersion = operation<IamNeeds>()({
  name: 'CreatePolicyVersion',
  summary: 'Add a version to a policy',
  access: 'write',
  actions: ['ram:CreatePolicyVersion', 'iam:policies:createVersion'],
  input: Type.Object(
    { policyName: policyNameInput, document: documentInput, setAsDefault: Type.Boolean() },
    { additionalProperties: false },
  ),
  resource: thePolicy<NewVersion>(),
  problems: ['PolicyNotFound', 'PolicyInvalid', 'PolicyVersionLimit', 'LastAdministrator'],
  async run({ document, setAsDefault }, policy, deps, caller) {
    const { iam, rights, domainClock } = deps
    const grammar = grammarOf(document)
    const versions = await iam.policyVersions(policy.id)
    if (versions.length >= maxVersions) throw problem('PolicyVersionLimit', { max: maxVersions })
    const number = policy.lastVersion + 1
    const next: StoredPolicy = {
      ...policy,
      lastVersion: number,
      ...(setAsDefault ? { grammar, document, defaultVersion: number } : {}),
    }
    if (setAsDefault) await keepAnAdministrator(deps, caller, rewording(next))
    return {
      answer: { number },
      audit: {
        objectType: 'policy',
        objectId: policy.id,
        facts: { policyName: policy.name, number, document, setAsDefault },
      },
      ...changesRights(iam, rights, caller.accountId, [
        iam.insertPolicyVersion({ policyId: policy.id, number, grammar, document, createdAt: domainClock.now() }),
        iam.replacePolicy(policy, next, changed),
        ...(setAsDefault ? [iam.raiseUsersWithPolicy(caller.accountId, policy.id)] : []),
      ]),
    }
  },
})

interface OneVersion {
  policyName: string
  number: number
}
const ofVersion = Type.Object(
  { policyName: policyNameInput, number: Type.Integer({ minimum: 1 }) },
  { additionalProperties: false },
)

export const setDefaultPolicyVersion = operation<IamNeeds>()({
  name: 'SetDefaultPolicyVersion',
  summary: 'Put another version of a policy in force',
  access: 'write',
  actions: ['ram:SetDefaultPolicyVersion', 'iam:policies:setDefaultVersion'],
  input: ofVersion,
  resource: thePolicy<OneVersion>(),
  problems: ['PolicyNotFound', 'PolicyVersionNotFound', 'LastAdministrator'],
  async run({ number, policyName }, policy, deps, caller) {
    const { iam, rights } = deps
    const version = (await iam.policyVersions(policy.id)).find((each) => each.number === number)
    if (!version) throw problem('PolicyVersionNotFound', { policyName, number })
    const { grammar, document } = version
    const next: StoredPolicy = { ...policy, grammar, document, defaultVersion: number }
    await keepAnAdministrator(deps, caller, rewording(next))
    return {
      answer: {},
      audit: { objectType: 'policy', objectId: policy.id, facts: { policyName, defaultVersion: number } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.replacePolicy(policy, next, changed),
        iam.raiseUsersWithPolicy(caller.accountId, policy.id),
      ]),
    }
  },
})

export const deletePolicyVersion = operation<IamNeeds>()({
  name: 'DeletePolicyVersion',
  summary: 'Delete a version of a policy that is not in force',
  access: 'write',
  actions: ['ram:DeletePolicyVersion', 'iam:policies:deleteVersion'],
  input: ofVersion,
  resource: thePolicy<OneVersion>(),
  problems: ['PolicyNotFound', 'PolicyVersionNotFound', 'PolicyVersionInUse'],
  run({ number, policyName }, policy, { iam }) {
    if (number === policy.defaultVersion) throw problem('PolicyVersionInUse', { number })
    return Promise.resolve({
      answer: {},
      audit: { objectType: 'policy', objectId: policy.id, facts: { policyName, deletedVersion: number } },
      writes: [
        // The row is touched, so that nobody makes this version the default at the same moment.
        iam.replacePolicy(policy, policy, changed),
        iam.removePolicyVersion(policy.id, number, problem('PolicyVersionNotFound', { policyName, number })),
      ],
    })
  },
})

export const deletePolicy = operation<IamNeeds>()({
  name: 'DeletePolicy',
  summary: 'Delete a policy that is attached to nobody, with all of its versions',
  access: 'write',
  actions: ['ram:DeletePolicy', 'iam:policies:delete'],
  input: ofPolicy,
  resource: thePolicy(),
  problems: ['PolicyNotFound', 'PolicyInUse'],
  async run({ policyName }, policy, { iam, rights }, { accountId }) {
    if ((await iam.attachmentsOfPolicy(accountId, policy.id)).length > 0) throw problem('PolicyInUse', { policyName })
    return {
      answer: {},
      audit: { objectType: 'policy', objectId: policy.id, facts: { policyName } },
      ...changesRights(iam, rights, accountId, iam.removePolicy(policy, changed)),
    }
  },
})
