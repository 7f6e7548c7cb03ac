import { describe, expect, test } from 'vitest'
import { HuaweiWireError } from './errors.ts'
import { readJsonBody, readQuery } from './read-body.ts'

const refusal = (run: () => unknown): HuaweiWireError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HuaweiWireError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
const read = (text: string, rules = {}) => readJsonBody(Buffer.from(text), rules)

describe('bodies, huawei-wire.md §1', () => {
  test('raw UTF-8, escapes and a newline at the end all read the same', () => {
    expect(read('{"a":"é中"}')).toEqual({ a: 'é中' })
    expect(read('{"a":"\\u00e9\\u4e2d"}\n')).toEqual({ a: 'é中' })
  })

  test('no body reads as {} where that is allowed, and is refused elsewhere', () => {
    expect(read('', { absent: 'empty' })).toEqual({})
    expect(read(' \n', { absent: 'empty' })).toEqual({})
    expect(refusal(() => read(''))).toMatchObject({ status: 400, code: 'PCA.00020001' })
  })

  test.each(['null', '[]', '1', '"a"', '{', '{"a":1,}', '{a:1}', "{'a':1}", '\ufeff{}', '{}{}', '{"a":NaN}', ']', '"'])(
    '%j is refused',
    (text) => {
      expect(refusal(() => read(text, { absent: 'empty' }))).toMatchObject({ status: 400 })
    },
  )

  test('bytes that are not UTF-8 are refused', () => {
    expect(refusal(() => readJsonBody(Buffer.from([0x7b, 0xff, 0x7d]))).message).toContain('UTF-8')
  })

  test('size, depth and number of values are limited', () => {
    expect(refusal(() => read(`{"a":"${'x'.repeat(70_000)}"}`))).toMatchObject({ status: 413, code: 'PCA.00020001' })
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(read(nested(16))).toHaveProperty('a')
    expect(refusal(() => read(nested(17))).message).toContain('deep')
    expect(refusal(() => read(`{"a":[${'1,'.repeat(20_000)}1]}`)).message).toContain('too many')
  })

  test('a field given twice is refused, however its name is written, at any depth', () => {
    expect(refusal(() => read('{"a":1,"a":1}')).message).toContain('twice')
    expect(refusal(() => read('{"b":[{"a":1,"\\u0061":2}]}')).message).toContain('twice')
    expect(read('{"a":{"a":1},"b":{"a":"a"},"c":["a","a",{"a":":\\"{,"}]}')).toHaveProperty('c')
  })

  test('__proto__ changes no prototype', () => {
    const body = read('{"__proto__":{"type":"ROOT"},"constructor":1}')
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype)
    expect(body['type']).toBeUndefined()
  })

  test('a refusal never quotes the body', () => {
    expect(refusal(() => read('{"password":"hunter2"')).message).not.toContain('hunter2')
  })
})

describe('queries, huawei-wire.md §3.2 and §9', () => {
  test('`+` is a plus, %20 a space, a bare name is empty', () => {
    expect({ ...readQuery('/x?a=1+1&b=%20%C3%A9&pending_days&c==&') }).toEqual({
      a: '1+1',
      b: ' é',
      pending_days: '',
      c: '=',
    })
    expect({ ...readQuery('/x') }).toEqual({})
  })

  test.each(['/x?a=1&a=1', '/x?a=1&%61', '/x?a=%ff', '/x?a=%f', `/x?${'a&'.repeat(300)}`, `/x?${'a'.repeat(70_000)}`])(
    'a repeated, broken or oversized query is refused',
    (target) => {
      expect(refusal(() => readQuery(target))).toMatchObject({ status: 400, code: 'PCA.00020001' })
    },
  )

  test('__proto__ is a parameter like any other', () => {
    expect(readQuery('/x?__proto__=1')['__proto__']).toBe('1')
  })
})
