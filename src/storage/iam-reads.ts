import type { IamStore, Identity } from '../iam/index.ts'
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

interface Of {
  accountId: string
  id: string
}

interface Named {
  accountId: string
  name: string
}

function accountReads(db: Database) {
  const byId = db.query<{ id: string }>()((q, p) => q.selectFrom('accounts').selectAll().where('id', '=', p.id))
  const byDomain = db.query<{ id: string }>()((q, p) =>
    q.selectFrom('accounts').selectAll().where('domain_id', '=', p.id),
  )
  const byName = db.query<{ name: string }>()((q, p) => q.selectFrom('accounts').selectAll().where('name', '=', p.name))
  const first = db.query<object>()((q) =>
    q.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').limit(1),
  )
  const mark = db.query<object>()((q) => q.selectFrom('accounts').select((e) => e.fn.sum('iam_version').as('mark')))

  return {
    async account(by) {
      const row =
        'id' in by
          ? await byId.first(by)
          : 'name' in by
            ? await byName.first(by)
            : await byDomain.first({ id: by.domainId })
      return row && accountRows.fromRow(row)
    },
    async firstAccount() {
      const row = await first.first({})
      return row && accountRows.fromRow(row)
    },
    rightsMark: async () => Number((await mark.first({}))?.mark ?? 0),
  } satisfies Partial<IamStore>
}

/** Users and roles with what is attached to them. */
function identityReads(db: Database) {
  const account = db.query<{ id: string }>()((q, p) => q.selectFrom('accounts').selectAll().where('id', '=', p.id))
  const user = db.query<{ id: string }>()((q, p) => q.selectFrom('users').selectAll().where('id', '=', p.id))
  const role = db.query<{ id: string }>()((q, p) => q.selectFrom('roles').selectAll().where('id', '=', p.id))
  const attached = db.query<Of>()((q, p) =>
    q
      .selectFrom('attachments')
      .leftJoin('resource_groups', 'resource_groups.id', 'attachments.scope')
      .select(['attachments.policy_id', 'attachments.scope', 'resource_groups.group_id'])
      .where('attachments.account_id', '=', p.accountId)
      .where((e) =>
        e.or([
          e('attachments.principal_id', '=', p.id),
          e(
            'attachments.principal_id',
            'in',
            e.selectFrom('group_members').select('group_members.group_id').where('group_members.user_id', '=', p.id),
          ),
        ]),
      )
      .orderBy('attachments.policy_id')
      .orderBy('attachments.scope'),
  )
  const policies = db.query<Of>()((q, p) =>
    q
      .selectFrom('policies')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where((e) =>
        e(
          'id',
          'in',
          e
            .selectFrom('attachments')
            .select('attachments.policy_id')
            .where('attachments.account_id', '=', p.accountId)
            .where((of) =>
              of.or([
                of('attachments.principal_id', '=', p.id),
                of(
                  'attachments.principal_id',
                  'in',
                  of
                    .selectFrom('group_members')
                    .select('group_members.group_id')
                    .where('group_members.user_id', '=', p.id),
                ),
              ]),
            ),
        ),
      )
      .orderBy('id'),
  )

  /** The version is read first: what changes after it makes a guarded write fail, and is read anew then. */
  async function rights(of: Of): Promise<Pick<Identity, 'account' | 'attachments' | 'policies'> | undefined> {
    const row = await account.first({ id: of.accountId })
    if (!row) return undefined
    const attachments = await attached.all(of)
    return {
      account: accountRows.fromRow(row),
      attachments: attachments.map(({ policy_id, scope, group_id }) => ({
        policyId: policy_id,
        scope: scope === '' ? null : { enterpriseProjectId: scope, resourceGroupId: group_id ?? scope },
      })),
      policies: (await policies.all(of)).map(policyRows.fromRow),
    }
  }

  return {
    async identity(id) {
      const found = await user.first({ id })
      const has = found && (await rights({ accountId: found.account_id, id }))
      if (!found || !has) return undefined
      // Anew, as it may have changed before its account's version was read.
      return { ...has, user: userRows.fromRow((await user.first({ id })) ?? found) }
    },
    async roleIdentity(id) {
      const found = await role.first({ id })
      const has = found && (await rights({ accountId: found.account_id, id }))
      const now = has && (await role.first({ id }))
      return now && { ...has, role: roleRows.fromRow(now) }
    },
  } satisfies Partial<IamStore>
}

