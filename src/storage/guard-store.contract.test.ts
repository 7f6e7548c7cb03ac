import { describe, expect, test } from 'vitest'
import { none, off, type Approval } from '../guards/index.ts'
import { newUuid } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { now, otherwise, ours, theirs } from './objects.fixture.ts'

const anApproval = (given: Partial<Approval> = {}): Approval => ({
  id: newUuid(),
  accountId: ours,
  operation: 'DeleteCa',
  objectId: 'ca-1',
  caId: 'ca-1',
  digest: 'd1',
  subject: {
    operation: 'DeleteCa',
    act: { kind: 'deleteCa', caId: 'ca-1', objectId: 'ca-1', version: 3, terms: { keepDays: 7 } },
    counts: { leaves: 1 },
  },
  state: 'waiting',
  requestedBy: 'user-1',
  requestedByName: 'alice',
  requestedAs: 'user-1',
  requestedAt: now,
  expiresAt: now + 1,
  decidedBy: null,
  decidedByName: null,
  decidedAt: null,
  version: 1,
  ...given,
})
const changed = otherwise('Changed')

onEveryEngine(
  (engine) => `GuardStore on ${engine}`,
  (engine) => {
    describe('guards', () => {
      test('none were set; of two who set the first, the second is told that they changed', async () => {
        await using db = await engine.open()
        const unset = await db.guards.guards(ours)
        expect(unset).toEqual({ accountId: ours, version: 0, account: none, cas: {} })
        const account = { guards: { ...off, twoPersons: true }, weaker: { guards: off, from: now } }
        await db.commit([db.guards.replaceGuards(unset, { ...unset, account }, changed)])
        await expect(db.commit([db.guards.replaceGuards(unset, unset, changed)])).rejects.toBe(changed)
        const set = await db.guards.guards(ours)
        expect(set).toEqual({ accountId: ours, version: 1, account, cas: {} })
        expect(await db.guards.guards(theirs)).toMatchObject({ version: 0 })
        await db.commit([db.guards.replaceGuards(set, { ...set, cas: { a: none } }, changed)])
        await expect(db.commit([db.guards.replaceGuards(set, set, changed)])).rejects.toBe(changed)
        expect(await db.guards.guards(ours)).toMatchObject({ version: 2, cas: { a: none } })
      })

      test('what was judged by them does not hold once they changed, from none to some and from some to others', async () => {
        await using db = await engine.open()
        const unset = await db.guards.guards(ours)
        await db.commit([db.guards.guardsUnchanged(unset, changed)])
        await db.commit([db.guards.replaceGuards(unset, unset, changed)])
        await expect(db.commit([db.guards.guardsUnchanged(unset, changed)])).rejects.toBe(changed)
        const set = await db.guards.guards(ours)
        await db.commit([db.guards.guardsUnchanged(set, changed)])
        await db.commit([db.guards.replaceGuards(set, set, changed)])
        await expect(db.commit([db.guards.guardsUnchanged(set, changed)])).rejects.toBe(changed)
      })
    })

    describe('approvals', () => {
      test('come back as they were, to their account alone, newest first, by state', async () => {
        await using db = await engine.open()
        const [first, second] = [anApproval(), anApproval({ requestedAt: now + 1, caId: null, state: 'rejected' })]
        await db.commit(
          [first, second, anApproval({ accountId: theirs })].map((each) => db.guards.insertApproval(each)),
        )
        expect(await db.guards.approval(ours, first.id)).toEqual(first)
        expect(await db.guards.approval(theirs, first.id)).toBeUndefined()
        const page = { offset: 0, limit: 10 }
        expect(await db.guards.approvals(ours, undefined, page)).toEqual({ rows: [second, first], total: 2 })
        expect(await db.guards.approvals(ours, 'waiting', page)).toEqual({ rows: [first], total: 1 })
      })

      test('of two who decide or use one, one wins', async () => {
        await using db = await engine.open()
        const approval = anApproval()
        await db.commit([db.guards.insertApproval(approval)])
        const to = (state: Approval['state']) =>
          db.commit([db.guards.replaceApproval(approval, { ...approval, state }, changed)])
        await to('approved')
        await expect(to('rejected')).rejects.toBe(changed)
        expect(await db.guards.approval(ours, approval.id)).toMatchObject({ state: 'approved', version: 2 })
      })

      test('open are those of the digest that wait or are approved; another request of the same kind voids them', async () => {
        await using db = await engine.open()
        const open = [anApproval({ state: 'approved' }), anApproval({ requestedAt: now - 1 })]
        const others = [
          anApproval({ state: 'used' }),
          anApproval({ digest: 'd2' }),
          anApproval({ requestedBy: 'user-2', digest: 'd3' }),
          anApproval({ objectId: 'ca-2', digest: 'd3' }),
        ]
        await db.commit([...open, ...others].map((each) => db.guards.insertApproval(each)))
        expect(await db.guards.openApprovals(ours, 'd1')).toEqual(open)
        await db.commit([db.guards.voidApprovals(anApproval({ digest: 'd2' }))])
        expect(await db.guards.openApprovals(ours, 'd1')).toEqual([])
        expect(await db.guards.openApprovals(ours, 'd2')).toHaveLength(1)
        expect(await db.guards.openApprovals(ours, 'd3')).toHaveLength(2)
        expect(await db.guards.approval(ours, others[0]!.id)).toMatchObject({ state: 'used' })
      })
    })

    test('counts go up to the cap and no further, each by itself; old ones are forgotten', async () => {
      await using db = await engine.open()
      const of = { accountId: ours, day: 100, kind: 'caDeletions', subject: 'user-1' }
      const one = (cap: number, what = of) => db.commit([db.guards.countOne(what, cap, changed)])
      await one(2)
      await one(2)
      await expect(one(2)).rejects.toBe(changed)
      await one(3)
      await one(1, { ...of, subject: '' })
      await one(1, { ...of, day: 101 })
      expect(await db.guards.count(of)).toBe(3)
      expect(await db.guards.count({ ...of, kind: 'revocations' })).toBe(0)
      await db.commit([db.guards.forgetCounts(ours, 101)])
      expect(await db.guards.count(of)).toBe(0)
      expect(await db.guards.count({ ...of, day: 101 })).toBe(1)
    })

    test('rights given are remembered by giver, with the last time', async () => {
      await using db = await engine.open()
      await db.commit([
        db.guards.noteRights(ours, 'user-1', 'admin', now - 10),
        db.guards.noteRights(ours, 'user-2', 'admin', now - 10),
        db.guards.noteRights(ours, 'user-1', 'admin', now),
        db.guards.noteRights(theirs, 'user-3', 'admin', now),
      ])
      expect(await db.guards.rightsGivenSince(ours, now - 1)).toEqual([{ principalId: 'user-1', givenBy: 'admin' }])
      expect(await db.guards.rightsGivenSince(ours, now - 11)).toHaveLength(2)
    })
  },
)
