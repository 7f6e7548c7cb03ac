import { describe, expect, test } from 'vitest'
import { day, DomainClock, hour, type Clock } from './index.ts'

const aWallClock = (at: number): Clock & { at: number } => ({
  at,
  now() {
    return this.at
  },
})

describe('DomainClock, design 2 and 9', () => {
  test('shows the time of the wall clock as long as nobody moves it', () => {
    const wall = aWallClock(1_000)
    const domain = new DomainClock(wall)
    expect(domain.now()).toBe(1_000)
    wall.at += hour
    expect(domain.now()).toBe(1_000 + hour)
    expect(domain.state()).toEqual({ value: 0, frozen: false })
  })

  test.each([30 * day, -30 * day])('moved by %i ms it goes on from there, and the wall clock stays', (value) => {
    const wall = aWallClock(Date.UTC(2026, 10, 21))
    const domain = new DomainClock(wall)
    domain.restore({ value, frozen: false })
    expect(domain.now()).toBe(wall.at + value)
    wall.at += hour
    expect(domain.now()).toBe(wall.at + value)
    expect(wall.now()).toBe(Date.UTC(2026, 10, 21) + hour)
  })

  test('frozen it stands still at one instant, and can be set forward', () => {
    const wall = aWallClock(1_000)
    const domain = new DomainClock(wall)
    domain.restore({ value: 5_000, frozen: true })
    wall.at += hour
    expect(domain.now()).toBe(5_000)
    expect(domain.frozen()).toBe(true)
    domain.restore({ value: 5_000 + 30 * day, frozen: true })
    wall.at += hour
    expect(domain.now()).toBe(5_000 + 30 * day)
  })

  test('thawed with the right offset it goes on from the instant at which it stood', () => {
    const wall = aWallClock(1_000)
    const domain = new DomainClock(wall)
    domain.restore({ value: 5_000, frozen: true })
    wall.at = 9_000
    domain.restore({ value: domain.now() - wall.now(), frozen: false })
    expect(domain.now()).toBe(5_000)
    wall.at += 1
    expect(domain.now()).toBe(5_001)
  })

  test('all clocks over the same memory move together', () => {
    const wall = aWallClock(1_000)
    const memory = DomainClock.memory()
    const [one, two] = [new DomainClock(wall, memory), new DomainClock(wall, memory)]
    one.restore({ value: 77.9, frozen: false })
    expect(two.now()).toBe(1_077)
    two.restore({ value: 5, frozen: true })
    expect(one.state()).toEqual({ value: 5, frozen: true })
  })

  test('what state() says is what restore() takes', () => {
    const domain = new DomainClock(aWallClock(0))
    for (const state of [
      { value: -day, frozen: false },
      { value: Date.UTC(2400, 0), frozen: true },
    ]) {
      domain.restore(state)
      expect(domain.state()).toEqual(state)
    }
  })
})
