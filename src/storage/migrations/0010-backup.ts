/** Numbered copies of the keyring, and which keys each of them may hold. */
export const backup: readonly string[] = [
  // Written before the copy is: a number without a copy counts as a copy. place is what the operator said of it.
  `CREATE TABLE keyring_copies (
     number INT8 NOT NULL PRIMARY KEY,
     made_at INT8 NOT NULL,
     place TEXT NOT NULL,
     attested_at INT8,
     attested_by TEXT
   ) WITHOUT_ROWID`,
  // Rows of attested copies stay: that every copy is gone can only be said of a key that was in one.
  `CREATE TABLE keyring_copy_keys (
     key_id TEXT NOT NULL,
     number INT8 NOT NULL,
     PRIMARY KEY (key_id, number)
   ) WITHOUT_ROWID`,
]
