import type { SqlValue } from '../kernel/index.ts'
import { BackupError } from './sealed-file.ts'

/** What a backup of the data says of itself, before its rows. */
export interface DataHeader {
  instanceId: string
  /** The first instance of which this is a backup, a restored backup, and so on. */
  lineage: string
  /** Wall clock and domain clock, ms since 1970. */
  takenAt: number
  domainTime: number
  migrations: readonly string[]
}

/** Where rows come from: see storage/table-snapshot.ts. */
interface Rows {
  readonly tables: readonly string[]
  columns(table: string): Promise<string[]>
  rows(table: string): AsyncIterable<readonly (readonly SqlValue[])[]>
}

/**
 * A backup of the data as lines of JSON: the header, for each table its name and columns and then a line for each row, and
 * a last line with the number of rows. Bytes are written as { "b": base64 }.
 */
export async function* dataLines(header: DataHeader, source: Rows): AsyncGenerator<string> {
  yield line({ certkeep: 'data', version: 1, ...header })
  let total = 0
  for (const table of source.tables) {
    yield line({ table, columns: await source.columns(table) })
    for await (const rows of source.rows(table)) {
      total += rows.length
      yield rows.map((row) => line(row.map(written))).join('')
    }
  }
  yield line({ end: true, rows: total })
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

const written = (value: SqlValue): unknown =>
  value instanceof Uint8Array
    ? { b: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
    : value

/** Who takes what {@link DataReader} reads. */
export interface DataSink {
  begin(header: DataHeader): Promise<void>
  rows(table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void>
}

const rowsAtOnce = 1_000
const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'

/** Reads the lines of {@link dataLines}, one call for each, and hands the rows on. */
export class DataReader {
  private readonly sink: DataSink
  private header: DataHeader | undefined
  private table: { name: string; columns: readonly string[] } | undefined
  private waiting: SqlValue[][] = []
  private rows = 0
  private ended = false

  constructor(sink: DataSink) {
    this.sink = sink
  }

  /** @throws BackupError when it is not what was written */
  async take(value: unknown): Promise<void> {
    if (this.ended) throw damaged()
    if (!this.header) {
      this.header = readHeader(value)
      return this.sink.begin(this.header)
    }
    if (Array.isArray(value)) return this.takeRow(value)
    await this.flush()
    const { table, columns, end, rows } = (value ?? {}) as Record<string, unknown>
    if (end === true && rows === this.rows) this.ended = true
    else if (isText(table) && /^[a-z_]+$/.test(table) && Array.isArray(columns) && columns.every(isText))
      this.table = { name: table, columns }
    else throw damaged()
  }

  /** The header, once everything has been read. @throws BackupError when the end is missing */
  finish(): DataHeader {
    if (!this.header || !this.ended) throw new BackupError('The backup is cut short.')
    return this.header
  }

  private async takeRow(row: unknown[]): Promise<void> {
    if (row.length !== this.table?.columns.length) throw damaged()
    this.waiting.push(row.map(readValue))
    this.rows++
    if (this.waiting.length >= rowsAtOnce) await this.flush()
  }

  private async flush(): Promise<void> {
    const rows = this.waiting
    this.waiting = []
    if (this.table && rows.length > 0) await this.sink.rows(this.table.name, this.table.columns, rows)
  }
}

const damaged = (): BackupError => new BackupError('The backup is damaged.')

function readHeader(value: unknown): DataHeader {
  const header = (value ?? {}) as Record<string, unknown>
  if (header['certkeep'] !== 'data') throw damaged()
  if (header['version'] !== 1) throw new BackupError('The backup was made by a newer version of Certkeep.')
  const { instanceId, lineage, takenAt, domainTime, migrations } = header
  if (
    ![instanceId, lineage].every(isText) ||
    ![takenAt, domainTime].every(isNumber) ||
    !Array.isArray(migrations) ||
    !migrations.every(isText)
  )
    throw damaged()
  return header as unknown as DataHeader
}

function readValue(value: unknown): SqlValue {
  if (value === null || isText(value) || isNumber(value)) return value
  const { b } = value as { b?: unknown }
  if (!isText(b)) throw damaged()
  return Buffer.from(b, 'base64')
}
