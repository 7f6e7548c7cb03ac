import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { day, hour } from '../../src/kernel/index.ts'
import { openGuarded, type Guarded } from './guarded.ts'

const all = {
  deletionProtection: false,
  refuseWhileInUse: false,
  twoPersons: false,
  certificateDeletionsPerUser: null,
  certificateDeletionsPerAccount: null,
  caDeletionsPerUser: null,
  caDeletionsPerAccount: null,
  revocationsPerUser: null,
  revocationsPerAccount: null,
}

describe('guards of an account and of a CA, design 3', () => {
  let g: Guarded
  beforeAll(async () => {
    g = await openGuarded()
  })
  afterAll(() => g[Symbol.asyncDispose]())

  test('of a new account all are off, as in the clouds', async () => {
    expect(await g.act('ShowGuards')).toEqual({ caId: null, guards: all, weaker: null, inForce: all })
    const caId = await g.aDisabledCa()
    await g.deleteCa(caId)
  })

  test('every act that ends something, or stands for an end, is declared as one that guards may stop', () => {
    const guarded = Object.entries(operations).flatMap(([name, { guarded: rule }]) => (rule ? [name] : []))
    expect(guarded.toSorted()).toEqual([
      'DeleteCa',
      'DeletePrivateCertificate',
      'DeleteRepositoryCertificate',
      'ExportAccountKeys',
      'RevokeCa',
      'RevokeCertificate',
      'SetGuards',
    ])
  })

  test('a protected CA is not deleted by its administrator, nor by the root user, and others are', async () => {
    const [caId, other] = [await g.aDisabledCa(), await g.aDisabledCa()]
    await g.act('SetGuards', { caId, deletionProtection: true })
    for (const who of [g.requester, g.core.administrator])
      expect(await g.refused(g.deleteCa(caId, 7, who))).toMatchObject({ code: 'DeletionProtected' })
    await g.deleteCa(other)
    expect(await g.act('ShowCa', { caId })).toMatchObject({ state: 'disabled' })
  })

  test('stricter is in force at once; weaker a day later, and until then it can be taken back', async () => {
    const caId = await g.aDisabledCa()
    await g.act('SetGuards', { caId, deletionProtection: true })
    const { weaker } = await g.act('SetGuards', { caId, deletionProtection: false })
    expect(weaker.from - g.core.deps.domainClock.now()).toBeLessThanOrEqual(day)
    expect(await g.act('ShowGuards', { caId })).toMatchObject({ guards: { deletionProtection: true }, weaker })
    g.core.advance(23 * hour)
    expect(await g.refused(g.deleteCa(caId))).toMatchObject({ code: 'DeletionProtected' })
    await g.act('SetGuards', { caId, deletionProtection: true }) // taken back
    g.core.advance(2 * day)
    expect(await g.refused(g.deleteCa(caId))).toMatchObject({ code: 'DeletionProtected' })
    await g.act('SetGuards', { caId, deletionProtection: false })
    g.core.advance(day)
    await g.deleteCa(caId)
  })

  test('one change that is stricter here and weaker there is both, each in its time', async () => {
    const caId = await g.aDisabledCa()
    await g.act('SetGuards', { caId, deletionProtection: true })
    expect(await g.act('SetGuards', { caId, deletionProtection: false, refuseWhileInUse: true })).toMatchObject({
      guards: { deletionProtection: true, refuseWhileInUse: true },
      weaker: { guards: { deletionProtection: false, refuseWhileInUse: true } },
    })
  })

  test('the caps are the account’s: with a CA they are refused', async () => {
    const caId = await g.aCa()
    expect(await g.refused(g.act('SetGuards', { caId, caDeletionsPerUser: 1 }))).toMatchObject({ code: 'InputInvalid' })
  })

  test('while in use is refused, for a CA with what is unexpired under it, until all is revoked', async () => {
    const caId = await g.aCa()
    const certificateId = await g.aLeaf(caId)
    await g.act('DisableCa', { caId })
    await g.act('SetGuards', { caId, refuseWhileInUse: true })
    const { code, message } = await g.refused(g.deleteCa(caId))
    expect([code, message]).toEqual(['InUse', expect.stringContaining('1 unexpired')])
    await g.act('RevokeCertificate', { certificateId, reason: 'unspecified' })
    await g.deleteCa(caId)
  })

  test('a guard that is set after the end was scheduled holds the job on the day, for as long as it is there', async () => {
    const caId = await g.aDisabledCa()
    await g.deleteCa(caId)
    await g.act('SetGuards', { caId, deletionProtection: true })
    g.core.advance(8 * day)
    await expect(g.core.runDue()).rejects.toMatchObject({ cause: { code: 'DeletionProtected' } })
    expect(await g.act('ShowCa', { caId })).toMatchObject({ state: 'pendingDeletion' })
    await g.act('RestoreCa', { caId })
    expect(await g.act('ShowCa', { caId })).toMatchObject({ state: 'disabled' })
  })
})

