/** The audit log as a Merkle log (design 8), in the words of 0001-initial.ts. */
export const auditLog: readonly string[] = [
  // From which the salts of an entry's fields are made; NULL for entries of before and for those of which fields were erased.
  `ALTER TABLE audit_entries ADD COLUMN salt BYTES`,
  // The place in the log, given by the sequencer; NULL until then.
  `ALTER TABLE audit_entries ADD COLUMN log_index INT8`,
  // JSON: what is left for the proof when fields have been erased.
  `ALTER TABLE audit_entries ADD COLUMN erased TEXT`,
  // Finds what has no number yet, and the entry of a number.
  `CREATE INDEX audit_entries_by_index ON audit_entries (log_index, seq)`,
  // Up to 256 hashes of 32 bytes: of the leaves at level 0, of whole tiles of the level below above that.
  `CREATE TABLE audit_tiles (
     level INT8 NOT NULL,
     number INT8 NOT NULL,
     hashes BYTES NOT NULL,
     PRIMARY KEY (level, number)
   ) WITHOUT_ROWID`,
  // One row at most, of id 0: how many entries are numbered, the signed checkpoint of that, and who is numbering.
  `CREATE TABLE audit_log (
     id INT8 NOT NULL PRIMARY KEY,
     size INT8 NOT NULL,
     checkpoint TEXT NOT NULL,
     lease_owner TEXT,
     lease_until INT8 NOT NULL
   ) WITHOUT_ROWID`,
  // The statement of a CA's destruction, to the letter, and its signature. Stays for ever.
  `CREATE TABLE receipts (
     ca_id TEXT NOT NULL PRIMARY KEY,
     statement TEXT NOT NULL,
     signature BYTES NOT NULL
   ) WITHOUT_ROWID`,
]
