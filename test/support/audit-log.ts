import { verifyExport } from '../../src/audit/index.ts'
import { own } from './client.ts'
import { until } from './life.ts'
import type { Service } from './service.ts'

interface Page {
  size: number
  checkpoint: string
  key: string
  from: number
  entries: { index: number; fields: Record<string, string[]> }[]
  others: number[]
  hashes: string
  root: string | null
  next: number | null
}

/** The whole log as the service exports it. */
export async function exportOf({ url, credentials }: Pick<Service, 'url' | 'credentials'>) {
  const pages: Page[] = []
  for (let tile: number | null = 0; tile !== null;) {
    const size = pages[0]?.size
    const page: Page = await own(url, credentials, 'ExportAudit', { tile, ...(size === undefined ? {} : { size }) })
    pages.push(page)
    tile = page.next
  }
  const { size, checkpoint, key } = pages[0]!
  const lines = [{ form: 'certkeep-audit-export-1', size, checkpoint, key }, ...pages.flatMap(linesOf)]
  return {
    size,
    checkpoint,
    entries: pages.flatMap(({ entries }) => entries),
    lines: lines.map((line) => JSON.stringify(line)),
  }
}

const linesOf = ({ entries, from, hashes, root, others }: Page): object[] => [
  ...entries,
  { from, hashes, root, others },
]

/** Waits until all of the account's entries have numbers, and gives what a verifier finds in the log. */
export async function verifiedLog(service: Pick<Service, 'url' | 'credentials'>, pinned: readonly string[] = []) {
  await until('all entries have numbers', async () => {
    const { rows } = await own(service.url, service.credentials, 'ListAuditEntries', { withIndex: true, limit: 1_000 })
    return rows.every(({ index }: { index: number | null }) => index !== null)
  })
  const found = await exportOf(service)
  const { findings } = await verifyExport(found.lines, { pinned })
  return { ...found, findings: findings.map(({ text }) => text) }
}
