import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, syncFolder, writeNewFile } from './durable-files.ts'
import { keyIdOfFileName, KeyringError, maxKeyringFileBytes, parseControlFile } from './keyring-file.ts'
import { SealError, type Sealer } from './sealing.ts'

export const controlName = 'control'

/** A file of the keyring, for a copy. */
export interface KeyringFile {
  readonly name: string
  readonly content: Uint8Array
}

/**
 * Puts the files of a copy into the data folder, durably and the control file last: before that there is no keyring.
 * What is there already stays, so it may be repeated after a crash.
 * @throws KeyringError KeyringUnsafe when the folder has a keyring already
 */
export async function placeKeyring(dataFolder: string, files: readonly KeyringFile[]): Promise<void> {
  const folder = keyringFolder(dataFolder)
  await guarded(async () => {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    await refuseUnsafe(folder)
    await syncFolder(dataFolder)
    if (await isThere(join(folder, controlName)))
      throw new KeyringError('KeyringUnsafe', `There is a keyring in ${folder} already.`)
    const isControl = ({ name }: KeyringFile) => (name === controlName ? 1 : 0)
    for (const file of files.toSorted((a, b) => isControl(a) - isControl(b))) {
      const { name, content } = file
      if (!isControl(file) && keyIdOfFileName(name) === undefined)
        throw new KeyringError('DataKeyDamaged', `The copy holds ${JSON.stringify(name)}, which is no data key.`)
      await writeNewFile(join(folder, name), content).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error
      })
    }
  })
}

export function keyringFolder(dataFolder: string): string {
  return join(dataFolder, 'keyring')
}

export function missing(folder: string): KeyringError {
  return new KeyringError('KeyringMissing', `There is no keyring in ${folder}.`)
}

/** The keyring's id, once the control file has been opened under the master key. */
export async function readControl(folder: string, sealer: Sealer): Promise<string> {
  await refuseUnsafe(folder)
  const content = await readSmallFile(join(folder, controlName))
  if (!content) throw missing(folder)
  const { keyringId, proof } = parseControlFile(content)
  opening("The keyring's control file", 'KeyringMissing', () => sealer.open('keyring-control', [keyringId], proof))
  return keyringId
}

export function opening<T>(what: string, code: 'DataKeyDamaged' | 'KeyringMissing', open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    throw new KeyringError(code, `${what} does not open: ${error.message}`)
  }
}

export async function refuseUnsafe(folder: string): Promise<void> {
  const stat = await lstat(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') throw missing(folder)
    throw error
  })
  if (!stat.isDirectory()) throw new KeyringError('KeyringUnsafe', `${folder} is not a folder.`)
  if (stat.uid !== 0 && stat.uid !== process.getuid?.()) {
    throw new KeyringError('KeyringUnsafe', `${folder} belongs to another user (uid ${stat.uid}).`)
  }
  if ((stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
    throw new KeyringError('KeyringUnsafe', `${folder} has mode ${mode}, so others can reach it; set it to 0700.`)
  }
}

/** Undefined when there is no such file. */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!(await file.stat()).isFile()) throw new KeyringError('DataKeyDamaged', `${path} is not a regular file.`)
      const content = Buffer.alloc(maxKeyringFileBytes + 1)
      const { bytesRead } = await file.read(content, 0, content.length, 0)
      return content.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** A system call that failed tells nothing about what is there: it becomes `KeyringUnavailable`, never an answer. */
export async function guarded<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const errno = errnoOf(error)
    if (error instanceof KeyringError || errno === undefined) throw error
    throw new KeyringError('KeyringUnavailable', `The keyring cannot be used (${errno}).`)
  }
}
