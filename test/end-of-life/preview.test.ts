import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pkiDoor } from '../../src/api/pki/door.ts'
import { operations } from '../../src/api/index.ts'
import { day } from '../../src/kernel/index.ts'
import { openCore, type Core } from '../support/core.ts'
import { aCaIn, aCsrOf, aLeafIn, fetchFrom, pemOfRequest } from './authorities.ts'

describe('the preview of the end of a CA, design 3.1', () => {
  let core: Core
  beforeAll(async () => {
    core = await openCore()
  })
  afterAll(() => core[Symbol.asyncDispose]())
  const preview = (caId: string, more: object = {}) =>
    core.call(core.administrator, operations.PreviewCaDeletion, { caId, ...more })
  const revoke = (certificateId: string) =>
    core.call(core.administrator, operations.RevokeCertificate, { certificateId, reason: 'superseded' })

  test('a CA that issued nothing is safe to delete', async () => {
    const caId = await aCaIn(core)
    expect(await preview(caId)).toMatchObject({
      verdict: 'safe',
      reasons: ['no certificate under it is unexpired'],
      certificates: { leaves: { valid: 0, revoked: 0, expired: 0 }, cas: { valid: 0, revoked: 0, expired: 0 } },
      expiry: { days: [], later: null },
      subCas: [],
      sameKey: [],
      evidence: [],
    })
  })

  test('it is safe once every unexpired certificate under it is revoked, and in use while one is not and it issued lately', async () => {
    const caId = await aCaIn(core)
    const [one, other] = [await aLeafIn(core, caId), await aLeafIn(core, caId)]
    await revoke(one)
    expect(await preview(caId)).toMatchObject({
      verdict: 'inUse',
      certificates: { leaves: { valid: 1, revoked: 1, expired: 0 } },
    })
    await revoke(other)
    expect(await preview(caId)).toMatchObject({ verdict: 'safe' })
  })

  test('counts are of the ledger: deleting the records changes nothing', async () => {
    const caId = await aCaIn(core)
    const certificateId = await aLeafIn(core, caId)
    const before = await preview(caId)
    await core.call(core.administrator, operations.DeletePrivateCertificate, { certificateId })
    expect((await preview(caId)).certificates).toEqual(before.certificates)
  })

  test('no evidence is unknown, and the sources that tell nothing are named; evidence of 30 days ago is none', async () => {
    await using old = await openCore()
    const caId = await aCaIn(old)
    await aLeafIn(old, caId, { days: 90 })
    const now = () => old.call(old.administrator, operations.PreviewCaDeletion, { caId })
    expect(await now()).toMatchObject({ verdict: 'inUse', evidence: [{ source: 'issue' }] })
    old.advance(31 * day)
    const later = await now()
    expect(later).toMatchObject({ verdict: 'unknown', evidence: [] })
    expect(later.sources).toEqual([
      { source: 'crl', watching: 'cached' },
      { source: 'ocsp', watching: 'cached' },
      { source: 'export', watching: 'watched' },
      { source: 'download', watching: 'cached' },
    ])
    expect(later.reasons.join('; ')).toContain('“its status was asked for” cannot be seen here')
    expect(later.reasons.join('; ')).toContain('“its CRL was fetched” may have gone to a cache instead')

    await old.runDue()
    const door = pkiDoor({ ...old.deps, report: () => undefined })
    expect((await fetchFrom(door, `/crl/${caId}.crl`)).status).toBe(200)
    old.advance(day)
    expect(await now()).toMatchObject({
      verdict: 'inUse',
      evidence: [{ source: 'crl', count: 1, ageMs: expect.closeTo(day, -5) as number }],
    })
    await old.deps.useMarks.flush() // the same from the table
    expect(await now()).toMatchObject({ verdict: 'inUse', evidence: [{ source: 'crl', count: 1 }] })
    old.advance(30 * day)
    await old.deps.useMarks.forgetOld()
    expect(await now()).toMatchObject({ verdict: 'unknown', evidence: [] })
    old.advance(60 * day)
    expect(await now()).toMatchObject({ verdict: 'safe', certificates: { leaves: { valid: 0, expired: 1 } } })
  })

  test('certificates are counted by the day on which they end; beyond the nearest days in one number', async () => {
    const caId = await aCaIn(core)
    for (let days = 1; days <= 95; days++) await aLeafIn(core, caId, { days })
    await aLeafIn(core, caId, { days: 95 })
    const { expiry } = await preview(caId)
    expect(expiry.days).toHaveLength(92)
    expect(expiry.days.every(({ day: at, valid }) => at % day === 0 && valid === 1)).toBe(true)
    expect(expiry.later).toMatchObject({ valid: 4, revoked: 0 })
  })

  test('sub-CAs that outlive the key are named one by one: own, external, cross-signed', async () => {
    const root = await aCaIn(core, { commonName: 'Above' })
    const own = await aCaIn(core, { issuerId: root, commonName: 'Own' })
    const other = await aCaIn(core, { commonName: 'Other root' })
    const pending = await core.call(core.administrator, operations.CreateCa, {
      type: 'subordinate',
      subject: { commonName: 'Cross' },
      keyAlgorithm: 'p256',
    })
    const { csr } = await core.call(core.administrator, operations.ExportCaCsr, { caId: pending.caId })
    const validity = { unit: 'year', amount: 1 } as const
    await core.call(core.administrator, operations.ActivateCa, {
      caId: pending.caId,
      issuerId: other,
      signatureHash: 'sha256',
      validity,
    })
    for (const request of [csr, aCsrOf('Elsewhere')])
      await core.call(core.administrator, operations.IssueCaByCsr, {
        issuerId: root,
        csr: pemOfRequest(request),
        validity,
      })

    const { subCas, certificates, reasons } = await preview(root)
    expect(certificates.cas).toEqual({ valid: 3, revoked: 0, expired: 0 })
    expect(
      subCas.map(({ relation, commonName, caId, state }) => ({ relation, commonName, caId, state })).toSorted(byName),
    ).toEqual([
      { relation: 'crossSigned', commonName: 'Cross', caId: pending.caId, state: 'active' },
      { relation: 'external', commonName: 'Elsewhere', caId: expect.any(String) as string, state: null },
      { relation: 'own', commonName: 'Own', caId: own, state: 'active' },
    ])
    expect(reasons).toContain('sub-CAs outlive its key; their state does not follow')
    // Seen from the other side: the certificate by the root is one more on the key of the cross-signed CA.
    expect((await preview(pending.caId)).sameKey).toEqual([
      expect.objectContaining({ issuerId: root, commonName: 'Cross', keepsTheKey: false }),
    ])
  })

  test('keys whose loss loses data, and certificates without a pointer to their status, are counted', async () => {
    await using silent = await openCore({ publicUrl: null })
    for (const [where, withoutStatusPointer] of [
      [core, 0],
      [silent, 3],
    ] as const) {
      const caId = await aCaIn(where)
      await aLeafIn(where, caId, { keyUsages: ['digitalSignature'] })
      await aLeafIn(where, caId, { keyUsages: ['keyEncipherment'], keyAlgorithm: 'rsa2048' })
      await aLeafIn(where, caId, { keyUsages: ['digitalSignature'], extendedKeyUsages: ['1.3.6.1.5.5.7.3.4'] })
      expect(await where.call(where.administrator, operations.PreviewCaDeletion, { caId })).toMatchObject({
        decryptionKeys: 2,
        withoutStatusPointer,
        statusPointerUnknown: 0,
        crlUrls: where === silent ? [] : [`http://pki.example.test/crl/${caId}.crl`],
      })
    }
  })

  test('the calendar tells what will happen when, before and after it is scheduled', async () => {
    const caId = await aCaIn(core)
    await aLeafIn(core, caId, { days: 60 })
    const asked = await preview(caId, { keepDays: 10, disposition: 'revokeAll' })
    expect(asked.obstacles).toEqual(['disable it first'])
    expect(asked.calendar.map(({ event }) => event)).toEqual([
      'scheduled',
      'lastRestore',
      'everythingRevoked',
      'finalCrl',
      'keyDestroyed',
    ])
    await core.call(core.administrator, operations.DisableCa, { caId })
    const { dueAt } = await core.call(core.administrator, operations.DeleteCa, { caId, keepDays: 7 })
    const scheduled = await preview(caId, { keepDays: 30, disposition: 'revokeAll' })
    expect(scheduled).toMatchObject({ state: 'pendingDeletion', disposition: 'runOut' })
    expect(scheduled.calendar.slice(1)).toEqual([
      { at: dueAt, event: 'lastRestore' },
      { at: dueAt, event: 'finalCrl', until: scheduled.lastNotAfter },
      { at: dueAt, event: 'keyDestroyed' },
    ])
  })

  test('it is of the account: a foreign CA is as unknown as none', async () => {
    const caId = await aCaIn(core)
    const stranger = await core.createAccount('stranger')
    await expect(core.call(stranger, operations.PreviewCaDeletion, { caId })).rejects.toMatchObject({
      code: 'CaNotFound',
    })
  })
})

