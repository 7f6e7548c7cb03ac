import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { masterKeyOf, SealError, Sealer, type MasterKey } from './index.ts'
import { hashPurposes, sealingPurposes } from './sealing.ts'
import { forMutationsOf } from './support.fixture.ts'

function aMasterKey(): MasterKey {
  return { keyId: randomBytes(8).toString('hex'), key: createSecretKey(randomBytes(32)) }
}

const context = ['acct-1', 'key-1']
const secret = Buffer.from('a secret')

describe('sealed values', () => {
  test('open for the purpose and the context they were sealed for', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    for (const purpose of sealingPurposes) {
      expect(sealer.open(purpose, context, sealer.seal(purpose, context, secret))).toEqual(secret)
    }
  })

  test('do not open for another purpose, even when the envelope is rewritten to say so', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    const envelope = sealer.seal('token', context, secret)
    for (const purpose of sealingPurposes.filter((other) => other !== 'token')) {
      expect(() => sealer.open(purpose, context, envelope)).toThrow(SealError)
      const rewritten = Buffer.concat([
        envelope.subarray(0, 9),
        Buffer.of(purpose.length),
        Buffer.from(purpose),
        envelope.subarray(10 + 'token'.length),
      ])
      expect(() => sealer.open(purpose, context, rewritten)).toThrow(
        'The sealed value was changed, or belongs elsewhere.',
      )
    }
  })

  test.each([
    ['another object', ['acct-1', 'key-2']],
    ['another account', ['acct-2', 'key-1']],
    ['the same characters, divided otherwise', ['acct-1k', 'ey-1']],
    ['another order', ['key-1', 'acct-1']],
    ['a part more', ['acct-1', 'key-1', '']],
    ['a part less', ['acct-1']],
    ['nothing', []],
  ])('do not open in the context of %s', (_, other) => {
    const sealer = new Sealer({ current: aMasterKey() })
    expect(() => sealer.open('token', other, sealer.seal('token', context, secret))).toThrow(SealError)
  })

  test('seal differently each time', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    expect(sealer.seal('token', context, secret)).not.toEqual(sealer.seal('token', context, secret))
  })

  test('the empty value, and the longest, come back; one byte more is refused', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    for (const value of [Buffer.alloc(0), Buffer.alloc(1 << 20, 1)]) {
      expect(sealer.open('token', context, sealer.seal('token', context, value)).equals(value)).toBe(true)
    }
    expect(() => sealer.seal('token', context, Buffer.alloc((1 << 20) + 1))).toThrow(SealError)
    expect(() => sealer.seal('token', ['x'.repeat(1025)], secret)).toThrow(SealError)
    expect(() =>
      sealer.seal(
        'token',
        Array.from({ length: 17 }, () => 'x'),
        secret,
      ),
    ).toThrow(SealError)
  })
})

describe('rotation of the master key', () => {
  test('what an earlier key sealed still opens, new values go under the current one', () => {
    const [first, second] = [aMasterKey(), aMasterKey()]
    const envelope = new Sealer({ current: first }).seal('token', context, secret)
    const rotated = new Sealer({ current: second, earlier: [first] })
    expect(rotated.open('token', context, envelope)).toEqual(secret)
    expect(masterKeyOf('token', envelope)).toBe(first.keyId)
    expect(masterKeyOf('token', rotated.seal('token', context, secret))).toBe(second.keyId)
  })

  test('without the earlier key the error names it', () => {
    const [first, second] = [aMasterKey(), aMasterKey()]
    const envelope = new Sealer({ current: first }).seal('token', context, secret)
    expect(() => new Sealer({ current: second }).open('token', context, envelope)).toThrow(
      `The value is sealed under the master key ${first.keyId}, which is not loaded.`,
    )
  })

  test('another key of the same id does not open it', () => {
    const first = aMasterKey()
    const envelope = new Sealer({ current: first }).seal('token', context, secret)
    const impostor = new Sealer({ current: { ...aMasterKey(), keyId: first.keyId } })
    expect(() => impostor.open('token', context, envelope)).toThrow(SealError)
  })
})

describe('keyed hashes', () => {
  test('are the same for the same bytes, and differ by purpose and master key', () => {
    const current = aMasterKey()
    const [purpose, other] = hashPurposes
    const hash = new Sealer({ current }).keyedHash(purpose, secret)
    expect(hash).toHaveLength(32)
    expect(new Sealer({ current }).keyedHash(purpose, secret)).toEqual(hash)
    expect(new Sealer({ current }).keyedHash(other, secret)).not.toEqual(hash)
    expect(new Sealer({ current: aMasterKey() }).keyedHash(purpose, secret)).not.toEqual(hash)
  })
})

describe('tampering', () => {
  test('every single bit of an envelope counts', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    const envelope = sealer.seal('token', context, secret)
    for (let bit = 0; bit < envelope.length * 8; bit += 1) {
      const changed = Buffer.from(envelope)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => sealer.open('token', context, changed), `bit ${bit}`).toThrow(SealError)
    }
  })

  test('10^4 mutations: SealError, or the original', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    const envelope = sealer.seal('token', context, secret)
    let refused = 0
    forMutationsOf(envelope, (mutated) => {
      try {
        expect(sealer.open('token', context, mutated)).toEqual(secret)
        expect(mutated).toEqual(envelope)
      } catch (error) {
        expect(error).toBeInstanceOf(SealError)
        refused += 1
      }
    })
    expect(refused).toBeGreaterThan(9_000)
  })

  test('messages hold neither the secret nor the context', () => {
    const sealer = new Sealer({ current: aMasterKey() })
    const envelope = sealer.seal('token', context, secret)
    try {
      sealer.open('token', ['acct-9'], envelope)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toMatch(/a secret|acct/)
    }
  })
})
