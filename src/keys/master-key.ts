import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { dropSecondNames, errnoOf, writeNewFile, type OnStep } from './durable-files.ts'

/** The key above all others. The bytes stay inside the KeyObject: nothing prints or serialises them by accident. */
export interface MasterKey {
  /** 16 lower-case hexadecimal digits; every sealed value names the master key that opens it. */
  readonly keyId: string
  readonly key: KeyObject
}

/** The master key cannot be used. The message is one sentence for the operator and never holds key bytes. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
}

export type MasterKeySource = 'environment' | 'credential' | 'dataFolder'

export type LoadedMasterKey =
  | {
      readonly status: 'loaded'
      readonly masterKey: MasterKey
      readonly source: MasterKeySource
      readonly path: string
    }
  /** There is none. Whoever has a database must stop here; only without one may `createMasterKey` be called. */
  | { readonly status: 'missing'; readonly path: string }

const fileVariable = 'CERTKEEP_MASTER_KEY_FILE'
const credentialName = 'certkeep-master-key'
const fileFormat = /^certkeep-master-key-1 ([0-9a-f]{16}) ([A-Za-z0-9_-]{43})\r?\n?$/
const maxFileBytes = 512

/**
 * Finds the master key: the file that `CERTKEEP_MASTER_KEY_FILE` names, else systemd's credential `certkeep-master-key`,
 * else `<dataFolder>/master.key`. Never creates one. A file that is named but not there is an error, not `missing`:
 * falling through to another place would quietly start with another key.
 *
 * @throws MasterKeyError when a file is there but is unsafe, unreadable or malformed
 */
export async function loadMasterKey({
  dataFolder,
  environment,
}: {
  dataFolder: string
  environment: Readonly<Record<string, string | undefined>>
}): Promise<LoadedMasterKey> {
  const named = environment[fileVariable]
  if (named) {
    const masterKey = await readMasterKey(named, 'environment')
    if (!masterKey) throw new MasterKeyError(`${fileVariable} names ${named}, and there is no such file.`)
    return { status: 'loaded', masterKey, source: 'environment', path: named }
  }

  const credentials = environment['CREDENTIALS_DIRECTORY']
  if (credentials) {
    const path = join(credentials, credentialName)
    const masterKey = await readMasterKey(path, 'credential')
    if (masterKey) return { status: 'loaded', masterKey, source: 'credential', path }
  }

  const path = masterKeyPath(dataFolder)
  const masterKey = await readMasterKey(path, 'dataFolder')
  if (!masterKey) return { status: 'missing', path }
  await dropSecondNames(path).catch((error: unknown) => {
    throw new MasterKeyError(`A second name of the master key ${path} cannot be removed (${reason(error)}).`)
  })
  return { status: 'loaded', masterKey, source: 'dataFolder', path }
}

/**
 * Makes a new master key in `<dataFolder>/master.key` (0600), durable when this returns, and never replaces one. Only for
 * a data folder without a database: a database without its master key never gets a new one.
 *
 * @throws MasterKeyError when there is one already, or it cannot be written
 */
export async function createMasterKey({
  dataFolder,
  onStep,
}: {
  dataFolder: string
  onStep?: OnStep
}): Promise<MasterKey> {
  return writeMasterKey(masterKeyPath(dataFolder), onStep)
}

/**
 * Makes a new master key in a file of this name (0600), for an operator who keeps it apart from the data. Never replaces a file.
 *
 * @throws MasterKeyError when there is a file already, or it cannot be written
 */
export async function writeMasterKey(path: string, onStep?: OnStep): Promise<MasterKey> {
  const keyId = randomBytes(8).toString('hex')
  const bytes = randomBytes(32)
  const line = Buffer.from(`certkeep-master-key-1 ${keyId} ${bytes.toString('base64url')}\n`)
  try {
    await writeNewFile(path, line, onStep)
    return { keyId, key: createSecretKey(bytes) }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new MasterKeyError(`There is a master key in ${path} already.`)
    throw new MasterKeyError(`The master key ${path} cannot be written (${reason(error)}).`)
  } finally {
    bytes.fill(0)
    line.fill(0)
  }
}

/**
 * Reads the one line `certkeep-master-key-1 <keyId> <base64url of 32 bytes>`. Does not zero `content`.
 *
 * @param from where it came from, for the message
 * @throws MasterKeyError when it is anything else
 */
export function parseMasterKey(content: Uint8Array, from: string): MasterKey {
  // A view, not a copy: the caller zeroes these bytes.
  const view = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const text = view.length <= maxFileBytes ? view.toString('latin1') : ''
  const [, keyId, encoded] = fileFormat.exec(text) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64url')
  try {
    // The last character of 43 holds only four bits: what does not encode back was not written by us.
    if (keyId === undefined || bytes.length !== 32 || bytes.toString('base64url') !== encoded) {
      throw new MasterKeyError(`${from} does not hold a master key (one line: certkeep-master-key-1, an id, the key).`)
    }
    return { keyId, key: createSecretKey(bytes) }
  } finally {
    bytes.fill(0)
  }
}

/** Where a master key may lie that is not in the data folder. */
export function placesOutside(environment: Readonly<Record<string, string | undefined>>): string[] {
  const credentials = environment['CREDENTIALS_DIRECTORY']
  return [environment[fileVariable], credentials && join(credentials, credentialName)].flatMap((path) => path || [])
}

function masterKeyPath(dataFolder: string): string {
  return join(dataFolder, 'master.key')
}

async function readMasterKey(path: string, source: MasterKeySource): Promise<MasterKey | undefined> {
  // Secret mounts of container platforms are symbolic links, so a file the operator names may be one; in our own folder
  // nobody has a reason to. O_NONBLOCK: opening a pipe must not hang the start.
  const noFollow = source === 'dataFolder' ? constants.O_NOFOLLOW : 0
  const content = Buffer.alloc(maxFileBytes + 1)
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow)
    try {
      refuseUnsafe(await file.stat(), path, source)
      let length = 0
      while (length < content.length) {
        const { bytesRead } = await file.read(content, length, content.length - length, length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return parseMasterKey(content.subarray(0, length), path)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof MasterKeyError) throw error
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) === 'ELOOP') throw new MasterKeyError(`The master key ${path} is not a regular file.`)
    throw new MasterKeyError(`The master key ${path} cannot be read (${reason(error)}).`)
  } finally {
    content.fill(0)
  }
}

function refuseUnsafe(stat: Stats, path: string, source: MasterKeySource): void {
  if (!stat.isFile()) throw new MasterKeyError(`The master key ${path} is not a regular file.`)
  if (stat.uid !== 0 && stat.uid !== process.getuid?.()) {
    throw new MasterKeyError(
      `The master key ${path} belongs to another user (uid ${stat.uid}); it must be ours or root's.`,
    )
  }
  // systemd gives the service its credential by an ACL on a file of root:root, and an ACL's mask shows as group-read.
  const byAcl = source === 'credential' && stat.uid === 0 && stat.gid === 0 ? 0o040 : 0
  if ((stat.mode & 0o077 & ~byAcl) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
    throw new MasterKeyError(`The master key ${path} has mode ${mode}, so others can reach it; set it to 0600 or 0400.`)
  }
}

function reason(error: unknown): string {
  return errnoOf(error) ?? 'unknown error'
}
