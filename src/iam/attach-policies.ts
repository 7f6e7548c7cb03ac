import Type from 'typebox'
import { operation, type Caller } from '../kernel/index.ts'
import { attaching, detaching, keepAnAdministrator } from './administrators.ts'
import { builtinPolicies } from './builtin.ts'
import { resourceGroupNamed } from './manage-resource-groups.ts'
import {
  changed,
  changesRights,
  nameInput,
  policyNameInput,
  theGroup,
  theRole,
  theUser,
  type IamNeeds,
} from './needs.ts'
import { systemPrefix } from './principal.ts'
import { problem } from './problems.ts'
import type { Attachment, IamStore, PrincipalKind, StoredPolicy, User } from './store.ts'

/** What both directions ask for beside whom it is about. */
const what = {
  /** One of the account's own, or a built-in one by name or id (`ram-1/AdministratorAccess`). */
  policyName: policyNameInput,
  /** For the resources of this group only. */
  resourceGroup: Type.Optional(nameInput),
}
const ofUser = Type.Object({ userName: nameInput, ...what }, { additionalProperties: false })
const ofGroup = Type.Object({ groupName: nameInput, ...what }, { additionalProperties: false })
const ofRole = Type.Object({ roleName: nameInput, ...what }, { additionalProperties: false })

interface What {
  policyName: string
  resourceGroup?: string
}

/** The account's own policy of a name goes before a built-in one; of those, whose names several grammars share, the first is meant. */
export async function policyOfName(
  iam: IamStore,
  accountId: string,
  name: string,
): Promise<{ id: string; own: StoredPolicy | undefined }> {
  const own = await iam.policyByName(accountId, name)
  if (own) return { id: own.id, own }
  const builtin = builtinPolicies.find((policy) => policy.id === name || policy.name === name)
  if (!builtin) throw problem('PolicyNotFound', { policyName: name })
  return { id: `${systemPrefix}${builtin.id}`, own: undefined }
}

const scopeOf = async (iam: IamStore, accountId: string, name: string | undefined): Promise<string | null> =>
  name === undefined ? null : (await resourceGroupNamed(iam, accountId, name)).id

interface PrincipalOf {
  kind: PrincipalKind
  id: string
  /** Of a user: their version rises, so that tokens end. */
  user?: User
}

const raised = (iam: IamStore, accountId: string, { kind, id, user }: PrincipalOf) =>
  user ? [iam.replaceUser(user, user, changed)] : kind === 'group' ? [iam.raiseMembers(accountId, id)] : []

async function attach({ policyName, resourceGroup }: What, principal: PrincipalOf, deps: IamNeeds, caller: Caller) {
  const { iam, rights, domainClock } = deps
  const { accountId } = caller
  const { id: policyId, own } = await policyOfName(iam, accountId, policyName)
  const attachment: Attachment = {
    accountId,
    principalKind: principal.kind,
    principalId: principal.id,
    policyId,
    scope: await scopeOf(iam, accountId, resourceGroup),
    createdAt: domainClock.now(),
  }
  await keepAnAdministrator(deps, caller, attaching(attachment, own))
  return {
    answer: {},
    audit: { objectType: principal.kind, objectId: principal.id, facts: { attached: policyName, resourceGroup } },
    ...changesRights(iam, rights, accountId, [iam.attach(attachment), ...raised(iam, accountId, principal)]),
  }
}

async function detach({ policyName, resourceGroup }: What, principal: PrincipalOf, deps: IamNeeds, caller: Caller) {
  const { iam, rights } = deps
  const { accountId } = caller
  const scope = await scopeOf(iam, accountId, resourceGroup)
  const policyId = await attachedId(iam, accountId, principal.id, policyName, scope)
  const gone = { accountId, principalId: principal.id, policyId, scope }
  await keepAnAdministrator(deps, caller, detaching(gone))
  return {
    answer: {},
    audit: { objectType: principal.kind, objectId: principal.id, facts: { detached: policyName, resourceGroup } },
    ...changesRights(iam, rights, accountId, [
      iam.detach(gone, problem('PolicyNotAttached', { policyName })),
      ...raised(iam, accountId, principal),
    ]),
  }
}

