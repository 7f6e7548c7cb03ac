import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { rotateMasterKey, rotationSteps } from '../../src/rotate-master-key.ts'
import { sealedUnder } from '../../src/storage/index.ts'
import { own } from '../support/client.ts'
import { leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'
import { aSafe, certkeep } from './certkeep.ts'
import { aWorld, type World } from './world.ts'

const program = fileURLToPath(new URL('killed.ts', import.meta.url))
const keyIdIn = (folder: string): string => readFileSync(join(folder, 'master.key'), 'utf8').split(' ')[1]!
const options = { database: undefined, environment: {}, settleMs: 0 }

/** Everything that a master key opens is opened: a CA key signs, a private key is shown, an access key's secret is read. */
async function allOpens(world: World, caId: string, certificateId: string): Promise<void> {
  await world.leaf(caId, 'after.example.com')
  expect((await world.at('ExportPrivateCertificate', { certificateId })).privateKey.length).toBeGreaterThan(50)
  const key = (await world.deps.iam.accessKey(world.administrator.accessKeyId))!
  expect(String(world.deps.sealer.open('access-key-secret', [key.accountId, key.id], key.sealedSecret))).toBe(
    world.administrator.accessKeySecret,
  )
}

/** The operator has put the retired key away. */
function putAway(folder: string): void {
  const safe = join(temporaryFolder(), 'retired')
  mkdirSync(safe)
  for (const name of readdirSync(folder).filter((each) => each.startsWith('master-retired')))
    renameSync(join(folder, name), join(safe, name))
}

describe('the rotation of the master key', () => {
  test('goes on beside who reads and writes, by either key; afterwards nothing needs the old one', async () => {
    const folder = temporaryFolder()
    let caId: string
    let certificateId: string
    {
      await using world = await aWorld(aSafe(), folder)
      caId = await world.rootCa('Root')
      certificateId = await world.leaf(caId, 'a.example.com')
      const old = keyIdIn(folder)
      const within: string[] = []
      let during = Promise.resolve()
      const done = await rotateMasterKey(folder, {
        ...options,
        settleMs: 200,
        // This process has not noticed: it reads what the next key sealed, and seals under the old one.
        onStep: (step) => {
          during = during.then(async () => {
            within.push(step, await world.leaf(caId, `${step.replace('.', '-')}.example.com`))
            await allOpens(world, caId, certificateId)
          })
        },
      })
      await during
      expect(done).toMatchObject({ from: old, to: keyIdIn(folder), keys: 2 })
      expect(within.filter((each) => each.startsWith('rotate'))).toEqual(expect.arrayContaining([...rotationSteps]))
      // What was sealed behind the last pass still opens, while the retired key is there; a second rotation seals it anew.
      await allOpens(world, caId, certificateId)
      const again = await rotateMasterKey(folder, options)
      expect(again.left).toEqual([])
      expect(await sealedUnder(world.db, old)).toEqual([])
      const { rows } = await world.at('ListAuditEntries', { objectType: 'instance' })
      expect(rows).toMatchObject([
        { operation: 'RotateMasterKey', userName: 'operator', facts: { from: done.to, to: again.to } },
        { operation: 'RotateMasterKey', facts: { from: old, to: done.to } },
      ])
    }
    putAway(folder)
    await using world = await aWorld(aSafe(), folder)
    await allOpens(world, caId, certificateId)
  })

  for (const step of rotationSteps)
    test(`killed after ${step}: all opens as before, and running it again ends it`, async () => {
      const folder = temporaryFolder()
      let caId: string
      let certificateId: string
      {
        await using world = await aWorld(aSafe(), folder)
        caId = await world.rootCa('Root')
        certificateId = await world.leaf(caId, 'a.example.com')
      }
      const old = keyIdIn(folder)
      const order = JSON.stringify({ act: 'rotate', folder, step })
      const child = spawn(process.execPath, [program, order], { stdio: ['ignore', 'inherit', 'inherit'] })
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      {
        await using world = await aWorld(aSafe(), folder)
        await allOpens(world, caId, certificateId)
        expect(await rotateMasterKey(folder, options)).toMatchObject({ from: old, left: [] })
      }
      expect(keyIdIn(folder)).not.toBe(old)
      expect(readdirSync(folder).filter((name) => name.startsWith('master'))).toEqual([
        `master-retired-${old}.key`,
        'master.key',
      ])
      putAway(folder)
      await using world = await aWorld(aSafe(), folder)
      await allOpens(world, caId, certificateId)
    })

  test(
    'the running service follows in all its threads: what it seals afterwards is under the new key',
    { timeout: 300_000 },
    async () => {
      await using service = await startService({ emulate: false, args: ['--tls-port', '0'] })
      const caId = await rootCa(service)
      await leaf(service, caId)
      const old = keyIdIn(service.dataFolder)
      const told = await certkeep(['admin', 'rotate-master-key', '--data', service.dataFolder])
      expect(told).toMatchObject({ code: 0, err: '' })
      expect(told.out).not.toContain('NOT sealed anew')
      await until('every thread has followed', async () => {
        for (let i = 0; i < 8; i++) await own(service.url, service.credentials, 'CreateTemporaryKey', {})
        const left = await certkeep(['admin', 'rotate-master-key', '--data', service.dataFolder])
        return !left.out.includes('NOT sealed anew') && keyIdIn(service.dataFolder) !== old
      })
      await leaf(service, caId)
    },
  )
})
