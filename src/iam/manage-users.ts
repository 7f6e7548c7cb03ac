import Type from 'typebox'
import { newDecimalId, newHexId, operation } from '../kernel/index.ts'
import { keepAnAdministrator, ofUserOnly } from './administrators.ts'
import { allOf, aNew, changed, changesRights, nameInput, ofUser, theUser, type IamNeeds } from './needs.ts'
import { hashPassword, passwordInput } from './passwords.ts'
import { problem } from './problems.ts'
import { shownAttachments } from './shown-attachments.ts'
import type { User } from './store.ts'

export const createUser = operation<IamNeeds>()({
  name: 'CreateUser',
  summary: 'Create a user',
  access: 'write',
  actions: ['ram:CreateUser', 'iam:users:createUser'],
  input: Type.Object({ userName: nameInput, password: Type.Optional(passwordInput) }, { additionalProperties: false }),
  resource: aNew<{ userName: string }>('user', ({ userName }) => userName),
  problems: ['UserNameTaken', 'PasswordUnfit'],
  async run({ userName, password }, _resource, { iam, passwords, domainClock, rights }, caller) {
    if (await iam.userByName(caller.accountId, userName)) throw problem('UserNameTaken', { userName })
    const user: User = {
      id: newHexId(),
      accountId: caller.accountId,
      decimalId: newDecimalId(),
      name: userName,
      passwordHash: password === undefined ? null : await hashPassword(passwords, password),
      enabled: true,
      createdAt: domainClock.now(),
      createdBy: caller.userId,
      version: 1,
      tags: {},
    }
    return {
      answer: { userId: user.id, userName },
      audit: { objectType: 'user', objectId: user.id, facts: { userName } },
      ...changesRights(iam, rights, caller.accountId, [iam.insertUser(user, problem('UserNameTaken', { userName }))]),
    }
  },
})

const shown = ({ id, decimalId, name, enabled, createdAt, passwordHash, tags }: User) => ({
  userId: id,
  decimalId,
  userName: name,
  enabled,
  hasPassword: passwordHash !== null,
  tags,
  createdAt,
})

export const listUsers = operation<IamNeeds>()({
  name: 'ListUsers',
  summary: 'List the users of the account',
  access: 'list',
  actions: ['ram:ListUsers', 'iam:users:listUsers'],
  input: Type.Object({}, { additionalProperties: false }),
  resource: allOf('user'),
  problems: [],
  run: async (_input, _resource, { iam }, caller) => ({
    answer: { users: (await iam.users(caller.accountId)).map(shown) },
  }),
})

/** A user with groups and everything attached, to the user and by way of groups. */
export const showUser = operation<IamNeeds>()({
  name: 'ShowUser',
  summary: 'Show a user with groups and policies',
  access: 'read',
  actions: ['ram:GetUser', 'iam:users:getUser'],
  input: ofUser,
  resource: theUser(),
  problems: ['UserNotFound'],
  async run(_input, user, { iam }, caller) {
    const groups = await iam.groupsOfUser(caller.accountId, user.id)
    return {
      answer: {
        ...shown(user),
        groups: await Promise.all(
          groups.map(async ({ id, name }) => ({
            groupName: name,
            policies: await shownAttachments(iam, caller.accountId, id),
          })),
        ),
        policies: await shownAttachments(iam, caller.accountId, user.id),
      },
    }
  },
})

/** Disabling ends every token and temporary key of the user, and stops every write that is acknowledged later. */
export const setUserEnabled = operation<IamNeeds>()({
  name: 'SetUserEnabled',
  summary: 'Disable or enable a user',
  access: 'write',
  actions: ['ram:UpdateUser', 'iam:users:updateUser'],
  input: Type.Object({ userName: nameInput, enabled: Type.Boolean() }, { additionalProperties: false }),
  resource: theUser<{ userName: string; enabled: boolean }>(),
  problems: ['UserNotFound', 'LastAdministrator'],
  async run({ enabled }, user, { iam, rights, wallClock }, caller) {
    if (!enabled)
      await keepAnAdministrator(
        { iam, wallClock },
        caller,
        ofUserOnly(user.id, () => undefined),
      )
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { enabled } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.replaceUser(user, { ...user, enabled }, changed),
        ...(enabled ? [] : [iam.endSessions({ makerId: user.id })]),
      ]),
    }
  },
})

