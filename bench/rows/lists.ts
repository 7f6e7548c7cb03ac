import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { startService, temporaryFolder, type Service } from '../../test/support/service.ts'
import { aCsr, alibabaRequest, aP256Root, huaweiRequest } from '../certkeep.ts'
import { load, type Measured } from '../load.ts'
import { seedCertificates } from '../million.ts'
import { interleaved, type Figure } from './row.ts'

/** Fewer for a trial: the figures then say nothing. */
const many = Number(process.env['CERTKEEP_BENCH_ROWS'] ?? 1_000_000)
const few = 1_000
const pageSize = 50
const seconds = 1
/** More than one connection can send. */
const callsARun = 3_000

/** One list as a client asks for it: requests that can each be sent once, or one that can be repeated. */
type List = (service: Service) => string[]

const huaweiList =
  (query: string): List =>
  (service) => [huaweiRequest(service, 'GET', `/v1/private-certificates?limit=${pageSize}&${query}`)]

const alibabaList =
  (parameters: Record<string, string>): List =>
  (service) =>
    Array.from({ length: callsARun }, () =>
      alibabaRequest(service, 'ListUserCertificateOrder', {
        OrderType: 'CERT',
        ...parameters,
        ShowSize: String(pageSize),
      }),
    )

const states = { all: '', valid: 'status=ISSUED', expired: 'status=EXPIRED', revoked: 'status=REVOKED' }

/** Every filter of the two wires, alone. */
const filters: Readonly<Record<string, List>> = {
  ...Object.fromEntries(
    Object.entries(states).map(([name, query]) => [`Huawei, ${name}`, huaweiList(`offset=0&${query}`)]),
  ),
  'Huawei, name': huaweiList('offset=0&name=payments'),
  ...Object.fromEntries(
    ['create_time', 'common_name', 'issuer_name', 'not_after'].flatMap((key) =>
      ['ASC', 'DESC'].map((to) => [`Huawei, ${key} ${to}`, huaweiList(`offset=0&sort_key=${key}&sort_dir=${to}`)]),
    ),
  ),
  ...Object.fromEntries(
    ['ISSUED', 'WILLEXPIRED', 'EXPIRED', 'REVOKED'].map((Status) => [`Alibaba, ${Status}`, alibabaList({ Status })]),
  ),
  'Alibaba, no filter': alibabaList({}),
  'Alibaba, UPLOAD': alibabaList({ OrderType: 'UPLOAD' }),
  'Alibaba, ResourceGroupId': alibabaList({ ResourceGroupId: 'rg-bench' }),
  'Alibaba, Keyword': alibabaList({ Keyword: 'payments' }),
}

const searches: Readonly<Record<string, List>> = {
  'a part of one name': alibabaList({ Keyword: 'host-42.' }),
  'a part of ten thousand names': huaweiList('offset=0&name=payments'),
  'a part of every name': alibabaList({ Keyword: 'example' }),
  'a part of no name': alibabaList({ Keyword: 'nowhere-at-all' }),
}

/** Pages of 50 in a service of a million certificates and one of a thousand, over one connection, by the time of a call. */
export async function lists(): Promise<Figure[]> {
  await using big = await startSeeded(many)
  await using small = await startSeeded(few)
  const measure = (service: Service, list: List) => () =>
    load({ address: service.endpoint, requests: list(service), connections: 1, seconds })

  const places: Comparison[] = []
  for (const [state, query] of Object.entries(states)) {
    const last = Math.max(0, (await totalOf(big, query)) - pageSize)
    const { value, yardstick } = await interleaved({
      value: measure(big, huaweiList(`offset=${last}&${query}`)),
      yardstick: measure(big, huaweiList(`offset=0&${query}`)),
    })
    places.push({ about: state, value, yardstick })
  }
  const sizes: Comparison[] = []
  for (const [about, list] of Object.entries(filters)) {
    const { value, yardstick } = await interleaved({ value: measure(big, list), yardstick: measure(small, list) })
    sizes.push({ about, value, yardstick })
  }
  const found: Comparison[] = []
  for (const [about, list] of Object.entries(searches)) {
    const { value } = await interleaved({ value: measure(big, list) })
    found.push({ about, value, yardstick: { ...value, p50Ms: 10 } })
  }
  return [
    worst('list-last-vs-first', places, 'first page', 1.5, Infinity),
    worst('list-million-vs-thousand', sizes, 'itself at a thousand rows', 1.5, 10),
    worst('search-million', found, 'ten milliseconds', 1, 10),
  ]
}

interface Comparison {
  about: string
  value: Measured
  yardstick: Measured
}

/** The case that did worst speaks for all. */
function worst(name: string, all: readonly Comparison[], yardstick: string, reach: number, p99: number): Figure {
  const ratioOf = ({ value, yardstick: against }: Comparison) => value.p50Ms / against.p50Ms
  for (const each of all)
    process.stderr.write(
      `  ${name}, ${each.about}: ${each.value.p50Ms.toFixed(2)} ms (p99 ${each.value.p99Ms.toFixed(1)}) against ${each.yardstick.p50Ms.toFixed(2)} ms\n`,
    )
  const { about, value, yardstick: against } = all.toSorted((a, b) => ratioOf(b) - ratioOf(a))[0]!
  const p99Ms = Math.max(...all.map((each) => each.value.p99Ms))
  const ratio = value.p50Ms / against.p50Ms
  return {
    name,
    value: value.p50Ms,
    unit: `ms (worst of ${all.length}: ${about})`,
    yardstick,
    yardstickValue: against.p50Ms,
    ratio,
    reach: `≤ ${reach} ×`,
    reached: ratio <= reach && p99Ms <= p99,
    p50Ms: value.p50Ms,
    p99Ms,
  }
}

const environment = { CERTKEEP_EMULATOR_UNLIMITED: 'yes' }

/** A service that has so many certificates from its start, and has been asked for some. */
export async function startSeeded(count: number): Promise<Service> {
  const service = await startService({ dataFolder: await aSeededFolder(count), environment })
  await sleep(1_000) // what has expired since is indexed
  return service
}

/** A data folder that has so many certificates, of a service that does not run. */
export async function aSeededFolder(count: number): Promise<string> {
  const dataFolder = temporaryFolder()
  const first = await startService({ dataFolder, environment, keep: true })
  const caId = await aP256Root(first)
  const body = { issuer_id: caId, csr: aCsr(), validity: { type: 'DAY', value: 90 } }
  const issue = huaweiRequest(first, 'POST', '/v1/private-certificates/csr', body)
  await load({ address: first.endpoint, requests: [issue], connections: 1, seconds: 1 })
  const { accountId } = first.credentials
  await first.stop()
  const databasePath = join(dataFolder, 'certkeep.db')
  await seedCertificates({ databasePath, accountId, caId, count, now: Date.now(), der: anIssued(databasePath) })
  return dataFolder
}

function anIssued(databasePath: string): Uint8Array {
  using connection = new DatabaseSync(databasePath)
  return connection.prepare('SELECT certificate FROM certificates LIMIT 1').get()!['certificate'] as Uint8Array
}

async function totalOf(service: Service, query: string): Promise<number> {
  const [text] = huaweiList(`offset=0&${query}`)(service)
  const [head] = text!.split('\r\n\r\n')
  const [start, ...lines] = head!.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  delete headers['host']
  delete headers['content-length']
  const answer = await fetch(new URL(start!.split(' ')[1]!, service.url), { headers })
  return ((await answer.json()) as { total: number }).total
}
