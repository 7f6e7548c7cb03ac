import { describe, expect, test } from 'vitest'
import { engines } from './engines.fixture.ts'

for (const engine of engines) {
  describe(`MetaStore on ${engine.name}`, () => {
    test('a value is read as it was last written, each key its own', async () => {
      await using db = await engine.open()
      expect(await db.meta.read('clock.mark')).toBeUndefined()
      await db.commit([db.meta.write('clock.mark', '1'), db.meta.write('instance', '')])
      await db.commit([db.meta.write('clock.mark', '2')])
      expect(await db.meta.read('clock.mark')).toBe('2')
      expect(await db.meta.read('instance')).toBe('')
    })
  })
}
