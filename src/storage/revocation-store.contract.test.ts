import { expect, test } from 'vitest'
import type { Issuance } from '../issuance/index.ts'
import { day, newUuid } from '../kernel/index.ts'
import type { RevocationStore } from '../revocation/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { aCa, aCrl, anIssuance, aRevocation, aSigning, bytes, now, otherwise } from './objects.fixture.ts'

/** All parts of a CRL that there are, from the first on. */
async function partsOf(revocations: Pick<RevocationStore, 'crlPart'>, caId: string, number: number) {
  const parts: Uint8Array[] = []
  for (;;) {
    const bytes = await revocations.crlPart(caId, number, parts.length)
    if (!bytes) return parts
    parts.push(bytes)
  }
}

const inParts = (...parts: Uint8Array[]) => parts.map((each, part) => ({ part, bytes: each }))

const already = otherwise('AlreadyRevoked')
const superseded = otherwise('CrlSuperseded')

onEveryEngine(
  (engine) => `RevocationStore on ${engine}`,
  (engine) => {
    test('a revocation is read as it was recorded, also of a serial that was never issued', async () => {
      await using db = await engine.open()
      const revocation = aRevocation()
      await db.commit(db.revocations.record(revocation, already))
      expect(await db.revocations.find(revocation.caId, revocation.serial)).toEqual(revocation)
      expect(await db.revocations.find(newUuid(), revocation.serial)).toBeUndefined()
    })

    test('a serial is revoked once: the first time and reason stay', async () => {
      await using db = await engine.open()
      const revocation = aRevocation()
      await db.commit(db.revocations.record(revocation, already))
      const again = { ...revocation, revokedAt: now + 1, reason: 'superseded' } as const
      await expect(db.commit(db.revocations.record(again, already))).rejects.toBe(already)
      expect(await db.revocations.find(revocation.caId, revocation.serial)).toEqual(revocation)
    })

    test('what a CA issued is revoked in ranges of serials: unexpired and unrevoked ones, counted, each once', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const issued = (serial: string, given: Partial<Issuance> = {}) =>
        db.ledger.record(anIssuance({ caId, serial, ...given }), { crlUrl: null }, already)
      await db.commit([
        ...issued('01'),
        ...issued('02', { kind: 'ca' }),
        ...issued('03', { notAfter: now - 1 }),
        ...issued('04', { kind: 'root' }),
        ...issued('05'),
        ...issued('06'),
        ...db.ledger.record(anIssuance({ serial: '01' }), { crlUrl: null }, already),
        ...db.revocations.record(aRevocation({ caId, serial: '05', reason: 'keyCompromise' }), already),
        db.ledger.open(aSigning({ caId, serial: '07' })),
        db.ledger.open(aSigning({ caId, serial: '08', purpose: 'crl' })),
      ])
      expect(await db.revocations.revocable(caId, '', now, 2)).toEqual(['01', '02'])
      expect(await db.revocations.revocable(caId, '02', now, 9)).toEqual(['06'])
      const range = { caId, from: '01', upTo: '05', now: now + 5, reason: 'superseded' } as const
      await db.commit(db.revocations.recordRange(range))
      await db.commit(db.revocations.recordRange({ ...range, now: now + 9 }))
      await db.commit(db.revocations.recordOpenSignings(caId, now + 5, 'superseded'))
      const entries = await db.revocations.entries(caId, '', 0, 9)
      expect(entries.map(({ serial, revokedAt, reason }) => [serial, revokedAt, reason])).toEqual([
        ['01', now + 5, 'superseded'],
        ['02', now + 5, 'superseded'],
        ['05', now, 'keyCompromise'],
        ['07', now + 5, 'superseded'],
      ])
      expect(await db.ledger.under(caId, now)).toMatchObject({
        leaves: { valid: 1, revoked: 2, expired: 1 },
        cas: { valid: 0, revoked: 2, expired: 0 },
      })
    })

    test('entries come in the order of their serials, page by page, each once', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const serials = ['7f', '01', '40aa', '40', 'ff', '0a', '40ab']
      const recorded = [...serials.map((serial) => aRevocation({ caId, serial })), aRevocation({ serial: '02' })]
      await db.commit(recorded.flatMap((each) => db.revocations.record(each, already)))
      const seen: string[] = []
      for (let after = ''; ;) {
        const entries = await db.revocations.entries(caId, after, 0, 3)
        seen.push(...entries.map(({ serial }) => serial))
        if (entries.length < 3) break
        after = entries.at(-1)!.serial
      }
      expect(seen).toEqual(serials.toSorted())
    })

    test('an entry stays until it was on a CRL after its expiry, RFC 5280 §3.3', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const gone = aRevocation({ caId, notAfter: now })
      const stays = aRevocation({ caId, notAfter: now + 1 })
      await db.commit([gone, stays].flatMap((each) => db.revocations.record(each, already)))
      expect(await db.revocations.entries(caId, '', now, 10)).toEqual([stays])
      const { serial: serialHex, revokedAt, reason } = stays
      expect(await db.revocations.crlEntries(caId, '', now, 10)).toEqual([{ serialHex, revokedAt, reason }])
      expect(await db.revocations.entries(caId, '', now - 1, 10)).toHaveLength(2)
    })

    test('of two publishers that take the next CRL number, the second is told', async () => {
      await using db = await engine.open()
      const ca = aCa()
      await db.commit([db.cas.insert(ca)])
      expect(await db.revocations.lastCrlNumber(ca.id)).toBe(0)
      await db.commit([db.revocations.takeCrlNumber(ca.id, 0, 1_795_000_000, superseded)])
      await expect(db.commit([db.revocations.takeCrlNumber(ca.id, 0, 1_795_000_001, superseded)])).rejects.toBe(
        superseded,
      )
      expect(await db.revocations.lastCrlNumber(ca.id)).toBe(1_795_000_000)
      await db.commit([db.revocations.takeCrlNumber(ca.id, 1_795_000_000, 1_795_000_001, superseded)])
    })

    test('there is no number to take for a CA that does not exist', async () => {
      await using db = await engine.open()
      expect(await db.revocations.lastCrlNumber('no such CA')).toBe(0)
      await expect(db.commit([db.revocations.takeCrlNumber('no such CA', 0, 1, superseded)])).rejects.toBe(superseded)
    })

    test('a CRL is read back part by part, in order', async () => {
      await using db = await engine.open()
      const crl = aCrl({ number: 1_795_000_000, entries: 3, size: 12, final: true })
      const parts = Array.from({ length: 12 }, (_, index) => bytes(index)) // as text, 10 would stand before 2
      await db.commit(db.revocations.publish(crl, inParts(...parts), superseded, undefined))
      expect(await db.revocations.latestCrl(crl.caId)).toEqual(crl)
      expect(await partsOf(db.revocations, crl.caId, crl.number)).toEqual(parts)
      expect(await partsOf(db.revocations, crl.caId, crl.number + 1)).toEqual([])
    })

    test('before the first publication there is no CRL', async () => {
      await using db = await engine.open()
      expect(await db.revocations.latestCrl(newUuid())).toBeUndefined()
    })

    test.each([
      ['the same number', { number: 5 }],
      ['a lower number', { number: 4 }],
    ])('a CRL with %s as a published one is refused, design 5', async (_, late) => {
      await using db = await engine.open()
      const crl = aCrl({ number: 5 })
      await db.commit(db.revocations.publish(crl, inParts(bytes(1)), superseded, undefined))
      const lateCrl = { ...crl, ...late, thisUpdate: now + 1 }
      await expect(db.commit(db.revocations.publish(lateCrl, inParts(bytes(2)), superseded, undefined))).rejects.toBe(
        superseded,
      )
      expect(await db.revocations.latestCrl(crl.caId)).toEqual(crl)
      expect(await partsOf(db.revocations, crl.caId, 5)).toEqual([bytes(1)])
      expect(await partsOf(db.revocations, crl.caId, 4)).toEqual([])
    })

    test('after a final CRL there is no other, whatever its number', async () => {
      await using db = await engine.open()
      const crl = aCrl({ number: 5, final: true })
      await db.commit(db.revocations.publish(crl, inParts(bytes(1)), superseded, undefined))
      const next = { ...crl, number: 6, final: false }
      await expect(db.commit(db.revocations.publish(next, inParts(bytes(2)), superseded, 5))).rejects.toBe(superseded)
      expect(await db.revocations.latestCrl(crl.caId)).toEqual(crl)
      await db.commit(db.revocations.publish(aCrl({ number: 1 }), inParts(bytes(3)), superseded, undefined))
    })

    test('a CRL that was made after another one than the latest is refused, whatever its number', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      await db.commit(db.revocations.publish(aCrl({ caId, number: 5 }), inParts(bytes(1)), superseded, undefined))
      await db.commit(db.revocations.publish(aCrl({ caId, number: 8 }), inParts(bytes(2)), superseded, 5))
      const late = db.revocations.publish(aCrl({ caId, number: 9 }), inParts(bytes(3)), superseded, 5)
      await expect(db.commit(late)).rejects.toBe(superseded)
      expect(await db.revocations.latestCrl(caId)).toMatchObject({ number: 8 })
      await db.commit(db.revocations.publish(aCrl({ caId, number: 9 }), inParts(bytes(3)), superseded, 8))
    })

    test('what is staged is seen by nobody before it is published, and is then a part', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      await db.commit([db.revocations.stagePart(caId, 7, { part: 1, bytes: bytes(1) })])
      expect(await db.revocations.latestCrl(caId)).toBeUndefined()
      const rest = [
        { part: 0, bytes: bytes(0) },
        { part: 2, bytes: bytes(2) },
      ]
      await db.commit(db.revocations.publish(aCrl({ caId, number: 7 }), rest, superseded, undefined))
      expect(await partsOf(db.revocations, caId, 7)).toEqual([bytes(0), bytes(1), bytes(2)])
    })

    test('records below the predecessor go with a publication, bytes a few at a time', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const other = aCrl({ number: 1 })
      await db.commit(db.revocations.publish(other, inParts(bytes(9)), superseded, undefined))
      for (const [number, predecessor] of [
        [1, undefined],
        [3, 1],
        [4, 3],
      ] as const) {
        const crl = aCrl({ caId, number, nextUpdate: now + number * day })
        await db.commit(db.revocations.publish(crl, inParts(bytes(1), bytes(2)), superseded, predecessor))
      }
      await db.commit([2, 5].map((number) => db.revocations.stagePart(caId, number, { part: 4, bytes: bytes(4) })))
      expect(await db.revocations.latestCrl(caId)).toMatchObject({ number: 4 })
      const stale = await db.revocations.staleParts(caId, 4, 3)
      expect(stale.toSorted((a, b) => a.number - b.number)).toEqual([
        { number: 1, lastPart: 1 },
        { number: 2, lastPart: 4 },
      ])
      await db.commit([db.revocations.dropParts(caId, 1, 1)])
      expect(await db.revocations.crlPart(caId, 1, 0)).toBeUndefined()
      expect(await db.revocations.crlPart(caId, 1, 1)).toEqual(bytes(2))
      await db.commit([db.revocations.dropParts(caId, 1, 8)])
      expect((await db.revocations.staleParts(caId, 4, 3)).map(({ number }) => number)).toEqual([2])
      for (const number of [3, 4]) expect(await partsOf(db.revocations, caId, number)).toHaveLength(2)
      expect(await partsOf(db.revocations, other.caId, 1)).toEqual([bytes(9)])
    })

    test('each revocation changes the count of its CA, and of no other', async () => {
      await using db = await engine.open()
      expect(await db.revocations.changes()).toEqual(new Map())
      const [caId, other] = [newUuid(), newUuid()]
      await db.commit(db.revocations.record(aRevocation({ caId }), already))
      await db.commit([1, 2].flatMap(() => db.revocations.record(aRevocation({ caId: other }), already)))
      expect(await db.revocations.changes()).toEqual(
        new Map([
          [caId, 1],
          [other, 2],
        ]),
      )
    })
  },
)
