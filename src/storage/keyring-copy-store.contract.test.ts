import { expect, test } from 'vitest'
import { Problem } from '../kernel/index.ts'
import { destructionLevel, type KeyringCopy } from '../keys/index.ts'
import { onEveryEngine } from './engines.fixture.ts'

const taken = new Problem('Taken', 'taken')
const gone = new Problem('Gone', 'gone')
const copy = (number: number): KeyringCopy => ({
  number,
  madeAt: 1_000 * number,
  place: `safe ${number}`,
  attestedAt: null,
  attestedBy: null,
})

onEveryEngine(
  (name) => `KeyringCopyStore on ${name}`,
  (engine) => {
    test('a key is gone everywhere once every copy that held it is attested destroyed', async () => {
      await using db = await engine.open()
      const copies = db.keyringCopies
      expect(await copies.lastNumber()).toBe(0)
      // Nobody counted copies: nothing is claimed of them.
      expect(await destructionLevel(copies, 'a')).toEqual({ level: 'local', outstanding: [] })
      await db.commit(copies.insert(copy(1), ['a'], taken))
      await db.commit(copies.insert(copy(2), ['a', 'b'], taken))
      expect(await copies.lastNumber()).toBe(2)
      expect(await destructionLevel(copies, 'a')).toEqual({ level: 'local', outstanding: [1, 2] })
      expect(await destructionLevel(copies, 'b')).toEqual({ level: 'local', outstanding: [2] })
      await db.commit([copies.attest(1, 5_000, 'admin', gone)])
      expect(await destructionLevel(copies, 'a')).toEqual({ level: 'local', outstanding: [2] })
      await db.commit([copies.attest(2, 6_000, 'admin', gone)])
      expect(await destructionLevel(copies, 'a')).toEqual({ level: 'keyring' })
      expect(await copies.list()).toEqual([
        { ...copy(2), attestedAt: 6_000, attestedBy: 'admin', keys: 2 },
        { ...copy(1), attestedAt: 5_000, attestedBy: 'admin', keys: 1 },
      ])
    })

    test('of two copies at once one gets the number; a copy is attested once', async () => {
      await using db = await engine.open()
      const copies = db.keyringCopies
      await db.commit(copies.insert(copy(1), ['a'], taken))
      await expect(db.commit(copies.insert(copy(1), ['b'], taken))).rejects.toBe(taken)
      expect(await copies.holding('b')).toEqual([])
      await expect(db.commit([copies.attest(2, 5_000, 'admin', gone)])).rejects.toBe(gone)
      await db.commit([copies.attest(1, 5_000, 'admin', gone)])
      await expect(db.commit([copies.attest(1, 6_000, 'other', gone)])).rejects.toBe(gone)
    })
  },
)
