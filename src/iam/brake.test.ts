import { describe, expect, test } from 'vitest'
import { hour, minute } from '../kernel/index.ts'
import { brakeMemory, GuessBrake, networkOf } from './brake.ts'

const start = Date.UTC(2026, 10, 21)
const attacker = '203.0.113.9'
const owner = '198.51.100.7'

function aBrake(slots?: number) {
  const clock = { at: start, now: () => clock.at }
  const brake = new GuessBrake(brakeMemory(slots), clock)
  /** Wrong passwords that were weighed, of so many tried. */
  const guess = (user: string, sourceIp: string, times: number): number =>
    Array.from({ length: times }, () => {
      if (brake.passwordWait(user, sourceIp) > 0) return 0
      brake.passwordWeighed(user, sourceIp, false)
      return 1
    }).reduce((sum: number, one) => sum + one, 0)
  return { clock, brake, guess }
}

describe('GuessBrake: passwords', () => {
  test('five wrong ones close the pair of user and network; each further one for twice as long, up to 15 minutes', () => {
    const { clock, brake, guess } = aBrake()
    expect(guess('alice', attacker, 20)).toBe(5)
    const waits: number[] = []
    for (let tries = 0; tries < 14; tries++) {
      const wait = brake.passwordWait('alice', attacker)
      waits.push(wait)
      clock.at += wait
      expect(guess('alice', attacker, 5)).toBe(1)
    }
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
    expect(waits.at(-1)).toBe(15 * minute)
  })

  test('an owner from another network is never held up, however long the guessing goes on', () => {
    const { brake, guess } = aBrake()
    for (let round = 0; round < 100; round++) guess('alice', attacker, 10)
    expect(brake.passwordWait('alice', owner)).toBe(0)
    expect(brake.passwordWeighed('alice', owner, true)).toBe(0)
  })

  test('the right password is forgotten nothing against: the pair begins anew', () => {
    const { brake, guess } = aBrake()
    expect(guess('alice', owner, 4)).toBe(4)
    expect(brake.passwordWeighed('alice', owner, true)).toBe(0)
    expect(guess('alice', owner, 20)).toBe(5)
  })

  test('neighbours in one IPv4 /24 and one IPv6 /56 are one source', () => {
    const { brake, guess } = aBrake()
    guess('alice', '203.0.113.1', 5)
    expect(brake.passwordWait('alice', '203.0.113.254')).toBeGreaterThan(0)
    expect(brake.passwordWait('alice', '203.0.114.1')).toBe(0)
    guess('alice', '2001:db8:0:100::1', 5)
    expect(brake.passwordWait('alice', '2001:db8:0:1ff:9::1')).toBeGreaterThan(0)
    expect(brake.passwordWait('alice', '2001:db8:0:200::1')).toBe(0)
  })

  test('one network that tries many users is closed too, and others are not', () => {
    const { brake, guess } = aBrake()
    for (let user = 0; user < 50; user++) guess(`user-${user}`, attacker, 1)
    expect(brake.passwordWait('somebody-new', attacker)).toBeGreaterThan(0)
    expect(brake.passwordWait('somebody-new', owner)).toBe(0)
  })

  test('a burst at once learns no more than one after the other: what ends after the brake closed is told nothing', () => {
    const { brake } = aBrake()
    for (let begun = 0; begun < 40; begun++) expect(brake.passwordWait('alice', attacker)).toBe(0)
    const told = Array.from({ length: 39 }, () => brake.passwordWeighed('alice', attacker, false))
    expect(told.filter((wait) => wait === 0)).toHaveLength(5)
    expect(brake.passwordWeighed('alice', attacker, true)).toBeGreaterThan(0)
  })

  test('wrong ones of an hour ago count no more', () => {
    const { clock, guess } = aBrake()
    guess('alice', attacker, 4)
    clock.at += hour + 1
    expect(guess('alice', attacker, 20)).toBe(5)
  })

  test('a clock that was set back closes nobody for longer than the brake does', () => {
    const { clock, brake, guess } = aBrake()
    guess('alice', attacker, 5)
    clock.at -= 10 * hour
    expect(brake.passwordWait('alice', attacker)).toBe(0)
  })

  test('threads that share the memory share the count', () => {
    const memory = brakeMemory()
    const clock = { now: () => start }
    const [one, other] = [new GuessBrake(memory, clock), new GuessBrake(memory, clock)]
    for (let tries = 0; tries < 5; tries++) (tries % 2 ? one : other).passwordWeighed('alice', attacker, false)
    expect(one.passwordWait('alice', attacker)).toBe(1_000)
    expect(other.passwordWait('alice', attacker)).toBe(1_000)
  })

  test('with more pairs than room, the one that was wrong longest ago gives way and the newest is braked', () => {
    const { clock, brake, guess } = aBrake(16)
    for (let user = 0; user < 200; user++) {
      clock.at += 2_000
      guess(`user-${user}`, `10.${user}.0.1`, 1)
    }
    clock.at += 1
    expect(guess('alice', attacker, 20)).toBe(5)
    expect(brake.passwordWait('alice', attacker)).toBeGreaterThan(0)
  })
})

describe('GuessBrake: signatures', () => {
  test('twenty wrong ones for a key from a network, then the rest are told as too many', () => {
    const { brake } = aBrake()
    const told = Array.from({ length: 30 }, () => brake.signatureWrong('CK1', attacker))
    expect(told.filter((wait) => wait === 0)).toHaveLength(20)
    expect(brake.signatureWrong('CK1', owner)).toBe(0)
    expect(brake.signatureWrong('CK2', attacker)).toBe(0)
  })

  test('a right one forgets them', () => {
    const { brake } = aBrake()
    for (let tries = 0; tries < 30; tries++) brake.signatureWrong('CK1', attacker)
    brake.signatureRight('CK1', attacker)
    expect(brake.signatureWrong('CK1', attacker)).toBe(0)
  })
})

describe('the network of an address', () => {
  test.each([
    ['192.0.2.77', '192.0.2.0'],
    ['::ffff:192.0.2.77', '192.0.2.0'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.2'],
    ['2001:db8:1:2ff::1', '2001:db8:1:200:0:0:0:0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['', 'unknown'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
