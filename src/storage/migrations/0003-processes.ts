/** Several processes on one database (PostgreSQL): in the words of 0001-initial.ts. */
export const processes: readonly string[] = [
  // Whoever serves this database. Times are the database's own, so that no two clocks are compared.
  `CREATE TABLE processes (
     id TEXT NOT NULL PRIMARY KEY,
     started_at INT8 NOT NULL,
     lease_until INT8 NOT NULL
   ) WITHOUT_ROWID`,
  // What a process has confirmed of a condemned key: that it holds the key no more, that it finds none in its keyring.
  `CREATE TABLE key_confirmations (
     key_id TEXT NOT NULL,
     process_id TEXT NOT NULL,
     stage TEXT NOT NULL,
     PRIMARY KEY (key_id, stage, process_id)
   ) WITHOUT_ROWID`,
  `CREATE INDEX keys_condemned ON keys (id) WHERE state = 'condemned'`,
  // How many calls a second of a user and operation a process may let pass; wanted is what it would like.
  `CREATE TABLE rate_shares (
     pair BYTES NOT NULL,
     process_id TEXT NOT NULL,
     share INT8 NOT NULL,
     wanted INT8 NOT NULL,
     PRIMARY KEY (pair, process_id)
   ) WITHOUT_ROWID`,
]
