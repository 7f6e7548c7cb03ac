import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { day } from '../../kernel/index.ts'
import { migrateSqlite } from '../index.ts'
import { migrations, statementsFor } from '../migrate.ts'

test('what the ledgers held before is counted, and what was not kept of it counts as unknown', () => {
  using connection = new DatabaseSync(':memory:')
  connection.exec('CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL)')
  const before = migrations.slice(
    0,
    migrations.findIndex(({ name }) => name === '0008-end-of-life'),
  )
  for (const { name, statements } of before) {
    for (const statement of statementsFor('sqlite', statements)) connection.exec(statement)
    connection.prepare('INSERT INTO migrations VALUES (?, 1)').run(name)
  }
  const issue = connection.prepare("INSERT INTO issuances VALUES (?, ?, ?, ?, x'', x'', ?)")
  issue.run('a', '01', 'leaf', 10 * day, 5)
  issue.run('a', '02', 'leaf', 10 * day + 7, 6)
  issue.run('a', '03', 'ca', 10 * day, 5)
  issue.run('a', '04', 'root', 99 * day, 5)
  issue.run('b', '01', 'leaf', 11 * day, 5)
  connection.exec("INSERT INTO revocations VALUES ('a', '01', 5, 'unspecified', 1), ('a', '99', 5, 'unspecified', 1)")
  connection.exec(
    `INSERT INTO certificates (id, number, account_id, version, source, gen_mode, issuer_id, issuer_name, common_name, subject, sans,
       serial, key_algorithm, signature_hash, not_before, not_after, certificate, sealed_private_key, sha256,
       enterprise_project_id, resource_group_id, tags, created_at)
     VALUES ('c', 1, 'x', 1, 'issued', 'generate', 'a', '', '', '{}', '[]', '02', '', '', 0, 0, x'', x'01', x'', '0', '', '{}', 0)`,
  )
  migrateSqlite(connection, 2)
  const rows = connection.prepare('SELECT * FROM ledger_counts ORDER BY ca_id, kind').all()
  const counted = { crl_url: '?', slot: 0, issued: 1, revoked: 0, decrypting: 0, last_issued_at: 5 }
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { ...counted, ca_id: 'a', kind: 'ca', expiry_day: 10, last_not_after: 10 * day },
    {
      ...counted,
      ca_id: 'a',
      kind: 'leaf',
      expiry_day: 10,
      issued: 2,
      revoked: 1,
      decrypting: 1,
      last_not_after: 10 * day + 7,
      last_issued_at: 6,
    },
    { ...counted, ca_id: 'b', kind: 'leaf', expiry_day: 11, last_not_after: 11 * day },
  ])
})
