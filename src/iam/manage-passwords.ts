import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { keepAnAdministrator, ofUserOnly } from './administrators.ts'
import { changed, changesRights, nameInput, theUser, type IamNeeds } from './needs.ts'
import { hashPassword, isPassword, passwordInput } from './passwords.ts'
import { problem } from './problems.ts'
import type { IamStore, User } from './store.ts'

/** What ends with a password: tokens (the user's version rises) and temporary keys, which may come from one. */
const withPassword = (iam: IamStore, user: User, passwordHash: string | null) => [
  iam.replaceUser(user, { ...user, passwordHash }, changed),
  iam.endSessions({ makerId: user.id }),
]

/** Gives a user a password, another, or with null none: then there are no tokens for them any more. */
export const setUserPassword = operation<IamNeeds>()({
  name: 'SetUserPassword',
  summary: 'Set or remove the password of a user',
  access: 'write',
  actions: ['ram:UpdateLoginProfile', 'iam:users:updateLoginProfile'],
  input: Type.Object(
    { userName: nameInput, password: Type.Union([passwordInput, Type.Null()]) },
    { additionalProperties: false },
  ),
  resource: theUser<{ userName: string; password: string | null }>(),
  problems: ['UserNotFound', 'PasswordUnfit', 'LastAdministrator'],
  async run({ password }, user, { iam, passwords, rights, wallClock }, caller) {
    if (password === null)
      await keepAnAdministrator(
        { iam, wallClock },
        caller,
        ofUserOnly(user.id, (standing) => ({ ...standing, user: { ...standing.user, passwordHash: null } })),
      )
    const hash = password === null ? null : await hashPassword(passwords, password)
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { password: hash === null ? 'removed' : 'set' } },
      ...changesRights(iam, rights, caller.accountId, withPassword(iam, user, hash)),
    }
  },
})

/** For everybody, about themselves; a second's pause between two, since the old password can be guessed at here. */
export const changePassword = operation<IamNeeds>()({
  name: 'ChangePassword',
  summary: 'Change one’s own password',
  access: 'write',
  actions: [],
  perSecond: 1,
  input: Type.Object({ oldPassword: passwordInput, newPassword: passwordInput }, { additionalProperties: false }),
  problems: ['CredentialsWrong', 'PasswordUnfit', 'NotForTemporaryKeys'],
  async run({ oldPassword, newPassword }, _resource, { iam, passwords, rights, principals }, caller) {
    const user = principals.principalOf(caller).session ? undefined : await iam.user(caller.accountId, caller.userId)
    if (!user) throw problem('NotForTemporaryKeys')
    if (!(await isPassword(passwords, oldPassword, user.passwordHash))) throw problem('CredentialsWrong')
    const hash = await hashPassword(passwords, newPassword)
    return {
      answer: {},
      audit: { objectType: 'user', objectId: user.id, facts: { password: 'changed' } },
      ...changesRights(iam, rights, caller.accountId, withPassword(iam, user, hash)),
    }
  },
})
