import { constants } from 'node:fs'
import { access, link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { newUuid } from '../kernel/index.ts'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

const maxBytes = 4 * 1024 * 1024

/** The text of a file, or of standard input for `-`. @throws UsageError */
export async function readText(path: string, terminal: Terminal): Promise<string> {
  if (path === '-') return (await terminal.readInput()).toString('utf8')
  try {
    if ((await stat(path)).size > maxBytes) throw new UsageError(`${path} is longer than ${maxBytes} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    throw cannot(`${path} cannot be read`, error)
  }
}

/** A password from a file or standard input: without the line end that editors and `echo` put behind it. @throws UsageError */
export const readPassword = async (path: string, terminal: Terminal): Promise<string> =>
  (await readText(path, terminal)).replace(/\r?\n$/, '')

/** A file that is sure to be writable before the call whose answer it is for. */
export interface NewFile {
  path: string
  /** Adds a part that `write` will put there with the rest. @throws UsageError */
  add(part: string): Promise<void>
  /** Puts the content there, whole or not at all. @throws UsageError */
  write(content: string): Promise<void>
  /** Leaves nothing behind when it was not written. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface NewFileOptions {
  /** Readable by the owner alone (0600), for what holds a secret. */
  secret: boolean
  /** Replaces a file that is there. */
  force: boolean
}

/**
 * Opens a place beside `path` now, so that a folder that is missing or not writable is known before a secret is made that
 * could then not be kept. @throws UsageError, also when the file is there and `force` is not given
 */
export async function newFile(path: string, { secret, force }: NewFileOptions): Promise<NewFile> {
  if (!force && (await exists(path))) throw alreadyThere(path)
  const unfinished = `${path}.${newUuid().slice(0, 8)}.unfinished`
  const mode = secret ? 0o600 : 0o644
  const handle = await open(unfinished, 'wx', mode).catch((error: unknown) => {
    throw cannot(`${path} cannot be written`, error)
  })
  let open_ = true
  const close = async () => {
    if (open_) await handle.close()
    open_ = false
  }
  return {
    path,
    async add(part) {
      await handle.writeFile(part).catch((error: unknown) => {
        throw cannot(`${path} cannot be written`, error)
      })
    },
    async write(content) {
      try {
        await handle.writeFile(content)
        await handle.sync()
        await close()
        // A link refuses to replace what somebody put there meanwhile; a rename replaces.
        if (force) await rename(unfinished, path)
        else await link(unfinished, path)
      } catch (error) {
        throw error instanceof Error && 'code' in error && error.code === 'EEXIST'
          ? alreadyThere(path)
          : cannot(`${path} cannot be written`, error)
      }
    },
    async [Symbol.asyncDispose]() {
      await close()
      await rm(unfinished, { force: true })
    },
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  )

const alreadyThere = (path: string) => new UsageError(`${path} is there already; say --force to replace it`)

function cannot(what: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return new UsageError(`${what} (${code})`)
}
