import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alibaba, huawei, own } from '../support/client.ts'
import { advance, crl, leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { aNewFolder, aSafe, certkeep } from './certkeep.ts'

const call = (service: Service) => (operation: string, input: unknown = {}) =>
  own(service.url, service.credentials, operation, input)

async function ran(args: string[], environment: Record<string, string> = {}): Promise<string> {
  const { code, out, err } = await certkeep(args, environment)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

/** As a person does it after a look. */
async function release(service: Service): Promise<{ rearmed: { caId: string; dueAt: number }[] }> {
  const { quarantine } = await call(service)('ShowQuarantine')
  return call(service)('ReleaseQuarantine', { knownUntil: quarantine.knownUntil })
}

describe('a backup of the data', () => {
  test('taken before a destruction signs nothing after it, unless an outstanding copy of the keyring is brought too; the receipt had said so', async () => {
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let caId: string
    let keyId: string
    {
      await using service = await startService({ dataFolder, keep: true })
      caId = await rootCa(service)
      await ran(['keyring', 'backup', safe.at('keyring-1'), '--data', dataFolder, ...safe.seal, '--place', 'safe A'])
      await ran(['backup', safe.at('data'), '--data', dataFolder, ...safe.seal])
      await call(service)('DisableCa', { caId })
      await call(service)('DeleteCa', { caId, keepDays: 7 })
      await advance(service, 8)
      const { rows } = await call(service)('ListAuditEntries', { objectId: caId })
      const receipt = rows.find((entry: { operation: string }) => entry.operation === 'DestroyCaKey')
      keyId = receipt.facts.key.id
      expect(receipt.facts.key).toMatchObject({ level: 'local' })
      expect((await call(service)('ListKeyringCopies')).rows).toMatchObject([
        { number: 1, place: 'safe A', attestedAt: null },
      ])
    }
    {
      const without = aNewFolder(dataFolder, { keyring: true })
      const told = await ran(['restore', safe.at('data'), '--data', without, ...safe.seal])
      expect(told).toContain(`key absent      ${keyId}`)
      await using service = await startService({ dataFolder: without })
      await release(service)
      await expect(leaf(service, caId)).rejects.toThrow('KeyUnavailable')
      expect(readdirSync(join(without, 'keyring')).join()).not.toContain(keyId)
    }
    const withCopy = aNewFolder(dataFolder, { keyring: false })
    await ran(['restore', safe.at('data'), '--data', withCopy, ...safe.seal, '--keyring', safe.at('keyring-1')])
    await using service = await startService({ dataFolder: withCopy })
    await release(service)
    expect(await leaf(service, caId)).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('holds neither master key nor keyring, and does not open with another passphrase or when it was changed', async () => {
    const safe = aSafe()
    await using service = await startService()
    await rootCa(service)
    await ran(['backup', safe.at('data'), '--data', service.dataFolder, ...safe.seal])
    const other = aSafe()
    const { writeFileSync, readFileSync } = await import('node:fs')
    writeFileSync(other.at('passphrase'), 'quite another passphrase')
    const refused = await certkeep([
      'restore',
      safe.at('data'),
      '--data',
      aNewFolder(service.dataFolder, { keyring: true }),
      ...other.seal,
    ])
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('does not open') as string })
    const bytes = readFileSync(safe.at('data'))
    for (const [name, changed] of [
      ['cut', bytes.subarray(0, -40)],
      ['flipped', Buffer.from(bytes.map((byte, index) => (index === bytes.length - 100 ? byte ^ 1 : byte)))],
    ] as const) {
      writeFileSync(other.at(name), changed)
      const folder = aNewFolder(service.dataFolder, { keyring: true })
      const ended = await certkeep(['restore', other.at(name), '--data', folder, ...safe.seal])
      expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('backup') as string })
      expect(existsSync(join(folder, 'certkeep.db'))).toBe(false)
    }
  })
})

describe('a restored instance', () => {
  test('is in quarantine: reads answer, every door refuses writes in words of its own, nothing falls due', async () => {
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let caId: string
    let certificateId: string
    {
      await using service = await startService({ dataFolder, keep: true })
      caId = await rootCa(service)
      certificateId = await leaf(service, caId)
      await call(service)('DisableCa', { caId })
      await call(service)('DeleteCa', { caId, keepDays: 7 })
      await ran(['backup', safe.at('data'), '--data', dataFolder, ...safe.seal])
    }
    const restoredFolder = aNewFolder(dataFolder, { keyring: true })
    await ran(['restore', safe.at('data'), '--data', restoredFolder, ...safe.seal])
    await using service = await startService({ dataFolder: restoredFolder })
    expect(service.banner).toContain('is in quarantine')
    const { url, credentials } = service
    expect(await call(service)('ShowCa', { caId })).toMatchObject({ state: 'pendingDeletion' })
    expect(await huawei(url, credentials, 'POST', '/api/RestoreCa', { caId })).toMatchObject({
      status: 409,
      body: { code: 'InQuarantine' },
    })
    expect(
      await huawei(url, credentials, 'POST', `/v1/private-certificate-authorities/${caId}/restore`),
    ).toMatchObject({ status: 403, body: { error_code: 'PCA.10010915' } })
    expect(
      await alibaba(url, credentials, 'DeleteUserCertificate', { CertId: String(await number(service, certificateId)) }),
    ).toMatchObject({ status: 400, body: { Code: 'InstanceInQuarantine' } })

    await advance(service, 30)
    expect(await call(service)('ShowCa', { caId })).toMatchObject({ state: 'pendingDeletion' })

    const { quarantine } = await call(service)('ShowQuarantine')
    const guess = await huawei(url, credentials, 'POST', '/api/ReleaseQuarantine', {
      knownUntil: quarantine.knownUntil - 1,
    })
    expect(guess).toMatchObject({ status: 409, body: { code: 'QuarantineChanged' } })
    const { rearmed } = await release(service)
    const now = (await call(service)('ShowCa', { caId })).dueAt
    expect(rearmed).toEqual([{ caId, was: expect.any(Number) as number, dueAt: now }])
    await advance(service, 6)
    await call(service)('RestoreCa', { caId })
    const { rows } = await call(service)('ListAuditEntries', { objectType: 'instance' })
    expect(rows.map((entry: { operation: string; userName: string }) => [entry.operation, entry.userName])).toEqual(
      expect.arrayContaining([
        ['ReleaseQuarantine', 'admin'],
        ['RestoreBackup', 'operator'],
      ]),
    )
    await until('a CRL after the release', () => crl(service, caId))
  })
})

async function number(service: Service, certificateId: string): Promise<number> {
  const { certificate } = await call(service)('ShowPrivateCertificate', { certificateId })
  return (certificate ?? {}).number as number
}
