import { createSecretKey, randomBytes, randomUUID, type KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  errnoOf,
  dropSecondNames,
  shredFiles,
  syncFolder,
  temporaryFor,
  writeNewFile,
  type OnStep,
} from './durable-files.ts'
import {
  checkAccountId,
  checkKeyId,
  keyIdOfFileName,
  KeyringError,
  parseControlFile,
  parseDataKeyFile,
  writeControlFile,
  writeDataKeyFile,
} from './keyring-file.ts'
import {
  controlName,
  guarded,
  isThere,
  keyringFolder,
  missing,
  opening,
  readControl,
  readSmallFile,
  refuseUnsafe,
  type KeyringFile,
} from './keyring-folder.ts'
import { masterKeyOf, type Sealer } from './sealing.ts'

/** A data key, unwrapped. The bytes stay inside the KeyObject. */
export interface DataKey {
  readonly key: KeyObject
  readonly keyId: string
  readonly accountId: string
  /** SHA-256 (hexadecimal) of the SubjectPublicKeyInfo whose private key this data key seals. */
  readonly spkiSha256: string
}

export interface KeyringOptions {
  readonly dataFolder: string
  readonly sealer: Sealer
  readonly onStep?: OnStep
}

/** What a file system puts into the root of a volume of its own; a keyring may be one. */
const foreignFolder = 'lost+found'
/** So much is written whole by every drive. */
const sectorBytes = 512

/**
 * Makes the keyring of a new instance, durable when this returns. Only for a data folder without a database: an empty
 * folder where a keyring was is most likely a volume that is not mounted, and must not become a keyring that knows of no key.
 * May be called again after a crash in the middle; opens the keyring if it was finished.
 *
 * @throws KeyringError KeyringUnsafe when the folder holds anything that is not from an unfinished call of this
 */
export async function createKeyring(options: KeyringOptions): Promise<Keyring> {
  const folder = keyringFolder(options.dataFolder)
  await guarded(async () => {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    await refuseUnsafe(folder)
    await syncFolder(options.dataFolder)

    const names = (await readdir(folder)).filter((name) => name !== foreignFolder)
    if (names.includes(controlName)) {
      await dropSecondNames(join(folder, controlName))
      return syncFolder(folder)
    }
    if (names.some((name) => temporaryFor(name) !== controlName)) {
      throw new KeyringError('KeyringUnsafe', `${folder} holds files but no control file, so no keyring is made there.`)
    }
    await shredFiles(folder, names)
    const keyringId = randomUUID()
    const proof = options.sealer.seal('keyring-control', [keyringId], new Uint8Array())
    await writeNewFile(join(folder, controlName), writeControlFile({ keyringId, proof }), options.onStep)
  })
  return openKeyring(options)
}

/**
 * Opens the keyring of an instance. Never makes one.
 *
 * @throws KeyringError KeyringMissing when there is none, or its control file does not open under our master keys
 */
export async function openKeyring({ dataFolder, sealer, onStep }: KeyringOptions): Promise<Keyring> {
  const folder = keyringFolder(dataFolder)
  const id = await guarded(() => readControl(folder, sealer))
  return new Keyring({ folder, sealer, id, onStep })
}

/**
 * The data keys: one file each, apart from the database, so that removing a file ends what the key protected, whatever the
 * database, its log or its backups keep. Every call looks at the disk, and first at the control file, so an
 * unmounted, exchanged or unreadable folder is an error and never looks like an empty keyring. Calls for different keys
 * may run concurrently, in several threads; for one key the caller keeps creating and destroying apart.
 */
export class Keyring {
  /** Made with the keyring and kept in its control file: a caller who remembers it notices another keyring in its place. */
  readonly id: string
  readonly #folder: string
  readonly #sealer: Sealer
  readonly #onStep: OnStep | undefined

  /** Use {@link createKeyring} or {@link openKeyring}, which check the folder first. */
  constructor({ folder, sealer, id, onStep }: KeyringParts) {
    this.#folder = folder
    this.#sealer = sealer
    this.#onStep = onStep
    this.id = id
  }

  /** What its files are wrapped by. */
  get sealer(): Sealer {
    return this.#sealer
  }

