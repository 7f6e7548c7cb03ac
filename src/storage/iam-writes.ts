import type { IamStore } from '../iam/index.ts'
import { minute } from '../kernel/index.ts'
import type { Database } from './database.ts'
import {
  accountRows,
  attachmentRows,
  groupRows,
  keyRows,
  policyRows,
  policyVersionRows,
  resourceGroupRows,
  roleRows,
  sessionRows,
  tokenRows,
  userRows,
} from './iam-rows.ts'
import type { Schema } from './schema.ts'
import { bound, otherwiseBug } from './sql.ts'

interface Versioned {
  id: string
  version: number
}

function userWrites(db: Database) {
  const insertAccount = db.write<Schema['accounts']>()((q, p) =>
    q.insertInto('accounts').values(bound(p, accountRows.columns)),
  )
  const insertUser = db.write<Schema['users']>()((q, p) =>
    q
      .insertInto('users')
      .values(bound(p, userRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const replaceUser = db.write<Schema['users'] & { was: number }>()((q, p) =>
    q.updateTable('users').set(bound(p, userRows.columns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const removeUser = db.write<Versioned>()((q, p) =>
    q.deleteFrom('users').where('id', '=', p.id).where('version', '=', p.version),
  )
  const insertGroup = db.write<Schema['user_groups']>()((q, p) =>
    q
      .insertInto('user_groups')
      .values(bound(p, groupRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const removeGroup = db.write<{ id: string }>()((q, p) => q.deleteFrom('user_groups').where('id', '=', p.id))
  const addMember = db.write<Schema['group_members']>()((q, p) =>
    q
      .insertInto('group_members')
      .values(bound(p, ['account_id', 'user_id', 'group_id', 'created_at']))
      .onConflict((conflict) => conflict.columns(['user_id', 'group_id']).doNothing()),
  )
  const removeMember = db.write<{ accountId: string; groupId: string; userId: string }>()((q, p) =>
    q
      .deleteFrom('group_members')
      .where('account_id', '=', p.accountId)
      .where('group_id', '=', p.groupId)
      .where('user_id', '=', p.userId),
  )
  const insertRole = db.write<Schema['roles']>()((q, p) =>
    q
      .insertInto('roles')
      .values(bound(p, roleRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const replaceRole = db.write<Schema['roles'] & { was: number }>()((q, p) =>
    q.updateTable('roles').set(bound(p, roleRows.columns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const removeRole = db.write<Versioned>()((q, p) =>
    q.deleteFrom('roles').where('id', '=', p.id).where('version', '=', p.version),
  )

  return {
    insertAccount: (account) => insertAccount(accountRows.toRow(account), 1, otherwiseBug),
    insertUser: (user, nameTaken) => insertUser(userRows.toRow(user), 1, nameTaken),
    replaceUser: (was, next, changed) =>
      replaceUser({ ...userRows.toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    removeUser: ({ id, version }, changed) => removeUser({ id, version }, 1, changed),
    insertGroup: (group, nameTaken) => insertGroup(groupRows.toRow(group), 1, nameTaken),
    removeGroup: ({ id }, changed) => removeGroup({ id }, 1, changed),
    addMember: (accountId, groupId, userId, at) =>
      addMember({ account_id: accountId, user_id: userId, group_id: groupId, created_at: at }),
    removeMember: (accountId, groupId, userId, notMember) => removeMember({ accountId, groupId, userId }, 1, notMember),
    insertRole: (role, nameTaken) => insertRole(roleRows.toRow(role), 1, nameTaken),
    replaceRole: (was, next, changed) =>
      replaceRole({ ...roleRows.toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    removeRole: ({ id, version }, changed) => removeRole({ id, version }, 1, changed),
  } satisfies Partial<IamStore>
}

function credentialWrites(db: Database) {
  const insertKey = db.write<Schema['access_keys']>()((q, p) =>
    q.insertInto('access_keys').values(bound(p, keyRows.columns)),
  )
  const replaceKey = db.write<Schema['access_keys'] & { was: number }>()((q, p) =>
    q.updateTable('access_keys').set(bound(p, keyRows.columns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const removeKey = db.write<Versioned>()((q, p) =>
    q.deleteFrom('access_keys').where('id', '=', p.id).where('version', '=', p.version),
  )
  const noteUse = db.write<Schema['access_key_uses'] & { before: number }>()((q, p) =>
    q
      .insertInto('access_key_uses')
      .values(bound(p, ['access_key_id', 'used_at', 'door']))
      .onConflict((conflict) =>
        conflict
          .column('access_key_id')
          .doUpdateSet(bound(p, ['used_at', 'door']))
          .where('access_key_uses.used_at', '<=', p.before),
      ),
  )
  const insertToken = db.write<Schema['tokens']>()((q, p) => q.insertInto('tokens').values(bound(p, tokenRows.columns)))
  const forgetTokens = db.write<{ before: number }>()((q, p) =>
    q.deleteFrom('tokens').where('expires_at', '<', p.before),
  )
  const endTokens = db.write<{ userId: string }>()((q, p) => q.deleteFrom('tokens').where('user_id', '=', p.userId))
  const insertSession = db.write<Schema['sessions']>()((q, p) =>
    q.insertInto('sessions').values(bound(p, sessionRows.columns)),
  )
  const forgetSessions = db.write<{ before: number }>()((q, p) =>
    q.deleteFrom('sessions').where('expires_at', '<', p.before),
  )
  const endOfMaker = db.write<{ id: string }>()((q, p) => q.deleteFrom('sessions').where('maker_id', '=', p.id))
  const endOfKey = db.write<{ id: string }>()((q, p) => q.deleteFrom('sessions').where('maker_key_id', '=', p.id))
  const endOfRole = db.write<{ id: string }>()((q, p) => q.deleteFrom('sessions').where('role_id', '=', p.id))
  const nonce = db.write<Schema['nonces']>()((q, p) =>
    q
      .insertInto('nonces')
      .values(bound(p, ['expires_at', 'hash']))
      .onConflict((conflict) => conflict.columns(['expires_at', 'hash']).doNothing()),
  )
  const forgetNonces = db.write<{ before: number }>()((q, p) =>
    q.deleteFrom('nonces').where('expires_at', '<', p.before),
  )

  return {
    insertAccessKey: (key) => insertKey(keyRows.toRow(key), 1, otherwiseBug),
    replaceAccessKey: (was, next, changed) =>
      replaceKey({ ...keyRows.toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    removeAccessKey: ({ id, version }, changed) => removeKey({ id, version }, 1, changed),
    noteKeyUse: (accessKeyId, door, at) =>
      noteUse({ access_key_id: accessKeyId, used_at: at, door, before: at - minute }),
    insertToken: (token) => insertToken(tokenRows.toRow(token), 1, otherwiseBug),
    forgetTokens: (before) => forgetTokens({ before }),
    endTokens: (userId) => endTokens({ userId }),
    insertSession: (session) => insertSession(sessionRows.toRow(session), 1, otherwiseBug),
    forgetSessions: (before) => forgetSessions({ before }),
    endSessions: (of) =>
      'makerId' in of
        ? endOfMaker({ id: of.makerId })
        : 'roleId' in of
          ? endOfRole({ id: of.roleId })
          : endOfKey({ id: of.makerKeyId }),
    rememberNonce: (hash, expiresAt, used) => nonce({ expires_at: expiresAt, hash }, 1, used),
    forgetNonces: (before) => forgetNonces({ before }),
  } satisfies Partial<IamStore>
}

function policyWrites(db: Database) {
  const insertPolicy = db.write<Schema['policies']>()((q, p) =>
    q
      .insertInto('policies')
      .values(bound(p, policyRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const replacePolicy = db.write<Schema['policies'] & { was: number }>()((q, p) =>
    q.updateTable('policies').set(bound(p, policyRows.columns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const removePolicy = db.write<Versioned>()((q, p) =>
    q.deleteFrom('policies').where('id', '=', p.id).where('version', '=', p.version),
  )
  const insertVersion = db.write<Schema['policy_versions']>()((q, p) =>
    q.insertInto('policy_versions').values(bound(p, policyVersionRows.columns)),
  )
  const removeVersion = db.write<{ policyId: string; number: number }>()((q, p) =>
    q.deleteFrom('policy_versions').where('policy_id', '=', p.policyId).where('number', '=', p.number),
  )
  const removeVersions = db.write<{ policyId: string }>()((q, p) =>
    q.deleteFrom('policy_versions').where('policy_id', '=', p.policyId),
  )
  const attach = db.write<Schema['attachments']>()((q, p) =>
    q
      .insertInto('attachments')
      .values(bound(p, attachmentRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'principal_id', 'policy_id', 'scope']).doNothing()),
  )
  const detach = db.write<{ accountId: string; principalId: string; policyId: string; scope: string }>()((q, p) =>
    q
      .deleteFrom('attachments')
      .where('account_id', '=', p.accountId)
      .where('principal_id', '=', p.principalId)
      .where('policy_id', '=', p.policyId)
      .where('scope', '=', p.scope),
  )
  const insertGroup = db.write<Schema['resource_groups']>()((q, p) =>
    q
      .insertInto('resource_groups')
      .values(bound(p, resourceGroupRows.columns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )

  return {
    insertPolicy: (policy, nameTaken) => insertPolicy(policyRows.toRow(policy), 1, nameTaken),
    replacePolicy: (was, next, changed) =>
      replacePolicy({ ...policyRows.toRow(next), version: was.version + 1, was: was.version }, 1, changed),
    removePolicy: ({ id, version }, changed) => [
      removePolicy({ id, version }, 1, changed),
      removeVersions({ policyId: id }),
    ],
    insertPolicyVersion: (version) => insertVersion(policyVersionRows.toRow(version), 1, otherwiseBug),
    removePolicyVersion: (policyId, number, notThere) => removeVersion({ policyId, number }, 1, notThere),
    attach: (attachment) => attach(attachmentRows.toRow(attachment)),
    detach: ({ accountId, principalId, policyId, scope }, notAttached) =>
      detach({ accountId, principalId, policyId, scope: scope ?? '' }, 1, notAttached),
    insertResourceGroup: (group, nameTaken) => insertGroup(resourceGroupRows.toRow(group), 1, nameTaken),
  } satisfies Partial<IamStore>
}

function versionWrites(db: Database) {
  const rights = ({ id }: { id: string }): string => `rights ${id}`
  const raise = db.write<{ id: string }>()(
    (q, p) =>
      q
        .updateTable('accounts')
        .set((e) => ({ iam_version: e('iam_version', '+', 1) }))
        .where('id', '=', p.id),
    rights,
  )
  const raiseMembers = db.write<{ accountId: string; groupId: string }>()((q, p) =>
    q
      .updateTable('users')
      .set((e) => ({ version: e('version', '+', 1) }))
      .where('account_id', '=', p.accountId)
      .where((e) => e('id', 'in', e.selectFrom('group_members').select('user_id').where('group_id', '=', p.groupId))),
  )
  const raiseUsers = db.write<{ accountId: string; policyId: string }>()((q, p) =>
    q
      .updateTable('users')
      .set((e) => ({ version: e('version', '+', 1) }))
      .where('account_id', '=', p.accountId)
      .where((e) => {
        const attached = e
          .selectFrom('attachments')
          .select('principal_id')
          .where('attachments.account_id', '=', p.accountId)
          .where('policy_id', '=', p.policyId)
        return e.or([
          e('id', 'in', attached),
          e('id', 'in', e.selectFrom('group_members').select('user_id').where('group_id', 'in', attached)),
        ])
      }),
  )
  const unchanged = db.query<{ id: string; version: number }>()(
    (q, p) => q.selectFrom('accounts').select('id').where('id', '=', p.id).where('iam_version', '=', p.version),
    rights,
  )
  const bothUnchanged = db.query<{ id: string; version: number; otherId: string; otherVersion: number }>()((q, p) =>
    q
      .selectFrom('accounts')
      .select('id')
      .where((e) =>
        e.or([
          e.and([e('id', '=', p.id), e('iam_version', '=', p.version)]),
          e.and([e('id', '=', p.otherId), e('iam_version', '=', p.otherVersion)]),
        ]),
      ),
  )

  return {
    raiseUsersWithPolicy: (accountId, policyId) => raiseUsers({ accountId, policyId }),
    raiseMembers: (accountId, groupId) => raiseMembers({ accountId, groupId }),
    raiseVersion: (accountId) => raise({ id: accountId }, 1, otherwiseBug),
    unchangedSince([account, other], changed) {
      const { id, iamVersion: version } = account
      if (other === undefined || other.id === id) return unchanged.guard({ id, version }, changed)
      return bothUnchanged.guard({ id, version, otherId: other.id, otherVersion: other.iamVersion }, changed, 2)
    },
  } satisfies Partial<IamStore>
}

export const iamWrites = (db: Database) => ({
  ...userWrites(db),
  ...credentialWrites(db),
  ...policyWrites(db),
  ...versionWrites(db),
})
