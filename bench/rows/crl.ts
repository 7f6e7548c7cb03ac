import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { own } from '../../test/support/client.ts'
import type { Service } from '../../test/support/service.ts'
import { aCsr, aP256Root, huaweiRequest, startCertkeep } from '../certkeep.ts'
import { paced } from '../paced.ts'
import type { Figure } from './row.ts'

const entries = 1_000_000
const issuedPerSecond = 200
const secondsQuiet = 10

/**
 * A CRL of a million entries while certificates are issued: how long, how much memory above what the same load takes
 * without it, how many bytes an entry, and what becomes of the p99 of issuing.
 */
export async function crlMillion(): Promise<Figure[]> {
  await using service = await startCertkeep()
  const caId = await aP256Root(service)
  const csr = aCsr()
  const issue = huaweiRequest(service, 'POST', '/v1/private-certificates/csr', {
    issuer_id: caId,
    csr,
    validity: { type: 'DAY', value: 90 },
  })
  const rows = Database.of(service)
  rows.revokeMany(caId, entries)
  const first = await crlAfter(service, caId, rows)

  const quiet = await paced(service.endpoint, issue, { perSecond: issuedPerSecond, seconds: secondsQuiet })
  const idle = residentMiB(service)
  const peak = peakOf(service)
  const load = paced(service.endpoint, issue, { perSecond: issuedPerSecond, seconds: secondsQuiet })
  await sleep(2_000)
  const second = await crlAfter(service, caId, rows)
  const busy = await load
  const aboveIdle = peak.stop() - idle
  const perEntry = second.size / second.entries
  rows.close()

  const row = (name: string, value: number, unit: string, limit: number, yardstick: string): Figure => ({
    name,
    value,
    unit,
    yardstick,
    yardstickValue: limit,
    ratio: value / limit,
    reach: '≤ 1 ×',
    reached: value <= limit,
    p50Ms: busy.p50Ms,
    p99Ms: busy.p99Ms,
  })
  process.stderr.write(`first ${first.seconds.toFixed(2)} s without load\n`)
  return [
    row('crl-million-time', second.seconds, 's', 3, 'the limit, under a load of 200 issued a second'),
    row('crl-million-memory', aboveIdle, 'MiB above idle', 64, 'the limit'),
    row('crl-million-bytes', perEntry, 'bytes an entry', 49.001, 'the limit, with what stands around the entries'),
    row(
      'crl-million-issuing-p99',
      busy.p99Ms,
      'ms',
      2 * quiet.p99Ms,
      `twice the p99 of ${quiet.p99Ms.toFixed(1)} ms without it`,
    ),
  ]
}

/** Makes the CRL due and waits for it. Seconds from the taking of its number to its publication, as the steps say. */
async function crlAfter(service: Service, caId: string, rows: Database) {
  const before = rows.latest(caId)?.number ?? 0
  const certificateId = await issued(service, caId)
  const began = performance.now()
  await own(service.url, service.credentials, 'RevokeCertificate', { certificateId, reason: 'superseded' })
  for (;;) {
    const now = rows.latest(caId)
    if (now && now.number > before && now.entries >= entries)
      return { ...now, seconds: (performance.now() - began) / 1_000 }
    await sleep(20)
  }
}

async function issued(service: Service, issuerId: string): Promise<string> {
  const { certificateId } = await own(service.url, service.credentials, 'IssueCertificate', {
    issuerId,
    subject: { commonName: 'a.example.com' },
    keyAlgorithm: 'p256',
    validity: { unit: 'day', amount: 90 },
  })
  return certificateId as string
}

/** The service's own database, beside it: a million revocations through its door would take an hour. */
class Database {
  private readonly connection: DatabaseSync

  private constructor(path: string) {
    this.connection = new DatabaseSync(path, { timeout: 10_000 })
  }

  static of = (service: Service): Database => new Database(join(service.dataFolder, 'certkeep.db'))

  revokeMany(caId: string, count: number): void {
    const insert = this.connection.prepare('INSERT INTO revocations VALUES (?, ?, ?, ?, ?)')
    const serials = Array.from({ length: count }, () => {
      const bytes = randomBytes(16)
      bytes[0] = (bytes[0]! & 0x3f) | 0x40
      return bytes.toString('hex')
    }).toSorted()
    const [at, end] = [Date.now() - 1_000, Date.now() + 90 * 86_400_000]
    this.connection.exec('BEGIN IMMEDIATE')
    for (const serial of serials) insert.run(caId, serial, at, 'keyCompromise', end)
    this.connection.exec('COMMIT')
  }

  latest(caId: string): { number: number; entries: number; size: number } | undefined {
    const statement = this.connection.prepare(
      'SELECT number, entries, size FROM crls WHERE ca_id = ? ORDER BY number DESC LIMIT 1',
    )
    return statement.get(caId) as { number: number; entries: number; size: number } | undefined
  }

  close(): void {
    this.connection.close()
  }
}

/** Anonymous memory of the service; what it maps of the database's file is the kernel's cache. */
function residentMiB(service: Service): number {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) / 1_024
}

function peakOf(service: Service): { stop: () => number } {
  let peak = 0
  const look = () => (peak = Math.max(peak, residentMiB(service)))
  const timer = setInterval(look, 20)
  return {
    stop() {
      clearInterval(timer)
      look()
      return peak
    },
  }
}