function credentialReads(db: Database) {
  const key = db.query<{ id: string }>()((q, p) => q.selectFrom('access_keys').selectAll().where('id', '=', p.id))
  const keysOfUser = db.query<Of>()((q, p) =>
    q
      .selectFrom('access_keys')
      .selectAll()
      .where('user_id', '=', p.id)
      .where('account_id', '=', p.accountId)
      .orderBy('created_at')
      .orderBy('id'),
  )
  const uses = db.query<Of>()((q, p) =>
    q
      .selectFrom('access_key_uses')
      .innerJoin('access_keys', 'access_keys.id', 'access_key_uses.access_key_id')
      .selectAll('access_key_uses')
      .where('access_keys.user_id', '=', p.id)
      .where('access_keys.account_id', '=', p.accountId),
  )
  const session = db.query<{ id: string }>()((q, p) =>
    q.selectFrom('sessions').selectAll().where('access_key_id', '=', p.id),
  )
  const token = db.query<{ hash: Uint8Array }>()((q, p) =>
    q.selectFrom('tokens').selectAll().where('hash', '=', p.hash),
  )

  return {
    async accessKey(id) {
      const row = await key.first({ id })
      return row && keyRows.fromRow(row)
    },
    accessKeysOfUser: async (accountId, id) => (await keysOfUser.all({ accountId, id })).map(keyRows.fromRow),
    usesOfKeys: async (accountId, id) =>
      (await uses.all({ accountId, id })).map(({ access_key_id, used_at, door }) => ({
        accessKeyId: access_key_id,
        usedAt: used_at,
        door,
      })),
    async session(id) {
      const row = await session.first({ id })
      return row && sessionRows.fromRow(row)
    },
    async token(hash) {
      const row = await token.first({ hash })
      return row && tokenRows.fromRow(row)
    },
  } satisfies Partial<IamStore>
}

function userReads(db: Database) {
  const user = db.query<Of>()((q, p) =>
    q.selectFrom('users').selectAll().where('id', '=', p.id).where('account_id', '=', p.accountId),
  )
  const userByName = db.query<Named>()((q, p) =>
    q.selectFrom('users').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const users = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('users').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )
  const groupByName = db.query<Named>()((q, p) =>
    q.selectFrom('user_groups').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const groups = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('user_groups').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )
  const groupsOfUser = db.query<Of>()((q, p) =>
    q
      .selectFrom('user_groups')
      .innerJoin('group_members', 'group_members.group_id', 'user_groups.id')
      .selectAll('user_groups')
      .where('group_members.user_id', '=', p.id)
      .where('user_groups.account_id', '=', p.accountId)
      .orderBy('user_groups.name'),
  )
  const members = db.query<Of>()((q, p) =>
    q
      .selectFrom('users')
      .innerJoin('group_members', 'group_members.user_id', 'users.id')
      .selectAll('users')
      .where('group_members.group_id', '=', p.id)
      .where('users.account_id', '=', p.accountId)
      .orderBy('users.name'),
  )
  const roleByName = db.query<Named>()((q, p) =>
    q.selectFrom('roles').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const roles = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('roles').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )

  return {
    async user(accountId, id) {
      const row = await user.first({ accountId, id })
      return row && userRows.fromRow(row)
    },
    async userByName(accountId, name) {
      const row = await userByName.first({ accountId, name })
      return row && userRows.fromRow(row)
    },
    users: async (accountId) => (await users.all({ accountId })).map(userRows.fromRow),
    async groupByName(accountId, name) {
      const row = await groupByName.first({ accountId, name })
      return row && groupRows.fromRow(row)
    },
    groups: async (accountId) => (await groups.all({ accountId })).map(groupRows.fromRow),
    groupsOfUser: async (accountId, id) => (await groupsOfUser.all({ accountId, id })).map(groupRows.fromRow),
    members: async (accountId, id) => (await members.all({ accountId, id })).map(userRows.fromRow),
    async roleByName(accountId, name) {
      const row = await roleByName.first({ accountId, name })
      return row && roleRows.fromRow(row)
    },
    roles: async (accountId) => (await roles.all({ accountId })).map(roleRows.fromRow),
  } satisfies Partial<IamStore>
}

