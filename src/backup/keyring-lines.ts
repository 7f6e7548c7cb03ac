import { BackupError } from './sealed-file.ts'

/** What a copy of the keyring says of itself, before its files. */
export interface KeyringHeader {
  number: number
  keyringId: string
  lineage: string
  madeAt: number
  /** The master key that its files are wrapped under. */
  masterKeyId: string
}

interface CopiedFile {
  readonly name: string
  readonly content: Uint8Array
}

/** A copy of the keyring as lines of JSON: header, a line for each file, and how many they were. */
export function* keyringLines(header: KeyringHeader, files: readonly CopiedFile[]): Generator<string> {
  yield `${JSON.stringify({ certkeep: 'keyring', version: 1, ...header })}\n`
  for (const { name, content } of files)
    yield `${JSON.stringify({ name, content: Buffer.from(content).toString('base64') })}\n`
  yield `${JSON.stringify({ end: true, files: files.length })}\n`
}

/** Reads the lines of {@link keyringLines}. */
export class KeyringReader {
  private header: KeyringHeader | undefined
  private readonly files: CopiedFile[] = []
  private ended = false

  /** @throws BackupError */
  take(value: unknown): void {
    const line = (value ?? {}) as Record<string, unknown>
    if (this.ended) throw damaged()
    if (!this.header) {
      if (line['certkeep'] !== 'keyring' || line['version'] !== 1 || typeof line['number'] !== 'number') throw damaged()
      this.header = line as unknown as KeyringHeader
    } else if (typeof line['name'] === 'string' && typeof line['content'] === 'string') {
      this.files.push({ name: line['name'], content: Buffer.from(line['content'], 'base64') })
    } else if (line['end'] === true && line['files'] === this.files.length) {
      this.ended = true
    } else {
      throw damaged()
    }
  }

  /** @throws BackupError when the end is missing */
  finish(): { header: KeyringHeader; files: readonly CopiedFile[] } {
    if (!this.header || !this.ended) throw new BackupError('The copy is cut short.')
    return { header: this.header, files: this.files }
  }
}

const damaged = (): BackupError => new BackupError('The copy is damaged.')
