import { expect, test } from 'vitest'
import type { CaFilter } from '../ca/index.ts'
import { day } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { aCa, aKey, bytes, now, otherwise, ours, theirs } from './objects.fixture.ts'

const changed = otherwise('CaChanged')
const all: CaFilter = { states: ['active'], now, sortBy: 'createdAt', descending: false }
const page = { offset: 0, limit: 100 }

onEveryEngine(
  (engine) => `CaStore on ${engine}`,
  (engine) => {
    test('a CA is read as it was inserted, with everything it has', async () => {
      await using db = await engine.open()
      const key = aKey()
      const ca = aCa({
        state: 'pendingDeletion',
        type: 'subordinate',
        genMode: 'import',
        keyId: key.id,
        subject: { commonName: '测试 "CA"', organization: 'Certkeep' },
        issuerId: 'an issuer',
        issuerName: 'Root',
        pathLength: 0,
        chain: bytes(0x30, 1, 0xff),
        crl: { enabled: true, name: 'a', bucketName: 'b', validDays: 30 },
        tags: { team: 'blue', constructor: 'x' },
        dueAt: now + 7 * day,
        deletion: {
          requestedAt: now,
          requestedBy: { userId: 'u', userName: 'alice' },
          keepDays: 7,
          disposition: 'runOut',
        },
        revokedAt: now,
        revocationReason: 'cessationOfOperation',
      })
      await db.commit([db.keys.insert(key), db.cas.insert(ca)])
      expect(await db.cas.find(ours, ca.id)).toEqual(ca)
      expect(await db.cas.findById(ca.id)).toEqual(ca)
    })

    test('a CA without a certificate is read with null for what it does not have', async () => {
      await using db = await engine.open()
      const nothing = { serial: null, notBefore: null, notAfter: null, certificate: null, signatureHash: null }
      const ca = aCa({ state: 'pendingActivation', listed: false, ...nothing })
      await db.commit([db.cas.insert(ca)])
      expect(await db.cas.find(ours, ca.id)).toEqual(ca)
    })

    test('a CA that was read before is read as it is now, and still by its own account alone', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      expect(await db.cas.find(ours, ca.id)).toEqual(ca)
      expect(await db.cas.find(theirs, ca.id)).toBeUndefined()
      await db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed)])
      expect(await db.cas.find(ours, ca.id)).toEqual({ ...ca, state: 'disabled', version: ca.version + 1 })
      expect(await db.cas.find(theirs, ca.id)).toBeUndefined()
    })

    test('a CA of another account is not found, like one that does not exist', async () => {
      await using db = await engine.open()
      const ca = aCa({ accountId: theirs })
      await db.commit([db.cas.insert(ca)])
      expect(await db.cas.find(ours, ca.id)).toBeUndefined()
      expect(await db.cas.find(ours, 'no such id')).toBeUndefined()
      expect(await db.cas.list(ours, all, page)).toEqual({ rows: [], total: 0 })
    })

    test('of two writers that read the same row, the second is told it changed', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      await db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed)])
      await expect(db.commit([db.cas.replace(ca, { ...ca, state: 'pendingDeletion' }, changed)])).rejects.toBe(changed)
      expect(await db.cas.findById(ca.id)).toEqual({ ...ca, state: 'disabled', version: 2 })
    })

    test('replacing twice in one set fails as a whole', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      const twice = [db.cas.replace(ca, { ...ca, state: 'disabled' }, changed), db.cas.replace(ca, ca, changed)]
      await expect(db.commit(twice)).rejects.toBe(changed)
      expect(await db.cas.findById(ca.id)).toEqual(ca)
    })

    test('the guard `unchanged` holds for the version and state that were read, and for no other', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      await db.commit([db.cas.unchanged(ca, changed)])
      await expect(db.commit([db.cas.unchanged({ ...ca, version: 2 }, changed)])).rejects.toBe(changed)
      await expect(db.commit([db.cas.unchanged({ ...ca, state: 'disabled' }, changed)])).rejects.toBe(changed)
      await expect(db.commit([db.cas.unchanged({ ...ca, id: 'another' }, changed)])).rejects.toBe(changed)
    })

    test('taking a CRL number does not disturb a compare-and-swap, nor is it undone by one', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      await db.commit([db.revocations.takeCrlNumber(ca.id, 0, 41, otherwise('CrlSuperseded'))])
      await db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed)])
      expect(await db.revocations.lastCrlNumber(ca.id)).toBe(41)
    })

    test('holders of a key are all CAs on it but destroyed ones', async () => {
      await using db = await engine.open()
      const [key, other] = [aKey(), aKey()]
      const holders = [aCa({ keyId: key.id }), aCa({ keyId: key.id, state: 'ending' })]
      const not = [aCa({ keyId: key.id, state: 'destroyed' }), aCa({ keyId: other.id }), aCa()]
      await db.commit([key, other].map((each) => db.keys.insert(each)))
      await db.commit([...holders, ...not].map((ca) => db.cas.insert(ca)))
      const found = await db.cas.holdersOfKey(key.id)
      expect(found.map(({ id }) => id).sort()).toEqual(holders.map(({ id }) => id).sort())
    })

    test('due are deletions whose day has come, and whatever is ending', async () => {
      await using db = await engine.open()
      const due = [
        aCa({ state: 'pendingDeletion', dueAt: now }),
        aCa({ state: 'pendingDeletion', dueAt: now - 1, accountId: theirs }),
        aCa({ state: 'ending', dueAt: now + day }),
      ]
      const not = [
        aCa({ state: 'pendingDeletion', dueAt: now + 1 }),
        aCa({ state: 'disabled', dueAt: now - day }),
        aCa({ state: 'destroyed', dueAt: now - day }),
        aCa(),
      ]
      await db.commit([...due, ...not].map((ca) => db.cas.insert(ca)))
      const found = await db.cas.due(now)
      expect(found.map(({ id }) => id).sort()).toEqual(due.map(({ id }) => id).sort())
    })
  },
)

