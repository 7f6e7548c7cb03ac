import Type from 'typebox'
import { newHexId, operation } from '../kernel/index.ts'
import { joining, keepAnAdministrator, leaving } from './administrators.ts'
import { allOf, aNew, changesRights, nameInput, ofGroup, theGroup, type IamNeeds } from './needs.ts'
import { problem } from './problems.ts'
import { shownAttachments } from './shown-attachments.ts'
import type { Group } from './store.ts'

export const createGroup = operation<IamNeeds>()({
  name: 'CreateGroup',
  summary: 'Create a group of users',
  access: 'write',
  actions: ['ram:CreateGroup', 'iam:groups:createGroup'],
  input: ofGroup,
  resource: aNew<{ groupName: string }>('group', ({ groupName }) => groupName),
  problems: ['GroupNameTaken'],
  run({ groupName }, _resource, { iam, domainClock, rights }, caller) {
    const { accountId } = caller
    const group: Group = { id: newHexId(), accountId, name: groupName, createdAt: domainClock.now() }
    return Promise.resolve({
      answer: { groupId: group.id, groupName },
      audit: { objectType: 'group', objectId: group.id, facts: { groupName } },
      ...changesRights(iam, rights, accountId, [iam.insertGroup(group, problem('GroupNameTaken', { groupName }))]),
    })
  },
})

const shown = ({ id, name, createdAt }: Group) => ({ groupId: id, groupName: name, createdAt })

export const listGroups = operation<IamNeeds>()({
  name: 'ListGroups',
  summary: 'List the groups of the account',
  access: 'list',
  actions: ['ram:ListGroups', 'iam:groups:listGroups'],
  input: Type.Object({}, { additionalProperties: false }),
  resource: allOf('group'),
  problems: [],
  run: async (_input, _resource, { iam }, caller) => ({
    answer: { groups: (await iam.groups(caller.accountId)).map(shown) },
  }),
})

export const showGroup = operation<IamNeeds>()({
  name: 'ShowGroup',
  summary: 'Show a group with members and policies',
  access: 'read',
  actions: ['ram:GetGroup', 'iam:groups:getGroup'],
  input: ofGroup,
  resource: theGroup(),
  problems: ['GroupNotFound'],
  run: async (_input, group, { iam }, { accountId }) => ({
    answer: {
      ...shown(group),
      members: (await iam.members(accountId, group.id)).map(({ name, enabled }) => ({ userName: name, enabled })),
      policies: await shownAttachments(iam, accountId, group.id),
    },
  }),
})

export const deleteGroup = operation<IamNeeds>()({
  name: 'DeleteGroup',
  summary: 'Delete a group that has no members and no policies',
  access: 'write',
  actions: ['ram:DeleteGroup', 'iam:groups:deleteGroup'],
  input: ofGroup,
  resource: theGroup(),
  problems: ['GroupNotFound', 'GroupInUse'],
  async run({ groupName }, group, { iam, rights }, { accountId }) {
    const inUse = (by: string) => problem('GroupInUse', { groupName, by })
    if ((await iam.members(accountId, group.id)).length > 0) throw inUse('members')
    if ((await iam.attachmentsOf(accountId, group.id)).length > 0) throw inUse('policies')
    return {
      answer: {},
      audit: { objectType: 'group', objectId: group.id, facts: { groupName } },
      ...changesRights(iam, rights, accountId, [iam.removeGroup(group, problem('GroupNotFound', { groupName }))]),
    }
  },
})

const membership = Type.Object({ groupName: nameInput, userName: nameInput }, { additionalProperties: false })
interface Membership {
  groupName: string
  userName: string
}

/** A user who is in it already stays in it. */
export const addUserToGroup = operation<IamNeeds>()({
  name: 'AddUserToGroup',
  summary: 'Add a user to a group',
  access: 'write',
  actions: ['ram:AddUserToGroup', 'iam:groups:addUser'],
  input: membership,
  resource: theGroup<Membership>(),
  problems: ['GroupNotFound', 'UserNotFound', 'LastAdministrator'],
  async run({ groupName, userName }, group, { iam, rights, domainClock, wallClock }, caller) {
    const { accountId } = caller
    const user = await iam.userByName(accountId, userName)
    if (!user) throw problem('UserNotFound', { userName })
    await keepAnAdministrator({ iam, wallClock }, caller, await joining(iam, user, group.id))
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { joins: groupName } },
      ...changesRights(iam, rights, accountId, [
        iam.addMember(accountId, group.id, user.id, domainClock.now()),
        iam.raiseMembers(accountId, group.id),
      ]),
    }
  },
})

export const removeUserFromGroup = operation<IamNeeds>()({
  name: 'RemoveUserFromGroup',
  summary: 'Take a user out of a group',
  access: 'write',
  actions: ['ram:RemoveUserFromGroup', 'iam:groups:removeUser'],
  input: membership,
  resource: theGroup<Membership>(),
  problems: ['GroupNotFound', 'UserNotFound', 'NotAMember', 'LastAdministrator'],
  async run({ groupName, userName }, group, { iam, rights, wallClock }, caller) {
    const { accountId } = caller
    const user = await iam.userByName(accountId, userName)
    if (!user) throw problem('UserNotFound', { userName })
    await keepAnAdministrator({ iam, wallClock }, caller, leaving(user.id, group.id))
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { leaves: groupName } },
      ...changesRights(iam, rights, accountId, [
        iam.raiseMembers(accountId, group.id),
        iam.removeMember(accountId, group.id, user.id, problem('NotAMember', { userName, groupName })),
      ]),
    }
  },
})
