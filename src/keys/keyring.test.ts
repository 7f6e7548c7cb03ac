import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createKeyring, createMasterKey, KeyringError, openKeyring, Sealer } from './index.ts'
import { parseControlFile, parseDataKeyFile, writeControlFile, writeDataKeyFile } from './keyring-file.ts'
import { aDataKey, aFolder, anInstance, anSpkiSha256, forMutationsOf, type Instance } from './support.fixture.ts'

describe('data keys', () => {
  test('are opened as they were created, by id and account', async () => {
    await using instance = await anInstance()
    const made = await instance.keyring.create(aDataKey())
    const opened = await instance.keyring.open(made)
    expect(opened.key.equals(made.key)).toBe(true)
    expect(opened.spkiSha256).toBe(anSpkiSha256)
    expect(await instance.keyring.list()).toEqual([made.keyId])
  })

  test('live in files of 0600 in a folder of 0700', async () => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    expect((await stat(instance.keyringFolder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(instance.keyringFolder, `${keyId}.key`))).mode & 0o777).toBe(0o600)
    expect((await stat(join(instance.keyringFolder, 'control'))).mode & 0o777).toBe(0o600)
  })

  test('are not replaced: the second creation of an id is refused and the first key stays', async () => {
    await using instance = await anInstance()
    const made = await instance.keyring.create(aDataKey())
    await expect(instance.keyring.create(made)).rejects.toMatchObject({ code: 'DataKeyExists' })
    expect((await instance.keyring.open(made)).key.equals(made.key)).toBe(true)
    expect(await readdir(instance.keyringFolder)).toHaveLength(2)
  })

  test('are not opened for another account', async () => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    await expect(instance.keyring.open({ keyId, accountId: 'acct-2' })).rejects.toMatchObject({
      code: 'DataKeyDamaged',
    })
  })

  test.each([
    ['the account', (text: string) => text.replace('acct-1', 'acct-2'), 'acct-2'],
    ['the public key', (text: string) => text.replace(anSpkiSha256, 'cd'.repeat(32)), 'acct-1'],
    ['the sealed part', (text: string) => text.replace(/.{9}\n$/, 'AAAAAAAA\n'), 'acct-1'],
  ])('are bound to all their file says: %s changed', async (_, change, accountId) => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    const path = join(instance.keyringFolder, `${keyId}.key`)
    await writeFile(path, change(await readFile(path, 'latin1')))
    await expect(instance.keyring.open({ keyId, accountId })).rejects.toMatchObject({ code: 'DataKeyDamaged' })
  })

  test("are bound to their id: one file put under another's name does not open", async () => {
    await using instance = await anInstance()
    const [one, other] = [await instance.keyring.create(aDataKey()), await instance.keyring.create(aDataKey())]
    await copyFile(join(instance.keyringFolder, `${one.keyId}.key`), join(instance.keyringFolder, `${other.keyId}.key`))
    await expect(instance.keyring.open(other)).rejects.toMatchObject({ code: 'DataKeyDamaged' })
  })

  test.each(['', '../master', 'control', randomUUID().toUpperCase(), `${randomUUID()}/..`, `${randomUUID()}\0`])(
    'have lower-case UUIDs as ids, not %j',
    async (keyId) => {
      await using instance = await anInstance()
      const { keyring } = instance
      const refused = { code: 'InvalidId' }
      await expect(keyring.create({ ...aDataKey(), keyId })).rejects.toMatchObject(refused)
      await expect(keyring.open({ keyId, accountId: 'acct-1' })).rejects.toMatchObject(refused)
      await expect(keyring.destroy(keyId)).rejects.toMatchObject(refused)
      await expect(keyring.verifyAbsent(keyId)).rejects.toMatchObject(refused)
      expect(await readdir(instance.keyringFolder)).toEqual(['control'])
    },
  )

  test.each(['', 'a b', 'a\nb', 'x'.repeat(129)])(
    'have an account id that fits the line, not %j',
    async (accountId) => {
      await using instance = await anInstance()
      await expect(instance.keyring.create({ ...aDataKey(), accountId })).rejects.toMatchObject({ code: 'InvalidId' })
    },
  )
})

describe('a write that fails', () => {
  test.each(['temporaryWritten', 'named', 'folderSynced'])(
    'after %s is reported, and can be cleared',
    async (fatal) => {
      await using instance = await anInstance()
      const failing = await openKeyring({
        ...instance,
        onStep: (step) => {
          if (step === fatal) throw new Error('no such luck')
        },
      })
      const dataKey = aDataKey()
      await expect(failing.create(dataKey)).rejects.toThrow('no such luck')
      const names = await readdir(instance.keyringFolder)
      expect(names.filter((name) => name.endsWith('.new'))).toEqual([])

      await instance.keyring.destroy(dataKey.keyId)
      expect(await instance.keyring.verifyAbsent(dataKey.keyId)).toBe('absent')
      expect(await instance.keyring.create(dataKey)).toMatchObject(dataKey)
    },
  )
})

