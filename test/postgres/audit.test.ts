import { describe, expect, test } from 'vitest'
import { postgresIsMissing } from '../../src/storage/postgres-server.fixture.ts'
import { verifiedLog } from '../support/audit-log.ts'
import { own } from '../support/client.ts'
import { until } from '../support/life.ts'
import type { Service } from '../support/service.ts'
import { twoProcesses } from './two-processes.ts'

describe.skipIf(postgresIsMissing !== undefined)('the audit log of two processes on one database, design 8', () => {
  test('one of them numbers for both, without a gap, and the other goes on when it is killed', async () => {
    await using both = await twoProcesses()
    const acknowledged = new Set<string>()
    const create = async ({ url, credentials }: Service, prefix: string, count: number) => {
      for (let turn = 0; turn < count; turn++) {
        const userName = `${prefix}-${turn}`
        const made = await own(url, credentials, 'CreateUser', { userName }).then(
          () => true,
          () => false,
        )
        if (made) acknowledged.add(userName)
      }
    }
    const working = ['p', 'q', 'r'].flatMap((name) => [create(both.a, `a${name}`, 15), create(both.b, `b${name}`, 15)])
    await Promise.all(working)
    const pinned = await (await fetch(`${both.a.url}/audit/checkpoint`)).text()
    const late = create(both.b, 'late', 20)
    const holder = async () => (await both.query('SELECT lease_owner FROM audit_log'))[0]!['lease_owner']
    const first = await holder()
    await both.a.kill()
    await late
    await create(both.b, 'later', 3)
    // Whoever of the two held the lease: b numbers what comes, at the latest when a's has run out.
    await until('all entries have numbers', async () => {
      const [row] = await both.query('SELECT count(*)::int AS n FROM audit_entries WHERE log_index IS NULL')
      return row!['n'] === 0
    })
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    const { findings, entries, size } = await verifiedLog(both.b, [pinned])
    expect(findings).toEqual([])
    expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: size }, (_, index) => index))
    const made = entries.flatMap(({ fields }) =>
      fields['operation']![0] === 'CreateUser' && fields['outcome']![0] === 'done'
        ? [(JSON.parse(fields['facts']![0]!) as { userName: string }).userName]
        : [],
    )
    expect([...acknowledged].filter((userName) => !made.includes(userName))).toEqual([])
    expect(made).toHaveLength(new Set(made).size)
  }, 120_000)
})
