/**
 * Counts what the ledgers hold. What certificates of before say of their CRL was not kept, and neither what their keys are
 * for: the one is not known, the other is assumed of every key that is held here.
 */
export const fillLedgerCounts = `
  INSERT INTO ledger_counts (ca_id, expiry_day, kind, crl_url, slot, issued, revoked, decrypting, last_not_after, last_issued_at)
  SELECT issuances.ca_id, issuances.not_after / 86400000, issuances.kind, '?', 0, count(*), count(revocations.serial),
         count(held.serial), max(issuances.not_after), max(issuances.issued_at)
    FROM issuances
    LEFT JOIN revocations ON revocations.ca_id = issuances.ca_id AND revocations.serial = issuances.serial
    LEFT JOIN (SELECT DISTINCT issuer_id, serial FROM certificates WHERE sealed_private_key IS NOT NULL) held
      ON held.issuer_id = issuances.ca_id AND held.serial = issuances.serial
   WHERE issuances.kind IN ('leaf', 'ca')
   GROUP BY issuances.ca_id, issuances.not_after / 86400000, issuances.kind`