describe('destroying', () => {
  test('overwrites the file before it unlinks it, so that a second link to it holds nothing', async () => {
    await using instance = await anInstance()
    const dataKey = await instance.keyring.create(aDataKey())
    const path = join(instance.keyringFolder, `${dataKey.keyId}.key`)
    const before = await readFile(path)
    const seen: Buffer[] = []
    const watched = await openKeyring({
      ...instance,
      onStep: async (step) => {
        if (step === 'overwriteSynced') seen.push(await readFile(path))
      },
    })
    expect(await watched.destroy(dataKey.keyId)).toBe('destroyed')
    expect(seen).toHaveLength(1)
    expect(seen[0]).toHaveLength(before.length)
    expect(() => parseDataKeyFile(seen[0] ?? before, 'seen')).toThrow(KeyringError)
  })

  test('twice: the second time it says that the key was absent', async () => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    expect(await instance.keyring.has(keyId)).toBe(true)
    expect(await instance.keyring.destroy(keyId)).toBe('destroyed')
    expect(await instance.keyring.destroy(keyId)).toBe('wasAbsent')
    expect(await instance.keyring.has(keyId)).toBe(false)
  })

  test('does not follow a symbolic link out of the keyring', async () => {
    await using instance = await anInstance()
    const outside = join(instance.dataFolder, 'outside')
    await writeFile(outside, 'precious')
    const keyId = randomUUID()
    await symlink(outside, join(instance.keyringFolder, `${keyId}.key`))
    await expect(instance.keyring.destroy(keyId)).rejects.toMatchObject({ code: 'KeyringUnavailable' })
    expect(await readFile(outside, 'utf8')).toBe('precious')
  })
})

/** Ways in which looking for a data key does not work, although nothing is found. */
const blindness: [string, (instance: Instance) => Promise<unknown>, string][] = [
  ['the folder is gone', ({ keyringFolder }) => rename(keyringFolder, `${keyringFolder}-away`), 'KeyringMissing'],
  [
    'an empty folder is in its place, as when a volume is not mounted',
    async ({ keyringFolder }) => {
      await rename(keyringFolder, `${keyringFolder}-away`)
      await mkdir(keyringFolder, { mode: 0o700 })
    },
    'KeyringMissing',
  ],
  [
    'a file is in its place',
    async ({ keyringFolder }) => {
      await rm(keyringFolder, { recursive: true })
      await writeFile(keyringFolder, '')
    },
    'KeyringUnsafe',
  ],
  [
    'the folder above cannot be searched',
    async ({ dataFolder }) => {
      await rm(dataFolder, { recursive: true })
      await writeFile(dataFolder, '')
    },
    'KeyringUnavailable',
  ],
  [
    'the control file cannot be opened',
    async ({ keyringFolder }) => {
      await unlink(join(keyringFolder, 'control'))
      await symlink('control', join(keyringFolder, 'control'))
    },
    'KeyringUnavailable',
  ],
  [
    'the control file is damaged',
    ({ keyringFolder }) => writeFile(join(keyringFolder, 'control'), 'x'),
    'KeyringMissing',
  ],
  [
    'another keyring under the same master key is in its place',
    async ({ keyringFolder, dataFolder, sealer }) => {
      await rename(keyringFolder, `${keyringFolder}-away`)
      await createKeyring({ dataFolder, sealer })
    },
    'KeyringMissing',
  ],
  [
    'the keyring of another instance is in its place',
    async ({ keyringFolder, dataFolder }) => {
      await rm(keyringFolder, { recursive: true })
      await rm(join(dataFolder, 'master.key'))
      await createKeyring({ dataFolder, sealer: new Sealer({ current: await createMasterKey({ dataFolder }) }) })
    },
    'KeyringMissing',
  ],
  ['others can write to the folder', ({ keyringFolder }) => chmod(keyringFolder, 0o770), 'KeyringUnsafe'],
]

