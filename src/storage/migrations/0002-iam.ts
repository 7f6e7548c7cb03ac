/** Groups, roles, temporary keys, versions of policies, resource groups: in the words of 0001-initial.ts. */
export const iam: readonly string[] = [
  `ALTER TABLE users ADD COLUMN tags TEXT NOT NULL DEFAULT '{}'`,

  `CREATE TABLE user_groups (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     name TEXT NOT NULL,
     created_at INT8 NOT NULL,
     UNIQUE (account_id, name)
   ) WITHOUT_ROWID`,
  `CREATE TABLE group_members (
     account_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     group_id TEXT NOT NULL,
     created_at INT8 NOT NULL,
     PRIMARY KEY (user_id, group_id)
   ) WITHOUT_ROWID`,
  `CREATE INDEX group_members_of_group ON group_members (group_id)`,

  // What Alibaba calls a role is an agency to Huawei's clients.
  `CREATE TABLE roles (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     decimal_id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     description TEXT NOT NULL,
     trust_policy TEXT NOT NULL,
     max_session_seconds INT8 NOT NULL,
     created_at INT8 NOT NULL,
     version INT8 NOT NULL,
     UNIQUE (account_id, name)
   ) WITHOUT_ROWID`,

  // One thing under the names of both clouds: the id of an enterprise project, and the id of a resource group.
  `CREATE TABLE resource_groups (
     id TEXT NOT NULL PRIMARY KEY,
     group_id TEXT NOT NULL UNIQUE,
     account_id TEXT NOT NULL,
     name TEXT NOT NULL,
     created_at INT8 NOT NULL,
     UNIQUE (account_id, name)
   ) WITHOUT_ROWID`,

  // policy_id is a row of policies, or the name of a built-in policy written as system:<name>; scope is a resource group's id, or
  // empty for the whole account.
  `CREATE TABLE attachments (
     account_id TEXT NOT NULL,
     principal_kind TEXT NOT NULL,
     principal_id TEXT NOT NULL,
     policy_id TEXT NOT NULL,
     scope TEXT NOT NULL,
     created_at INT8 NOT NULL,
     PRIMARY KEY (account_id, principal_id, policy_id, scope)
   ) WITHOUT_ROWID`,
  `CREATE INDEX attachments_of_policy ON attachments (account_id, policy_id)`,
  `INSERT INTO attachments (account_id, principal_kind, principal_id, policy_id, scope, created_at)
     SELECT account_id, 'user', user_id, policy_id, '', created_at FROM policy_attachments`,
  `DROP TABLE policy_attachments`,

  // The row of a policy holds its default version, which is the one in force.
  `ALTER TABLE policies ADD COLUMN default_version INT8 NOT NULL DEFAULT 1`,
  `ALTER TABLE policies ADD COLUMN last_version INT8 NOT NULL DEFAULT 1`,
  `CREATE TABLE policy_versions (
     policy_id TEXT NOT NULL,
     number INT8 NOT NULL,
     grammar TEXT NOT NULL,
     document TEXT NOT NULL,
     created_at INT8 NOT NULL,
     PRIMARY KEY (policy_id, number)
   ) WITHOUT_ROWID`,
  `INSERT INTO policy_versions (policy_id, number, grammar, document, created_at)
     SELECT id, 1, grammar, document, created_at FROM policies`,

  // Temporary keys. role_id is null when the key acts for the user who asked for it; account_id is the account it acts in.
  `CREATE TABLE sessions (
     access_key_id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     role_id TEXT,
     name TEXT NOT NULL,
     maker_id TEXT NOT NULL,
     maker_key_id TEXT,
     sealed_secret BYTES NOT NULL,
     token_hash BYTES NOT NULL,
     policy TEXT,
     issued_at INT8 NOT NULL,
     expires_at INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE INDEX sessions_by_maker ON sessions (maker_id)`,
  `CREATE INDEX sessions_of_role ON sessions (role_id)`,
  `CREATE INDEX sessions_by_expiry ON sessions (expires_at)`,
  `CREATE INDEX tokens_of_user ON tokens (user_id)`,

  // Apart from the keys, so that using a key never stands in the way of changing it.
  `CREATE TABLE access_key_uses (
     access_key_id TEXT NOT NULL PRIMARY KEY,
     used_at INT8 NOT NULL,
     door TEXT NOT NULL
   ) WITHOUT_ROWID`,
]
