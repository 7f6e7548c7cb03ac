import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, readdir, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { BackupError, openStream, sealStream, type BackupKind, type Lock, type Unlock } from './sealed-file.ts'

/** A line of a backup is one row; the longest are parts of CRLs. */
const maxLineBytes = 32 << 20

/**
 * Seals lines of JSON into a new file of mode 0600: whole and durable when this returns, and before that not there under
 * its name. Never replaces a file.
 * @returns how many bytes it has
 * @throws BackupError
 */
export async function writeBackup(
  path: string,
  kind: BackupKind,
  lock: Lock,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<number> {
  const target = resolve(path)
  const folder = dirname(target)
  const temporary = join(folder, `.${basename(target)}.${randomBytes(8).toString('hex')}.new`)
  let bytes = 0
  try {
    await dropUnfinished(target)
    const file = await open(temporary, 'wx', 0o600)
    try {
      await pipeline(
        Readable.from(lines),
        createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
        async (compressed: AsyncIterable<Buffer>) => {
          for await (const chunk of sealStream(kind, lock, compressed)) {
            await file.writeFile(chunk)
            bytes += chunk.length
          }
        },
      )
      await file.sync()
    } finally {
      await file.close()
    }
    await link(temporary, target)
    await unlink(temporary)
    await syncFolder(folder)
    return bytes
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    const code = codeOf(error)
    if (code === undefined) throw error
    throw new BackupError(
      code === 'EEXIST' ? `There is a file ${target} already.` : `The backup ${target} cannot be written (${code}).`,
    )
  }
}

/**
 * The lines of a backup, in order. The last comes only when the file is whole.
 * @param take gets each line, parsed
 * @throws BackupError
 */
export async function readBackup(
  path: string,
  kind: BackupKind,
  unlock: Unlock,
  take: (line: unknown) => Promise<void> | void,
): Promise<void> {
  try {
    await pipeline(
      openStream(kind, unlock, createReadStream(path)),
      createZstdDecompress(),
      async (plain: AsyncIterable<Buffer>) => {
        for await (const line of linesOf(plain)) await take(parsed(line))
      },
    )
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    throw new BackupError(
      code.startsWith('ZSTD') ? 'The backup is damaged.' : `The backup ${path} cannot be read (${code}).`,
    )
  }
}

async function* linesOf(plain: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const chunk of plain) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      waiting.push(chunk.subarray(from, end))
      yield Buffer.concat(waiting).toString()
      waiting = []
      length = 0
      from = end + 1
    }
    waiting.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > maxLineBytes) throw new BackupError('The backup is damaged.')
  }
  if (length > 0) throw new BackupError('The backup is cut short.')
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    throw new BackupError('The backup is damaged.')
  }
}

/** What an earlier run left that was killed in the middle. */
async function dropUnfinished(target: string): Promise<void> {
  const begin = `.${basename(target)}.`
  for (const name of await readdir(dirname(target)))
    if (name.startsWith(begin) && /^[0-9a-f]{16}[.]new$/.test(name.slice(begin.length)))
      await unlink(join(dirname(target), name))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Of a system call or of the decompression: what else goes wrong is not about the file. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  ('syscall' in error || error.code.startsWith('ZSTD'))
    ? error.code
    : undefined
