import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { pkiDoor } from '../../src/api/pki/door.ts'
import type { Receipt } from '../../src/end-of-life/index.ts'
import { day, hour } from '../../src/kernel/index.ts'
import { oids, parseCertificate, parseCrl, readCrlDistributionPoints } from '../../src/x509/index.ts'
import { openCore, type Core } from '../support/core.ts'
import { aCaIn, aCsrOf, aLeafIn, fetchFrom, pemOfRequest } from './authorities.ts'

const schedule = async (core: Core, caId: string, disposition: 'runOut' | 'revokeAll' = 'runOut') => {
  await core.call(core.administrator, operations.DisableCa, { caId })
  await core.call(core.administrator, operations.DeleteCa, { caId, keepDays: 7, disposition })
}
/** The day, 7 days later. */
const theDayComes = async (core: Core) => {
  core.advance(7 * day + hour)
  await core.runDue()
}
const stateOf = async (core: Core, caId: string) => (await core.deps.cas.findById(caId))!.state
const receiptOf = async (core: Core, caId: string) =>
  (await core.auditEntries(core.administrator.accountId)).find(
    ({ operation, objectId, outcome }) => operation === 'DestroyCaKey' && objectId === caId && outcome === 'done',
  )?.facts as unknown as Receipt | undefined
const servedBy = (core: Core) => {
  const door = pkiDoor({ ...core.deps, report: () => undefined })
  return async (url: string) => {
    const { status, body } = await fetchFrom(door, new URL(url).pathname)
    if (status !== 200) throw new Error(`it answers ${status}`)
    return Buffer.concat(body as Uint8Array[])
  }
}
const crlOf = async (core: Core, caId: string) => {
  const bytes = await servedBy(core)(`http://pki.example.test/crl/${caId}.crl`)
  return { bytes, crl: parseCrl(bytes) }
}
const alarmsOf = async (core: Core) => (await core.call(core.administrator, operations.ListAlarms, {})).rows
const anchored = { publicUrl: 'http://pki.example.test' }
const year = { unit: 'year', amount: 1 } as const

describe('the disposition of the end of a CA', () => {
  test('runOut, the default: nothing is revoked, and the final CRL stands until the last certificate has ended', async () => {
    await using core = await openCore()
    const caId = await aCaIn(core)
    const certificateId = await aLeafIn(core, caId, { days: 60 })
    await schedule(core, caId)
    await theDayComes(core)
    const { certificate } = await core.call(core.administrator, operations.ShowPrivateCertificate, { certificateId })
    expect(certificate.revokedAt).toBeNull()
    expect(await receiptOf(core, caId)).toMatchObject({
      requested: { disposition: 'runOut', requestedBy: { userName: core.administrator.userName } },
      approvedBy: [],
      under: { leaves: { valid: 1, revoked: 0, expired: 0 }, unexpired: 1 },
      finalCrl: { entries: 0, nextUpdate: certificate.notAfter },
      key: { level: 'local', searched: ['sealed'] },
    })
  })

  test('revokeAll: every child is on the final CRL, records and sub-CAs say so, and the CA is revoked at its parent', async () => {
    await using core = await openCore()
    const parent = await aCaIn(core, { commonName: 'Parent' })
    const caId = await aCaIn(core, { issuerId: parent, commonName: 'Ending', pathLength: 1 })
    const child = await aCaIn(core, { issuerId: caId, commonName: 'Child' })
    const leaves = [await aLeafIn(core, caId), await aLeafIn(core, caId), await aLeafIn(core, caId)]
    const elsewhere = await aLeafIn(core, parent)
    await core.call(core.administrator, operations.DeletePrivateCertificate, { certificateId: leaves[2]! }) // the record alone
    await schedule(core, caId, 'revokeAll')
    expect((await core.deps.ledger.under(caId, core.deps.domainClock.now())).leaves.revoked).toBe(0)
    await theDayComes(core)

    const { crl } = await crlOf(core, caId)
    expect([...crl.entries()].map(({ reason }) => reason)).toEqual(
      Array.from({ length: 4 }, () => 'cessationOfOperation'),
    )
    for (const certificateId of leaves.slice(0, 2))
      expect(await core.call(core.administrator, operations.ShowPrivateCertificate, { certificateId })).toMatchObject({
        state: 'revoked',
        issuer: 'destroyed',
      })
    expect(await core.deps.cas.findById(child)).toMatchObject({
      state: 'active',
      revocationReason: 'cessationOfOperation',
    })
    expect(await receiptOf(core, caId)).toMatchObject({
      ownCertificate: 'revoked',
      under: { leaves: { valid: 0, revoked: 3 }, cas: { valid: 0, revoked: 1 } },
      finalCrl: { entries: 4 },
    })
    await core.runDue()
    const { serial } = (await core.deps.cas.findById(caId))!
    expect([...(await crlOf(core, parent)).crl.entries()].map(({ serialHex }) => serialHex)).toEqual([serial])
    expect(
      await core.call(core.administrator, operations.ShowPrivateCertificate, { certificateId: elsewhere }),
    ).toMatchObject({ state: 'valid', issuer: 'present' })
  })

  test('revokeAll needs the rights to revoke besides that to delete: three acts, three rights', async () => {
    await using core = await openCore()
    const caId = await aCaIn(core)
    await core.call(core.administrator, operations.DisableCa, { caId })
    const statement = { Effect: 'Allow', Action: ['pca:ca:delete', 'pca:ca:get'], Resource: '*' }
    const deleter = await core.createUser('deleter', [{ Version: '1', Statement: [statement] }])
    const input = { caId, keepDays: 7 }
    await expect(core.call(deleter, operations.DeleteCa, { ...input, disposition: 'revokeAll' })).rejects.toMatchObject(
      { code: 'AccessDenied' },
    )
    await core.call(deleter, operations.DeleteCa, input)
    expect(await core.deps.cas.findById(caId)).toMatchObject({ deletion: { disposition: 'runOut' } })
  })
})

