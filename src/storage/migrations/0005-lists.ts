import type { MigrationStatement } from './statement.ts'

/**
 * What lists are made of (docs/decisions/0005-lists.md): a narrow copy of each certificate in the orders that lists have, counts of
 * them by blocks, an index of their text. It is filled behind the writes, so that they do not pay for it; a migrated
 * database is filled in the same way, by and by.
 */
export const lists: readonly MigrationStatement[] = [
  // How far the copy goes: all certificates up to seq_to but those in certificate_changes; states as of judged_at. One row.
  `CREATE TABLE certificate_index (
     id INT8 NOT NULL PRIMARY KEY,
     version INT8 NOT NULL,
     seq_to INT8 NOT NULL,
     judged_at INT8 NOT NULL
   )`,
  `CREATE TABLE certificate_entries (
     seq INT8 NOT NULL PRIMARY KEY,
     id TEXT NOT NULL,
     account_id TEXT NOT NULL,
     class INT8 NOT NULL,
     resource_group_id TEXT NOT NULL,
     common_name TEXT NOT NULL,
     issuer_name TEXT NOT NULL,
     not_after INT8 NOT NULL,
     sans TEXT NOT NULL
   )`,
  `CREATE INDEX certificate_entries_by_seq ON certificate_entries (account_id, class, seq)`,
  `CREATE INDEX certificate_entries_by_name ON certificate_entries (account_id, class, common_name, seq)`,
  `CREATE INDEX certificate_entries_by_issuer ON certificate_entries (account_id, class, issuer_name, seq)`,
  `CREATE INDEX certificate_entries_by_end ON certificate_entries (account_id, class, not_after, seq)`,
  `CREATE INDEX certificate_entries_of_group ON certificate_entries (account_id, resource_group_id, class, seq)`,
  // part: '' for all certificates of the account, ':<id>' for a resource group. A block of level 0 is 2^9 seqs, of level 1 2^16.
  `CREATE TABLE certificate_counts (
     account_id TEXT NOT NULL,
     part TEXT NOT NULL,
     level INT8 NOT NULL,
     block INT8 NOT NULL,
     class INT8 NOT NULL,
     n INT8 NOT NULL,
     PRIMARY KEY (account_id, part, level, block, class)
   ) WITHOUT_ROWID`,
  `CREATE INDEX certificate_counts_empty ON certificate_counts (n) WHERE n = 0`,
  // Certificates whose entry may not be right any more. taken is 1 only within the commit that puts it right.
  `CREATE TABLE certificate_changes (
     id INTEGER_IDENTITY,
     account_id TEXT NOT NULL,
     seq INT8 NOT NULL,
     taken INT8 NOT NULL DEFAULT 0
   )`,
  `CREATE INDEX certificate_changes_of_account ON certificate_changes (account_id, seq)`,
  `CREATE INDEX certificate_changes_taken ON certificate_changes (seq) WHERE taken = 1`,

  {
    sqlite: [
      // Whose a hit of the search is, and of which class, without reading its entry.
      `CREATE INDEX certificate_entries_narrow ON certificate_entries (seq, account_id, class)`,
      `CREATE TRIGGER certificate_changed AFTER UPDATE OF revoked_at, resource_group_id ON certificates
         WHEN OLD.revoked_at IS NOT NEW.revoked_at OR OLD.resource_group_id IS NOT NEW.resource_group_id
         BEGIN INSERT INTO certificate_changes (account_id, seq) VALUES (OLD.account_id, OLD.seq); END`,
      `CREATE TRIGGER certificate_removed AFTER DELETE ON certificates
         BEGIN INSERT INTO certificate_changes (account_id, seq) VALUES (OLD.account_id, OLD.seq); END`,
      // SQLite gives the seq of the last row again when that row was removed.
      `CREATE TRIGGER certificate_inserted AFTER INSERT ON certificates
         WHEN NEW.seq <= (SELECT seq_to FROM certificate_index)
         BEGIN INSERT INTO certificate_changes (account_id, seq) VALUES (NEW.account_id, NEW.seq); END`,
      `CREATE VIRTUAL TABLE certificate_search USING fts5(
         common_name, sans, id, content='', contentless_delete=1, tokenize='trigram case_sensitive 1')`,
    ],
    postgres: [
      `CREATE FUNCTION note_certificate_change() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           INSERT INTO certificate_changes (account_id, seq) VALUES (OLD.account_id, OLD.seq);
           RETURN NULL;
         END $$`,
      `CREATE TRIGGER certificate_changed AFTER UPDATE OF revoked_at, resource_group_id ON certificates FOR EACH ROW
         WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.resource_group_id <> NEW.resource_group_id)
         EXECUTE FUNCTION note_certificate_change()`,
      `CREATE TRIGGER certificate_removed AFTER DELETE ON certificates FOR EACH ROW
         EXECUTE FUNCTION note_certificate_change()`,
      // Beside other schemas of the same database, which may use it too. Without the right to make it, searches read all entries.
      `DO $$ BEGIN
         CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
       EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'pg_trgm is not available';
       END $$`,
      `DO $$ DECLARE place text; BEGIN
         SELECT nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm';
         IF place IS NOT NULL THEN
           EXECUTE format('CREATE INDEX certificate_entries_name_text ON certificate_entries
             USING gin (lower(common_name) %I.gin_trgm_ops)', place);
           EXECUTE format('CREATE INDEX certificate_entries_sans_text ON certificate_entries
             USING gin (lower(sans) %I.gin_trgm_ops)', place);
           EXECUTE format('CREATE INDEX certificate_entries_id_text ON certificate_entries
             USING gin (lower(id) %I.gin_trgm_ops)', place);
         END IF;
       END $$`,
    ],
  },
]
