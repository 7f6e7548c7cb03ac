import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { daySteps, revokeAllSteps } from '../../src/end-of-life/index.ts'
import { own } from '../support/client.ts'
import { advance, crl, leaf, rootCa, until } from '../support/life.ts'
import { openssl, file, crlPem, verify } from '../support/openssl.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'

async function pem(service: Service, caId: string): Promise<string> {
  const { certificate } = await own(service.url, service.credentials, 'ExportCaCertificate', { caId })
  return `-----BEGIN CERTIFICATE-----\n${String(certificate).replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

const ofCa = async (
  service: Service,
  objectId: string,
  operation: string,
): Promise<{ facts: Record<string, unknown> }[]> =>
  (await own(service.url, service.credentials, 'ListAuditEntries', { objectId, limit: 1000 })).rows.filter(
    (entry: { operation: string; outcome: string }) => entry.operation === operation && entry.outcome === 'done',
  )

const keysOnDisk = (dataFolder: string): string[] =>
  readdirSync(join(dataFolder, 'keyring')).filter((name) => name.endsWith('.key'))

describe('kill -9 on the day of a CA (docs/end-of-life.md)', () => {
  for (const step of daySteps) {
    test(`after ${step}: the next start carries the day through, once`, async () => {
      const dataFolder = temporaryFolder()
      let caId: string
      let root: string
      let certificate: string
      {
        await using before = await startService({ dataFolder, keep: true })
        caId = await rootCa(before)
        root = await pem(before, caId)
        const certificateId = await leaf(before, caId)
        certificate = (await own(before.url, before.credentials, 'ExportPrivateCertificate', { certificateId }))
          .certificate.certificate
        await own(before.url, before.credentials, 'RevokeCertificate', { certificateId, reason: 'superseded' })
        await until('a CRL', () => crl(before, caId))
        await own(before.url, before.credentials, 'DisableCa', { caId })
        const disposition = revokeAllSteps.some((each) => each === step) ? 'revokeAll' : 'runOut'
        await own(before.url, before.credentials, 'DeleteCa', { caId, keepDays: 7, disposition })
      }
      {
        await using dying = await startService({
          dataFolder,
          keep: true,
          environment: { CERTKEEP_EMULATOR_KILL_AT: step },
        })
        await advance(dying, 7.5).catch(() => undefined)
        expect(await dying.ended).toMatchObject({ signal: 'SIGKILL' })
      }
      await using after = await startService({ dataFolder })
      await until('the CA is gone', async () => {
        const { rows } = await own(after.url, after.credentials, 'ListCas', { limit: 10, offset: 0 })
        return rows.length === 0
      })
      const [statement, ...more] = await ofCa(after, caId, 'DestroyCaKey')
      expect(more).toEqual([])
      expect(statement!.facts).toMatchObject({
        key: { level: 'local', searched: ['sealed'] },
        under: { leaves: { valid: 0, revoked: 1, expired: 0 } },
      })
      expect(await ofCa(after, caId, 'BeginCaEnd')).toHaveLength(1)
      expect(keysOnDisk(dataFolder)).toHaveLength(1) // the control key alone

      const final = (await crl(after, caId))!
      const { finalCrl } = statement!.facts as { finalCrl: { sha256: string; number: number } }
      expect(openssl('dgst', '-sha256', file('crl', final))).toContain(finalCrl.sha256)
      const leafPem = `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
      const at = Date.now() + 8 * 86_400_000
      expect(verify(leafPem, { roots: root, crls: crlPem(final), at }).said).toContain('certificate revoked')
      expect(await rootCa(after, 'Another')).toMatch(/^[0-9a-f-]{36}$/)
    })
  }
})

describe('what fell due while the service was down', () => {
  test('waits 24 hours after the start, in which the CA can be restored', async () => {
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using before = await startService({ dataFolder, keep: true })
      caId = await rootCa(before)
      await own(before.url, before.credentials, 'DisableCa', { caId })
      await own(before.url, before.credentials, 'DeleteCa', { caId, keepDays: 7 })
      await advance(before, 6.9)
      await before.stop()
    }
    {
      // The clock passes the day while nobody runs: the emulator's offset is set forward on the data.
      const { DatabaseSync } = await import('node:sqlite')
      const database = new DatabaseSync(join(dataFolder, 'certkeep.db'))
      database
        .prepare(
          "UPDATE meta SET value = json_set(value, '$.value', json_extract(value, '$.value') + 20000000) WHERE key = 'emulator.clock'",
        )
        .run()
      database.close()
    }
    await using after = await startService({ dataFolder })
    await advance(after, 0.5)
    expect((await own(after.url, after.credentials, 'ShowCa', { caId })).state).toBe('pendingDeletion')
    await own(after.url, after.credentials, 'RestoreCa', { caId })
    await own(after.url, after.credentials, 'EnableCa', { caId })
    expect(await leaf(after, caId)).toMatch(/^[0-9a-f-]{36}$/)
    await advance(after, 2)
    expect((await own(after.url, after.credentials, 'ShowCa', { caId })).state).toBe('active')
  })

  test('a stop of 40 days that nothing explains holds destruction until a person confirms the time', async () => {
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using before = await startService({ dataFolder, keep: true })
      caId = await rootCa(before)
      await own(before.url, before.credentials, 'DisableCa', { caId })
      await own(before.url, before.credentials, 'DeleteCa', { caId, keepDays: 7 })
      await advance(before, 0.001)
      await before.stop()
    }
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(dataFolder, 'certkeep.db'))
    database
      .prepare("UPDATE meta SET value = json_set(value, '$.value', 40 * 86400000) WHERE key = 'emulator.clock'")
      .run()
    database.close()
    await using after = await startService({ dataFolder })
    expect(after.banner).toContain('on hold')
    await advance(after, 3)
    expect((await own(after.url, after.credentials, 'ShowCa', { caId })).state).toBe('pendingDeletion')
    expect((await own(after.url, after.credentials, 'ConfirmTime')).wasHeldBecause).toContain('h')
    await advance(after, 1)
    await until('the CA is gone', async () => {
      const { rows } = await own(after.url, after.credentials, 'ListCas', { limit: 10, offset: 0 })
      return rows.length === 0
    })
  })
})
