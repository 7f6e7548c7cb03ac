import Type from 'typebox'
import { problem as kernelProblem, type Clock, type ResourceRule, type Write } from '../kernel/index.ts'
import type { Passwords, Sealer } from '../keys/index.ts'
import type { Principals, RightsGeneration } from './principals.ts'
import { problem } from './problems.ts'
import type { Group, IamStore, Role, StoredPolicy, User } from './store.ts'

export interface IamNeeds {
  iam: IamStore
  passwords: Passwords
  sealer: Sealer
  domainClock: Clock
  /** Temporary keys end by it. */
  wallClock: Clock
  rights: RightsGeneration
  principals: Pick<Principals, 'principalOf'>
}

/** Users, groups, roles and resource groups: what both clouds take, and what needs no escaping in resource names. */
export const nameInput = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' })
export const policyNameInput = Type.String({ minLength: 1, maxLength: 128 })
export const documentInput = Type.String({ minLength: 2, maxLength: 65_536 })

export const ofUser = Type.Object({ userName: nameInput }, { additionalProperties: false })
export const ofGroup = Type.Object({ groupName: nameInput }, { additionalProperties: false })
export const ofRole = Type.Object({ roleName: nameInput }, { additionalProperties: false })
export const ofPolicy = Type.Object({ policyName: policyNameInput }, { additionalProperties: false })

/** A user of the caller's account, by name. */
export const theUser = <Input extends { userName: string }>(): ResourceRule<Input, User, { iam: IamStore }> => ({
  find: ({ userName }, { iam }, caller) => iam.userByName(caller.accountId, userName),
  attributes: ({ userName }) => ({ type: 'user', id: userName }),
  missing: ({ userName }) => problem('UserNotFound', { userName }),
})

export const theGroup = <Input extends { groupName: string }>(): ResourceRule<Input, Group, { iam: IamStore }> => ({
  find: ({ groupName }, { iam }, caller) => iam.groupByName(caller.accountId, groupName),
  attributes: ({ groupName }) => ({ type: 'group', id: groupName }),
  missing: ({ groupName }) => problem('GroupNotFound', { groupName }),
})

export const theRole = <Input extends { roleName: string }>(): ResourceRule<Input, Role, { iam: IamStore }> => ({
  find: ({ roleName }, { iam }, caller) => iam.roleByName(caller.accountId, roleName),
  attributes: ({ roleName }) => ({ type: 'role', id: roleName }),
  missing: ({ roleName }) => problem('RoleNotFound', { roleName }),
})

/** A policy of the account's own: the built-in ones cannot be changed. */
export const thePolicy = <Input extends { policyName: string }>(): ResourceRule<
  Input,
  StoredPolicy,
  { iam: IamStore }
> => ({
  find: ({ policyName }, { iam }, caller) => iam.policyByName(caller.accountId, policyName),
  attributes: ({ policyName }) => ({ type: 'policy', id: policyName }),
  missing: ({ policyName }) => problem('PolicyNotFound', { policyName }),
})

type IamType = 'user' | 'group' | 'role' | 'policy'

const nothing = { find: () => Promise.resolve(undefined), missing: undefined }

/** For lists: the right is one over all of the kind. */
export const allOf = (type: IamType): ResourceRule<unknown, undefined, unknown> => ({
  ...nothing,
  attributes: () => ({ type }),
})

/** For what is made: policies are asked under the name that it will have. */
export const aNew = <Input>(
  type: IamType,
  name: (input: Input) => string,
): ResourceRule<Input, undefined, unknown> => ({
  ...nothing,
  attributes: (input) => ({ type, id: name(input) }),
})

/** Somebody else was faster: what stands under a caller's guard is tried anew before this is said. */
export const changed = kernelProblem('ChangedMeanwhile')

/** What every change of rights has in common: the account's version rises with it, and afterwards all threads forget. */
export const changesRights = (
  iam: IamStore,
  rights: RightsGeneration,
  accountId: string,
  writes: readonly Write[],
) => ({
  writes: [...writes, iam.raiseVersion(accountId)],
  afterwards: () => rights.raise(),
})
