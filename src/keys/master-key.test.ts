import { execFileSync } from 'node:child_process'
import { chmod, chown, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMasterKey, loadMasterKey, MasterKeyError, parseMasterKey } from './index.ts'
import { aFolder, forMutationsOf } from './support.fixture.ts'

const bytes = Buffer.alloc(32, 7)
const line = `certkeep-master-key-1 0123456789abcdef ${bytes.toString('base64url')}\n`
const isRoot = process.getuid?.() === 0

async function aFile(folder: string, name: string, mode = 0o600, content = line): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

describe('where the master key is looked for', () => {
  test('the file that CERTKEEP_MASTER_KEY_FILE names comes before the credential, that before the data folder', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const keyOf = (keyId: string): string => line.replace('0123456789abcdef', keyId)
    await aFile(dataFolder, 'master.key', 0o600, keyOf('cccccccccccccccc'))
    await aFile(dataFolder, 'certkeep-master-key', 0o400, keyOf('bbbbbbbbbbbbbbbb'))
    const named = await aFile(dataFolder, 'named', 0o400, keyOf('aaaaaaaaaaaaaaaa'))

    const credential = { CREDENTIALS_DIRECTORY: dataFolder }
    expect(
      await loadMasterKey({ dataFolder, environment: { ...credential, CERTKEEP_MASTER_KEY_FILE: named } }),
    ).toMatchObject({ source: 'environment', masterKey: { keyId: 'aaaaaaaaaaaaaaaa' } })
    expect(await loadMasterKey({ dataFolder, environment: credential })).toMatchObject({
      source: 'credential',
      masterKey: { keyId: 'bbbbbbbbbbbbbbbb' },
    })
    expect(await loadMasterKey({ dataFolder, environment: {} })).toMatchObject({
      source: 'dataFolder',
      masterKey: { keyId: 'cccccccccccccccc' },
    })
  })

  test('without one it says missing and creates nothing', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const path = join(dataFolder, 'master.key')
    expect(await loadMasterKey({ dataFolder, environment: {} })).toEqual({ status: 'missing', path })
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a named file that is not there is an error, even when another place has a key', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    await createMasterKey({ dataFolder })
    const environment = { CERTKEEP_MASTER_KEY_FILE: join(dataFolder, 'gone') }
    await expect(loadMasterKey({ dataFolder, environment })).rejects.toThrow(/there is no such file\.$/)
  })

  test('other credentials of the service do not hide the key in the data folder', async () => {
    await using folder = await aFolder()
    await using credentials = await aFolder()
    const { keyId } = await createMasterKey({ dataFolder: folder.path })
    const environment = { CREDENTIALS_DIRECTORY: credentials.path }
    expect(await loadMasterKey({ dataFolder: folder.path, environment })).toMatchObject({ masterKey: { keyId } })
  })
})

