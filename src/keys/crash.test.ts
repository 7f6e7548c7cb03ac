import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createSteps, shredSteps } from './durable-files.ts'
import { createKeyring, createMasterKey, loadMasterKey, openKeyring, Sealer } from './index.ts'
import { aDataKey, aFolder, anInstance } from './support.fixture.ts'

const run = promisify(execFile)

async function killedAfter(step: string, dataFolder: string, act: string, keyId = ''): Promise<void> {
  const child = run(process.execPath, [join(import.meta.dirname, 'crash.fixture.ts'), dataFolder, act, step, keyId])
  await expect(child, `the child is killed after ${step}`).rejects.toMatchObject({ signal: 'SIGKILL' })
}

const beforeNamed = ['temporaryWritten', 'temporarySynced']

describe('kill -9 while a data key is created', () => {
  test.each(createSteps)('after %s: the data key is whole or not there, and nothing is left over', async (step) => {
    await using instance = await anInstance()
    const { keyring, keyringFolder, dataFolder } = instance
    const dataKey = aDataKey()
    await killedAfter(step, dataFolder, 'create', dataKey.keyId)

    expect(await keyring.verifyAbsent(dataKey.keyId)).toBe('present')
    await keyring.removeUnfinished()
    if (beforeNamed.includes(step)) {
      expect(await keyring.verifyAbsent(dataKey.keyId)).toBe('absent')
      await keyring.create(dataKey)
    }
    expect(await keyring.open(dataKey)).toMatchObject(dataKey)
    expect((await readdir(keyringFolder)).sort()).toEqual([`${dataKey.keyId}.key`, 'control'].sort())
    expect((await stat(join(keyringFolder, `${dataKey.keyId}.key`))).nlink).toBe(1)
  })

  test.each(createSteps)('after %s: destroy leaves nothing, finished or not', async (step) => {
    await using instance = await anInstance()
    const keyId = randomUUID()
    await killedAfter(step, instance.dataFolder, 'create', keyId)

    expect(await instance.keyring.destroy(keyId)).toBe('destroyed')
    expect(await instance.keyring.verifyAbsent(keyId)).toBe('absent')
    expect(await readdir(instance.keyringFolder)).toEqual(['control'])
  })
})

describe('kill -9 while a data key is destroyed', () => {
  test.each(shredSteps)('after %s: it cannot be opened, and destroying again finishes', async (step) => {
    await using instance = await anInstance()
    const { keyring, dataFolder } = instance
    const dataKey = await keyring.create(aDataKey())
    const other = await keyring.create(aDataKey())
    await killedAfter(step, dataFolder, 'destroy', dataKey.keyId)

    const gone = step === 'unlinked' || step === 'shreddedFolderSynced'
    await expect(keyring.open(dataKey)).rejects.toMatchObject({ code: gone ? 'DataKeyAbsent' : 'DataKeyDamaged' })
    expect(await keyring.verifyAbsent(dataKey.keyId)).toBe(gone ? 'absent' : 'present')

    expect(await keyring.destroy(dataKey.keyId)).toBe(gone ? 'wasAbsent' : 'destroyed')
    expect(await keyring.verifyAbsent(dataKey.keyId)).toBe('absent')
    expect(await keyring.destroy(dataKey.keyId)).toBe('wasAbsent')
    expect((await keyring.open(other)).keyId).toBe(other.keyId)
  })

  test('half destroyed, it makes a search by public key fail instead of finding nothing', async () => {
    await using instance = await anInstance()
    const { keyring, dataFolder } = instance
    const dataKey = await keyring.create(aDataKey())
    await killedAfter('overwritten', dataFolder, 'destroy', dataKey.keyId)
    await expect(keyring.findByPublicKey(dataKey.spkiSha256)).rejects.toMatchObject({ code: 'DataKeyDamaged' })
  })
})

describe('kill -9 while an instance gets its keys', () => {
  test.each(createSteps)('master key, after %s: there is a whole one under one name, or none', async (step) => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    await killedAfter(step, dataFolder, 'createMasterKey')

    const loaded = await loadMasterKey({ dataFolder, environment: {} })
    expect(loaded.status).toBe(beforeNamed.includes(step) ? 'missing' : 'loaded')
    if (loaded.status === 'missing') await createMasterKey({ dataFolder })
    expect((await stat(join(dataFolder, 'master.key'))).nlink).toBe(1)
    expect(await loadMasterKey({ dataFolder, environment: {} })).toMatchObject({ status: 'loaded' })
  })

  test.each(createSteps)('keyring, after %s: making it again finishes it', async (step) => {
    await using folder = await aFolder()
    const dataFolder = folder.path
    const sealer = new Sealer({ current: await createMasterKey({ dataFolder }) })
    await killedAfter(step, dataFolder, 'createKeyring')

    const { id } = await createKeyring({ dataFolder, sealer })
    expect((await openKeyring({ dataFolder, sealer })).id).toBe(id)
    expect(await readdir(join(dataFolder, 'keyring'))).toEqual(['control'])
  })
})
