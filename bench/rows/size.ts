import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { huawei } from '../../test/support/client.ts'
import { startService, temporaryFolder, type Service } from '../../test/support/service.ts'
import { aCsr, aP256Root, huaweiRequest, startCertkeep } from '../certkeep.ts'
import { load, type Measured } from '../load.ts'
import { aSeededFolder } from './lists.ts'
import { median, type Figure } from './row.ts'

/** Fewer for a trial: the figures then say nothing. */
const many = Number(process.env['CERTKEEP_BENCH_ROWS'] ?? 1_000_000)
const starts = 7
const connections = 32
const seconds = 4

/** The time to start and the memory under load, with a million certificates and with none. */
export async function size(): Promise<Figure[]> {
  const folders = { many: await aSeededFolder(many), none: await anEmptyFolder() }
  try {
    return [await startMillionVsEmpty(folders), await memoryMillionVsEmpty(folders)]
  } finally {
    for (const folder of Object.values(folders)) await rm(folder, { recursive: true, force: true })
  }
}

interface Folders {
  many: string
  none: string
}

async function anEmptyFolder(): Promise<string> {
  const dataFolder = temporaryFolder()
  await (await startCertkeep({}, { dataFolder, keep: true })).stop()
  return dataFolder
}

/** From the start of the process to the first answer to a signed call, in turn; each folder has been started before. */
async function startMillionVsEmpty({ many: full, none }: Folders): Promise<Figure> {
  const seen = { many: [] as number[], none: [] as number[] }
  for (let turn = 0; turn <= starts; turn++) {
    for (const [side, dataFolder] of [['many', full] as const, ['none', none] as const]) {
      const ms = await timeToFirstAnswer(dataFolder)
      if (turn > 0) seen[side].push(ms) // the first fills the cache of compiled code
    }
  }
  const [value, yardstickValue] = [median(seen.many), median(seen.none)]
  const ratio = value / yardstickValue
  return {
    name: 'start-million-vs-empty',
    value,
    unit: 'ms',
    yardstick: 'itself, empty',
    yardstickValue,
    ratio,
    reach: '≤ 1.2 ×',
    reached: ratio <= 1.2 && value < 1_000,
    p50Ms: value,
    p99Ms: Math.max(...seen.many),
  }
}

async function timeToFirstAnswer(dataFolder: string): Promise<number> {
  const began = performance.now()
  // As the service itself keeps it; tests share another.
  const environment = { NODE_COMPILE_CACHE: join(dataFolder, 'compiled') }
  const service = await startService({ dataFolder, environment, keep: true })
  const { status } = await huawei(service.url, service.credentials, 'GET', '/v1/private-certificate-authorities')
  const ms = performance.now() - began
  if (status !== 200) throw new Error(`the first answer was ${status}`)
  await service.stop()
  return ms
}

/** The highest that the resident memory of the process, all threads together, has been: the kernel's own word. */
const peakMegabytes = ({ pid }: Service): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

/** After the same load: certificates issued, then pages of the list read. */
async function memoryMillionVsEmpty({ many: full, none }: Folders): Promise<Figure> {
  const loaded = async (dataFolder: string): Promise<{ peak: number; measured: Measured }> => {
    await using service = await startCertkeep({}, { dataFolder, keep: true })
    const body = { issuer_id: await aP256Root(service), csr: aCsr(), validity: { type: 'DAY', value: 90 } }
    const issue = huaweiRequest(service, 'POST', '/v1/private-certificates/csr', body)
    const measured = await load({ address: service.endpoint, requests: [issue], connections, seconds })
    const page = huaweiRequest(service, 'GET', '/v1/private-certificates?limit=50&offset=0&name=payments')
    await load({ address: service.endpoint, requests: [page], connections, seconds })
    return { peak: peakMegabytes(service), measured }
  }
  const yardstickValue = (await loaded(none)).peak
  const { peak: value, measured } = await loaded(full)
  const ratio = value / yardstickValue
  return {
    name: 'memory-million-vs-empty',
    value,
    unit: 'MB',
    yardstick: 'itself, empty',
    yardstickValue,
    ratio,
    reach: '≤ 1.3 ×',
    reached: ratio <= 1.3,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
  }
}