function policyReads(db: Database) {
  const byName = db.query<Named>()((q, p) =>
    q.selectFrom('policies').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const byId = db.query<Of>()((q, p) =>
    q.selectFrom('policies').selectAll().where('account_id', '=', p.accountId).where('id', '=', p.id),
  )
  const all = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('policies').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )
  const versions = db.query<{ id: string }>()((q, p) =>
    q.selectFrom('policy_versions').selectAll().where('policy_id', '=', p.id).orderBy('number'),
  )
  const attachmentsOf = db.query<Of>()((q, p) =>
    q
      .selectFrom('attachments')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('principal_id', '=', p.id)
      .orderBy('policy_id')
      .orderBy('scope'),
  )
  const attachmentsOfPolicy = db.query<Of>()((q, p) =>
    q
      .selectFrom('attachments')
      .leftJoin('users', 'users.id', 'attachments.principal_id')
      .leftJoin('user_groups', 'user_groups.id', 'attachments.principal_id')
      .leftJoin('roles', 'roles.id', 'attachments.principal_id')
      .selectAll('attachments')
      .select(['users.name as user_name', 'user_groups.name as group_name', 'roles.name as role_name'])
      .where('attachments.account_id', '=', p.accountId)
      .where('attachments.policy_id', '=', p.id)
      .orderBy('attachments.principal_id')
      .orderBy('attachments.scope'),
  )
  const group = db.query<Of>()((q, p) =>
    q.selectFrom('resource_groups').selectAll().where('account_id', '=', p.accountId).where('id', '=', p.id),
  )
  const groupByName = db.query<Named>()((q, p) =>
    q.selectFrom('resource_groups').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const groups = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('resource_groups').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )

  return {
    async policyByName(accountId, name) {
      const row = await byName.first({ accountId, name })
      return row && policyRows.fromRow(row)
    },
    async policyById(accountId, id) {
      const row = await byId.first({ accountId, id })
      return row && policyRows.fromRow(row)
    },
    policies: async (accountId) => (await all.all({ accountId })).map(policyRows.fromRow),
    policyVersions: async (id) => (await versions.all({ id })).map(policyVersionRows.fromRow),
    attachmentsOf: async (accountId, id) => (await attachmentsOf.all({ accountId, id })).map(attachmentRows.fromRow),
    attachmentsOfPolicy: async (accountId, id) =>
      (await attachmentsOfPolicy.all({ accountId, id })).map(({ user_name, group_name, role_name, ...row }) => ({
        ...attachmentRows.fromRow(row),
        principalName: user_name ?? group_name ?? role_name ?? '',
      })),
    async holders(accountId, policyIds) {
      const rows = await db.read((q) => {
        const attached = q
          .selectFrom('attachments')
          .select('attachments.principal_id')
          .where('attachments.account_id', '=', accountId)
          .where('attachments.policy_id', 'in', [...policyIds])
          .where('attachments.scope', '=', '')
        return q
          .selectFrom('users')
          .selectAll()
          .where('account_id', '=', accountId)
          .where('enabled', '=', 1)
          .where((e) =>
            e.or([
              e('id', 'in', attached),
              e('id', 'in', q.selectFrom('group_members').select('user_id').where('group_id', 'in', attached)),
            ]),
          )
          .orderBy('id')
      })
      return rows.map(userRows.fromRow)
    },
    async resourceGroup(accountId, by) {
      const row =
        'id' in by ? await group.first({ accountId, id: by.id }) : await groupByName.first({ accountId, ...by })
      return row && resourceGroupRows.fromRow(row)
    },
    resourceGroups: async (accountId) => (await groups.all({ accountId })).map(resourceGroupRows.fromRow),
  } satisfies Partial<IamStore>
}

export const iamReads = (db: Database) => ({
  ...accountReads(db),
  ...identityReads(db),
  ...credentialReads(db),
  ...userReads(db),
  ...policyReads(db),
})
