import type { AccessKey, Account, Identity, IamStore, IssuedToken, StoredPolicy, User } from '../iam/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf, otherwiseBug } from './sql.ts'

const accountColumns = columnsOf<Schema['accounts']>()('id', 'domain_id', 'name', 'iam_version', 'created_at')
const userColumns = columnsOf<Schema['users']>()(
  'id',
  'account_id',
  'decimal_id',
  'name',
  'password_hash',
  'enabled',
  'created_at',
  'created_by',
  'version',
)
const keyColumns = columnsOf<Schema['access_keys']>()(
  'id',
  'account_id',
  'user_id',
  'sealed_secret',
  'enabled',
  'created_at',
  'version',
)
const policyColumns = columnsOf<Schema['policies']>()(
  'id',
  'account_id',
  'name',
  'grammar',
  'document',
  'created_at',
  'version',
)
const tokenColumns = columnsOf<Schema['tokens']>()(
  'hash',
  'account_id',
  'user_id',
  'user_version',
  'scope',
  'issued_at',
  'expires_at',
)

const toAccount = (row: Schema['accounts']): Account => ({
  id: row.id,
  domainId: row.domain_id,
  name: row.name,
  iamVersion: row.iam_version,
  createdAt: row.created_at,
})

export const toUser = (row: Schema['users']): User => ({
  id: row.id,
  accountId: row.account_id,
  decimalId: row.decimal_id,
  name: row.name,
  passwordHash: row.password_hash,
  enabled: row.enabled === 1,
  createdAt: row.created_at,
  createdBy: row.created_by,
  version: row.version,
})

const userRow = (user: User): Schema['users'] => ({
  id: user.id,
  account_id: user.accountId,
  decimal_id: user.decimalId,
  name: user.name,
  password_hash: user.passwordHash,
  enabled: user.enabled ? 1 : 0,
  created_at: user.createdAt,
  created_by: user.createdBy,
  version: user.version,
})

const toKey = (row: Schema['access_keys']): AccessKey => ({
  id: row.id,
  accountId: row.account_id,
  userId: row.user_id,
  sealedSecret: row.sealed_secret,
  enabled: row.enabled === 1,
  createdAt: row.created_at,
  version: row.version,
})

const keyRow = (key: AccessKey): Schema['access_keys'] => ({
  id: key.id,
  account_id: key.accountId,
  user_id: key.userId,
  sealed_secret: key.sealedSecret,
  enabled: key.enabled ? 1 : 0,
  created_at: key.createdAt,
  version: key.version,
})

export const toPolicy = (row: Schema['policies']): StoredPolicy => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  grammar: row.grammar,
  document: row.document,
  createdAt: row.created_at,
  version: row.version,
})

const toToken = (row: Schema['tokens']): IssuedToken => ({
  hash: row.hash,
  accountId: row.account_id,
  userId: row.user_id,
  userVersion: row.user_version,
  scope: row.scope,
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
})

