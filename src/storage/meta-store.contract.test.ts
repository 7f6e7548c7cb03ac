import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.fixture.ts'
import { otherwise } from './objects.fixture.ts'

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

    test('of two who write a value for the first time, one is told that it is taken', async () => {
      await using db = await engine.open()
      const create = (value: string) => db.commit([db.meta.create('tls.authority', value, otherwise('Taken'))])
      await create('first')
      await expect(create('second')).rejects.toMatchObject({ code: 'Taken' })
      expect(await db.meta.read('tls.authority')).toBe('first')
    })
  },
)
