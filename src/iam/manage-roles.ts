import Type from 'typebox'
import { newDecimalId, newHexId, operation } from '../kernel/index.ts'
import {
  allOf,
  aNew,
  changed,
  changesRights,
  documentInput,
  nameInput,
  ofRole,
  theRole,
  type IamNeeds,
} from './needs.ts'
import { PolicyError } from './policies/policy.ts'
import { parseTrustPolicy } from './policies/trust.ts'
import { problem } from './problems.ts'
import { shownAttachments } from './shown-attachments.ts'
import type { Role } from './store.ts'

/** RAM: from an hour to twelve. */
const maxSessionInput = Type.Integer({ minimum: 3_600, maximum: 43_200 })
const descriptionInput = Type.String({ maxLength: 1_024 })

function checked(trustPolicy: string): string {
  try {
    parseTrustPolicy(trustPolicy)
    return trustPolicy
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw problem('TrustPolicyInvalid', { reason: `${error.position}: ${error.message}` })
  }
}

/** A role is an agency to Huawei's clients: the same thing, under the same name. */
export const createRole = operation<IamNeeds>()({
  name: 'CreateRole',
  summary: 'Create a role (an agency) that others may take for a while',
  access: 'write',
  actions: ['ram:CreateRole', 'iam:agencies:create'],
  input: Type.Object(
    {
      roleName: nameInput,
      trustPolicy: documentInput,
      maxSessionSeconds: Type.Optional(maxSessionInput),
      description: Type.Optional(descriptionInput),
    },
    { additionalProperties: false },
  ),
  resource: aNew<{ roleName: string }>('role', ({ roleName }) => roleName),
  problems: ['RoleNameTaken', 'TrustPolicyInvalid'],
  run({ roleName, trustPolicy, maxSessionSeconds = 3_600, description = '' }, _resource, deps, caller) {
    const { iam, rights, domainClock } = deps
    const role: Role = {
      id: newHexId(),
      accountId: caller.accountId,
      decimalId: newDecimalId(),
      name: roleName,
      description,
      trustPolicy: checked(trustPolicy),
      maxSessionSeconds,
      createdAt: domainClock.now(),
      version: 1,
    }
    return Promise.resolve({
      answer: { roleId: role.id, decimalId: role.decimalId, roleName, roleArn: arnOf(role) },
      audit: { objectType: 'role', objectId: role.id, facts: { roleName, trustPolicy } },
      ...changesRights(iam, rights, caller.accountId, [iam.insertRole(role, problem('RoleNameTaken', { roleName }))]),
    })
  },
})

const arnOf = ({ accountId, name }: Role): string => `acs:ram::${accountId}:role/${name}`

const shown = (role: Role) => ({
  roleId: role.id,
  decimalId: role.decimalId,
  roleName: role.name,
  roleArn: arnOf(role),
  description: role.description,
  trustPolicy: role.trustPolicy,
  maxSessionSeconds: role.maxSessionSeconds,
  createdAt: role.createdAt,
})

export const listRoles = operation<IamNeeds>()({
  name: 'ListRoles',
  summary: 'List the roles of the account',
  access: 'list',
  actions: ['ram:ListRoles', 'iam:agencies:list'],
  input: Type.Object({}, { additionalProperties: false }),
  resource: allOf('role'),
  problems: [],
  run: async (_input, _resource, { iam }, caller) => ({
    answer: { roles: (await iam.roles(caller.accountId)).map(shown) },
  }),
})

export const showRole = operation<IamNeeds>()({
  name: 'ShowRole',
  summary: 'Show a role with its policies',
  access: 'read',
  actions: ['ram:GetRole', 'iam:agencies:get'],
  input: ofRole,
  resource: theRole(),
  problems: ['RoleNotFound'],
  run: async (_input, role, { iam }, { accountId }) => ({
    answer: { ...shown(role), policies: await shownAttachments(iam, accountId, role.id) },
  }),
})

/** A new trust policy decides about who takes the role from now on; temporary keys that are out live on until they expire. */
export const updateRole = operation<IamNeeds>()({
  name: 'UpdateRole',
  summary: 'Change who may take a role, and for how long',
  access: 'write',
  actions: ['ram:UpdateRole', 'iam:agencies:update'],
  input: Type.Object(
    {
      roleName: nameInput,
      trustPolicy: Type.Optional(documentInput),
      maxSessionSeconds: Type.Optional(maxSessionInput),
      description: Type.Optional(descriptionInput),
    },
    { additionalProperties: false },
  ),
  resource: theRole<{ roleName: string; trustPolicy?: string; maxSessionSeconds?: number; description?: string }>(),
  problems: ['RoleNotFound', 'TrustPolicyInvalid'],
  run({ trustPolicy, maxSessionSeconds, description }, role, { iam, rights }, caller) {
    const next: Role = {
      ...role,
      ...(trustPolicy === undefined ? {} : { trustPolicy: checked(trustPolicy) }),
      ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
      ...(description === undefined ? {} : { description }),
    }
    return Promise.resolve({
      answer: {},
      audit: { objectType: 'role', objectId: role.id, facts: { trustPolicy, maxSessionSeconds } },
      ...changesRights(iam, rights, caller.accountId, [iam.replaceRole(role, next, changed)]),
    })
  },
})

/** Ends the temporary keys that are out. */
export const deleteRole = operation<IamNeeds>()({
  name: 'DeleteRole',
  summary: 'Delete a role that has no policies',
  access: 'write',
  actions: ['ram:DeleteRole', 'iam:agencies:delete'],
  input: ofRole,
  resource: theRole(),
  problems: ['RoleNotFound', 'RoleInUse'],
  async run({ roleName }, role, { iam, rights }, { accountId }) {
    if ((await iam.attachmentsOf(accountId, role.id)).length > 0) throw problem('RoleInUse', { roleName })
    return {
      answer: {},
      audit: { objectType: 'role', objectId: role.id, facts: { roleName } },
      ...changesRights(iam, rights, accountId, [iam.removeRole(role, changed), iam.endSessions({ roleId: role.id })]),
    }
  },
})
