import { createHash, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  append,
  continues,
  consistencyPath,
  erase,
  fieldsOf,
  includes,
  inclusionPath,
  leafOf,
  newEntrySalt,
  noteSigner,
  openCheckpoint,
  Sequencer,
  treeRoot,
  type AuditLogStore,
  type SequencerNeeds,
  type StoredEntry,
} from '../audit/index.ts'
import { Problem } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { anEntry, ours } from './objects.fixture.ts'
import type { storesOver } from './engines.fixture.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
const signer = noteSigner('certkeep/test', raw, privateKey)
const changed = new Problem('ChangedMeanwhile', 'changed')

type Stores = ReturnType<typeof storesOver>

function sequencerOver(db: Stores, given: Partial<SequencerNeeds> = {}) {
  return new Sequencer({
    log: db.auditLog,
    committer: db,
    signer,
    wallClock: { now: () => 1_000 },
    leaseClock: { now: () => 1_000 },
    owner: 'one',
    step: () => undefined,
    ...given,
  })
}

const insert = (db: Stores, count: number, from = 0) =>
  db.commit(Array.from({ length: count }, (_, at) => db.audit.insert(anEntry({ requestId: String(from + at) }))))

/** That all of the log holds: numbers without a gap, each entry in the tree, the checkpoint of its root. */
async function whole(log: AuditLogStore): Promise<StoredEntry[]> {
  const { size, checkpoint } = await log.state()
  const entries = await log.entries(0, size)
  expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: size }, (_, index) => index))
  const tiles = new Map<string, Uint8Array>()
  const leaves = entries.map(({ texts, salt, erased }) => leafOf(fieldsOf(texts, salt, erased)))
  for (const { level, number, hashes } of await append(() => Promise.resolve(undefined), 0, leaves))
    tiles.set(`${level}/${number}`, hashes)
  const root = await treeRoot((level, number) => Promise.resolve(tiles.get(`${level}/${number}`)), size)
  expect(await treeRoot(log.readTile, size)).toEqual(root)
  expect(openCheckpoint(checkpoint, signer)).toEqual({ origin: 'certkeep/test', size, root, time: 1_000 })
  return entries
}