/** Only a user who has nothing any more: taking keys, groups and policies away first shows what will stop working. */
export const deleteUser = operation<IamNeeds>()({
  name: 'DeleteUser',
  summary: 'Delete a user who has no access keys, groups and policies',
  access: 'write',
  actions: ['ram:DeleteUser', 'iam:users:deleteUser'],
  input: ofUser,
  resource: theUser(),
  problems: ['UserNotFound', 'UserInUse'],
  async run(_input, user, { iam, rights }, caller) {
    const { id, name: userName } = user
    const { accountId } = caller
    const inUse = (by: string) => problem('UserInUse', { userName, by })
    if ((await iam.accessKeysOfUser(accountId, id)).length > 0) throw inUse('access keys')
    if ((await iam.groupsOfUser(accountId, id)).length > 0) throw inUse('groups')
    if ((await iam.attachmentsOf(accountId, id)).length > 0) throw inUse('policies')
    return {
      answer: {},
      audit: { objectType: 'user', objectId: id, facts: { userName } },
      ...changesRights(iam, rights, accountId, [
        iam.removeUser(user, changed),
        iam.endSessions({ makerId: id }),
        iam.endTokens(id),
      ]),
    }
  },
})

const maxTags = 20
// A pattern, because lengths do not bind the keys of a record.
const tagKey = Type.String({ pattern: '^[^]{1,128}$' })
const tagsInput = Type.Record(tagKey, Type.String({ maxLength: 256 }), { additionalProperties: false })

/** Tags of a user are what `g:PrincipalTag/<key>` sees, so they are rights. A key that is there gets the new value. */
export const tagUser = operation<IamNeeds>()({
  name: 'TagUser',
  summary: 'Add tags to a user',
  access: 'write',
  actions: ['ram:TagResources', 'iam::tagForResource'],
  input: Type.Object({ userName: nameInput, tags: tagsInput }, { additionalProperties: false }),
  resource: {
    ...theUser<{ userName: string; tags: Record<string, string> }>(),
    attributes: ({ userName, tags }) => ({ type: 'user', id: userName, requestTags: tags }),
  },
  problems: ['UserNotFound', 'TooManyUserTags'],
  run({ tags: added }, user, { iam, rights }, caller) {
    const tags = { ...user.tags, ...added }
    if (Object.keys(tags).length > maxTags) throw problem('TooManyUserTags', { max: maxTags })
    return Promise.resolve({
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { tags: added } },
      ...changesRights(iam, rights, caller.accountId, [iam.replaceUser(user, { ...user, tags }, changed)]),
    })
  },
})

export const untagUser = operation<IamNeeds>()({
  name: 'UntagUser',
  summary: 'Remove tags from a user',
  access: 'write',
  actions: ['ram:UntagResources', 'iam::untagForResource'],
  input: Type.Object(
    { userName: nameInput, keys: Type.Array(tagKey, { maxItems: maxTags }) },
    { additionalProperties: false },
  ),
  resource: theUser<{ userName: string; keys: string[] }>(),
  problems: ['UserNotFound'],
  run({ keys }, user, { iam, rights }, caller) {
    const tags = Object.fromEntries(Object.entries(user.tags).filter(([key]) => !keys.includes(key)))
    return Promise.resolve({
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { removed: keys } },
      ...changesRights(iam, rights, caller.accountId, [iam.replaceUser(user, { ...user, tags }, changed)]),
    })
  },
})
