import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { day, newNumberedUuid, numberOfUuid } from '../src/kernel/index.ts'
import {
  CertificateIndexer,
  DirectCommitter,
  sqliteDatabase,
  SqliteReader,
  SqliteWriter,
} from '../src/storage/index.ts'

/** What stands in the seeded certificates beside what they have in common. */
export interface Seed {
  /** `certkeep.db` of a service that does not run; it has been started once, so that tables and account are there. */
  databasePath: string
  accountId: string
  /** The CA that is said to have issued them; its ledger gets an entry for each. */
  caId: string
  count: number
  now: number
  /** A certificate in DER: each record holds these bytes, as if it were its own. */
  der: Uint8Array
}

/**
 * Puts very many certificates into a database at once, as if each had been issued: record, ledger, and the index that
 * lists use. By age: the oldest third has expired, a thousandth is revoked, a tenth ends within 30 days, every
 * tenth was uploaded, every hundredth is in the resource group `rg-bench`. Names are `host-<n>.<team>.example.com`; one in
 * a hundred has `payments` for its team. About 15,000 a second with the index.
 */
export async function seedCertificates(seed: Seed): Promise<void> {
  insertAll(seed)
  await indexAll(seed)
}

/** Certificates of one transaction. */
const atOnce = 20_000

const teams = ['web', 'mail', 'build', 'edge', 'storage', 'metrics', 'search', 'login', 'cache', 'queue']

function insertAll({ databasePath, accountId, caId, count, now, der }: Seed): void {
  using connection = new DatabaseSync(databasePath)
  connection.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144')
  const certificate = connection.prepare(
    `INSERT INTO certificates (id, number, account_id, version, source, gen_mode, name, issuer_id, issuer_name, common_name,
       subject, sans, serial, key_algorithm, signature_hash, not_before, not_after, certificate, chain, sealed_private_key,
       sha256, enterprise_project_id, resource_group_id, tags, created_at, revoked_at, revocation_reason)
     VALUES (?, ?, ?, 1, ?, ?, ?, ?, 'Bench', ?, ?, ?, ?, 'p256', 'sha256', ?, ?, ?, NULL, NULL, ?, '0', ?, '{}', ?, ?, ?)`,
  )
  const issuance = connection.prepare(
    `INSERT INTO issuances (ca_id, serial, kind, not_after, certificate_sha256, spki_sha256, issued_at)
     VALUES (?, ?, 'leaf', ?, ?, ?, ?)`,
  )
  const spki = randomBytes(32)
  for (let from = 0; from < count; from += atOnce) {
    connection.exec('BEGIN')
    for (let n = from; n < Math.min(count, from + atOnce); n++) {
      const id = newNumberedUuid()
      const uploaded = n % 10 === 3
      const name = `host-${n}.${n % 100 === 7 ? 'payments' : teams[n % teams.length]}.example.com`
      const serial = randomBytes(16).toString('hex')
      const sha256 = randomBytes(32)
      const notAfter = now + endOf(n / count)
      const notBefore = notAfter - 90 * day
      const revoked = n % 1_000 === 1
      certificate.run(
        ...[id, numberOfUuid(id), accountId, uploaded ? 'uploaded' : 'issued', uploaded ? 'upload' : 'csr'],
        ...[uploaded ? `upload-${n}` : null, uploaded ? null : caId, name],
        ...[JSON.stringify({ commonName: name }), JSON.stringify([name]), serial, notBefore, notAfter, der, sha256],
        ...[n % 100 === 5 ? 'rg-bench' : '', notBefore, revoked ? now : null, revoked ? 'superseded' : null],
      )
      if (!uploaded) issuance.run(caId, serial, notAfter, sha256, spki, notBefore)
    }
    connection.exec('COMMIT')
  }
}

/** When a certificate of such an age (0 the oldest, 1 the newest) ends, from now. */
const endOf = (age: number): number =>
  Math.round(age < 1 / 3 ? (age - 1 / 3) * 360 * day - 1 : (age - 1 / 3) * 135 * day + day)

async function indexAll({ databasePath, now }: Seed): Promise<void> {
  const writer = new SqliteWriter(databasePath)
  writer.connection.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144')
  const reader = new SqliteReader(databasePath)
  try {
    const db = sqliteDatabase(reader, new DirectCommitter(writer))
    await new CertificateIndexer(db, { now: () => now }, atOnce).catchUp()
    writer.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    reader.close()
    writer.close()
  }
}
