import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, readdir, lstat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Called after each named step of a durable act; production leaves it out. Whatever a test does here (throw, kill the
 * process) is what a failure or a crash at that point does.
 */
export type OnStep = (step: CreateStep | ShredStep) => void | Promise<void>

/** The steps of {@link writeNewFile}, in order. Before `named` a crash leaves no file under the name; after it, a whole one. */
export const createSteps = ['temporaryWritten', 'temporarySynced', 'named', 'temporaryRemoved', 'folderSynced'] as const
export type CreateStep = (typeof createSteps)[number]

/** The steps of {@link shredFiles}, in order, the first three once per file. Each may be repeated after a crash. */
export const shredSteps = ['overwritten', 'overwriteSynced', 'unlinked', 'shreddedFolderSynced'] as const
export type ShredStep = (typeof shredSteps)[number]

const temporaryName = /^\.(.+)\.[0-9a-f]{16}\.new$/

/** The name a temporary file was to be given, or undefined when `name` is not one of our temporary files. */
export function temporaryFor(name: string): string | undefined {
  return temporaryName.exec(name)?.[1]
}

/**
 * Creates a file of mode 0600 that is whole and durable when this returns, and never replaces one: rejects with `EEXIST`
 * when the name is taken. After any other error the file may or may not be there, but never in part.
 *
 * link(2) is the rename that does not clobber; between it and the removal of the temporary name the file has two names.
 */
export async function writeNewFile(path: string, bytes: Uint8Array, onStep?: OnStep): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.new`)
  let named = false
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      await file.writeFile(bytes)
      await onStep?.('temporaryWritten')
      await file.sync()
      await onStep?.('temporarySynced')
    } finally {
      await file.close()
    }
    await link(temporary, path)
    named = true
    await onStep?.('named')
    await unlinkIfThere(temporary)
    await onStep?.('temporaryRemoved')
    await syncFolder(folder)
    await onStep?.('folderSynced')
  } catch (error) {
    // Once linked, both names are one file: overwriting the temporary would destroy what has just been created.
    await (named ? unlinkIfThere(temporary) : shredFile(temporary)).catch(() => undefined)
    throw error
  }
}

/**
 * Overwrites each file with random bytes, makes that durable, unlinks it, and syncs the folder even when no file was left
 * (an unlink before a crash may not have been durable). What a drive or a copy-on-write file system keeps of old blocks
 * is beyond its reach, which is why data keys are wrapped on disk.
 */
export async function shredFiles(folder: string, names: readonly string[], onStep?: OnStep): Promise<void> {
  for (const name of names) await shredFile(join(folder, name), onStep)
  await syncFolder(folder)
  await onStep?.('shreddedFolderSynced')
}

async function shredFile(path: string, onStep?: OnStep): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(nothingThere)
  if (!file) return
  try {
    const { size } = await file.stat()
    await file.write(randomBytes(size), 0, size, 0)
    await onStep?.('overwritten')
    await file.sync()
    await onStep?.('overwriteSynced')
  } finally {
    await file.close()
  }
  await unlinkIfThere(path)
  await onStep?.('unlinked')
}

/** Removes temporary names left by a crash just after the file got its own name. Leaves the file itself alone. */
export async function dropSecondNames(path: string): Promise<void> {
  const folder = dirname(path)
  const file = await lstat(path)
  if (file.nlink === 1) return
  for (const name of await readdir(folder)) {
    if (temporaryFor(name) !== basename(path)) continue
    const other = await lstat(join(folder, name)).catch(nothingThere)
    if (other?.ino === file.ino) await unlinkIfThere(join(folder, name))
  }
  await syncFolder(folder)
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The `code` of a failed system call, or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch(nothingThere)
}

function nothingThere(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined
  throw error
}
