import { describe, expect, test } from 'vitest'
import { record, table } from './table.ts'
import { displayWidth } from './width.ts'

const plain = (text: string): string => text

describe('a table', () => {
  test('aligns columns by what terminals show, Chinese and emoji among it', () => {
    const text = table(
      ['NAME', 'STATE'],
      [
        ['根证书', 'active'],
        ['plain', { text: 'disabled', style: 'warning' }],
        ['e\u0301👨‍👩‍👧', '-'],
      ],
      plain,
    )
    expect(text).toBe('NAME    STATE\n根证书  active\nplain   disabled\ne\u0301👨‍👩‍👧     -\n')
    const starts = text
      .trimEnd()
      .split('\n')
      .map((line) => displayWidth(/^.*\s(?=\S+$)/u.exec(line)![0]))
    expect(new Set(starts)).toEqual(new Set([8]))
  })

  test('colours take no columns, and no line ends in spaces', () => {
    const paint = (text: string): string => `\u001b[1m${text}\u001b[0m`
    const text = table(
      ['A', 'B'],
      [
        [{ text: 'x', style: 'good' }, ''],
        ['long', 'y'],
      ],
      paint,
    )
    expect(text).toBe('\u001b[1mA\u001b[0m     \u001b[1mB\u001b[0m\n\u001b[1mx\u001b[0m\nlong  y\n')
  })

  test('a name cannot break out of its cell', () => {
    expect(table(['NAME'], [['a\nb\u001b[31m']], plain)).toBe('NAME\na�b�[31m\n')
  })

  test('a record aligns its values', () => {
    expect(
      record(
        [
          ['id', '1'],
          ['名称', '根'],
        ],
        plain,
      ),
    ).toBe('id    1\n名称  根\n')
  })
})
