import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { day } from '../../src/kernel/index.ts'
import { long, openGuarded, type Guarded } from './guarded.ts'

describe('a second person, design 3', () => {
  let g: Guarded
  beforeAll(async () => {
    g = await openGuarded({ twoPersons: true })
  })
  afterAll(() => g[Symbol.asyncDispose]())

  test('the call is refused and names an approval; once that is given, the same call passes, and the log says by whom', async () => {
    const caId = await g.aDisabledCa()
    const approvalId = await g.asked(g.deleteCa(caId))
    expect(await g.asked(g.deleteCa(caId))).toBe(approvalId)
    expect(await g.act('ShowApproval', { approvalId }, g.approver)).toMatchObject({
      state: 'waiting',
      operation: 'DeleteCa',
      requestedByName: 'requester',
      subject: {
        act: { caId, terms: { keepDays: 7, disposition: 'runOut' } },
        counts: { leaves: 0, cas: 0, revoked: 0 },
      },
    })
    await g.approve(approvalId)
    expect(await g.act('ShowCa', { caId })).toMatchObject({ state: 'disabled' })
    await g.deleteCa(caId)
    expect(await g.act('ShowCa', { caId })).toMatchObject({ state: 'pendingDeletion' })
    expect(await g.act('ShowApproval', { approvalId })).toMatchObject({ state: 'used', decidedByName: 'approver' })
    const [entry] = (await g.act('ListAuditEntries', { objectId: caId })).rows
    expect(entry).toMatchObject({
      operation: 'DeleteCa',
      facts: { approval: { id: approvalId, approvedBy: { userName: 'approver' } } },
    })
  })

  test('an approval passes one call: the next asks anew', async () => {
    const caId = await g.aDisabledCa()
    const first = await g.asked(g.deleteCa(caId))
    await g.approve(first)
    await g.deleteCa(caId)
    await g.act('RestoreCa', { caId })
    const second = await g.asked(g.deleteCa(caId))
    expect(second).not.toBe(first)
    expect(await g.refused(g.approve(first))).toMatchObject({ code: 'ApprovalStateForbids' })
  })

  test('of two equal calls at the same moment one passes', async () => {
    const caId = await g.aDisabledCa()
    await g.approve(await g.asked(g.deleteCa(caId)))
    const ends = await Promise.allSettled([g.deleteCa(caId), g.deleteCa(caId)])
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('it is for who asked: another’s call is another request', async () => {
    const caId = await g.aDisabledCa()
    const approvalId = await g.asked(g.deleteCa(caId))
    await g.approve(approvalId)
    expect(await g.asked(g.deleteCa(caId, 7, g.core.administrator))).not.toBe(approvalId)
  })

  test('after seven days without use it has expired, and so has a request that nobody decided', async () => {
    const [one, two] = [await g.aDisabledCa(), await g.aDisabledCa()]
    const approved = await g.asked(g.deleteCa(one))
    await g.approve(approved)
    const waiting = await g.asked(g.deleteCa(two))
    g.core.advance(7 * day)
    expect(await g.asked(g.deleteCa(one))).not.toBe(approved)
    expect(await g.refused(g.approve(waiting))).toMatchObject({ message: expect.stringContaining('expired') as string })
  })

  test('it can be rejected, also after it was given, and withdrawn by who asked alone', async () => {
    const caId = await g.aDisabledCa()
    const first = await g.asked(g.deleteCa(caId))
    await g.approve(first)
    expect(await g.refused(g.act('WithdrawApproval', { approvalId: first }, g.approver))).toMatchObject({
      code: 'NotTheRequester',
    })
    await g.act('RejectApproval', { approvalId: first }, g.approver)
    const second = await g.asked(g.deleteCa(caId))
    await g.act('WithdrawApproval', { approvalId: second }, g.requester)
    expect(await g.refused(g.approve(second))).toMatchObject({ code: 'ApprovalStateForbids' })
    const { rows } = await g.act('ListApprovals', { state: 'rejected' })
    expect(rows).toMatchObject([{ id: first }])
  })

  test('what is approved is the digest that was shown', async () => {
    const approvalId = await g.asked(g.deleteCa(await g.aDisabledCa()))
    const blind = g.act('Approve', { approvalId, digest: '0'.repeat(64) }, g.approver)
    expect(await g.refused(blind)).toMatchObject({ code: 'ApprovalChanged' })
  })

  test('to approve is a right of its own', async () => {
    const approvalId = await g.asked(g.deleteCa(await g.aDisabledCa()))
    const manager = await g.core.createUser('manager', ['PCA FullAccess'])
    g.core.advance(long)
    expect(await g.refused(g.act('Approve', { approvalId, digest: '0'.repeat(64) }, manager))).toMatchObject({
      code: 'AccessDenied',
    })
  })

  test('what cannot be done at all asks nobody', async () => {
    const before = (await g.act('ListApprovals')).total
    expect(await g.refused(g.deleteCa(await g.aCa()))).toMatchObject({ code: 'CaStateForbids' })
    expect((await g.act('ListApprovals')).total).toBe(before)
  })

  test('exporting the keys of the account needs it too, and no key leaves before', async () => {
    await g.aLeaf(await g.aCa())
    const keys = () => g.act('ExportAccountKeys', { limit: 100 }, g.requester)
    await g.approve(await g.asked(keys()))
    expect((await keys()).items).toHaveLength(1)
    await g.asked(keys())
  })
})
