import { describe, expect, test } from 'vitest'
import { Gate } from './gate.ts'

const busy = (): Error => new Error('busy')

describe('a gate', () => {
  test('runs no more at once than it may, in order of arrival, and all in the end', async () => {
    const gate = new Gate({ running: 2, waiting: 10, busy })
    let running = 0
    let most = 0
    const order: number[] = []
    const work = async (number: number): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      order.push(number)
      await new Promise(setImmediate)
      running -= 1
    }
    await Promise.all([1, 2, 3, 4, 5, 6].map((number) => gate.run(() => work(number))))
    expect(most).toBe(2)
    expect(order).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('refuses at once when enough are waiting', async () => {
    const gate = new Gate({ running: 1, waiting: 1, busy })
    const held = Promise.withResolvers<string>()
    const first = gate.run(() => held.promise)
    const second = gate.run(async () => 'second')
    await expect(gate.run(async () => 'third')).rejects.toThrow('busy')
    held.resolve('first')
    expect(await Promise.all([first, second])).toEqual(['first', 'second'])
  })

  test('work that fails gives its place free', async () => {
    const gate = new Gate({ running: 1, waiting: 1, busy })
    const failing = gate.run(async () => {
      throw new Error('no')
    })
    const next = gate.run(async () => 'next')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('next')
    expect(await gate.run(async () => 'again')).toBe('again')
  })
})
