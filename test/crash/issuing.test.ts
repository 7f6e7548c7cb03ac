import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'

const rounds = Number(process.env['CERTKEEP_TEST_CRASH_ROUNDS'] ?? 4)

test('kill -9 at random while certificates are issued, revoked and deleted: nothing acknowledged is lost, nothing is half done', async () => {
  const dataFolder = temporaryFolder()
  const acknowledged = { issued: new Set<string>(), revoked: new Set<string>(), deleted: new Set<string>() }
  let caId = ''
  for (let round = 0; round < rounds; round++) {
    await using service = await startService({ dataFolder, keep: true })
    const { url, credentials } = service
    if (round === 0) caId = await rootCa(service)
    let alive = true
    const client = async (number: number) => {
      for (let turn = 0; alive; turn++) {
        const id = await leaf(service, caId, `r${round}c${number}t${turn}.example.com`)
        acknowledged.issued.add(id)
        if (turn % 3 === 1) {
          await own(url, credentials, 'RevokeCertificate', { certificateId: id, reason: 'superseded' })
          acknowledged.revoked.add(id)
        }
        if (turn % 4 === 1) {
          await own(url, credentials, 'DeletePrivateCertificate', { certificateId: id })
          acknowledged.deleted.add(id)
        }
      }
    }
    const clients = Array.from({ length: 8 }, (_, number) => client(number).catch(() => undefined))
    await sleep(300 + Math.floor(Math.random() * 900))
    await service.kill()
    alive = false
    await Promise.all(clients)
  }
  expect(acknowledged.issued.size).toBeGreaterThan(20)

  await using service = await startService({ dataFolder, keep: true })
  await service.stop()
  const database = new DatabaseSync(join(dataFolder, 'certkeep.db'), { readOnly: true })
  const all = (sql: string) => database.prepare(sql).all()
  const records = new Map(all('SELECT id, serial, revoked_at FROM certificates').map((row) => [row['id'], row]))
  const lost = [...acknowledged.issued].filter((id) => !records.has(id) && !acknowledged.deleted.has(id))
  // A deletion that was done but whose answer the crash swallowed is no loss: its entry in the audit log is there.
  const deletions = new Set(
    all("SELECT object_id FROM audit_entries WHERE operation = 'DeletePrivateCertificate'").map(
      (row) => row['object_id'],
    ),
  )
  expect(lost.filter((id) => !deletions.has(id))).toEqual([])
  expect([...acknowledged.deleted].filter((id) => records.has(id))).toEqual([])
  expect([...acknowledged.revoked].filter((id) => records.get(id)?.['revoked_at'] === null)).toEqual([])

  // Record, ledger and audit entry came together, or not at all.
  const count = (sql: string) => Number(all(sql)[0]!['n'])
  const issued = count(
    "SELECT count(*) AS n FROM audit_entries WHERE operation = 'IssueCertificate' AND outcome = 'done'",
  )
  expect(count("SELECT count(*) AS n FROM issuances WHERE kind = 'leaf'")).toBe(issued)
  expect(records.size + deletions.size).toBe(issued)
  expect(
    count(
      'SELECT count(*) AS n FROM certificates c WHERE NOT EXISTS (SELECT 1 FROM issuances i WHERE i.ca_id = c.issuer_id AND i.serial = c.serial)',
    ),
  ).toBe(0)
  expect(
    count(
      'SELECT count(*) AS n FROM certificates c WHERE (c.revoked_at IS NULL) <> (NOT EXISTS (SELECT 1 FROM revocations r WHERE r.ca_id = c.issuer_id AND r.serial = c.serial))',
    ),
  ).toBe(0)
  expect(count('SELECT count(*) AS n FROM revocations')).toBe(
    count("SELECT count(*) AS n FROM audit_entries WHERE operation = 'RevokeCertificate' AND outcome = 'done'"),
  )
  expect(all('PRAGMA integrity_check')[0]!['integrity_check']).toBe('ok')
  database.close()
}, 120_000)