describe('the preview of the deletion of a certificate', () => {
  let core: Core
  let caId: string
  beforeAll(async () => {
    core = await openCore()
    caId = await aCaIn(core)
  })
  afterAll(() => core[Symbol.asyncDispose]())
  const preview = (certificateId: string) =>
    core.call(core.administrator, operations.PreviewCertificateDeletion, { certificateId })

  test('a valid one nobody was seen with is unknown; once given out it is in use', async () => {
    const certificateId = await aLeafIn(core, caId, { keyUsages: ['digitalSignature'] })
    expect(await preview(certificateId)).toMatchObject({
      verdict: 'unknown',
      losesData: false,
      privateKeyHeld: true,
      issuer: { caId, state: 'active' },
      statusPointers: [`http://pki.example.test/crl/${caId}.crl`],
    })
    await core.call(core.administrator, operations.ExportPrivateCertificate, { certificateId })
    expect(await preview(certificateId)).toMatchObject({ verdict: 'inUse', evidence: [{ source: 'export', count: 1 }] })
  })

  test('a revoked one is safe, unless its key decrypts', async () => {
    const signs = await aLeafIn(core, caId, { keyUsages: ['digitalSignature'] })
    const decrypts = await aLeafIn(core, caId, { keyUsages: ['keyEncipherment'], keyAlgorithm: 'rsa2048' })
    for (const certificateId of [signs, decrypts])
      await core.call(core.administrator, operations.RevokeCertificate, { certificateId, reason: 'superseded' })
    expect(await preview(signs)).toMatchObject({ verdict: 'safe', reasons: ['it is revoked'] })
    expect(await preview(decrypts)).toMatchObject({ verdict: 'unknown', losesData: true })
  })
})

const byName = (one: { commonName: string | null }, other: { commonName: string | null }) =>
  one.commonName! < other.commonName! ? -1 : 1
