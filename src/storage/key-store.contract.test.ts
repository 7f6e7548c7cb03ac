import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.fixture.ts'
import { aKey, now, otherwise } from './objects.fixture.ts'

const missed = otherwise('KeyChanged')

onEveryEngine(
  (engine) => `KeyStore on ${engine}`,
  (engine) => {
    test('a key is read as it was inserted', async () => {
      await using db = await engine.open()
      const key = aKey({ algorithm: 'rsa4096' })
      await db.commit([db.keys.insert(key)])
      expect(await db.keys.find(key.id)).toEqual(key)
      expect(await db.keys.find('no such key')).toBeUndefined()
    })

    test('from live to condemned to destroyed, and the sealed private part leaves with the last step', async () => {
      await using db = await engine.open()
      const [key, other] = [aKey(), aKey()]
      await db.commit([db.keys.insert(key), db.keys.insert(other)])
      await db.commit([db.keys.condemn(key.id, missed)])
      expect(await db.keys.find(key.id)).toEqual({ ...key, state: 'condemned' })
      expect(await db.keys.condemned()).toEqual([{ ...key, state: 'condemned' }])

      await db.commit([db.keys.destroyed(key.id, now + 1, missed)])
      const gone = { ...key, state: 'destroyed', sealedPrivateKey: null, destroyedAt: now + 1 }
      expect(await db.keys.find(key.id)).toEqual(gone)
      expect(await db.keys.condemned()).toEqual([])
      expect(await db.keys.find(other.id)).toEqual(other)
    })

    test('a public key is known from its first key on, also after that was destroyed', async () => {
      await using db = await engine.open()
      const key = aKey()
      const unknown = () => db.commit([db.keys.unknown(key.spki, missed)])
      await unknown()
      await db.commit([db.keys.insert(key)])
      await expect(unknown()).rejects.toBe(missed)
      await db.commit([db.keys.condemn(key.id, missed), db.keys.destroyed(key.id, now, missed)])
      await expect(unknown()).rejects.toBe(missed)
      await db.commit([db.keys.unknown(Uint8Array.of(9), missed)])
    })

    test('a key is condemned once', async () => {
      await using db = await engine.open()
      const key = aKey()
      await db.commit([db.keys.insert(key)])
      await db.commit([db.keys.condemn(key.id, missed)])
      await expect(db.commit([db.keys.condemn(key.id, missed)])).rejects.toBe(missed)
    })

    test('only a condemned key can be destroyed, and only once', async () => {
      await using db = await engine.open()
      const key = aKey()
      await db.commit([db.keys.insert(key)])
      await expect(db.commit([db.keys.destroyed(key.id, now, missed)])).rejects.toBe(missed)
      expect(await db.keys.find(key.id)).toEqual(key)
      await db.commit([db.keys.condemn(key.id, missed)])
      await db.commit([db.keys.destroyed(key.id, now, missed)])
      await expect(db.commit([db.keys.destroyed(key.id, now + 1, missed)])).rejects.toBe(missed)
      await expect(db.commit([db.keys.condemn(key.id, missed)])).rejects.toBe(missed)
    })
  },
)
