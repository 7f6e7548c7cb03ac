import { describe, expect, test } from 'vitest'
import { answerText } from './answer-text.ts'
import type { Show } from './output.ts'
import { record, table } from './table.ts'

const plain = (text: string): string => text
const show: Show = {
  table: (headings, rows) => table(headings, rows, plain),
  record: (fields) => record(fields, plain),
}
const text = (answer: unknown): string => answerText(answer, show)

describe('an answer of any operation, for a person', () => {
  test('nothing to say is said as done', () => {
    expect(text({})).toBe('Done.\n')
  })

  test('members under each other, those of members further in', () => {
    expect(text({ total: 2, name: '根', none: null, inner: { a: 1, tags: {}, list: [] } })).toBe(
      'total  2\nname   根\nnone   -\n\ninner\n  a  1\n\n  tags\n    none\n\n  list\n    none\n',
    )
  })

  test('a list of flat things is a table, with the members that any of them has', () => {
    expect(
      text({
        users: [
          { name: 'alice', id: 1 },
          { name: '李', enabled: true },
        ],
      }),
    ).toBe('users\n  name   id  enabled\n  alice  1   -\n  李     -   true\n')
  })

  test('a list of texts is a line each; of other things, one after another', () => {
    expect(text({ keys: ['a', 'b'] })).toBe('keys\n  a\n  b\n')
    expect(text({ rows: [{ a: { b: 1 } }, { a: { b: 2 } }] })).toBe('rows\n  a\n    b  1\n\n  a\n    b  2\n')
    expect(text({ mixed: [null, { a: 1 }] })).toBe('mixed\n  null\n\n  a  1\n')
  })

  test('nothing in it drives the terminal', () => {
    const evil = '\u001b[2J'
    expect(text({ [evil]: [evil], list: [{ [evil]: evil }], value: evil })).not.toContain('\u001b')
  })

  test('a long value is shortened in a table, and whole in a record', () => {
    const long = 'x'.repeat(100)
    expect(text({ rows: [{ long }] })).toBe(`rows\n  long\n  ${'x'.repeat(59)}…\n`)
    expect(text({ long })).toBe(`long  ${long}\n`)
  })
})
