import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fieldsOf, leafOf } from '../../src/audit/leaf.ts'
import { MirrorBucket, MirrorFolder, type MirrorPlace } from '../../src/backup/index.ts'
import { day, wallClock } from '../../src/kernel/index.ts'
import { mirrorPlaceOf } from '../../src/mirror.ts'
import { temporaryFolder } from '../support/service.ts'
import { aNewFolder, aSafe, s3Like } from './certkeep.ts'
import { aWorld, restoreInto, type World } from './world.ts'

const entryOf = async (world: World, operation: string, objectId: string) =>
  (await world.at('ListAuditEntries', { objectId, limit: 1_000 })).rows.find(
    (entry: { operation: string }) => entry.operation === operation,
  )

const leavesOf = async ({ deps }: World): Promise<string[]> => {
  const { size } = await deps.auditLog.state()
  const entries = await deps.auditLog.entries(0, size)
  return entries.map(({ texts, salt, erased }) => leafOf(fieldsOf(texts, salt, erased)).toString('hex'))
}

describe('the keyring', () => {
  test('a backup taken before a destruction, with the master key, signs nothing after it unless an outstanding copy is brought too; the receipt had said so', async () => {
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let caId: string
    let keyId: string
    {
      await using world = await aWorld(safe, dataFolder)
      caId = await world.rootCa('Root')
      await world.copyKeyring('keyring-1')
      await world.backUp('data')
      await world.at('DisableCa', { caId })
      await world.at('DeleteCa', { caId, keepDays: 7 })
      world.advance(8 * day)
      await world.runDue()
      const { key } = (await entryOf(world, 'DestroyCaKey', caId)).facts
      keyId = key.id
      expect(key).toMatchObject({ level: 'local', outstanding: [1] })
      expect((await world.at('ListKeyringCopies')).rows).toMatchObject([{ number: 1, attestedAt: null }])
    }
    {
      const without = aNewFolder(dataFolder, { keyring: true })
      expect((await restoreInto(without, safe)).absentKeys).toEqual([keyId])
      await using world = await aWorld(safe, without)
      await world.release()
      await expect(world.leaf(caId, 'a.example.com')).rejects.toMatchObject({ code: 'KeyUnavailable' })
    }
    const withCopy = aNewFolder(dataFolder, { keyring: false })
    expect((await restoreInto(withCopy, safe, { keyring: 'keyring-1' })).absentKeys).toEqual([])
    await using world = await aWorld(safe, withCopy)
    await world.release()
    expect(await world.leaf(caId, 'a.example.com')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('copies are numbered before they are made, and attested by a person of the operator’s account', async () => {
    const safe = aSafe()
    await using world = await aWorld(safe, temporaryFolder())
    await world.rootCa('Root')
    await world.copyKeyring('one')
    // The number is taken although the file is not made: it counts until somebody says that there is none.
    await expect(world.copyKeyring('one')).rejects.toMatchObject({ name: 'BackupError' })
    const { rows } = await world.at('ListKeyringCopies')
    expect(rows).toMatchObject([
      { number: 2, keys: 2, attestedAt: null },
      { number: 1, keys: 2, attestedAt: null },
    ])
    await world.at('AttestKeyringCopyDestroyed', { number: 2 })
    await expect(world.at('AttestKeyringCopyDestroyed', { number: 2 })).rejects.toMatchObject({
      code: 'KeyringCopyAttested',
    })
    await expect(world.at('AttestKeyringCopyDestroyed', { number: 3 })).rejects.toMatchObject({
      code: 'KeyringCopyNotFound',
    })
    const stranger = await world.createAccount('stranger')
    const { operations } = await import('../../src/api/index.ts')
    await expect(world.call(stranger, operations.AttestKeyringCopyDestroyed, { number: 1 })).rejects.toMatchObject({
      code: 'AccessDenied',
    })
    expect((await world.at('ListKeyringCopies')).rows[1]).toMatchObject({ number: 1, attestedAt: null })
  })
})

describe('a restored instance', () => {
  test('changes nothing until a named person, who says until when it knows, releases it; pending deletions wait seven more days', async () => {
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let caId: string
    {
      await using world = await aWorld(safe, dataFolder)
      caId = await world.rootCa('Root')
      await world.at('DisableCa', { caId })
      await world.at('DeleteCa', { caId, keepDays: 7 })
      await world.backUp('data')
    }
    const folder = aNewFolder(dataFolder, { keyring: true })
    await restoreInto(folder, safe)
    await using world = await aWorld(safe, folder)
    for (const refused of [
      () => world.at('RestoreCa', { caId }),
      () => world.at('CreateUser', { userName: 'somebody' }),
      () => world.rootCa('Another'),
    ])
      await expect(refused()).rejects.toMatchObject({ code: 'InQuarantine' })
    world.advance(30 * day)
    await world.runDue()
    expect(await world.at('ShowCa', { caId })).toMatchObject({ state: 'pendingDeletion' })

    const { quarantine } = await world.at('ShowQuarantine')
    await expect(world.at('ReleaseQuarantine', { knownUntil: quarantine.knownUntil + 1 })).rejects.toMatchObject({
      code: 'QuarantineChanged',
    })
    const stranger = await world.createAccount('stranger')
    const { operations } = await import('../../src/api/index.ts')
    await expect(
      world.call(stranger, operations.ReleaseQuarantine, { knownUntil: quarantine.knownUntil }),
    ).rejects.toMatchObject({ code: 'AccessDenied' })

    const before = world.deps.domainClock.now()
    const { rearmed } = await world.release()
    expect(rearmed).toMatchObject([{ caId }])
    expect(rearmed[0]!.dueAt).toBeGreaterThanOrEqual(before + 7 * day)
    world.advance(6 * day)
    await world.runDue()
    await world.at('RestoreCa', { caId })
    const { rows } = await world.at('ListAuditEntries', { objectType: 'instance' })
    expect(
      rows.map(({ operation, userName, outcome }: Record<string, string>) => [operation, userName, outcome]),
    ).toEqual(
      expect.arrayContaining([
        ['ReleaseQuarantine', 'admin', 'done'],
        ['RestoreBackup', 'operator', 'done'],
      ]),
    )
  })

  test('has a new id and the old lineage, and leaves room for copies that it does not know', async () => {
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let instance: string | undefined
    {
      await using world = await aWorld(safe, dataFolder)
      await world.copyKeyring('one')
      instance = await world.meta.read('instance.id')
      await world.backUp('data')
    }
    const folder = aNewFolder(dataFolder, { keyring: true })
    await restoreInto(folder, safe)
    await using world = await aWorld(safe, folder)
    expect(await world.meta.read('instance.id')).not.toBe(instance)
    expect(await world.meta.read('instance.lineage')).toBe(instance)
    expect((await world.at('ListKeyringCopies')).rows).toMatchObject([
      { number: 1_000, place: expect.stringContaining('numbers 2 to 999') as string },
      { number: 1 },
    ])
    await world.release()
    await world.copyKeyring('two')
    expect((await world.at('ListKeyringCopies')).rows[0]).toMatchObject({ number: 1_001 })
  })
})

interface Mirror extends AsyncDisposable {
  place: () => MirrorPlace
}

const mirrors: Record<string, () => Promise<Mirror>> = {
  'in a folder': () => {
    const folder = join(temporaryFolder(), 'mirror')
    return Promise.resolve({
      place: () => new MirrorFolder(folder),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
  },
  'in an S3-compatible store': async () => {
    const store = await s3Like()
    const config = { kind: 's3', region: 'eu-west-1', bucket: 'audit', prefix: 'of/certkeep' } as const
    return {
      place: () => mirrorPlaceOf({ ...config, ...store.access }, ['127.0.0.1']),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }
  },
}

describe.each(Object.entries(mirrors))('a restore with the audit mirror %s', (_title, aMirror) => {
  test('knows the revocation, the issuance, the cancelled and the completed deletion that came after the backup', async () => {
    await using mirror = await aMirror()
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    let ids: Record<
      'living' | 'pending' | 'cancelled' | 'completed' | 'revoked' | 'deleted' | 'late' | 'lateCa',
      string
    >
    let keyOfLeaver: string
    let numberBefore: number
    let leaves: string[]
    let destroyedKey: string
    const began = wallClock.now()
    {
      await using world = await aWorld(safe, dataFolder)
      const { at } = world
      const mirroring = await world.mirrorTo(mirror.place())
      const [living, cancelled, completed] = [
        await world.rootCa('Living'),
        await world.rootCa('Cancelled'),
        await world.rootCa('Completed'),
      ]
      const subject = { commonName: 'Pending', country: 'CN', organization: 'Test' }
      const pending = (
        await at('CreateCa', { type: 'subordinate', subject, keyAlgorithm: 'p256', signatureHash: 'sha256' })
      ).caId
      const revoked = await world.leaf(living, 'revoked.example.com')
      const deleted = await world.leaf(living, 'deleted.example.com')
      for (const caId of [cancelled, completed]) {
        await at('DisableCa', { caId })
        await at('DeleteCa', { caId, keepDays: 7 })
      }
      keyOfLeaver = (await world.createUser('leaver')).accessKeyId
      await world.copyKeyring('keyring')
      await world.backUp('data')

      await at('RevokeCertificate', { certificateId: revoked, reason: 'keyCompromise' })
      await at('DeletePrivateCertificate', { certificateId: deleted })
      const late = await world.leaf(living, 'late.example.com')
      await at('ActivateCa', {
        caId: pending,
        issuerId: living,
        signatureHash: 'sha256',
        validity: { unit: 'year', amount: 1 },
      })
      await at('RestoreCa', { caId: cancelled })
      const lateCa = await world.rootCa('Late')
      await at('SetAccessKeyEnabled', { accessKeyId: keyOfLeaver, enabled: false })
      await at('CreateGroup', { groupName: 'late' })
      world.advance(8 * day)
      await world.runDue()
      const { serial } = (await at('ShowPrivateCertificate', { certificateId: late })).certificate
      ids = { living, pending, cancelled, completed, revoked, deleted, late: serial, lateCa }
      destroyedKey = (await entryOf(world, 'DestroyCaKey', completed)).facts.key.id
      await world.number()
      leaves = await leavesOf(world)
      numberBefore = await world.deps.revocations.lastCrlNumber(living)
      await mirroring.stop()
    }
    const folder = aNewFolder(dataFolder, { keyring: false })
    const record = await restoreInto(folder, safe, { keyring: 'keyring', mirror: mirror.place() })
    expect(record.knownUntil).toBeGreaterThanOrEqual(began)
    expect(record.lostCas).toEqual([{ caId: ids.lateCa, commonName: 'Late' }])
    expect(record.notMerged).toMatchObject({ CreateGroup: 1 })
    expect(record.merged).toMatchObject({ RevokeCertificate: 1, DestroyCaKey: 1, RestoreCa: 1, SetAccessKeyEnabled: 1 })

    await using world = await aWorld(safe, folder)
    const { at, deps } = world
    // The revocation: on the ledger, on the record, and its key is barred.
    const { certificate } = await at('ShowPrivateCertificate', { certificateId: ids.revoked })
    expect(certificate).toMatchObject({ revocationReason: 'keyCompromise' })
    const revokedSerial = certificate.serial as string
    expect(await deps.revocations.find(ids.living, revokedSerial)).toMatchObject({ reason: 'keyCompromise' })
    const { spkiSha256 } = (await deps.ledger.find(ids.living, revokedSerial))!
    expect(await deps.ledger.keyBar(spkiSha256)).toBe('compromised')
    // The issuance: its record is lost, the ledger knows its serial, which is never used again.
    const issuance = await deps.ledger.find(ids.living, ids.late)
    expect(issuance).toMatchObject({ kind: 'leaf' })
    expect(issuance!.certificateSha256).toHaveLength(32)
    await expect(at('ShowPrivateCertificate', { certificateId: ids.deleted })).rejects.toMatchObject({
      code: 'CertificateNotFound',
    })
    expect(await at('ShowCa', { caId: ids.pending })).toMatchObject({
      state: 'active',
      ca: { issuerId: ids.living },
    })
    // The cancelled deletion, and the completed one: the copy of the keyring held its key, which is ended again.
    expect(await at('ShowCa', { caId: ids.cancelled })).toMatchObject({
      state: 'disabled',
      ca: { dueAt: null },
    })
    expect((await deps.cas.findById(ids.completed))!.state).toBe('destroyed')
    expect(await deps.keyStore.find(destroyedKey)).toMatchObject({ state: 'destroyed', sealedPrivateKey: null })
    expect(readdirSync(join(folder, 'keyring')).join()).not.toContain(destroyedKey)
    expect((await at('ListAccessKeys', { userName: 'leaver' })).accessKeys).toMatchObject([
      { accessKeyId: keyOfLeaver, enabled: false },
    ])
    // What verifiers have seen is not answered with something older.
    expect(await deps.revocations.latestCrl(ids.living)).toBeUndefined()
    // The log goes on where the mirror ended: leaf by leaf what it was.
    await world.number()
    expect((await leavesOf(world)).slice(0, leaves.length)).toEqual(leaves)
    expect(await world.receipts.find(ids.completed)).toMatchObject({
      statement: expect.stringContaining(destroyedKey) as string,
    })
    expect(await entryOf(world, 'DestroyCaKey', ids.completed)).toMatchObject({ userId: 'clock' })

    await world.release()
    world.advance(9 * day)
    await world.runDue()
    const crl = (await deps.revocations.latestCrl(ids.living))!
    expect(crl.number).toBeGreaterThan(numberBefore)
    expect(crl.entries).toBe(1)
    world.advance(40 * day)
    await world.runDue()
    expect(await at('ShowCa', { caId: ids.cancelled })).toMatchObject({ state: 'disabled' })
    const mirroring = await world.mirrorTo(mirror.place())
    await mirroring.stop()
    expect(await mirror.place().readOwner()).toMatchObject({
      instanceId: await world.meta.read('instance.id'),
      stopped: true,
    })
  })

  test('an instance that lacks what the mirror knows does not write to it, nor does another instance', async () => {
    await using mirror = await aMirror()
    const safe = aSafe()
    const dataFolder = temporaryFolder()
    {
      await using world = await aWorld(safe, dataFolder)
      const mirroring = await world.mirrorTo(mirror.place())
      await world.backUp('data')
      await world.rootCa('Late')
      await mirroring.stop()
    }
    const folder = aNewFolder(dataFolder, { keyring: true })
    // Its own entry of the restore is one; two are in the mirror.
    await restoreInto(folder, safe)
    {
      await using world = await aWorld(safe, folder)
      await expect(world.mirrorTo(mirror.place())).rejects.toThrow('knows of')
    }
    await using other = await aWorld(safe, temporaryFolder())
    await expect(other.mirrorTo(mirror.place())).rejects.toThrow('another instance’s')
  })
})

test('an S3 store that refuses the signature is told as such, and keeps no secret in the message', async () => {
  await using store = await s3Like()
  const access = { ...store.access, secretAccessKey: 'not the one' }
  const bucket = new MirrorBucket(
    { region: 'eu-west-1', bucket: 'audit', prefix: '', ...access },
    () => Promise.resolve({ status: 403, body: Buffer.from('') }),
    wallClock,
  )
  await expect(bucket.readOwner()).rejects.toThrow(
    /^The audit mirror s3:\/\/audit cannot be used: the store answered 403[.]$/,
  )
})