function iamReads(db: Database) {
  const userOnly = db.query<{ id: string }>()((q, p) => q.selectFrom('users').selectAll().where('id', '=', p.id))
  const user = db.query<{ accountId: string; id: string }>()((q, p) =>
    q.selectFrom('users').selectAll().where('id', '=', p.id).where('account_id', '=', p.accountId),
  )
  const users = db.query<{ accountId: string }>()((q, p) =>
    q.selectFrom('users').selectAll().where('account_id', '=', p.accountId).orderBy('name'),
  )
  const userByName = db.query<{ accountId: string; name: string }>()((q, p) =>
    q.selectFrom('users').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const accountById = db.query<{ id: string }>()((q, p) => q.selectFrom('accounts').selectAll().where('id', '=', p.id))
  const accountByDomain = db.query<{ id: string }>()((q, p) =>
    q.selectFrom('accounts').selectAll().where('domain_id', '=', p.id),
  )
  const accountByName = db.query<{ name: string }>()((q, p) =>
    q.selectFrom('accounts').selectAll().where('name', '=', p.name),
  )
  const firstAccount = db.query<object>()((q) =>
    q.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').limit(1),
  )
  const attachments = db.query<{ accountId: string; userId: string }>()((q, p) =>
    q
      .selectFrom('policy_attachments')
      .select('policy_id')
      .where('account_id', '=', p.accountId)
      .where('user_id', '=', p.userId)
      .orderBy('policy_id'),
  )
  const policies = db.query<{ accountId: string; userId: string }>()((q, p) =>
    q
      .selectFrom('policies')
      .innerJoin('policy_attachments', 'policy_attachments.policy_id', 'policies.id')
      .selectAll('policies')
      .where('policies.account_id', '=', p.accountId)
      .where('policy_attachments.account_id', '=', p.accountId)
      .where('policy_attachments.user_id', '=', p.userId)
      .orderBy('policies.id'),
  )
  const policyByName = db.query<{ accountId: string; name: string }>()((q, p) =>
    q.selectFrom('policies').selectAll().where('account_id', '=', p.accountId).where('name', '=', p.name),
  )
  const accessKey = db.query<{ id: string }>()((q, p) => q.selectFrom('access_keys').selectAll().where('id', '=', p.id))
  const keysOfUser = db.query<{ accountId: string; userId: string }>()((q, p) =>
    q
      .selectFrom('access_keys')
      .selectAll()
      .where('user_id', '=', p.userId)
      .where('account_id', '=', p.accountId)
      .orderBy('created_at'),
  )
  const token = db.query<{ hash: Uint8Array }>()((q, p) =>
    q.selectFrom('tokens').selectAll().where('hash', '=', p.hash),
  )

  return {
    async identity(userId: string): Promise<Identity | undefined> {
      // The version is read first: what changes after it makes a guarded write fail, and is read anew then.
      const row = await userOnly.first({ id: userId })
      const account = row && (await accountById.first({ id: row.account_id }))
      if (!row || !account) return undefined
      const of = { accountId: row.account_id, userId }
      const [attached, stored, current] = [
        await attachments.all(of),
        await policies.all(of),
        await userOnly.first({ id: userId }),
      ]
      return {
        account: toAccount(account),
        user: toUser(current ?? row),
        policyIds: attached.map(({ policy_id }) => policy_id),
        policies: stored.map(toPolicy),
      }
    },
    async accessKey(id: string) {
      const row = await accessKey.first({ id })
      return row && toKey(row)
    },
    async token(hash: Uint8Array) {
      const row = await token.first({ hash })
      return row && toToken(row)
    },
    async account(by: { id: string } | { domainId: string } | { name: string }) {
      const row =
        'id' in by
          ? await accountById.first(by)
          : 'name' in by
            ? await accountByName.first(by)
            : await accountByDomain.first({ id: by.domainId })
      return row && toAccount(row)
    },
    async firstAccount() {
      const row = await firstAccount.first({})
      return row && toAccount(row)
    },
    async userByName(accountId: string, name: string) {
      const row = await userByName.first({ accountId, name })
      return row && toUser(row)
    },
    async user(accountId: string, id: string) {
      const row = await user.first({ accountId, id })
      return row && toUser(row)
    },
    users: async (accountId: string) => (await users.all({ accountId })).map(toUser),
    accessKeysOfUser: async (accountId: string, userId: string) =>
      (await keysOfUser.all({ accountId, userId })).map(toKey),
    async policyByName(accountId: string, name: string) {
      const row = await policyByName.first({ accountId, name })
      return row && toPolicy(row)
    },
  }
}

function iamWrites(db: Database) {
  const insertAccount = db.write<Schema['accounts']>()((q, p) =>
    q.insertInto('accounts').values(bound(p, accountColumns)),
  )
  const insertUser = db.write<Schema['users']>()((q, p) =>
    q
      .insertInto('users')
      .values(bound(p, userColumns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const replaceUser = db.write<Schema['users'] & { was: number }>()((q, p) =>
    q.updateTable('users').set(bound(p, userColumns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const insertKey = db.write<Schema['access_keys']>()((q, p) =>
    q.insertInto('access_keys').values(bound(p, keyColumns)),
  )
  const replaceKey = db.write<Schema['access_keys'] & { was: number }>()((q, p) =>
    q.updateTable('access_keys').set(bound(p, keyColumns)).where('id', '=', p.id).where('version', '=', p.was),
  )
  const insertPolicy = db.write<Schema['policies']>()((q, p) =>
    q
      .insertInto('policies')
      .values(bound(p, policyColumns))
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing()),
  )
  const attach = db.write<Schema['policy_attachments']>()((q, p) =>
    q
      .insertInto('policy_attachments')
      .values(bound(p, ['account_id', 'user_id', 'policy_id', 'created_at']))
      .onConflict((conflict) => conflict.columns(['account_id', 'user_id', 'policy_id']).doNothing()),
  )
  const detach = db.write<{ accountId: string; userId: string; policyId: string }>()((q, p) =>
    q
      .deleteFrom('policy_attachments')
      .where('account_id', '=', p.accountId)
      .where('user_id', '=', p.userId)
      .where('policy_id', '=', p.policyId),
  )
  const insertToken = db.write<Schema['tokens']>()((q, p) => q.insertInto('tokens').values(bound(p, tokenColumns)))
  const forgetTokens = db.write<{ before: number }>()((q, p) =>
    q.deleteFrom('tokens').where('expires_at', '<', p.before),
  )
  const raise = db.write<{ id: string }>()((q, p) =>
    q
      .updateTable('accounts')
      .set((e) => ({ iam_version: e('iam_version', '+', 1) }))
      .where('id', '=', p.id),
  )
  const unchanged = db.query<{ id: string; version: number }>()((q, p) =>
    q.selectFrom('accounts').select('id').where('id', '=', p.id).where('iam_version', '=', p.version),
  )
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
    insertAccount: (account: Account) =>
      insertAccount(
        {
          id: account.id,
          domain_id: account.domainId,
          name: account.name,
          iam_version: account.iamVersion,
          created_at: account.createdAt,
        },
        1,
        otherwiseBug,
      ),
    insertUser: (user, nameTaken) => insertUser(userRow(user), 1, nameTaken),
    replaceUser: (was, next, changed) =>
      replaceUser({ ...userRow(next), version: was.version + 1, was: was.version }, 1, changed),
    insertAccessKey: (key) => insertKey(keyRow(key), 1, otherwiseBug),
    replaceAccessKey: (was, next, changed) =>
      replaceKey({ ...keyRow(next), version: was.version + 1, was: was.version }, 1, changed),
    insertPolicy: (policy, nameTaken) =>
      insertPolicy(
        {
          id: policy.id,
          account_id: policy.accountId,
          name: policy.name,
          grammar: policy.grammar,
          document: policy.document,
          created_at: policy.createdAt,
          version: policy.version,
        },
        1,
        nameTaken,
      ),
    attach: (accountId, userId, policyId, at) =>
      attach({ account_id: accountId, user_id: userId, policy_id: policyId, created_at: at }),
    detach: (accountId, userId, policyId, notAttached) => detach({ accountId, userId, policyId }, 1, notAttached),
    insertToken: (token) =>
      insertToken(
        {
          hash: token.hash,
          account_id: token.accountId,
          user_id: token.userId,
          user_version: token.userVersion,
          scope: token.scope,
          issued_at: token.issuedAt,
          expires_at: token.expiresAt,
        },
        1,
        otherwiseBug,
      ),
    forgetTokens: (before) => forgetTokens({ before }),
    raiseVersion: (accountId) => raise({ id: accountId }, 1, otherwiseBug),
    unchangedSince: (accountId, iamVersion, changed) =>
      unchanged.guard({ id: accountId, version: iamVersion }, changed),
    rememberNonce: (hash, expiresAt, used) => nonce({ expires_at: expiresAt, hash }, 1, used),
    forgetNonces: (before) => forgetNonces({ before }),
  } satisfies Partial<IamStore>
}

export const iamStore = (db: Database): IamStore => ({ ...iamReads(db), ...iamWrites(db) })