describe('the final CRL is read back from every URL that an unexpired certificate names', () => {
  test('what is served there is the final CRL: the key goes, and the receipt names the URLs', async () => {
    await using core = await openCore(anchored)
    const caId = await aCaIn(core)
    const certificateId = await aLeafIn(core, caId)
    const { certificate } = await core.call(core.administrator, operations.ShowPrivateCertificate, { certificateId })
    const [url] = parseCertificate(certificate.certificate).tbs.read(
      oids.crlDistributionPoints,
      readCrlDistributionPoints,
    )!
    await schedule(core, caId)
    const read: string[] = []
    core.readUrl.now = async (asked) => {
      read.push(asked)
      return servedBy(core)(asked)
    }
    await theDayComes(core)
    expect(read).toEqual([url])
    const receipt = (await receiptOf(core, caId))!
    expect(receipt.finalCrl.readBackFrom).toEqual([url])
    const { bytes } = await crlOf(core, caId)
    expect(receipt.finalCrl.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test.each([
    ['nobody answers', () => Promise.reject(new Error('it answers 502'))],
    ['another CRL is served', () => Promise.resolve(Buffer.from('an old one'))],
  ])('%s: the key stays, an alarm stands, and both go once it is right', async (_title, readUrl) => {
    await using core = await openCore(anchored)
    const caId = await aCaIn(core)
    await aLeafIn(core, caId)
    await schedule(core, caId)
    core.readUrl.now = readUrl
    await expect(theDayComes(core)).rejects.toThrow('endCa failed')
    expect(await stateOf(core, caId)).toBe('ending')
    const { keyId } = (await core.deps.cas.findById(caId))!
    expect((await core.deps.keyStore.find(keyId!))!.state).toBe('live')
    expect(await alarmsOf(core)).toEqual([
      expect.objectContaining({
        kind: 'ca-ending',
        subject: caId,
        reason: expect.stringContaining(`/crl/${caId}.crl`),
      }),
    ])
    await expect(core.call(core.administrator, operations.RestoreCa, { caId })).rejects.toMatchObject({
      code: 'CaStateForbids',
    })

    core.readUrl.now = servedBy(core)
    await core.endCa(caId)
    expect(await stateOf(core, caId)).toBe('destroyed')
    expect(await alarmsOf(core)).toEqual([])
  })

  test('a certificate that has ended names no place that would matter', async () => {
    await using core = await openCore(anchored)
    const caId = await aCaIn(core)
    await aLeafIn(core, caId, { days: 2 })
    await schedule(core, caId)
    core.readUrl.now = () => Promise.reject(new Error('this is not asked'))
    await theDayComes(core)
    expect(await stateOf(core, caId)).toBe('destroyed')
  })
})

describe('what hangs together with a CA that ends', () => {
  test('a parent of living sub-CAs: no child’s state follows, they issue on, and the parent’s final CRL covers their lives', async () => {
    await using core = await openCore()
    const parent = await aCaIn(core, { commonName: 'Parent' })
    const child = await aCaIn(core, { issuerId: parent, commonName: 'Child' })
    await schedule(core, parent)
    await theDayComes(core)
    expect([await stateOf(core, parent), await stateOf(core, child)]).toEqual(['destroyed', 'active'])
    await aLeafIn(core, child)
    expect((await receiptOf(core, parent))!.finalCrl.nextUpdate).toBe((await core.deps.cas.findById(child))!.notAfter)
    await expect(
      core.call(core.administrator, operations.RevokeCa, { caId: child, reason: 'superseded' }),
    ).rejects.toMatchObject({ code: 'IssuerKeyDestroyed' })
  })

  test('a cross-signed CA lives on without the one that cross-signed it; and its own end leaves no key under the cross-certificate', async () => {
    await using core = await openCore()
    const [home, abroad] = [await aCaIn(core, { commonName: 'Home' }), await aCaIn(core, { commonName: 'Abroad' })]
    const { caId } = await core.call(core.administrator, operations.CreateCa, {
      type: 'subordinate',
      subject: { commonName: 'Crossed' },
      keyAlgorithm: 'p256',
    })
    const { csr } = await core.call(core.administrator, operations.ExportCaCsr, { caId })
    await core.call(core.administrator, operations.ActivateCa, {
      caId,
      issuerId: home,
      signatureHash: 'sha256',
      validity: year,
    })
    await core.call(core.administrator, operations.IssueCaByCsr, {
      issuerId: abroad,
      csr: pemOfRequest(csr),
      validity: year,
    })
    await schedule(core, abroad)
    await theDayComes(core)
    expect([await stateOf(core, abroad), await stateOf(core, caId)]).toEqual(['destroyed', 'active'])
    await aLeafIn(core, caId)

    await schedule(core, caId)
    await theDayComes(core)
    const { keyId } = (await core.deps.cas.findById(caId))!
    expect((await core.deps.keyStore.find(keyId!))!.state).toBe('destroyed')
    expect(await receiptOf(core, caId)).toMatchObject({ key: { id: keyId, level: 'local' } })
  })

  test('a CA whose key another CA certificate shares: the CA goes, the key stays until the last of them goes', async () => {
    await using core = await openCore()
    const first = await aCaIn(core, { commonName: 'First' })
    const other = (await core.deps.cas.findById(first))!
    // A renewed CA certificate on the same key: no operation makes one yet.
    const second = crypto.randomUUID()
    await core.deps.committer.commit([core.deps.cas.insert({ ...other, id: second })])
    expect((await core.call(core.administrator, operations.PreviewCaDeletion, { caId: first })).sameKey).toEqual([
      expect.objectContaining({ caId: second, keepsTheKey: true }),
    ])

    await schedule(core, first)
    await theDayComes(core)
    expect(await stateOf(core, first)).toBe('destroyed')
    expect(await receiptOf(core, first)).toMatchObject({
      key: { id: other.keyId, method: 'none: another CA certificate hangs on this key', otherCas: [second] },
    })
    await aLeafIn(core, second)

    await schedule(core, second)
    await theDayComes(core)
    expect((await core.deps.keyStore.find(other.keyId!))!.state).toBe('destroyed')
  })
})

describe('afterwards', () => {
  test('certificates can be read and say that their issuer is destroyed; revoking one says what remains; the URLs live on', async () => {
    await using core = await openCore()
    const caId = await aCaIn(core)
    const certificateId = await aLeafIn(core, caId)
    await schedule(core, caId)
    await theDayComes(core)
    core.advance(400 * day)
    expect(await core.call(core.administrator, operations.ShowPrivateCertificate, { certificateId })).toMatchObject({
      issuer: 'destroyed',
    })
    await expect(
      core.call(core.administrator, operations.RevokeCertificate, { certificateId, reason: 'superseded' }),
    ).rejects.toMatchObject({
      code: 'IssuerKeyDestroyed',
      message: expect.stringMatching(
        /its final CRL stays at its URL, and its remaining certificates end when they expire/,
      ),
    })
    expect((await crlOf(core, caId)).bytes.length).toBeGreaterThan(0)
    expect((await fetchFrom(pkiDoor({ ...core.deps, report: () => undefined }), `/ca/${caId}.cer`)).status).toBe(200)
    expect(await receiptOf(core, caId)).toBeDefined()
  })
})

describe('time cannot destroy by mistake', () => {
  const aScheduledCa = async (core: Core) => {
    const caId = await aCaIn(core)
    await aLeafIn(core, caId)
    await schedule(core, caId)
    await core.runDue()
    return { caId, keyId: (await core.deps.cas.findById(caId))!.keyId! }
  }
  const numberOf = async (core: Core, caId: string) => (await core.deps.revocations.latestCrl(caId))!.number

  test('a jump of 40 days while running: no key is lost, an alarm stands, CRLs go on; a person confirms, and the day comes', async () => {
    await using core = await openCore()
    const { caId, keyId } = await aScheduledCa(core)
    const before = await numberOf(core, caId)
    core.jump(40 * day)
    await core.runDue()
    expect(await stateOf(core, caId)).toBe('pendingDeletion')
    expect((await core.deps.keyStore.find(keyId))!.state).toBe('live')
    expect(await alarmsOf(core)).toEqual([
      expect.objectContaining({ kind: 'time-hold', reason: expect.stringContaining('960 h') }),
    ])
    await core.deps.committer.commit([core.deps.crlSchedule.crlDue(caId, core.deps.domainClock.now())])
    await core.runDue()
    expect(await numberOf(core, caId)).toBeGreaterThan(before)

    await core.call(core.administrator, operations.ConfirmTime, {})
    expect(await alarmsOf(core)).toEqual([])
    core.advance(hour)
    await core.runDue()
    expect(await stateOf(core, caId)).toBe('destroyed')
  })

  test('an hour back: nothing is due, nothing is held, and CRLs go on with higher numbers', async () => {
    await using core = await openCore()
    const { caId, keyId } = await aScheduledCa(core)
    const before = await numberOf(core, caId)
    core.jump(-hour)
    await core.deps.committer.commit([core.deps.crlSchedule.crlDue(caId, core.deps.domainClock.now())])
    await core.runDue()
    expect(await numberOf(core, caId)).toBeGreaterThan(before)
    expect(await stateOf(core, caId)).toBe('pendingDeletion')
    expect((await core.deps.keyStore.find(keyId))!.state).toBe('live')
    expect(await alarmsOf(core)).toEqual([])
  })

  test('a CA that is ending already when the clock jumps keeps its key until the time is confirmed', async () => {
    await using core = await openCore(anchored)
    const { caId, keyId } = await aScheduledCa(core)
    core.readUrl.now = () => Promise.reject(new Error('not yet'))
    await expect(theDayComes(core)).rejects.toThrow('endCa failed')
    core.readUrl.now = servedBy(core)
    core.jump(2 * day)
    await core.endCa(caId)
    expect(await stateOf(core, caId)).toBe('ending')
    expect((await core.deps.keyStore.find(keyId))!.state).toBe('live')
    await core.call(core.administrator, operations.ConfirmTime, {})
    await core.endCa(caId)
    expect(await stateOf(core, caId)).toBe('destroyed')
  })
})

test('the final CRL is never valid past the CA’s own end', async () => {
  await using core = await openCore()
  const parent = await aCaIn(core)
  await core.call(core.administrator, operations.IssueCaByCsr, {
    issuerId: parent,
    csr: pemOfRequest(aCsrOf('Elsewhere')),
    validity: { unit: 'year', amount: 9 },
  })
  await schedule(core, parent)
  await theDayComes(core)
  expect((await receiptOf(core, parent))!.finalCrl.nextUpdate).toBeLessThanOrEqual(
    (await core.deps.cas.findById(parent))!.notAfter!,
  )
})
