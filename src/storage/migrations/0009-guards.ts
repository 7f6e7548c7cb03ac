/** Guards, approvals, daily counts, and who gave rights to whom: in the words of 0001-initial.ts. */
export const guards: readonly string[] = [
  // All guards of an account in one row: what is stopped by them holds on to its version. An account without a row has none.
  `CREATE TABLE guards (
     account_id TEXT NOT NULL PRIMARY KEY,
     version INT8 NOT NULL,
     document TEXT NOT NULL
   ) WITHOUT_ROWID`,

  // What one person asked for and another has to approve. subject is what is approved, digest its SHA-256 in hex.
  `CREATE TABLE approvals (
     id TEXT NOT NULL PRIMARY KEY,
     account_id TEXT NOT NULL,
     operation TEXT NOT NULL,
     object_id TEXT NOT NULL,
     ca_id TEXT,
     digest TEXT NOT NULL,
     subject TEXT NOT NULL,
     state TEXT NOT NULL,
     requested_by TEXT NOT NULL,
     requested_by_name TEXT NOT NULL,
     requested_as TEXT NOT NULL,
     requested_at INT8 NOT NULL,
     expires_at INT8 NOT NULL,
     decided_by TEXT,
     decided_by_name TEXT,
     decided_at INT8,
     version INT8 NOT NULL
   ) WITHOUT_ROWID`,
  `CREATE INDEX approvals_of_account ON approvals (account_id, requested_at)`,
  `CREATE INDEX approvals_by_digest ON approvals (account_id, digest)`,

  // How often a day something was done: subject is a user, or empty for the account; day counts from 1970.
  `CREATE TABLE guard_counts (
     account_id TEXT NOT NULL,
     day INT8 NOT NULL,
     kind TEXT NOT NULL,
     subject TEXT NOT NULL,
     count INT8 NOT NULL,
     PRIMARY KEY (account_id, day, kind, subject)
   ) WITHOUT_ROWID`,

  // When somebody last changed what a user, group, role or policy is good for.
  `CREATE TABLE rights_given (
     account_id TEXT NOT NULL,
     principal_id TEXT NOT NULL,
     given_by TEXT NOT NULL,
     given_at INT8 NOT NULL,
     PRIMARY KEY (account_id, principal_id, given_by)
   ) WITHOUT_ROWID`,
  `CREATE INDEX rights_given_lately ON rights_given (account_id, given_at)`,
  `INSERT INTO rights_given (account_id, principal_id, given_by, given_at)
     SELECT account_id, id, created_by, created_at FROM users WHERE created_by IS NOT NULL`,
]
