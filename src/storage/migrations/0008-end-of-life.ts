import { fillLedgerCounts } from './fill-ledger-counts.ts'

/** What previews count by, who used what, and alarms that stay: in the words of 0001-initial.ts. */
export const endOfLife: readonly string[] = [
  // The ledger of issuances as numbers: how many certificates of a CA end on a day (UTC, counted from 1970). crl_url is where they
  // say that their CRL is; empty: they name none; '?': not known. Rows of a slot belong together in nothing: they are only summed.
  `CREATE TABLE ledger_counts (
     ca_id TEXT NOT NULL,
     expiry_day INT8 NOT NULL,
     kind TEXT NOT NULL,
     crl_url TEXT NOT NULL,
     slot INT8 NOT NULL,
     issued INT8 NOT NULL,
     revoked INT8 NOT NULL,
     decrypting INT8 NOT NULL,
     last_not_after INT8 NOT NULL,
     last_issued_at INT8 NOT NULL,
     PRIMARY KEY (ca_id, expiry_day, kind, crl_url, slot)
   ) WITHOUT_ROWID`,
  fillLedgerCounts,

  // Few, so that issuing leaves pays nothing for these.
  `CREATE INDEX issuances_of_cas ON issuances (ca_id, not_after) WHERE kind = 'ca'`,
  `CREATE INDEX issuances_of_ca_keys ON issuances (spki_sha256) WHERE kind <> 'leaf'`,

  // subject is a CA, or a certificate that no CA of ours issued; serial is empty for the CA as a whole.
  `CREATE TABLE use_marks (
     subject TEXT NOT NULL,
     serial TEXT NOT NULL,
     source TEXT NOT NULL,
     first_at INT8 NOT NULL,
     last_at INT8 NOT NULL,
     count INT8 NOT NULL,
     PRIMARY KEY (subject, serial, source)
   ) WITHOUT_ROWID`,
  `CREATE INDEX use_marks_by_age ON use_marks (last_at)`,

  // account_id is empty where the alarm is about the instance.
  `CREATE TABLE alarms (
     kind TEXT NOT NULL,
     subject TEXT NOT NULL,
     account_id TEXT NOT NULL,
     reason TEXT NOT NULL,
     raised_at INT8 NOT NULL,
     last_at INT8 NOT NULL,
     times INT8 NOT NULL,
     PRIMARY KEY (kind, subject)
   ) WITHOUT_ROWID`,
]
