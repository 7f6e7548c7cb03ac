import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupData } from '../../src/backup-data.ts'
import { MirrorFolder } from '../../src/backup/index.ts'
import { restoreData } from '../../src/restore-data.ts'
import { aPostgresSchema, postgresIsMissing } from '../../src/storage/postgres-server.fixture.ts'
import { own } from '../support/client.ts'
import { leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'
import { aNewFolder, aSafe } from './certkeep.ts'
import { aWorld } from './world.ts'

const minutes = 60_000

describe.skipIf(postgresIsMissing !== undefined)('with the data in PostgreSQL', () => {
  test(
    'a backup is restored into another database, refused beside the living one, and goes on alone with what the mirror knew',
    async () => {
      await using first = await aPostgresSchema()
      await using second = await aPostgresSchema()
      const safe = aSafe()
      const mirror = join(temporaryFolder(), 'mirror')
      const environment = { CERTKEEP_DATABASE: first.url, CERTKEEP_AUDIT_MIRROR: mirror }
      let folder: string
      let caId: string
      let late: string
      let refusedBeside: string
      {
        await using service = await startService({ emulate: false, keep: true, environment })
        caId = await rootCa(service)
        const certificateId = await leaf(service, caId)
        const { dataFolder } = service
        await backupData(dataFolder, { file: safe.at('data'), lock: safe.lock, database: first.url })
        await own(service.url, service.credentials, 'RevokeCertificate', { certificateId, reason: 'superseded' })
        late = certificateId
        const options = {
          file: safe.at('data'),
          unlock: safe.unlock,
          keyringCopy: undefined,
          mirror: undefined,
          database: second.url,
          environment: {},
        }
        const other = aNewFolder(dataFolder, { keyring: true })
        await restoreData(other, options)
        await expect(restoreData(aNewFolder(dataFolder, { keyring: true }), options)).rejects.toThrow('empty one')
        const started = startService({
          emulate: false,
          dataFolder: other,
          environment: { CERTKEEP_DATABASE: second.url },
        })
        refusedBeside = await started.then(
          () => 'started',
          (error: unknown) => (error as Error).message,
        )
        folder = dataFolder
        await service.stop()
      }
      expect(refusedBeside).toContain('Another copy of this instance is being served')
      await using third = await aPostgresSchema()
      const restored = aNewFolder(folder, { keyring: true })
      const record = await restoreData(restored, {
        file: safe.at('data'),
        unlock: safe.unlock,
        keyringCopy: undefined,
        mirror: new MirrorFolder(mirror),
        database: third.url,
        environment: {},
      })
      expect(record.merged).toMatchObject({ RevokeCertificate: 1 })
      await using service = await startService({
        emulate: false,
        dataFolder: restored,
        environment: { CERTKEEP_DATABASE: third.url, CERTKEEP_AUDIT_MIRROR: mirror },
      })
      const at = (operation: string, input: object = {}) => own(service.url, service.credentials, operation, input)
      expect(await at('ShowPrivateCertificate', { certificateId: late })).toMatchObject({ state: 'revoked' })
      await expect(leaf(service, caId)).rejects.toThrow('InQuarantine')
      const { quarantine } = await at('ShowQuarantine')
      await at('ReleaseQuarantine', { knownUntil: quarantine.knownUntil })
      await leaf(service, caId)
      const instance = async () => (await new MirrorFolder(mirror).readOwner())!.instanceId
      const before = await instance()
      await until('the released instance has the mirror', async () => (await instance()) !== before, 60)
    },
    5 * minutes,
  )

  test(
    'a backup of SQLite comes back in PostgreSQL',
    async () => {
      await using schema = await aPostgresSchema()
      const safe = aSafe()
      const dataFolder = temporaryFolder()
      let caId: string
      {
        await using world = await aWorld(safe, dataFolder)
        caId = await world.rootCa('Root')
        await world.backUp('data')
      }
      const folder = aNewFolder(dataFolder, { keyring: true })
      await restoreData(folder, {
        file: safe.at('data'),
        unlock: safe.unlock,
        keyringCopy: undefined,
        mirror: undefined,
        database: schema.url,
        environment: {},
      })
      copyFileSync(join(dataFolder, 'first-credentials.json'), join(folder, 'first-credentials.json'))
      await using service = await startService({
        emulate: false,
        dataFolder: folder,
        environment: { CERTKEEP_DATABASE: schema.url },
      })
      expect(await own(service.url, service.credentials, 'ShowCa', { caId })).toMatchObject({ state: 'active' })
    },
    5 * minutes,
  )
})
