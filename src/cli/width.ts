/**
 * Code points that a terminal gives two columns, as pairs of first and last: East_Asian_Width W and F of Unicode (UAX #11),
 * emoji left out (they are asked of the engine, which knows them by itself).
 */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x2e99],
  [0x2e9b, 0x2ef3],
  [0x2f00, 0x2fd5],
  [0x2ff0, 0x303e],
  [0x3041, 0x3096],
  [0x3099, 0x30ff],
  [0x3105, 0x312f],
  [0x3131, 0x318e],
  [0x3190, 0x31e5],
  [0x31ef, 0x321e],
  [0x3220, 0x3247],
  [0x3250, 0xa48c],
  [0xa490, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe52],
  [0xfe54, 0xfe66],
  [0xfe68, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x16fe4],
  [0x16ff0, 0x16ff6],
  [0x17000, 0x18cd5],
  [0x18cff, 0x18d1e],
  [0x18d80, 0x18df2],
  [0x1aff0, 0x1aff3],
  [0x1aff5, 0x1affb],
  [0x1affd, 0x1affe],
  [0x1b000, 0x1b122],
  [0x1b132, 0x1b132],
  [0x1b150, 0x1b152],
  [0x1b155, 0x1b155],
  [0x1b164, 0x1b167],
  [0x1b170, 0x1b2fb],
  [0x1d300, 0x1d356],
  [0x1d360, 0x1d376],
  [0x1f200, 0x1f202],
  [0x1f210, 0x1f23b],
  [0x1f240, 0x1f248],
  [0x1f250, 0x1f251],
  [0x1f260, 0x1f265],
  [0x20000, 0x2fffd],
  [0x30000, 0x3fffd],
]

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Combining marks, format characters and controls; vowels and finals of Hangul join the syllable before them. */
const withoutWidth = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u{1160}-\u{11ff}\u{d7b0}-\u{d7ff}]$/u
/** U+00AD SOFT HYPHEN is a format character that terminals show; the Arabic number signs enclose what follows. */
const formatButShown = /^[\u{ad}\u{600}-\u{605}\u{6dd}\u{70f}\u{8e2}]$/u
/** Shown as a picture without being asked, asked for by U+FE0F, or a pair of regional indicators. */
const emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\u{fe0f})/u
const onlyAscii = /^[\x20-\x7e]*$/

/** Columns that a text takes in a terminal. Characters of ambiguous width count as one, as outside East Asian locales. */
export function displayWidth(text: string): number {
  if (onlyAscii.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  // One letter of a flag alone is an Emoji_Presentation too, but is shown as a letter in a box of one column or two;
  // terminals follow the property.
  if (emoji.test(grapheme)) return 2
  // A cluster is as wide as the first of its characters that has a width: marks and joiners add nothing.
  for (const character of grapheme) {
    if (withoutWidth.test(character) && !formatButShown.test(character)) continue
    return isWide(character.codePointAt(0)!) ? 2 : 1
  }
  return 0
}

function isWide(codePoint: number): boolean {
  if (codePoint < wide[0]![0]) return false
  let low = 0
  let high = wide.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [first, last] = wide[middle]!
    if (codePoint < first) high = middle - 1
    else if (codePoint > last) low = middle + 1
    else return true
  }
  return false
}

/** With spaces behind, up to so many columns. */
export const padded = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - displayWidth(text)))

/** Controls (which could drive the terminal) and marks that turn the direction of what follows. */
// oxlint-disable-next-line no-control-regex -- controls are what it looks for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The text on one line and harmless to a terminal: names of others are shown in it. */
export const printable = (text: string): string => text.replaceAll(unprintable, '\ufffd')