describe('absent is only said when the look-up works (a failed look-up never authorises destruction)', () => {
  test('an id that was never there is absent', async () => {
    await using instance = await anInstance()
    expect(await instance.keyring.verifyAbsent(randomUUID())).toBe('absent')
    expect(await instance.keyring.destroy(randomUUID())).toBe('wasAbsent')
    expect(await instance.keyring.findByPublicKey(anSpkiSha256)).toEqual([])
  })

  test.each(blindness)('%s: every question is an error', async (_, blind, code) => {
    await using instance = await anInstance()
    const { keyring } = instance
    await blind(instance)
    const keyId = randomUUID()
    await expect(keyring.verifyAbsent(keyId)).rejects.toMatchObject({ name: 'KeyringError', code })
    await expect(keyring.has(keyId)).rejects.toMatchObject({ code })
    await expect(keyring.destroy(keyId)).rejects.toMatchObject({ code })
    await expect(keyring.list()).rejects.toMatchObject({ code })
    await expect(keyring.findByPublicKey(anSpkiSha256)).rejects.toMatchObject({ code })
    await expect(keyring.open({ keyId, accountId: 'acct-1' })).rejects.toMatchObject({ code })
    await expect(keyring.create(aDataKey())).rejects.toMatchObject({ code })
  })

  test('a folder without permission to read is an error', async () => {
    await using instance = await anInstance()
    const program = fileURLToPath(new URL('unreadable.fixture.ts', import.meta.url))
    const said = execFileSync(process.execPath, [program, instance.dataFolder, randomUUID()], { encoding: 'utf8' })
    expect(said).toBe('KeyringUnavailable')
    await chmod(instance.keyringFolder, 0o700)
  })

  test('a copy that somebody made beside it keeps a key present', async () => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    const path = join(instance.keyringFolder, `${keyId}.key`)
    await copyFile(path, `${path}.BAK`)
    await instance.keyring.destroy(keyId)
    expect(await instance.keyring.verifyAbsent(keyId)).toBe('present')
  })
})

describe('searching by public key', () => {
  test('finds every data key of that key pair', async () => {
    await using instance = await anInstance()
    const [one, two] = [await instance.keyring.create(aDataKey()), await instance.keyring.create(aDataKey())]
    await instance.keyring.create({ ...aDataKey(), spkiSha256: '00'.repeat(32) })
    expect(await instance.keyring.findByPublicKey(anSpkiSha256)).toEqual([one.keyId, two.keyId].sort())
  })

  test('is not deceived by a file whose line was changed', async () => {
    await using instance = await anInstance()
    const { keyId } = await instance.keyring.create(aDataKey())
    const path = join(instance.keyringFolder, `${keyId}.key`)
    await writeFile(path, (await readFile(path, 'latin1')).replace(anSpkiSha256, '00'.repeat(32)))
    await expect(instance.keyring.findByPublicKey(anSpkiSha256)).rejects.toMatchObject({ code: 'DataKeyDamaged' })
  })

  test('fails on a name that is not ours, except the folder that file systems make', async () => {
    await using instance = await anInstance()
    await mkdir(join(instance.keyringFolder, 'lost+found'))
    expect(await instance.keyring.findByPublicKey(anSpkiSha256)).toEqual([])
    await writeFile(join(instance.keyringFolder, 'stranger'), '')
    await expect(instance.keyring.findByPublicKey(anSpkiSha256)).rejects.toMatchObject({ code: 'DataKeyDamaged' })
  })
})

describe('making and opening a keyring', () => {
  test('opening never makes one', async () => {
    await using folder = await aFolder()
    const sealer = new Sealer({ current: await createMasterKey({ dataFolder: folder.path }) })
    const opening = openKeyring({ dataFolder: folder.path, sealer })
    await expect(opening).rejects.toMatchObject({ code: 'KeyringMissing' })
    expect(await readdir(folder.path)).toEqual(['master.key'])
  })

  test('making one again opens the one that is there', async () => {
    await using instance = await anInstance()
    const made = await instance.keyring.create(aDataKey())
    const again = await createKeyring(instance)
    expect(again.id).toBe(instance.keyring.id)
    expect(await again.list()).toEqual([made.keyId])
  })

  test('none is made where data keys lie without a control file', async () => {
    await using instance = await anInstance()
    await instance.keyring.create(aDataKey())
    await unlink(join(instance.keyringFolder, 'control'))
    await expect(createKeyring(instance)).rejects.toMatchObject({ code: 'KeyringUnsafe' })
  })
})

describe('10^4 mutations of the files', () => {
  test('of a data key: read as written, or KeyringError', async () => {
    const file = { ...aDataKey(), wrapped: Buffer.alloc(77, 3) }
    forMutationsOf(writeDataKeyFile(file), (mutated) => {
      try {
        expect(writeDataKeyFile(parseDataKeyFile(mutated, 'file'))).toEqual(mutated)
      } catch (error) {
        expect(error).toMatchObject({ name: 'KeyringError', code: 'DataKeyDamaged' })
      }
    })
    expect(parseDataKeyFile(writeDataKeyFile(file), 'file')).toEqual(file)
  })

  test('of the control file: read as written, or KeyringError', () => {
    const file = { keyringId: randomUUID(), proof: Buffer.alloc(50, 3) }
    forMutationsOf(writeControlFile(file), (mutated) => {
      try {
        expect(writeControlFile(parseControlFile(mutated))).toEqual(mutated)
      } catch (error) {
        expect(error).toMatchObject({ name: 'KeyringError', code: 'KeyringMissing' })
      }
    })
    expect(parseControlFile(writeControlFile(file))).toEqual(file)
  })
})
