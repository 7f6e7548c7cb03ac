import { describe, expect, test } from 'vitest'
import { captured, told, type ReceivedAnswer } from './compare.ts'
import { writeAnswer, type ExpectedAnswer } from './format.ts'
import type { Known } from './placeholders.ts'

const now = Date.parse('2030-01-01T00:00:00Z')
const known: Known = { now, earlier: [], variables: new Map([['cert_id', 7_562_353]]), asked: '' }

const answerOf = (body: unknown, headers: Record<string, string> = {}): ReceivedAnswer => ({
  status: 200,
  headers: Object.entries({ 'content-type': 'application/json', date: 'now', ...headers }).map(([name, value]) => ({
    name,
    value,
  })),
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})

const expecting = (body: string, headers: Record<string, string> = {}): ExpectedAnswer => ({
  status: 200,
  headers: Object.entries({ 'Content-Type': 'application/json', ...headers }).map(([name, value]) => ({ name, value })),
  body,
})

/** Whether an answer is the expected one: both are told in the same words. */
function isAsExpected(received: ReceivedAnswer, expected: ExpectedAnswer): boolean {
  const both = told(received, expected, known)
  return writeAnswer(both.told) === writeAnswer(both.expected!)
}

describe('an answer is the expected one', () => {
  test.each([
    [
      'in another order of members and with other blanks',
      { b: 2, a: [1, null, true] },
      '{ "a": [1, null, true],\n "b": 2 }',
    ],
    ['with placeholders for values', { at: now, id: 7_562_353 }, '{"at":"<ms now>","id":"{{cert_id}}"}'],
    ['with placeholders in texts', { text: `certificate 7562353` }, '{"text":"certificate {{cert_id}}"}'],
  ])('%s', (_, body, expected) => {
    expect(isAsExpected(answerOf(body), expecting(expected))).toBe(true)
  })

  test('whatever the headers of the connection are', () => {
    expect(isAsExpected(answerOf({}, { 'content-length': '2', connection: 'close' }), expecting('{}'))).toBe(true)
  })

  test('of text, word for word', () => {
    const text = answerOf('<a>7562353</a>\n', { 'content-type': 'text/xml' })
    const headers = { 'Content-Type': 'text/xml' }
    expect(isAsExpected(text, expecting('<a>{{cert_id}}</a>', headers))).toBe(true)
    expect(isAsExpected(text, expecting('<a>{{cert_id}}</a><b/>', headers))).toBe(false)
  })
})

describe('an answer is not the expected one', () => {
  test.each([
    ['with a member more', { a: 1, b: 2 }, '{"a":1}'],
    ['with a member less', { a: 1 }, '{"a":1,"b":2}'],
    ['with null where a member was left out', { a: null }, '{}'],
    ['with an element more', { a: [1, 2] }, '{"a":[1]}'],
    ['with text where a number is expected', { a: '7562353' }, '{"a":"{{cert_id}}"}'],
    ['with text where an instant is expected', { a: String(now) }, '{"a":"<ms now>"}'],
    ['with a number where text is expected', { a: 1 }, '{"a":"1"}'],
    ['with another value', { a: 'b' }, '{"a":"c"}'],
    ['with a body where none is expected', { a: 1 }, ''],
  ])('%s', (_, body, expected) => {
    expect(isAsExpected(answerOf(body), expecting(expected))).toBe(false)
  })

  test('with a header more or less', () => {
    expect(isAsExpected(answerOf({}, { 'x-more': '1' }), expecting('{}'))).toBe(false)
    expect(isAsExpected(answerOf({}), expecting('{}', { 'X-More': '1' }))).toBe(false)
  })

  test('with another status', () => {
    expect(isAsExpected({ ...answerOf({}), status: 201 }, expecting('{}'))).toBe(false)
  })
})

test('a recorder keeps the words that hold, and writes new ones for the rest', () => {
  const received = answerOf({ kept: 'some text', changed: 7_562_353, added: now, password: 'secret' })
  const expected = expecting('{"kept":"<text>","changed":1,"gone":2,"password":"<text>"}')
  expect(JSON.parse(told(received, expected, known).told.body)).toEqual({
    kept: '<text>',
    changed: '{{cert_id}}',
    password: '<text>',
    added: '<ms now>',
  })
})

test('a secret is never written down', () => {
  const { body } = told(answerOf({ accessKeySecret: 'of somebody' }), undefined, known).told
  expect(body).toBe('{"accessKeySecret":"<text>"}')
})

test('captures are members of the body, by path, and headers', () => {
  const received = answerOf({ list: [{ id: 5 }], name: 'n' }, { 'x-token': 't' })
  expect(captured(received, 'body.list[0].id')).toBe(5)
  expect(captured(received, 'body.name')).toBe('n')
  expect(captured(received, 'header.x-token')).toBe('t')
  expect(() => captured(received, 'body.other')).toThrow('there is no body.other in the answer')
})
