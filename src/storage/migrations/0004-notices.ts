/** What was announced of things that expire, and an index to find them by. */
export const notices: readonly string[] = [
  // The id is made of object, end and nearness. sent_at is null until the webhook took it.
  `CREATE TABLE notices (
     id TEXT NOT NULL PRIMARY KEY,
     kind TEXT NOT NULL,
     account_id TEXT NOT NULL,
     object_id TEXT NOT NULL,
     common_name TEXT NOT NULL,
     issuer_name TEXT,
     serial TEXT,
     not_after INT8 NOT NULL,
     within_days INT8 NOT NULL,
     created_at INT8 NOT NULL,
     sent_at INT8
   ) WITHOUT_ROWID`,
  `CREATE INDEX notices_of_object ON notices (object_id)`,
  `CREATE INDEX notices_unsent ON notices (created_at) WHERE sent_at IS NULL`,
  `CREATE INDEX notices_by_end ON notices (not_after)`,
  `CREATE INDEX certificates_by_end ON certificates (not_after) WHERE revoked_at IS NULL`,
]
