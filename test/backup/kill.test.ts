import { spawn } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { backupData } from '../../src/backup-data.ts'
import { restoreSteps } from '../../src/restore-data.ts'
import { temporaryFolder } from '../support/service.ts'
import { aNewFolder, aSafe } from './certkeep.ts'
import { aWorld, restoreInto } from './world.ts'

const program = fileURLToPath(new URL('killed.ts', import.meta.url))

async function killed(order: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] })
  expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
}

const pemOf = (key: KeyObject, type: 'spki' | 'pkcs8'): string =>
  String(type === 'spki' ? key.export({ type, format: 'pem' }) : key.export({ type, format: 'pem' }))

describe('kill -9', () => {
  const safe = aSafe()
  const dataFolder = temporaryFolder()
  let caId: string
  beforeAll(async () => {
    await using world = await aWorld(safe, dataFolder)
    caId = await world.rootCa('Root')
    await world.leaf(caId, 'a.example.com')
    await world.copyKeyring('keyring')
    await world.backUp('data')
  })

  for (const step of restoreSteps)
    test(`after ${step}: nobody serves what is half, and the restore can be run again`, async () => {
      const folder = aNewFolder(dataFolder, { keyring: false })
      const { privateKey } = safe.unlock as { privateKey: KeyObject }
      await killed({
        act: 'restore',
        folder,
        file: safe.at('data'),
        keyring: safe.at('keyring'),
        step,
        pem: pemOf(privateKey, 'pkcs8'),
      })
      expect(existsSync(join(folder, 'certkeep.db'))).toBe(false)
      await expect(aWorld(safe, folder)).rejects.toThrow('was begun and not finished')
      await restoreInto(folder, safe, { keyring: 'keyring' })
      expect(readdirSync(folder).filter((name) => name.startsWith('restoring'))).toEqual([])
      await using world = await aWorld(safe, folder)
      await world.release()
      expect(await world.leaf(caId, 'b.example.com')).toMatch(/^[0-9a-f-]{36}$/)
    })

  test('in the middle of a backup: there is none of that name, and the next one leaves nothing of it', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'data')
    await killed({ act: 'backup', folder: dataFolder, file })
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[.]data[.][0-9a-f]{16}[.]new$/)])
    await backupData(dataFolder, { file, lock: safe.lock, database: undefined })
    expect(readdirSync(folder)).toEqual(['data'])
  })

  test('between the number and the copy of the keyring: the number counts, and there is no copy', async () => {
    const folder = temporaryFolder()
    {
      await using world = await aWorld(safe, folder)
      await world.rootCa('Root')
    }
    const file = safe.at('never')
    const { recipient } = safe.lock as { recipient: KeyObject }
    await killed({ act: 'keyring', folder, file, step: 'copy.number-noted', pem: pemOf(recipient, 'spki') })
    expect(existsSync(file)).toBe(false)
    await using world = await aWorld(safe, folder)
    expect((await world.at('ListKeyringCopies')).rows).toMatchObject([{ number: 1, keys: 2, attestedAt: null }])
  })
})
