import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alibaba, huawei, own } from '../support/client.ts'
import { rootCa } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'
import { aNewFolder, certkeep } from './certkeep.ts'

const minutes = 60_000

describe('certkeep backup and restore, as an operator uses them', () => {
  test(
    'a copy beside the living instance is refused; alone it is in quarantine at every door until it is released',
    async () => {
      const safe = temporaryFolder()
      const passphrase = join(safe, 'passphrase')
      writeFileSync(passphrase, 'correct horse battery staple\n')
      const seal = ['--passphrase-file', passphrase]
      const backup = join(safe, 'data')
      const mirror = join(safe, 'mirror')
      let dataFolder: string
      let restored: string
      let caId: string
      {
        await using service = await startService({
          emulate: false,
          keep: true,
          environment: { CERTKEEP_AUDIT_MIRROR: mirror },
        })
        dataFolder = service.dataFolder
        caId = await rootCa(service)
        const keyring = ['keyring', 'backup', join(safe, 'keys'), '--data', dataFolder, ...seal, '--place', 'safe A']
        expect(await certkeep(keyring)).toMatchObject({
          code: 0,
          out: expect.stringContaining('copy 1 of the keyring, 2 keys') as string,
        })
        expect(await certkeep(['backup', backup, '--data', dataFolder, ...seal])).toMatchObject({ code: 0, err: '' })
        restored = aNewFolder(dataFolder, { keyring: false })
        const restore = ['restore', backup, '--data', restored, ...seal, '--keyring', join(safe, 'keys')]
        // The owner's mark in the mirror moves: the instance is alive, wherever it is.
        expect(await certkeep([...restore, '--mirror', mirror])).toMatchObject({
          code: 1,
          err: expect.stringContaining('is alive') as string,
        })
        expect(await certkeep(restore)).toMatchObject({ code: 0, err: '' })
        const refusal = 'Another copy of this instance is being served'
        await expect(startService({ emulate: false, dataFolder: restored, keep: true })).rejects.toThrow(refusal)
        const copied = join(temporaryFolder(), 'copied')
        cpSync(dataFolder, copied, { recursive: true })
        await expect(startService({ emulate: false, dataFolder: copied })).rejects.toThrow(refusal)
        await service.stop()
      }
      await using service = await startService({ emulate: false, dataFolder: restored })
      expect(service.banner).toContain('is in quarantine')
      const { url, credentials } = service
      expect(await own(url, credentials, 'ShowCa', { caId })).toMatchObject({ state: 'active' })
      expect(await huawei(url, credentials, 'POST', '/api/DisableCa', { caId })).toMatchObject({
        status: 409,
        body: { error: { code: 'InQuarantine' } },
      })
      expect(
        await huawei(url, credentials, 'POST', `/v1/private-certificate-authorities/${caId}/disable`),
      ).toMatchObject({ status: 403, body: { error_code: 'PCA.10010915' } })
      const upload = { Name: 'x', Cert: 'x', Key: 'x' }
      expect(await alibaba(url, credentials, 'UploadUserCertificate', upload, { form: true })).toMatchObject({
        status: 400,
        body: { Code: 'InstanceInQuarantine' },
      })
      const at = ['--url', url, '--credentials', join(restored, 'first-credentials.json')]
      const shown = await certkeep(['quarantine', 'show', ...at])
      const [, knownUntil] = /known until\s+(\S+)/.exec(shown.out)!
      expect(await certkeep(['quarantine', 'release', '--known-until', knownUntil!, ...at])).toMatchObject({ code: 0 })
      expect((await certkeep(['keyring', 'list', ...at])).out).toContain('safe A')
      expect(await certkeep(['keyring', 'attest-destroyed', '1', ...at])).toMatchObject({ code: 0 })
      await own(url, credentials, 'DisableCa', { caId })
    },
    5 * minutes,
  )
})