  /**
   * Makes a data key for the key pair whose public half hashes to `spkiSha256`. It is durable when this returns. After an
   * error it may or may not be there, whole: destroy it, or take another id.
   *
   * @throws KeyringError DataKeyExists
   */
  async create({ keyId, accountId, spkiSha256 }: Omit<DataKey, 'key'>): Promise<DataKey> {
    checkKeyId(keyId)
    checkAccountId(accountId)
    return guarded(async () => {
      await this.#checkControl()
      const bytes = randomBytes(32)
      try {
        const wrapped = this.#sealer.seal('data-key', [this.id, keyId, accountId, spkiSha256], bytes)
        const content = writeDataKeyFile({ keyId, accountId, spkiSha256, wrapped })
        await writeNewFile(join(this.#folder, `${keyId}.key`), content, this.#onStep)
        return { key: createSecretKey(bytes), keyId, accountId, spkiSha256 }
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
        throw new KeyringError('DataKeyExists', `The keyring has a data key ${keyId} already.`)
      } finally {
        bytes.fill(0)
      }
    })
  }

  /**
   * @throws KeyringError DataKeyAbsent when the look-up worked and there is none; DataKeyDamaged when it was changed, is
   *   another account's or is sealed under a master key that is not loaded
   */
  async open({ keyId, accountId }: { keyId: string; accountId: string }): Promise<DataKey> {
    checkKeyId(keyId)
    checkAccountId(accountId)
    return guarded(async () => {
      await this.#checkControl()
      const dataKey = await this.#read(keyId, `${keyId}.key`)
      if (!dataKey) throw new KeyringError('DataKeyAbsent', `The keyring has no data key ${keyId}.`)
      if (dataKey.accountId !== accountId) {
        throw new KeyringError('DataKeyDamaged', `The data key ${keyId} is not this account's.`)
      }
      return dataKey
    })
  }

  /** Whether anything of the data key is left; see {@link verifyAbsent}. */
  async has(keyId: string): Promise<boolean> {
    return (await this.verifyAbsent(keyId)) === 'present'
  }

  /** The ids of all data keys, sorted. Names only: a damaged file is listed. */
  async list(): Promise<string[]> {
    return guarded(async () => {
      const names = await this.#names()
      return names.flatMap((name) => keyIdOfFileName(name) ?? []).sort()
    })
  }

  /**
   * The ids of the data keys that seal the private key of this public key. Every file, unfinished ones too, is opened under
   * the master key, so none can hide behind a changed line.
   *
   * @throws KeyringError when a file cannot be opened or has a name that is not ours: it could be the one looked for
   */
  async findByPublicKey(spkiSha256: string): Promise<string[]> {
    return guarded(async () => {
      const found = new Set<string>()
      for (const name of await this.#names()) {
        const keyId = keyIdOfFileName(temporaryFor(name) ?? name)
        if (keyId === undefined) {
          throw new KeyringError('DataKeyDamaged', `The keyring holds ${JSON.stringify(name)}, which is no data key.`)
        }
        const dataKey = await this.#read(keyId, name)
        if (dataKey?.spkiSha256 === spkiSha256) found.add(keyId)
      }
      await this.#checkControl()
      return [...found].sort()
    })
  }

  /**
   * Ends a data key: overwritten, unlinked, and both durable when this returns. May be repeated after a failure or a crash
   * at any step, and then finishes what was begun. `wasAbsent` is said only after a look-up that worked.
   */
  async destroy(keyId: string): Promise<'destroyed' | 'wasAbsent'> {
    checkKeyId(keyId)
    return guarded(async () => {
      const file = `${keyId}.key`
      const names = (await this.#names()).filter((name) => name === file || temporaryFor(name) === file)
      await shredFiles(this.#folder, names, this.#onStep)
      return names.length > 0 ? 'destroyed' : 'wasAbsent'
    })
  }

  /**
   * Looks for anything that is left of a data key: its file, an unfinished one, or any file with its id in the name (a copy
   * somebody made). `absent` means that the look-up worked before and after, and found nothing.
   *
   * @throws KeyringError when it could not look
   */
  async verifyAbsent(keyId: string): Promise<'absent' | 'present'> {
    checkKeyId(keyId)
    return guarded(async () => {
      const listed = (await this.#names()).some((name) => name.toLowerCase().includes(keyId))
      const reachable = await isThere(join(this.#folder, `${keyId}.key`))
      await this.#checkControl()
      return listed || reachable ? 'present' : 'absent'
    })
  }

  /**
   * Clears what crashes in the middle of `create` left: a second name of a finished file is unlinked, an unfinished file
   * shredded. For the start, before anything creates keys.
   */
  async removeUnfinished(): Promise<void> {
    return guarded(async () => {
      for (const name of await this.#names()) {
        if (temporaryFor(name) === undefined && keyIdOfFileName(name)) await dropSecondNames(join(this.#folder, name))
      }
      const unfinished = (await this.#names()).filter((name) => keyIdOfFileName(temporaryFor(name) ?? ''))
      await shredFiles(this.#folder, unfinished, this.#onStep)
    })
  }

  /**
   * The control file and the files of these keys as they lie on the disk, wrapped under the master key: for a copy. A key
   * that was destroyed meanwhile is left out.
   */
  async files(keyIds: readonly string[]): Promise<KeyringFile[]> {
    return guarded(async () => {
      await this.#checkControl()
      const files: KeyringFile[] = []
      for (const name of [...keyIds.map((keyId) => `${keyId}.key`), controlName]) {
        const content = await readSmallFile(join(this.#folder, name))
        if (content) files.push({ name, content })
      }
      return files
    })
  }

  /**
   * Wraps a data key, or the control file, under the current master key, where it is under another. In place, and of the same
   * length: a file that is destroyed meanwhile is never made anew, and a sector is written whole or not at all.
   */
  async rewrap(what: { keyId: string } | 'control'): Promise<'rewrapped' | 'current' | 'absent'> {
    return guarded(async () => {
      await this.#checkControl()
      const name = what === 'control' ? controlName : `${what.keyId}.key`
      const file = await open(join(this.#folder, name), constants.O_RDWR | constants.O_NOFOLLOW).catch(
        (error: unknown) => {
          if (errnoOf(error) === 'ENOENT') return undefined
          throw error
        },
      )
      if (!file) return 'absent'
      try {
        const was = await file.readFile()
        const next = this.#wrappedAnew(was, name)
        if (!next) return 'current'
        if (next.length !== was.length || next.length > sectorBytes)
          throw new KeyringError('KeyringUnavailable', `The keyring's file ${name} cannot be written in place.`)
        await file.write(next, 0, next.length, 0)
        await file.sync()
        // It was destroyed between: its last bytes are to be random ones.
        if ((await file.stat()).nlink === 0) {
          await file.write(randomBytes(next.length), 0, next.length, 0)
          await file.sync()
          return 'absent'
        }
        return 'rewrapped'
      } finally {
        await file.close()
      }
    })
  }

  /** Undefined when it is under the current master key already. */
  #wrappedAnew(content: Buffer, name: string): Buffer | undefined {
    if (name === controlName) {
      const { keyringId, proof } = parseControlFile(content)
      if (masterKeyOf('keyring-control', proof) === this.#sealer.keyId) return undefined
      this.#sealer.open('keyring-control', [keyringId], proof)
      const again = this.#sealer.seal('keyring-control', [keyringId], new Uint8Array())
      return writeControlFile({ keyringId, proof: again })
    }
    const file = parseDataKeyFile(content, name)
    const { keyId, accountId, spkiSha256, wrapped } = file
    if (masterKeyOf('data-key', wrapped) === this.#sealer.keyId) return undefined
    const context = [this.id, keyId, accountId, spkiSha256]
    const bytes = opening(`The data key ${keyId}`, 'DataKeyDamaged', () =>
      this.#sealer.open('data-key', context, wrapped),
    )
    try {
      return writeDataKeyFile({ ...file, wrapped: this.#sealer.seal('data-key', context, bytes) })
    } finally {
      bytes.fill(0)
    }
  }

  /** All names but those that every keyring has, from a folder that has just been seen to be this keyring. */
  async #names(): Promise<string[]> {
    await this.#checkControl()
    const names = await readdir(this.#folder)
    if (!names.includes(controlName)) throw missing(this.#folder)
    return names.filter((name) => name !== controlName && name !== foreignFolder)
  }

  async #checkControl(): Promise<void> {
    if ((await readControl(this.#folder, this.#sealer)) !== this.id) {
      throw new KeyringError('KeyringMissing', `${this.#folder} is another keyring than the one that was opened.`)
    }
  }

  async #read(keyId: string, name: string): Promise<DataKey | undefined> {
    const content = await readSmallFile(join(this.#folder, name))
    if (!content) return undefined
    const { accountId, spkiSha256, wrapped, ...file } = parseDataKeyFile(content, name)
    const bytes = opening(`The data key ${keyId}`, 'DataKeyDamaged', () =>
      this.#sealer.open('data-key', [this.id, keyId, accountId, spkiSha256], wrapped),
    )
    try {
      if (file.keyId !== keyId || bytes.length !== 32) {
        throw new KeyringError('DataKeyDamaged', `The keyring's file ${name} holds another key.`)
      }
      return { key: createSecretKey(bytes), keyId, accountId, spkiSha256 }
    } finally {
      bytes.fill(0)
    }
  }
}

interface KeyringParts {
  readonly folder: string
  readonly sealer: Sealer
  readonly id: string
  readonly onStep: OnStep | undefined
}