describe('caps a day', () => {
  test('so many deletions of certificates by one user, and so many by all; the next day they go on', async () => {
    await using g = await openGuarded({ certificateDeletionsPerUser: 2, certificateDeletionsPerAccount: 3 })
    const caId = await g.aCa()
    const leaves: string[] = []
    for (let count = 0; count < 6; count++) leaves.push(await g.aLeaf(caId))
    const remove = (who: { accessKeyId: string }) =>
      g.act('DeletePrivateCertificate', { certificateId: leaves.at(-1)! }, who).then(() => leaves.pop())
    await remove(g.requester)
    await remove(g.requester)
    expect(await g.refused(remove(g.requester))).toMatchObject({ code: 'DailyCapReached' })
    await remove(g.approver)
    expect(await g.refused(remove(g.approver))).toMatchObject({ code: 'DailyCapReached' })
    expect(await g.refused(remove(g.core.administrator))).toMatchObject({ code: 'DailyCapReached' })
    expect(leaves).toHaveLength(3)
    g.core.advance(day)
    await remove(g.requester)
  })

  test('of many at the same moment no more than the cap get through', async () => {
    await using g = await openGuarded({ caDeletionsPerAccount: 2 })
    const cas: string[] = []
    for (let count = 0; count < 6; count++) cas.push(await g.aDisabledCa())
    const ends = await Promise.allSettled(cas.map((caId) => g.deleteCa(caId)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  test('a cap of none lets none through, and revoking one after the other counts as well', async () => {
    await using g = await openGuarded({ caDeletionsPerUser: 0, revocationsPerAccount: 1 })
    expect(await g.refused(g.deleteCa(await g.aDisabledCa()))).toMatchObject({ code: 'DailyCapReached' })
    const caId = await g.aCa()
    const [one, two] = [await g.aLeaf(caId), await g.aLeaf(caId)]
    await g.act('RevokeCertificate', { certificateId: one, reason: 'unspecified' })
    const second = g.act('RevokeCertificate', { certificateId: two, reason: 'unspecified' })
    expect(await g.refused(second)).toMatchObject({ code: 'DailyCapReached' })
  })

  test('what a guard or a state refuses is not counted', async () => {
    await using g = await openGuarded({ caDeletionsPerUser: 1 })
    const active = await g.aCa()
    expect(await g.refused(g.deleteCa(active))).toMatchObject({ code: 'CaStateForbids' })
    await g.deleteCa(await g.aDisabledCa())
  })
})

describe('of the account', () => {
  test('protection and use bind certificates too, by either of the operations that delete them', async () => {
    await using g = await openGuarded({ refuseWhileInUse: true })
    const caId = await g.aCa()
    const certificateId = await g.aLeaf(caId)
    const remove = () => g.act('DeletePrivateCertificate', { certificateId })
    expect(await g.refused(remove())).toMatchObject({ code: 'InUse' })
    await g.act('RevokeCertificate', { certificateId, reason: 'unspecified' })
    await g.act('SetGuards', { deletionProtection: true })
    expect(await g.refused(remove())).toMatchObject({ code: 'DeletionProtected' })
    const { certificate } = await g.act('ShowPrivateCertificate', { certificateId })
    const byNumber = g.act('DeleteRepositoryCertificate', { number: BigInt(certificate.number) })
    expect(await g.refused(byNumber)).toMatchObject({ code: 'DeletionProtected' })
  })

  test('guards of one account bind no other', async () => {
    await using g = await openGuarded({ deletionProtection: true })
    const other = await g.core.createAccount('other')
    expect(await g.act('ShowGuards', {}, other)).toMatchObject({ inForce: all })
  })
})
