import { describe, expect, test } from 'vitest'
import { displayWidth, padded, printable } from './width.ts'

describe('the width of text in a terminal', () => {
  test.each([
    ['nothing', '', 0],
    ['ASCII', 'www.example.com', 15],
    ['UAX #11 W: Chinese', '根证书', 6],
    ['UAX #11 W: Japanese kana', 'ひらカタ', 8],
    ['UAX #11 W: Korean syllables', '한국어', 6],
    ['Korean syllables written as jamo', '\u1112\u1161\u11ab', 2],
    ['UAX #11 H: halfwidth kana', 'ｶﾀ', 2],
    ['UAX #11 F: fullwidth letters', 'ＣＡ', 4],
    ['UAX #11 A: ambiguous, as outside East Asian locales', '§“ü”', 4],
    ['ideographs beyond the basic plane', '𠀀𰻞', 4],
    ['Chinese beside Latin', 'CA 根', 5],
    ['a letter with a combining mark', 'e\u0301', 1],
    ['a letter with three combining marks', 'a\u0301\u0323\u0308', 1],
    ['a combining mark alone', '\u0301', 0],
    ['Devanagari with a vowel sign', 'कि', 1],
    ['zero width space and joiner', 'a\u200bb\u200dc', 3],
    ['a soft hyphen, which terminals show', 'a\u00adb', 3],
    ['emoji', '🔑', 2],
    ['emoji with a skin tone', '👍🏽', 2],
    ['a family of joined emoji', '👨‍👩‍👧', 2],
    ['a flag', '🇨🇳', 2],
    ['a keycap', '1\ufe0f\u20e3', 2],
    ['a heart asked to be a picture, and one that is text', '❤\ufe0f❤', 3],
    ['digits, which have the property Emoji', '0123#*', 6],
    ['a lone surrogate', '\ud800', 1],
  ])('%s', (_what, text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  test('padding fills up to columns, not to code units', () => {
    expect(padded('根', 4)).toBe('根  ')
    expect(padded('👨‍👩‍👧', 3)).toBe('👨‍👩‍👧 ')
    expect(padded('long', 2)).toBe('long')
  })

  test('what could drive the terminal or turn the direction of text is replaced', () => {
    expect(printable('a\u001b[2Jb\nc\u009bd\u202ee根')).toBe('a�[2Jb�c�d�e根')
  })
})