onEveryEngine(
  (engine) => `CaStore.list on ${engine}`,
  (engine) => {
    /** The common names that a filter finds, in order. */
    async function names(cas: readonly Parameters<typeof aCa>[0][], filter: Partial<CaFilter>): Promise<unknown[]> {
      await using db = await engine.open()
      await db.commit(cas.map((given) => db.cas.insert(aCa(given))))
      const { rows, total } = await db.cas.list(ours, { ...all, sortBy: 'commonName', ...filter }, page)
      expect(total).toBe(rows.length)
      return rows.map(({ subject }) => subject.commonName)
    }
    const named = (commonName: string, given: Parameters<typeof aCa>[0] = {}) => ({ subject: { commonName }, ...given })

    test('shows the states asked for, never what is not listed', async () => {
      const cas = [
        named('active'),
        named('unlisted', { listed: false }),
        named('pending', { state: 'pendingActivation' }),
        named('waiting', { state: 'pendingDeletion' }),
        named('ending', { state: 'ending' }),
        named('gone', { state: 'destroyed' }),
      ]
      expect(await names(cas, { states: ['active'] })).toEqual(['active'])
      expect(await names(cas, { states: ['pendingActivation'] })).toEqual(['pending'])
      expect(await names(cas, { states: ['pendingDeletion', 'ending'] })).toEqual(['ending', 'waiting'])
    })

    test('expired is what ended before now; a CA without a certificate is not', async () => {
      const cas = [
        named('a moment ago', { notAfter: now - 1 }),
        named('this moment', { notAfter: now }),
        named('never activated', { notAfter: null }),
      ]
      expect(await names(cas, { expired: true })).toEqual(['a moment ago'])
      expect(await names(cas, { expired: false })).toEqual(['never activated', 'this moment'])
      expect(await names(cas, {})).toHaveLength(3)
    })

    test('filters by type and enterprise project', async () => {
      const cas = [
        named('root'),
        named('sub', { type: 'subordinate' }),
        named('elsewhere', { enterpriseProjectId: 'p' }),
      ]
      expect(await names(cas, { type: 'subordinate' })).toEqual(['sub'])
      expect(await names(cas, { enterpriseProjectId: 'p' })).toEqual(['elsewhere'])
    })

    test.each([
      ['ROOT', ['My root']],
      ['%', ['100% sure']],
      ['_', ['snake_case']],
      ['\\', ['back\\slash']],
      ['\\%', []],
      ['__', []],
      ["'", ["o'clock"]],
      ['证书', ['根证书']],
      ['none of these', []],
    ])('a part of a name means itself: %s', async (name, found) => {
      const cas = ['My root', '100% sure', 'snake_case', 'back\\slash', "o'clock", '根证书'].map((each) => named(each))
      expect(await names(cas, { name })).toEqual(found)
    })

    test.each(['createdAt', 'commonName', 'type', 'notAfter'] as const)('sorts by %s, both ways', async (sortBy) => {
      const low = { ...named('a'), type: 'root', createdAt: now - 2, notAfter: now } as const
      const high = { ...named('b'), type: 'subordinate', createdAt: now - 1, notAfter: now + 1 } as const
      expect(await names([high, low], { sortBy })).toEqual(['a', 'b'])
      expect(await names([low, high], { sortBy, descending: true })).toEqual(['b', 'a'])
    })

    test('a CA without a certificate stands before all others by its end', async () => {
      const cas = [named('has'), named('has none', { notAfter: null })]
      expect(await names(cas, { sortBy: 'notAfter' })).toEqual(['has none', 'has'])
      expect(await names(cas, { sortBy: 'notAfter', descending: true })).toEqual(['has', 'has none'])
    })

    test('pages of equal rows hold each row once, and the total counts all of them', async () => {
      await using db = await engine.open()
      const cas = Array.from({ length: 7 }, () => aCa())
      await db.commit(cas.map((ca) => db.cas.insert(ca)))
      const seen: string[] = []
      for (let offset = 0; offset < 9; offset += 3) {
        const { rows, total } = await db.cas.list(ours, { ...all, descending: true }, { offset, limit: 3 })
        expect(total).toBe(7)
        seen.push(...rows.map(({ id }) => id))
      }
      expect(seen).toHaveLength(7)
      expect(new Set(seen).size).toBe(7)
      expect(await db.cas.list(ours, all, { offset: 0, limit: 0 })).toEqual({ rows: [], total: 7 })
      expect(await db.cas.list(ours, all, { offset: 7, limit: 3 })).toEqual({ rows: [], total: 7 })
    })
  },
)