/** A name that several grammars' built-in policies share means the one that is attached. */
async function attachedId(iam: IamStore, accountId: string, principalId: string, name: string, scope: string | null) {
  const { id, own } = await policyOfName(iam, accountId, name)
  if (own) return id
  const shared = builtinPolicies
    .filter((policy) => policy.id === name || policy.name === name)
    .map((policy) => `${systemPrefix}${policy.id}`)
  const attachments = await iam.attachmentsOf(accountId, principalId)
  return attachments.find((each) => shared.includes(each.policyId) && each.scope === scope)?.policyId ?? id
}

const attaches = ['PolicyNotFound', 'ResourceGroupNotFound', 'LastAdministrator'] as const
const detaches = [...attaches, 'PolicyNotAttached'] as const

const userOf = (user: User): PrincipalOf => ({ kind: 'user', id: user.id, user })
type OfUser = What & { userName: string }
type OfGroup = What & { groupName: string }
type OfRole = What & { roleName: string }

export const attachPolicy = operation<IamNeeds>()({
  name: 'AttachPolicy',
  summary: 'Attach a policy to a user',
  access: 'write',
  actions: ['ram:AttachPolicyToUser', 'iam:users:attachPolicy'],
  input: ofUser,
  resource: theUser<OfUser>(),
  problems: ['UserNotFound', ...attaches],
  run: (input, user, deps, caller) => attach(input, userOf(user), deps, caller),
})

export const detachPolicy = operation<IamNeeds>()({
  name: 'DetachPolicy',
  summary: 'Detach a policy from a user',
  access: 'write',
  actions: ['ram:DetachPolicyFromUser', 'iam:users:detachPolicy'],
  input: ofUser,
  resource: theUser<OfUser>(),
  problems: ['UserNotFound', ...detaches],
  run: (input, user, deps, caller) => detach(input, userOf(user), deps, caller),
})

export const attachPolicyToGroup = operation<IamNeeds>()({
  name: 'AttachPolicyToGroup',
  summary: 'Attach a policy to a group',
  access: 'write',
  actions: ['ram:AttachPolicyToGroup', 'iam:groups:attachPolicy'],
  input: ofGroup,
  resource: theGroup<OfGroup>(),
  problems: ['GroupNotFound', ...attaches],
  run: (input, { id }, deps, caller) => attach(input, { kind: 'group', id }, deps, caller),
})

export const detachPolicyFromGroup = operation<IamNeeds>()({
  name: 'DetachPolicyFromGroup',
  summary: 'Detach a policy from a group',
  access: 'write',
  actions: ['ram:DetachPolicyFromGroup', 'iam:groups:detachPolicy'],
  input: ofGroup,
  resource: theGroup<OfGroup>(),
  problems: ['GroupNotFound', ...detaches],
  run: (input, { id }, deps, caller) => detach(input, { kind: 'group', id }, deps, caller),
})

export const attachPolicyToRole = operation<IamNeeds>()({
  name: 'AttachPolicyToRole',
  summary: 'Attach a policy to a role',
  access: 'write',
  actions: ['ram:AttachPolicyToRole', 'iam:agencies:attachPolicy'],
  input: ofRole,
  resource: theRole<OfRole>(),
  problems: ['RoleNotFound', ...attaches],
  run: (input, { id }, deps, caller) => attach(input, { kind: 'role', id }, deps, caller),
})

export const detachPolicyFromRole = operation<IamNeeds>()({
  name: 'DetachPolicyFromRole',
  summary: 'Detach a policy from a role',
  access: 'write',
  actions: ['ram:DetachPolicyFromRole', 'iam:agencies:detachPolicy'],
  input: ofRole,
  resource: theRole<OfRole>(),
  problems: ['RoleNotFound', ...detaches],
  run: (input, { id }, deps, caller) => detach(input, { kind: 'role', id }, deps, caller),
})