describe('a master key that others can reach is refused', () => {
  test.each([0o644, 0o640, 0o604, 0o610, 0o602])('mode %o', async (mode) => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    await aFile(dataFolder, 'master.key', mode)
    const loading = loadMasterKey({ dataFolder, environment: {} })
    await expect(loading).rejects.toBeInstanceOf(MasterKeyError)
    await expect(loading).rejects.toThrow(
      `has mode 0${mode.toString(8)}, so others can reach it; set it to 0600 or 0400.`,
    )
  })

  test.each([0o600, 0o400])('mode %o is accepted', async (mode) => {
    await using folder = await aFolder()
    await aFile(folder.path, 'master.key', mode)
    expect(await loadMasterKey({ dataFolder: folder.path, environment: {} })).toMatchObject({ status: 'loaded' })
  })

  test.runIf(isRoot)('a credential of root:root may show the mask of its ACL as group-read, and no more', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const environment = { CREDENTIALS_DIRECTORY: dataFolder }
    const path = await aFile(dataFolder, 'certkeep-master-key', 0o440)
    expect(await loadMasterKey({ dataFolder, environment })).toMatchObject({ source: 'credential' })
    await chmod(path, 0o444)
    await expect(loadMasterKey({ dataFolder, environment })).rejects.toThrow(/mode 0444/)
    await chmod(path, 0o440)
    await chown(path, 0, 65_534)
    await expect(loadMasterKey({ dataFolder, environment })).rejects.toThrow(/mode 0440/)
  })

  test.runIf(isRoot)('a file of another user', async () => {
    await using folder = await aFolder()
    const path = await aFile(folder.path, 'master.key')
    await chown(path, 65_534, 65_534)
    await expect(loadMasterKey({ dataFolder: folder.path, environment: {} })).rejects.toThrow(/belongs to another user/)
  })

  test('what is not a regular file: a folder, a pipe, a symbolic link in the data folder', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const pipe = join(dataFolder, 'pipe')
    execFileSync('mkfifo', ['-m', '600', pipe])
    for (const path of [dataFolder, pipe]) {
      const environment = { CERTKEEP_MASTER_KEY_FILE: path }
      await expect(loadMasterKey({ dataFolder, environment })).rejects.toThrow(/is not a regular file/)
    }
    await symlink(await aFile(dataFolder, 'elsewhere'), join(dataFolder, 'master.key'))
    await expect(loadMasterKey({ dataFolder, environment: {} })).rejects.toThrow(/is not a regular file/)
  })

  test('a named file may be a symbolic link, as secret mounts are', async () => {
    await using folder = await aFolder()
    const named = join(folder.path, 'link')
    await symlink(await aFile(folder.path, 'elsewhere', 0o400), named)
    const environment = { CERTKEEP_MASTER_KEY_FILE: named }
    expect(await loadMasterKey({ dataFolder: folder.path, environment })).toMatchObject({ status: 'loaded' })
  })
})

describe('creating a master key', () => {
  test('it is 0600 whatever the umask, and loads as the same key', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const made = await createMasterKey({ dataFolder })
    expect((await stat(join(dataFolder, 'master.key'))).mode & 0o777).toBe(0o600)

    const loaded = await loadMasterKey({ dataFolder, environment: {} })
    if (loaded.status !== 'loaded') throw new Error('the key that was made is missing')
    expect(loaded.masterKey.keyId).toBe(made.keyId)
    expect(loaded.masterKey.key.equals(made.key)).toBe(true)
  })

  test('it never replaces one, of two creators one wins', async () => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const outcomes = await Promise.allSettled([createMasterKey({ dataFolder }), createMasterKey({ dataFolder })])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const before = await readFile(join(dataFolder, 'master.key'))
    await expect(createMasterKey({ dataFolder })).rejects.toThrow(/There is a master key in .* already\./)
    expect(await readFile(join(dataFolder, 'master.key'))).toEqual(before)
  })

  test('a write that fails leaves no key and no bytes behind', async () => {
    await using folder = await aFolder()
    const failing = createMasterKey({
      dataFolder: folder.path,
      onStep: () => {
        throw new Error('disk full')
      },
    })
    await expect(failing).rejects.toBeInstanceOf(MasterKeyError)
    expect(await loadMasterKey({ dataFolder: folder.path, environment: {} })).toMatchObject({ status: 'missing' })
  })
})

describe('the format of a master key file', () => {
  test.each([
    ['nothing', ''],
    ['another version', line.replace('key-1', 'key-2')],
    ['a short key', `certkeep-master-key-1 0123456789abcdef ${bytes.subarray(1).toString('base64url')}\n`],
    ['bits that no byte has', line.replace(/.\n$/, 'd\n')],
    ['a second line', line + line],
    ['more than its length', line.padEnd(2000, '\n')],
  ])('%s is refused, without the content in the message', (_, content) => {
    expect(() => parseMasterKey(Buffer.from(content), 'the file')).toThrow(
      'the file does not hold a master key (one line: certkeep-master-key-1, an id, the key).',
    )
  })

  test('10^4 mutations: a key or a MasterKeyError, nothing else', () => {
    let refused = 0
    forMutationsOf(Buffer.from(line), (mutated) => {
      try {
        expect(parseMasterKey(mutated, 'the file').key.symmetricKeySize).toBe(32)
      } catch (error) {
        expect(error).toBeInstanceOf(MasterKeyError)
        refused += 1
      }
    })
    expect(refused).toBeGreaterThan(5_000)
  })
})