onEveryEngine(
  (engine) => `the Merkle log of the audit on ${engine}, design 8`,
  (engine) => {
    test('entries get numbers in their order, and each is proven to be in the log', async () => {
      await using db = await engine.open()
      const sequencer = sequencerOver(db)
      expect(await sequencer.run()).toBe(0)
      expect(await db.auditLog.state()).toMatchObject({ size: 0, checkpoint: '' })
      for (const count of [1, 2, 300, 1]) {
        await insert(db, count, (await db.auditLog.state()).size)
        expect(await sequencer.run()).toBe(count)
      }
      const entries = await whole(db.auditLog)
      expect(entries.map(({ texts }) => Number(texts.requestId))).toEqual(entries.map(({ index }) => index))
      const root = await treeRoot(db.auditLog.readTile, 304)
      for (const index of [0, 1, 255, 256, 303]) {
        const path = await inclusionPath(db.auditLog.readTile, index, 304)
        const { texts, salt } = entries[index]!
        expect(includes({ index, size: 304, path }, leafOf(fieldsOf(texts, salt, undefined)), root)).toBe(true)
      }
      const path = await consistencyPath(db.auditLog.readTile, 3, 304)
      const first = await treeRoot(db.auditLog.readTile, 3)
      expect(continues({ first: 3, second: 304, path }, first, root)).toBe(true)
      expect((await db.audit.list(ours, {}, { offset: 0, limit: 1 })).rows[0]!.index).toBe(303)
    })

    test('more than one batch is numbered at once', async () => {
      await using db = await engine.open()
      await insert(db, 1_100)
      expect(await sequencerOver(db).run()).toBe(1_100)
      await whole(db.auditLog)
    })

    test('numbers left out by what was undone make no gap in the log', async () => {
      await using db = await engine.open()
      const undone = { ...db.meta.write('a', '1'), rows: 2, otherwise: changed }
      for (let turn = 0; turn < 4; turn++) {
        await insert(db, 2)
        await expect(db.commit([db.audit.insert(anEntry()), undone])).rejects.toBe(changed)
      }
      expect(await sequencerOver(db).run()).toBe(8)
      await whole(db.auditLog)
    })

    test('of two who number at once one does, and nothing is lost or doubled', async () => {
      await using db = await engine.open()
      const two = [sequencerOver(db), sequencerOver(db, { owner: 'two', leaseClock: { now: () => 1_000_000 } })]
      for (let turn = 0; turn < 10; turn++) {
        const [, ...numbered] = await Promise.all([insert(db, 40), ...two.map((sequencer) => sequencer.run())])
        expect(numbered.every((count) => count <= 400)).toBe(true)
      }
      await two[1]!.run()
      expect(await whole(db.auditLog)).toHaveLength(400)
    })

    test('while one holds the lease another leaves it alone, and takes over when it has ended', async () => {
      await using db = await engine.open()
      let now = 1_000
      const leaseClock = { now: () => now }
      const other = sequencerOver(db, { owner: 'two', leaseClock })
      await insert(db, 1)
      expect(await sequencerOver(db, { leaseClock }).run()).toBe(1)
      await insert(db, 1)
      expect(await other.run()).toBe(0)
      now += 3_000
      expect(await other.run()).toBe(1)
      expect((await db.auditLog.state()).leaseOwner).toBe('two')
    })

    test('an end in the middle leaves a batch numbered with its proofs, or not at all', async () => {
      await using db = await engine.open()
      await insert(db, 600)
      for (const dies of ['audit.read', 'audit.numbered'] as const) {
        const dead = sequencerOver(db, {
          step: (name) => {
            if (name === dies) throw new Error('dead')
          },
        })
        await expect(dead.run()).rejects.toThrow('dead')
        if (dies === 'audit.numbered') await whole(db.auditLog)
      }
      await sequencerOver(db).run()
      expect(await whole(db.auditLog)).toHaveLength(600)
    })

    test('entries of before the log get salts of their own', async () => {
      await using db = await engine.open()
      await insert(db, 2)
      await db.commit([old(db)])
      expect((await db.auditLog.unnumbered(9)).map(({ salt }) => salt)).toEqual([null, null])
      await sequencerOver(db).run()
      const [first, second] = await whole(db.auditLog)
      expect(first!.salt).toHaveLength(32)
      expect(first!.salt).not.toEqual(second!.salt)
    })

    test('erased fields are gone with their salt, and every proof holds', async () => {
      await using db = await engine.open()
      await insert(db, 3)
      const [before] = await db.auditLog.unnumbered(1)
      const takeAway = async (entry: StoredEntry, gone: 'userName' | 'sourceIp') => {
        const left = erase(fieldsOf(entry.texts, entry.salt, entry.erased), new Set([gone] as const))
        await db.commit([db.auditLog.erase(entry, [gone], left, changed)])
      }
      await takeAway(before!, 'userName') // before it has a number
      await sequencerOver(db).run()
      const [numbered, , third] = await whole(db.auditLog)
      await takeAway(numbered!, 'sourceIp') // and after
      await takeAway(third!, 'sourceIp')
      await expect(takeAway(third!, 'userName')).rejects.toBe(changed) // it is not as it was read any more
      const [first, second, last] = await whole(db.auditLog)
      expect(first).toMatchObject({ salt: null, texts: { userName: '', sourceIp: '', operation: 'DisableCa' } })
      expect(second).toMatchObject({ erased: undefined, texts: { userName: 'alice' } })
      expect(last).toMatchObject({ salt: null, texts: { userName: 'alice', sourceIp: '' } })
      expect(Object.keys(first!.erased!.salts)).not.toContain('userName')
      expect(Object.keys(first!.erased!.commitments)).toEqual(['userName', 'sourceIp'])
    })

    test('a receipt is kept once', async () => {
      await using db = await engine.open()
      const receipt = { caId: 'ca', statement: '{}', signature: createHash('sha512').digest() }
      await db.commit([db.receipts.insert(receipt, changed)])
      expect(await db.receipts.find('ca')).toMatchObject({ statement: '{}' })
      expect(await db.receipts.find('another')).toBeUndefined()
    })

    /** As entries were that an earlier version inserted. */
    const old = ({ db }: Stores) =>
      db.write<{ salt: null }>()((q, p) => q.updateTable('audit_entries').set({ salt: p.salt }))({ salt: null })
  },
)

test('salts are drawn anew for each entry', () => {
  const salts = new Set(Array.from({ length: 1_000 }, () => Buffer.from(newEntrySalt()).toString('hex')))
  expect(salts.size).toBe(1_000)
})
