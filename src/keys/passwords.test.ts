import { argon2Sync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PasswordError, Passwords, PasswordsBusy } from './index.ts'
import { parsePasswordHash } from './passwords.ts'
import { forMutationsOf } from './support.fixture.ts'

const cheap = { memory: 64, passes: 1, parallelism: 1 }
const password = 'correct horse'

describe('passwords', () => {
  test('argon2id gives what RFC 9106 §5.3 says', () => {
    const tag = argon2Sync('argon2id', {
      message: Buffer.alloc(32, 1),
      nonce: Buffer.alloc(16, 2),
      secret: Buffer.alloc(8, 3),
      associatedData: Buffer.alloc(12, 4),
      parallelism: 4,
      tagLength: 32,
      memory: 32,
      passes: 3,
    })
    expect(tag.toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
  })

  test('are stored with algorithm, version, cost and salt, never twice the same', async () => {
    const passwords = new Passwords()
    const [one, two] = [await passwords.hash(password), await passwords.hash(password)]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(two).not.toBe(one)
    expect(await passwords.verify(password, one)).toBe(true)
    expect(await passwords.verify('incorrect horse', one)).toBe(false)
  })

  test('made at an earlier cost still verify, and are outdated', async () => {
    const earlier = await new Passwords({ cost: cheap }).hash(password)
    const passwords = new Passwords({ cost: { ...cheap, passes: 2 } })
    expect(await passwords.verify(password, earlier)).toBe(true)
    expect(passwords.isOutdated(earlier)).toBe(true)
    expect(passwords.isOutdated(await passwords.hash(password))).toBe(false)
  })

  test('are the same however their characters were composed', async () => {
    const passwords = new Passwords({ cost: cheap })
    const stored = await passwords.hash('caf\u00e9 caf\u00e9')
    expect(await passwords.verify('cafe\u0301 cafe\u0301', stored)).toBe(true)
    expect(await passwords.verify('密码密码密码密码', await passwords.hash('密码密码密码密码'))).toBe(true)
  })

  test.each([
    ['seven characters', 'seven77', /at least 8 characters/],
    ['seven characters of many bytes', '密码密码密码密', /at least 8 characters/],
    ['513 bytes', 'x'.repeat(513), /at most 512 bytes/],
    ['513 bytes in fewer characters', '密'.repeat(171), /at most 512 bytes/],
    ['what becomes longer when normalised', '\ufdfa'.repeat(100), /at most 512 bytes/],
  ])('of %s are refused', async (_, refused, message) => {
    const passwords = new Passwords({ cost: cheap })
    await expect(passwords.hash(refused)).rejects.toThrow(message)
    await expect(passwords.hash(refused)).rejects.toBeInstanceOf(PasswordError)
  })

  test('of any length may be tried and are false', async () => {
    const passwords = new Passwords({ cost: cheap })
    const stored = await passwords.hash(password)
    for (const tried of ['', 'x', 'x'.repeat(513), 'x'.repeat(1_000_000), '\ud800']) {
      expect(await passwords.verify(tried, stored)).toBe(false)
    }
  })
})

describe('who exists is not told', () => {
  test('for an unknown user it takes the same computation, and is false', async () => {
    const passwords = new Passwords({ cost: cheap, running: 1, waiting: 0 })
    const unknown = passwords.verify(password, undefined)
    await expect(passwords.verify(password, undefined)).rejects.toBeInstanceOf(PasswordsBusy)
    expect(await unknown).toBe(false)
  })
})

describe('the number of passwords checked at once is capped', () => {
  test('one more than run and wait is refused, and later ones pass again', async () => {
    const passwords = new Passwords({ cost: cheap, running: 2, waiting: 3 })
    const stored = await passwords.hash(password)
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => passwords.verify(password, stored)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(outcomes[5]).toMatchObject({ reason: expect.any(PasswordsBusy) })
    expect(await passwords.verify(password, stored)).toBe(true)
  })
})

describe('stored hashes', () => {
  const stored = '$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

  test.each([
    ['another algorithm', stored.replace('argon2id', 'argon2i')],
    ['another version', stored.replace('v=19', 'v=16')],
    ['too much memory', stored.replace('m=64', 'm=262145')],
    ['too much time', stored.replace('m=64,t=1', 'm=262144,t=9')],
    ['less memory than lanes need', stored.replace('m=64,t=1,p=1', 'm=64,t=1,p=9')],
    ['bits that no byte has', stored.replace(/A$/, 'B')],
    ['a long tail', stored.padEnd(10_000, 'A')],
  ])('of %s are refused before anything is computed', async (_, refused) => {
    const passwords = new Passwords({ cost: cheap })
    await expect(passwords.verify(password, refused)).rejects.toThrow('A stored password hash is malformed.')
  })

  test('10^4 mutations: read within the limits, or PasswordError', () => {
    forMutationsOf(Buffer.from(stored), (mutated) => {
      try {
        const { cost, salt, hash } = parsePasswordHash(mutated.toString('latin1'))
        expect(cost.memory * cost.passes).toBeLessThanOrEqual(1 << 21)
        expect(salt.length).toBeGreaterThanOrEqual(8)
        expect(hash.length).toBeGreaterThanOrEqual(16)
      } catch (error) {
        expect(error).toBeInstanceOf(PasswordError)
      }
    })
    expect(parsePasswordHash(stored).cost).toEqual(cheap)
  })
})
