import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.fixture.ts'

onEveryEngine(
  (engine) => `MetaStore on ${engine}`,
  (engine) => {
    test('a value is read as it was last written, each key its own', async () => {
      await using db = await engine.open()
      expect(await db.meta.read('clock.mark')).toBeUndefined()
      await db.commit([db.meta.write('clock.mark', '1'), db.meta.write('instance', '')])
      await db.commit([db.meta.write('clock.mark', '2')])
      expect(await db.meta.read('clock.mark')).toBe('2')
      expect(await db.meta.read('instance')).toBe('')
    })
  },
)
