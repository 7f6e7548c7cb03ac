import Type from 'typebox'
import { operation, type ResourceRule } from '../kernel/index.ts'
import { newAccessKeyId, newAccessKeySecret, type Sealer } from '../keys/index.ts'
import { keepAnAdministrator, ofUserOnly } from './administrators.ts'
import { changed, changesRights, ofUser, theUser, type IamNeeds } from './needs.ts'
import { problem } from './problems.ts'
import type { AccessKey, IamStore, User } from './store.ts'

const maxAccessKeys = 2

export function newAccessKeyFor(
  user: Pick<User, 'id' | 'accountId'>,
  sealer: Sealer,
  now: number,
): { key: AccessKey; secret: string } {
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
    return {
      answer: { accessKeyId: key.id, accessKeySecret: secret },
      audit: { objectType: 'user', objectId: user.id, facts: { accessKeyId: key.id } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.insertAccessKey(key),
        iam.replaceUser(user, user, changed), // its version rises: tokens end when keys change
      ]),
    }
  },
})

/** `lastUsedAt` is true to the minute, and null for a key that was never used. */
export const listAccessKeys = operation<IamNeeds>()({
  name: 'ListAccessKeys',
  summary: 'List the access keys of a user, and when each was last used',
  access: 'list',
  actions: ['ram:ListAccessKeys', 'iam:credentials:listCredentials'],
  input: ofUser,
  resource: theUser(),
  problems: ['UserNotFound'],
  async run(_input, user, { iam }, caller) {
    const uses = await iam.usesOfKeys(caller.accountId, user.id)
    const keys = await iam.accessKeysOfUser(caller.accountId, user.id)
    return {
      answer: {
        accessKeys: keys.map(({ id, enabled, createdAt }) => {
          const use = uses.find(({ accessKeyId }) => accessKeyId === id)
          return {
            accessKeyId: id,
            enabled,
            createdAt,
            lastUsedAt: use?.usedAt ?? null,
            lastUsedDoor: use?.door ?? null,
          }
        }),
      },
    }
  },
})

const ofKey = Type.Object({ accessKeyId: Type.String({ maxLength: 128 }) }, { additionalProperties: false })

interface OwnedKey {
  key: AccessKey
  user: User
}

/** A key of the caller's account, and its user, under whose name policies are asked. */
const theKey = <Input extends { accessKeyId: string }>(): ResourceRule<Input, OwnedKey, { iam: IamStore }> => ({
  async find({ accessKeyId }, { iam }, caller) {
    const key = await iam.accessKey(accessKeyId)
    const user = key?.accountId === caller.accountId ? await iam.user(caller.accountId, key.userId) : undefined
    return key && user && { key, user }
  },
  attributes: (_input, owned) => ({ type: 'user', id: owned?.user.name }),
  missing: ({ accessKeyId }) => problem('AccessKeyNotFound', { accessKeyId }),
})

const withKey = ({ id }: AccessKey, change: (key: AccessKey) => AccessKey[], user: User) =>
  ofUserOnly(user.id, (standing) => ({
    ...standing,
    keys: standing.keys.flatMap((key) => (key.id === id ? change(key) : [key])),
  }))

export const setAccessKeyEnabled = operation<IamNeeds>()({
  name: 'SetAccessKeyEnabled',
  summary: 'Disable or enable an access key',
  access: 'write',
  actions: ['ram:UpdateAccessKey', 'iam:credentials:updateCredential'],
  input: Type.Object(
    { accessKeyId: Type.String({ maxLength: 128 }), enabled: Type.Boolean() },
    { additionalProperties: false },
  ),
  resource: theKey<{ accessKeyId: string; enabled: boolean }>(),
  problems: ['AccessKeyNotFound', 'LastAdministrator'],
  async run({ enabled }, { key, user }, { iam, rights, wallClock }, caller) {
    if (!enabled)
      await keepAnAdministrator(
        { iam, wallClock },
        caller,
        withKey(key, () => [], user),
      )
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { accessKeyId: key.id, enabled } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.replaceAccessKey(key, { ...key, enabled }, changed),
        ...(enabled ? [] : [iam.endSessions({ makerKeyId: key.id })]),
        iam.replaceUser(user, user, changed),
      ]),
    }
  },
})

/** Only a disabled key: what still uses it shows itself while it can be enabled again. */
export const deleteAccessKey = operation<IamNeeds>()({
  name: 'DeleteAccessKey',
  summary: 'Delete a disabled access key',
  access: 'write',
  actions: ['ram:DeleteAccessKey', 'iam:credentials:deleteCredential'],
  input: ofKey,
  resource: theKey(),
  problems: ['AccessKeyNotFound', 'AccessKeyInUse'],
  run(_input, { key, user }, { iam, rights }, caller) {
    if (key.enabled) throw problem('AccessKeyInUse', { accessKeyId: key.id })
    return Promise.resolve({
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { accessKeyId: key.id, deleted: true } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.removeAccessKey(key, changed),
        iam.replaceUser(user, user, changed),
      ]),
    })
  },
})

/**
 * A new key in place of one, which is disabled in the same commit and can be enabled again until it is deleted. Who wants both to
 * work for a while creates the second, and disables the first later.
 */
export const rotateAccessKey = operation<IamNeeds>()({
  name: 'RotateAccessKey',
  summary: 'Replace an access key by a new one, and disable it',
  access: 'write',
  actions: ['certkeep:iam:rotateAccessKey'],
  revealsSecret: true,
  input: ofKey,
  resource: theKey(),
  problems: ['AccessKeyNotFound', 'AccessKeyLimit'],
  async run(_input, { key: old, user }, { iam, sealer, domainClock, rights }, caller) {
    const existing = await iam.accessKeysOfUser(caller.accountId, user.id)
    if (existing.length >= maxAccessKeys) throw problem('AccessKeyLimit')
    const { key, secret } = newAccessKeyFor(user, sealer, domainClock.now())
    return {
      answer: { accessKeyId: key.id, accessKeySecret: secret },
      audit: { objectType: 'user', objectId: user.id, facts: { accessKeyId: key.id, replaces: old.id } },
      ...changesRights(iam, rights, caller.accountId, [
        iam.insertAccessKey(key),
        iam.replaceAccessKey(old, { ...old, enabled: false }, changed),
        iam.endSessions({ makerKeyId: old.id }),
        iam.replaceUser(user, user, changed),
      ]),
    }
  },
})
