import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError } from './sealed-file.ts'
import type { AuditRow } from './store.ts'

/** Who writes a mirror, and until when it is complete. Times are ms since 1970 of the writer's wall clock. */
export interface MirrorOwner {
  instanceId: string
  lineage: string
  /** A start of the writer; two that alternate are two living copies. */
  run: string
  /** When it last said so. */
  at: number
  /** Every entry up to this number is in the mirror; what that one is, by {@link entryDigest}. */
  seq: number
  digest: string
  /** There was no entry behind it at this instant. */
  until: number
  /** The writer has stopped as it should. */
  stopped: boolean
}

/** Where a mirror of the audit log lies. What `append` and `writeOwner` returned from is durable there. */
export interface MirrorPlace {
  /** For messages. */
  readonly name: string
  readOwner(): Promise<MirrorOwner | undefined>
  writeOwner(owner: MirrorOwner): Promise<void>
  /** Adds lines; what is there is never changed. @param firstSeq of the first entry in them */
  append(firstSeq: number, lines: string): Promise<void>
  /** The pieces in the order of their entries, each with the number of its first. */
  pieces(): Promise<{ name: string; firstSeq: number }[]>
  read(name: string): AsyncIterable<Uint8Array>
  /** Nothing is appended any more. */
  close(): Promise<void>
}

/** Tells one entry from another of the same number: by what is never erased from it. */
export function entryDigest(row: AuditRow): string {
  const { at, operation, object_id, request_id, outcome, code } = row
  return createHash('sha256')
    .update(JSON.stringify([at, operation, object_id, request_id, outcome, code]))
    .digest('hex')
}

const maxPieceBytes = 64 << 20
export const pieceName = (firstSeq: number): string => `audit-${String(firstSeq).padStart(16, '0')}`
export const firstSeqOf = (name: string): number | undefined => {
  const [, digits] = /^audit-(\d{16})[.]jsonl$/.exec(name) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** Reads an owner's mark. @throws BackupError when it is none */
export function parseOwner(text: string, from: string): MirrorOwner {
  let owner: Partial<MirrorOwner> | null
  try {
    owner = JSON.parse(text) as Partial<MirrorOwner> | null
  } catch {
    owner = null
  }
  const { instanceId, lineage, run, at, seq, digest, until } = owner ?? {}
  if (
    ![instanceId, lineage, run, digest].every((value) => typeof value === 'string') ||
    ![at, seq, until].every(Number.isSafeInteger)
  )
    throw new BackupError(`The mark of the owner in ${from} is damaged.`)
  return owner as MirrorOwner
}

/** A folder: pieces of up to 64 MiB that are only ever appended to, and the owner's mark. */
export class MirrorFolder implements MirrorPlace {
  readonly name: string
  private current: { handle: FileHandle; bytes: number } | undefined

  constructor(folder: string) {
    this.name = folder
  }

  async readOwner(): Promise<MirrorOwner | undefined> {
    const path = join(this.name, 'owner.json')
    const text = await this.doing(readFile(path, 'utf8').catch(nothingThere))
    return text === undefined ? undefined : parseOwner(text, path)
  }

  async writeOwner(owner: MirrorOwner): Promise<void> {
    const path = join(this.name, 'owner.json')
    await this.doing(
      (async () => {
        await mkdir(this.name, { recursive: true, mode: 0o700 })
        const file = await open(`${path}.new`, 'w', 0o600)
        try {
          await file.writeFile(`${JSON.stringify(owner)}\n`)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(`${path}.new`, path)
        await this.syncFolder()
      })(),
    )
  }

  async append(firstSeq: number, lines: string): Promise<void> {
    await this.doing(this.appendTo(firstSeq, Buffer.from(lines)))
  }

  private async appendTo(firstSeq: number, bytes: Buffer): Promise<void> {
    if (this.current && this.current.bytes >= maxPieceBytes) {
      await this.current.handle.close()
      this.current = undefined
    }
    const isNew = this.current === undefined
    // A start writes a piece of its own: the end of the last one may be half a line.
    this.current ??= { handle: await this.newPiece(firstSeq), bytes: 0 }
    await this.current.handle.appendFile(bytes)
    await this.current.handle.datasync()
    if (isNew) await this.syncFolder()
    this.current.bytes += bytes.length
  }

  /** A second start at the same entry goes on where the first was killed, behind a line that may be half: an empty line says so. */
  private async newPiece(firstSeq: number): Promise<FileHandle> {
    await mkdir(this.name, { recursive: true, mode: 0o700 })
    const path = join(this.name, `${pieceName(firstSeq)}.jsonl`)
    const handle = await open(path, 'a', 0o600)
    if ((await stat(path)).size > 0) await handle.appendFile('\n\n')
    return handle
  }

  async pieces(): Promise<{ name: string; firstSeq: number }[]> {
    const names = (await this.doing(readdir(this.name).catch(nothingThere))) ?? []
    return names.toSorted().flatMap((name) => {
      const firstSeq = firstSeqOf(name)
      return firstSeq === undefined ? [] : [{ name, firstSeq }]
    })
  }

  read(name: string): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.name, name))
  }

  async close(): Promise<void> {
    await this.current?.handle.close()
    this.current = undefined
  }

  private async syncFolder(): Promise<void> {
    const handle = await open(this.name, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  private async doing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      throw new BackupError(`The audit mirror ${this.name} cannot be used (${String(error.code)}).`)
    }
  }
}

function nothingThere(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
