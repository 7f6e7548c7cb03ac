import Type from 'typebox'
import { newDecimalId, newHexId, operation, type Clock, type ResourceRule } from '../kernel/index.ts'
import { newAccessKeyId, newAccessKeySecret, type Passwords, type Sealer } from '../keys/index.ts'
import type { RightsGeneration } from './principals.ts'
import { problem } from './problems.ts'
import type { AccessKey, IamStore, User } from './store.ts'

export interface IamNeeds {
  iam: IamStore
  passwords: Passwords
  sealer: Sealer
  domainClock: Clock
  rights: RightsGeneration
}

const userNameInput = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' })
export const ofUser = Type.Object({ userName: userNameInput }, { additionalProperties: false })

/** A user of the caller's account, by name. */
export const theUser = <Input extends { userName: string }>(): ResourceRule<Input, User, { iam: IamStore }> => ({
  find: ({ userName }, { iam }, caller) => iam.userByName(caller.accountId, userName),
  attributes: () => ({}),
  missing: ({ userName }) => problem('UserNotFound', { userName }),
})

const changed = problem('CallerGone')

/** What every change of rights has in common: the account's version rises with it, and afterwards all threads forget. */
export const changesRights = (iam: IamStore, rights: RightsGeneration, accountId: string) => ({
  raise: iam.raiseVersion(accountId),
  afterwards: () => rights.raise(),
})

export const createUser = operation<IamNeeds>()({
  name: 'CreateUser',
  summary: 'Create a user',
  access: 'write',
  actions: ['ram:CreateUser', 'iam:users:createUser'],
  input: Type.Object(
    { userName: userNameInput, password: Type.Optional(Type.String({ minLength: 8, maxLength: 512 })) },
    { additionalProperties: false },
  ),
  problems: ['UserNameTaken'],
  async run({ userName, password }, _resource, { iam, passwords, domainClock, rights }, caller) {
    if (await iam.userByName(caller.accountId, userName)) throw problem('UserNameTaken', { userName })
    const user: User = {
      id: newHexId(),
      accountId: caller.accountId,
      decimalId: newDecimalId(),
      name: userName,
      passwordHash: password === undefined ? null : await passwords.hash(password),
      enabled: true,
      createdAt: domainClock.now(),
      createdBy: caller.userId,
      version: 1,
    }
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return {
      answer: { userId: user.id, userName },
      writes: [iam.insertUser(user, problem('UserNameTaken', { userName })), raise],
      audit: { objectType: 'user', objectId: user.id, facts: { userName } },
      afterwards,
    }
  },
})

export const listUsers = operation<IamNeeds>()({
  name: 'ListUsers',
  summary: 'List the users of the account',
  access: 'list',
  actions: ['ram:ListUsers', 'iam:users:listUsers'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  async run(_input, _resource, { iam }, caller) {
    const users = await iam.users(caller.accountId)
    return {
      answer: {
        users: users.map(({ id, name, enabled, createdAt }) => ({ userId: id, userName: name, enabled, createdAt })),
      },
    }
  },
})

/** Disabling ends every token of the user and stops every write that is acknowledged later. */
export const setUserEnabled = operation<IamNeeds>()({
  name: 'SetUserEnabled',
  summary: 'Disable or enable a user',
  access: 'write',
  actions: ['ram:UpdateUser', 'iam:users:updateUser'],
  input: Type.Object({ userName: userNameInput, enabled: Type.Boolean() }, { additionalProperties: false }),
  resource: theUser<{ userName: string; enabled: boolean }>(),
  problems: ['UserNotFound', 'CallerGone'],
  run({ enabled }, user, { iam, rights }, caller) {
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return Promise.resolve({
      answer: {},
      writes: [iam.replaceUser(user, { ...user, enabled }, changed), raise],
      audit: { objectType: 'user', objectId: user.id, facts: { enabled } },
      afterwards,
    })
  },
})

const maxAccessKeys = 2

/** Two at most, so that one can be replaced while the other works. The secret is in this answer and nowhere else again. */
export const createAccessKey = operation<IamNeeds>()({
  name: 'CreateAccessKey',
  summary: 'Create an access key for a user',
  access: 'write',
  actions: ['ram:CreateAccessKey', 'iam:credentials:createCredential'],
  revealsSecret: true,
  input: ofUser,
  resource: theUser(),
  problems: ['UserNotFound', 'AccessKeyLimit'],
  async run(_input, user, { iam, sealer, domainClock, rights }, caller) {
    const existing = await iam.accessKeysOfUser(caller.accountId, user.id)
    if (existing.length >= maxAccessKeys) throw problem('AccessKeyLimit')
    const { key, secret } = newAccessKeyFor(user, sealer, domainClock.now())
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return {
      answer: { accessKeyId: key.id, accessKeySecret: secret },
      writes: [
        iam.insertAccessKey(key),
        iam.replaceUser(user, user, changed), // its version rises: tokens end when keys change
        raise,
      ],
      audit: { objectType: 'user', objectId: user.id, facts: { accessKeyId: key.id } },
      afterwards,
    }
  },
})

export function newAccessKeyFor(user: User, sealer: Sealer, now: number): { key: AccessKey; secret: string } {
  const id = newAccessKeyId()
  const secret = newAccessKeySecret()
  return {
    secret,
    key: {
      id,
      accountId: user.accountId,
      userId: user.id,
      sealedSecret: sealer.seal('access-key-secret', [user.accountId, id], Buffer.from(secret)),
      enabled: true,
      createdAt: now,
      version: 1,
    },
  }
}

export const setAccessKeyEnabled = operation<IamNeeds>()({
  name: 'SetAccessKeyEnabled',
  summary: 'Disable or enable an access key',
  access: 'write',
  actions: ['ram:UpdateAccessKey', 'iam:credentials:updateCredential'],
  input: Type.Object(
    { accessKeyId: Type.String({ maxLength: 128 }), enabled: Type.Boolean() },
    { additionalProperties: false },
  ),
  resource: {
    async find({ accessKeyId }, { iam }, caller) {
      const key = await iam.accessKey(accessKeyId)
      return key?.accountId === caller.accountId ? key : undefined
    },
    attributes: () => ({}),
    missing: ({ accessKeyId }) => problem('AccessKeyNotFound', { accessKeyId }),
  } satisfies ResourceRule<{ accessKeyId: string; enabled: boolean }, AccessKey, IamNeeds>,
  problems: ['AccessKeyNotFound', 'CallerGone'],
  async run({ enabled }, key, { iam, rights }, caller) {
    const user = await iam.user(caller.accountId, key.userId)
    if (!user) throw changed
    const { raise, afterwards } = changesRights(iam, rights, caller.accountId)
    return {
      answer: {},
      writes: [
        iam.replaceAccessKey(key, { ...key, enabled }, changed),
        iam.replaceUser(user, user, changed), // its version rises: tokens end when keys change
        raise,
      ],
      audit: { objectType: 'user', objectId: key.userId, facts: { accessKeyId: key.id, enabled } },
      afterwards,
    }
  },
})
