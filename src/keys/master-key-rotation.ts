import { constants, fstatSync, openSync, closeSync, readdirSync, readSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, syncFolder } from './durable-files.ts'
import {
  loadMasterKey,
  MasterKeyError,
  parseMasterKey,
  placesOutside,
  writeMasterKey,
  type LoadedMasterKey,
  type MasterKey,
} from './master-key.ts'
import type { MasterKeySearch } from './sealing.ts'

const nextName = 'master-next.key'
const ownName = 'master.key'
const retiredName = /^master-retired-[0-9a-f]{16}[.]key$/
const maxFileBytes = 512

/** The master key of before and the one that a rotation leads to, if there is one under way. */
export interface MasterKeys {
  loaded: LoadedMasterKey & { status: 'loaded' }
  next: MasterKey | undefined
}

/**
 * The master keys that lie in a data folder beside the current one: that of a rotation under way, and retired ones that the
 * operator has not taken away. What cannot be read is not there: whoever needs it is told which key is missing.
 */
export function masterKeysIn(
  dataFolder: string,
  environment: Readonly<Record<string, string | undefined>>,
): MasterKeySearch {
  const all = (): { key: MasterKey; at: number }[] => {
    let names: string[] = []
    try {
      names = readdirSync(dataFolder)
    } catch {
      // then nothing is there
    }
    const paths = names
      .filter((name) => name === nextName || name === ownName || retiredName.test(name))
      .map((name) => join(dataFolder, name))
    return [...paths, ...placesOutside(environment)].flatMap((path) => keyIn(path) ?? [])
  }
  return {
    find: (keyId) => all().find(({ key }) => key.keyId === keyId)?.key,
    oldest: () => all().toSorted((a, b) => a.at - b.at)[0]?.key,
  }
}

function keyIn(path: string): { key: MasterKey; at: number } | undefined {
  const content = Buffer.alloc(maxFileBytes)
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    // Others may not write it; whether they may read it was judged where the current one was loaded.
    const isOurs = stat.isFile() && (stat.mode & 0o022) === 0 && (stat.uid === 0 || stat.uid === process.getuid?.())
    if (!isOurs) return undefined
    return { key: parseMasterKey(content.subarray(0, readSync(file, content)), path), at: stat.mtimeMs }
  } catch {
    return undefined
  } finally {
    content.fill(0)
    if (file !== undefined) closeSync(file)
  }
}

/**
 * Finds the master key, and the next one if a rotation is under way. One whose end came (the next is the current one) is tidied up.
 * @returns undefined where there is no master key
 * @throws MasterKeyError
 */
export async function loadMasterKeys(options: Parameters<typeof loadMasterKey>[0]): Promise<MasterKeys | undefined> {
  const loaded = await loadMasterKey(options)
  if (loaded.status === 'missing') return undefined
  const path = join(options.dataFolder, nextName)
  const next = keyIn(path)?.key
  if (next?.keyId !== loaded.masterKey.keyId) return { loaded, next }
  // Its operator has put the next key where the current one was.
  await rm(path, { force: true })
  await syncFolder(options.dataFolder)
  return { loaded, next: undefined }
}

/** Makes the next master key, or finds the one of a rotation that was begun. It is durable when this returns. */
export async function beginRotation(dataFolder: string): Promise<MasterKey> {
  const path = join(dataFolder, nextName)
  return keyIn(path)?.key ?? writeMasterKey(path)
}

/**
 * Puts the next master key in the place of the current one, which stays beside it as retired. Only where the current one is
 * `master.key` of the folder: another place is its operator's. May be repeated after a crash.
 * @returns where the retired one lies
 */
export async function endRotation(dataFolder: string, retired: MasterKey): Promise<string> {
  const own = join(dataFolder, ownName)
  const path = join(dataFolder, `master-retired-${retired.keyId}.key`)
  try {
    // A second name and no copy: the file keeps its age, by which the oldest is found.
    await link(own, path).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    await syncFolder(dataFolder)
    await rename(join(dataFolder, nextName), own)
    await syncFolder(dataFolder)
    return path
  } catch (error) {
    throw new MasterKeyError(`The next master key cannot be put into its place (${errnoOf(error) ?? 'unknown error'}).`)
  }
}
