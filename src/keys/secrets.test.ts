import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newAccessKeyId, newAccessKeySecret, newToken, tokenHash } from './index.ts'

const many = Array.from({ length: 2_000 })

describe('access keys are valid for the SDKs of both clouds', () => {
  test('an id is CK and 18 upper-case letters and digits', () => {
    for (const id of many.map(newAccessKeyId)) expect(id).toMatch(/^CK[A-Z0-9]{18}$/)
  })

  test('a secret is 40 letters and digits, nothing that is ever escaped', () => {
    for (const secret of many.map(newAccessKeySecret)) {
      expect(secret).toMatch(/^[A-Za-z0-9]{40}$/)
      expect(encodeURIComponent(secret)).toBe(secret)
    }
  })

  test('all characters are equally likely: none is off by a quarter of its share', () => {
    const counts = new Map<string, number>()
    for (const character of many.map(newAccessKeySecret).join('')) {
      counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    const share = (many.length * 40) / 62
    expect(counts.size).toBe(62)
    for (const count of counts.values()) expect(Math.abs(count - share)).toBeLessThan(share / 4)
  })

  test('none comes twice', () => {
    expect(new Set(many.map(newAccessKeyId)).size).toBe(many.length)
    expect(new Set(many.map(newAccessKeySecret)).size).toBe(many.length)
  })
})

describe('tokens', () => {
  test('are 43 characters of base64url, and only their SHA-256 is kept', () => {
    const token = newToken()
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(newToken()).not.toBe(token)
    expect(tokenHash(token)).toEqual(createHash('sha256').update(token).digest())
  })
})
