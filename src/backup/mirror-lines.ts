import { BackupError } from './sealed-file.ts'
import type { AuditRow } from './store.ts'
import type { MirrorPlace } from './mirror-place.ts'

const maxLineBytes = 4 << 20

/** One entry as a line of a mirror: the row by its columns; bytes as { "b": base64 }. */
export const mirrorLine = (row: AuditRow): string =>
  `${JSON.stringify(
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? { b: Buffer.from(value).toString('base64') } : value,
      ]),
    ),
  )}\n`

const texts = [
  'account_id',
  'operation',
  'object_type',
  'object_id',
  'outcome',
  'user_id',
  'user_name',
  'facts',
] as const

/** Reads one line. @throws BackupError when it is no entry */
export function parseMirrorLine(line: string): AuditRow & { seq: number } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new BackupError('The audit mirror holds a line that is no entry.')
  }
  const row: Record<string, string | number | null | Uint8Array> = {}
  for (const [name, cell] of Object.entries((value ?? {}) as object)) {
    const bytes = (cell as { b?: unknown } | null)?.b
    if (typeof bytes === 'string') row[name] = Buffer.from(bytes, 'base64')
    else if (cell === null || typeof cell === 'string' || Number.isSafeInteger(cell)) row[name] = cell as string
    else throw new BackupError('The audit mirror holds a line that is no entry.')
  }
  if (
    typeof row['seq'] !== 'number' ||
    typeof row['at'] !== 'number' ||
    texts.some((name) => typeof row[name] !== 'string')
  )
    throw new BackupError('The audit mirror holds a line that is no entry.')
  return row as AuditRow & { seq: number }
}

/**
 * The entries of a mirror behind a number, in their order. An entry may come twice. An unfinished last line of a piece is
 * passed over: it was never said to be there.
 * @throws BackupError
 */
export async function* mirrorEntries(place: MirrorPlace, afterSeq: number): AsyncGenerator<AuditRow & { seq: number }> {
  const pieces = await place.pieces()
  for (const [index, { name }] of pieces.entries()) {
    const next = pieces[index + 1]
    if (next && next.firstSeq <= afterSeq) continue
    let waiting = ''
    for await (const line of wholeLines(place.read(name))) {
      // Before an empty line stands what a writer was killed at, whole or not; it came again behind it.
      if (line !== '' && waiting !== '') yield* behind(waiting, afterSeq)
      waiting = line
    }
    if (waiting !== '') yield* behind(waiting, afterSeq)
  }
}

function* behind(line: string, afterSeq: number): Generator<AuditRow & { seq: number }> {
  const row = parseMirrorLine(line)
  if (row.seq > afterSeq) yield row
}

async function* wholeLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let waiting = Buffer.alloc(0)
  for await (const chunk of bytes) {
    waiting = Buffer.concat([waiting, chunk])
    let from = 0
    for (let end = waiting.indexOf(10); end >= 0; end = waiting.indexOf(10, from)) {
      yield waiting.toString('utf8', from, end)
      from = end + 1
    }
    waiting = waiting.subarray(from)
    if (waiting.length > maxLineBytes) throw new BackupError('The audit mirror holds a line that is too long.')
  }
}
