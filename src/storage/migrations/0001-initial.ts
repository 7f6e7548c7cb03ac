/**
 * The first schema, for both engines: INT8, BYTES and WITHOUT_ROWID are replaced by each engine's words (see migrate.ts).
 * Times are milliseconds since 1970, flags 0 or 1, structured values JSON text, serial numbers lower-case hex.
 */
export const initial: readonly string[] = [
  // What this instance is: its id, whether an emulator made it, marks of the domain clock.
  `CREATE TABLE meta (
     key TEXT NOT NULL PRIMARY KEY,
     value TEXT NOT NULL
   ) WITHOUT_ROWID`,

  // iam_version rises with every change to users, keys, policies or their attachments: each write of a caller is guarded by it.
  `CREATE TABLE accounts (
     id TEXT NOT NULL PRIMARY KEY,
     domain_id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL UNIQUE,
     iam_version INT8 NOT NULL,
     created_at INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE TABLE users (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL REFERENCES accounts (id),
     decimal_id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     password_hash TEXT,
     enabled INT8 NOT NULL,
     created_at INT8 NOT NULL,
     created_by TEXT,
     version INT8 NOT NULL,
     UNIQUE (account_id, name)
   ) WITHOUT_ROWID`,
  `CREATE TABLE access_keys (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     user_id TEXT NOT NULL REFERENCES users (id),
     sealed_secret BYTES NOT NULL,
     enabled INT8 NOT NULL,
     created_at INT8 NOT NULL,
     version INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE INDEX access_keys_of_user ON access_keys (user_id)`,
  `CREATE TABLE tokens (
     hash BYTES NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     user_version INT8 NOT NULL,
     scope TEXT NOT NULL,
     issued_at INT8 NOT NULL,
     expires_at INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE INDEX tokens_by_expiry ON tokens (expires_at)`,
  `CREATE TABLE policies (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     name TEXT NOT NULL,
     grammar TEXT NOT NULL,
     document TEXT NOT NULL,
     created_at INT8 NOT NULL,
     version INT8 NOT NULL,
     UNIQUE (account_id, name)
   ) WITHOUT_ROWID`,
  // policy_id is a row of policies, or the name of a built-in policy written as system:<name>.
  `CREATE TABLE policy_attachments (
     account_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     policy_id TEXT NOT NULL,
     created_at INT8 NOT NULL,
     PRIMARY KEY (account_id, user_id, policy_id)
   ) WITHOUT_ROWID`,
  // Nonces of writes: durable with the act. The hash is keyed and covers the access key and the nonce.
  `CREATE TABLE nonces (
     expires_at INT8 NOT NULL,
     hash BYTES NOT NULL,
     PRIMARY KEY (expires_at, hash)
   ) WITHOUT_ROWID`,

  // A CA key. Its sealed private part can only be opened with a data key of the keyring, which is not in this database.
  `CREATE TABLE keys (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     algorithm TEXT NOT NULL,
     spki BYTES NOT NULL,
     spki_sha256 BYTES NOT NULL,
     sealed_private_key BYTES,
     state TEXT NOT NULL,
     created_at INT8 NOT NULL,
     destroyed_at INT8
   ) WITHOUT_ROWID`,
  `CREATE INDEX keys_by_public_key ON keys (spki_sha256)`,

  `CREATE TABLE cas (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     version INT8 NOT NULL,
     state TEXT NOT NULL,
     type TEXT NOT NULL,
     gen_mode TEXT NOT NULL,
     listed INT8 NOT NULL,
     key_id TEXT REFERENCES keys (id),
     key_algorithm TEXT NOT NULL,
     signature_hash TEXT,
     common_name TEXT NOT NULL,
     subject TEXT NOT NULL,
     issuer_id TEXT,
     issuer_name TEXT,
     path_length INT8,
     key_usages TEXT NOT NULL,
     serial TEXT,
     not_before INT8,
     not_after INT8,
     certificate BYTES,
     chain BYTES,
     crl TEXT NOT NULL,
     crl_number INT8 NOT NULL,
     enterprise_project_id TEXT NOT NULL,
     tags TEXT NOT NULL,
     created_at INT8 NOT NULL,
     due_at INT8,
     deletion TEXT,
     revoked_at INT8,
     revocation_reason TEXT
   ) WITHOUT_ROWID`,
  `CREATE INDEX cas_of_account ON cas (account_id, created_at)`,
  `CREATE INDEX cas_under_issuer ON cas (issuer_id)`,
  `CREATE INDEX cas_of_key ON cas (key_id)`,
  `CREATE INDEX cas_by_due ON cas (state, due_at)`,

  // The inventory. number is made of the id's bits, so one narrow index serves both names; seq is the order of creation.
  `CREATE TABLE certificates (
     seq INTEGER_IDENTITY,
     id TEXT NOT NULL,
     number INT8 NOT NULL,
     account_id TEXT NOT NULL,
     version INT8 NOT NULL,
     source TEXT NOT NULL,
     gen_mode TEXT NOT NULL,
     name TEXT,
     issuer_id TEXT,
     issuer_name TEXT NOT NULL,
     common_name TEXT NOT NULL,
     subject TEXT NOT NULL,
     sans TEXT NOT NULL,
     serial TEXT NOT NULL,
     key_algorithm TEXT NOT NULL,
     signature_hash TEXT NOT NULL,
     not_before INT8 NOT NULL,
     not_after INT8 NOT NULL,
     certificate BYTES NOT NULL,
     chain BYTES,
     sealed_private_key BYTES,
     sha256 BYTES NOT NULL,
     enterprise_project_id TEXT NOT NULL,
     resource_group_id TEXT NOT NULL,
     tags TEXT NOT NULL,
     created_at INT8 NOT NULL,
     revoked_at INT8,
     revocation_reason TEXT
   )`,
  `CREATE UNIQUE INDEX certificates_by_number ON certificates (number)`,
  `CREATE INDEX certificates_of_account ON certificates (account_id, seq)`,
  `CREATE UNIQUE INDEX certificates_by_name ON certificates (account_id, name) WHERE name IS NOT NULL`,

  // The ledgers (design 2): apart from the rows above and outliving them.
  `CREATE TABLE issuances (
     ca_id TEXT NOT NULL,
     serial TEXT NOT NULL,
     kind TEXT NOT NULL,
     not_after INT8 NOT NULL,
     certificate_sha256 BYTES NOT NULL,
     spki_sha256 BYTES NOT NULL,
     issued_at INT8 NOT NULL,
     PRIMARY KEY (ca_id, serial)
   ) WITHOUT_ROWID`,
  `CREATE TABLE revocations (
     ca_id TEXT NOT NULL,
     serial TEXT NOT NULL,
     revoked_at INT8 NOT NULL,
     reason TEXT NOT NULL,
     not_after INT8 NOT NULL,
     PRIMARY KEY (ca_id, serial)
   ) WITHOUT_ROWID`,
  // Public keys that were revoked for compromise: never certified again.
  `CREATE TABLE compromised_keys (
     spki_sha256 BYTES NOT NULL PRIMARY KEY,
     revoked_at INT8 NOT NULL
   ) WITHOUT_ROWID`,
  // What is about to be signed, before it is signed: CA certificates and CRLs. An open row after a crash counts as signed.
  `CREATE TABLE signings (
     id TEXT NOT NULL PRIMARY KEY,
     ca_id TEXT NOT NULL,
     purpose TEXT NOT NULL,
     serial TEXT NOT NULL,
     tbs_sha256 BYTES NOT NULL,
     not_after INT8 NOT NULL,
     created_at INT8 NOT NULL,
     done INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE INDEX signings_of_ca ON signings (ca_id, purpose)`,

  `CREATE TABLE crls (
     ca_id TEXT NOT NULL,
     number INT8 NOT NULL,
     this_update INT8 NOT NULL,
     next_update INT8 NOT NULL,
     entries INT8 NOT NULL,
     size INT8 NOT NULL,
     sha256 BYTES NOT NULL,
     final INT8 NOT NULL,
     PRIMARY KEY (ca_id, number)
   ) WITHOUT_ROWID`,
  `CREATE TABLE crl_parts (
     ca_id TEXT NOT NULL,
     number INT8 NOT NULL,
     part INT8 NOT NULL,
     bytes BYTES NOT NULL,
     PRIMARY KEY (ca_id, number, part)
   )`,

  // Work by the clock: a row is taken by a lease, and done by whoever holds it.
  `CREATE TABLE jobs (
     kind TEXT NOT NULL,
     subject TEXT NOT NULL,
     due_at INT8 NOT NULL,
     lease_owner TEXT,
     lease_until INT8 NOT NULL,
     attempts INT8 NOT NULL,
     version INT8 NOT NULL,
     last_error TEXT,
     PRIMARY KEY (kind, subject)
   ) WITHOUT_ROWID`,
  `CREATE INDEX jobs_by_due ON jobs (due_at)`,

  `CREATE TABLE audit_entries (
     seq INTEGER_IDENTITY,
     at INT8 NOT NULL,
     account_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     user_name TEXT NOT NULL,
     access_key_id TEXT,
     source_ip TEXT NOT NULL,
     door TEXT NOT NULL,
     request_id TEXT NOT NULL,
     operation TEXT NOT NULL,
     object_type TEXT NOT NULL,
     object_id TEXT NOT NULL,
     outcome TEXT NOT NULL,
     code TEXT NOT NULL,
     facts TEXT NOT NULL
   )`,
  `CREATE INDEX audit_entries_of_account ON audit_entries (account_id, seq)`,
  `CREATE INDEX audit_entries_of_ca ON audit_entries (object_id, seq) WHERE object_type = 'ca'`,
]
