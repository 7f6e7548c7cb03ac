/** What answers about the status of certificates need besides the ledgers. */
export const status: readonly string[] = [
  // The delegated OCSP responder of a CA; its key is sealed under the master key, apart from CA keys.
  `CREATE TABLE ocsp_responders (
     ca_id TEXT NOT NULL PRIMARY KEY,
     serial TEXT NOT NULL,
     not_after INT8 NOT NULL,
     certificate BYTES NOT NULL,
     sealed_private_key BYTES NOT NULL,
     issued_at INT8 NOT NULL
   ) WITHOUT_ROWID`,
  // How often the revocations of a CA have changed: by this all processes know which answers to look up anew.
  `CREATE TABLE revocation_changes (
     ca_id TEXT NOT NULL PRIMARY KEY,
     changes INT8 NOT NULL
   ) WITHOUT_ROWID`,
  // CAs that were there before there was OCSP get a responder, too.
  `INSERT INTO jobs (kind, subject, due_at, lease_until, attempts, version)
   SELECT 'certifyResponder', id, 0, 0, 0, 1 FROM cas
   WHERE certificate IS NOT NULL AND key_id IS NOT NULL AND state IN ('active', 'disabled', 'pendingDeletion')`,
]
