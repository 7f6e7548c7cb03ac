import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { migrateSqlite } from '../index.ts'
import { inWordsOf } from '../migrate.ts'
import { initial } from './0001-initial.ts'

test('what was attached stays attached, and each policy begins with its first version', () => {
  using connection = new DatabaseSync(':memory:')
  connection.exec('CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL)')
  for (const statement of initial) connection.exec(inWordsOf('sqlite', statement))
  connection.exec(`
    INSERT INTO migrations VALUES ('0001-initial', 1);
    INSERT INTO accounts VALUES ('a', 'd', 'ours', 1, 5);
    INSERT INTO users VALUES ('u', 'a', '1', 'alice', NULL, 1, 5, NULL, 3);
    INSERT INTO policies VALUES ('p', 'a', 'readers', 'ram-1', '{}', 6, 1);
    INSERT INTO policy_attachments VALUES ('a', 'u', 'p', 7), ('a', 'u', 'system:x', 8);
  `)
  migrateSqlite(connection, 2)
  const rows = (sql: string) =>
    connection
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  expect(rows('SELECT * FROM attachments ORDER BY policy_id')).toEqual(
    [
      ['p', 7],
      ['system:x', 8],
    ].map(([policy_id, created_at]) => ({
      account_id: 'a',
      principal_kind: 'user',
      principal_id: 'u',
      policy_id,
      scope: '',
      created_at,
    })),
  )
  expect(rows('SELECT * FROM policy_versions')).toEqual([
    { policy_id: 'p', number: 1, grammar: 'ram-1', document: '{}', created_at: 6 },
  ])
  expect(rows('SELECT default_version, last_version FROM policies')).toEqual([{ default_version: 1, last_version: 1 }])
  expect(rows('SELECT tags, version FROM users')).toEqual([{ tags: '{}', version: 3 }])
})
