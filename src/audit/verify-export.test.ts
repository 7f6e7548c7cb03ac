import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { noteSigner, signCheckpoint } from './checkpoint.ts'
import { fieldNames, fieldsOf, leafOf, newEntrySalt, wireFields, type Texts } from './leaf.ts'
import { append, tileWidth, treeRoot } from './merkle.ts'
import { verifierKey } from './checkpoint.ts'
import { exportForm, verifyExport } from './verify-export.ts'

const size = 600
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signer = noteSigner('certkeep/a', publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), privateKey)
const stranger = generateKeyPairSync('ed25519')

type Line = Record<string, unknown>
const entries = Array.from({ length: size }, (_, index) => {
  const texts = Object.fromEntries(fieldNames.map((name) => [name, `${name} ${index}`])) as Texts
  const fields = fieldsOf(texts, newEntrySalt(), undefined)
  return { line: { index, fields: wireFields(fields) }, leaf: leafOf(fields) }
})

/** An export of these entries as the service makes it. */
async function exported(of: readonly (typeof entries)[number][], by = signer): Promise<Line[]> {
  const tiles = new Map<string, Uint8Array>()
  const leaves = of.map(({ leaf }) => leaf)
  for (const tile of await append(() => Promise.resolve(undefined), 0, leaves))
    tiles.set(`${tile.level}/${tile.number}`, tile.hashes)
  const read = (level: number, number: number) => Promise.resolve(tiles.get(`${level}/${number}`))
  const root = await treeRoot(read, of.length)
  const checkpoint = signCheckpoint(by, { size: of.length, root, time: 1 })
  const lines: Line[] = [{ form: exportForm, size: of.length, checkpoint, key: verifierKey(by) }]
  for (let from = 0; from < of.length; from += tileWidth) {
    lines.push(...of.slice(from, from + tileWidth).map(({ line }) => ({ ...line })))
    const hashes = Buffer.concat(leaves.slice(from, from + tileWidth)).toString('base64')
    const above = tiles.get('1/0')?.subarray((from / tileWidth) * 32, (from / tileWidth + 1) * 32)
    lines.push({ from, hashes, root: above?.length === 32 ? Buffer.from(above).toString('base64') : null, others: [] })
  }
  return lines
}

const good = await exported(entries)
const verdictOn = (lines: readonly Line[], against = {}) =>
  verifyExport(
    lines.map((line) => JSON.stringify(line)),
    against,
  )
const foundIn = async (lines: readonly Line[], against = {}) =>
  (await verdictOn(lines, against)).findings.map(({ kind, index }) => `${kind} ${index ?? ''}`.trim())

/** A deep copy with something done to it; `at` finds the line of an entry. */
function tampered(change: (lines: Line[], at: (index: number) => number) => void): Line[] {
  const lines = structuredClone(good)
  change(lines, (index) => lines.findIndex((line) => line['fields'] !== undefined && line['index'] === index))
  return lines
}

describe('an export of the audit log is verified without the service, design 8', () => {
  test('as it was written it is valid', async () => {
    expect(await verdictOn(good)).toMatchObject({ findings: [], entries: size, others: 0, checkpoint: { size } })
    expect(await foundIn(await exported(entries.slice(0, 1)))).toEqual([])
    expect(await foundIn(await exported(entries.slice(0, 512)))).toEqual([])
  })

  test.each(fieldNames)('a changed %s is named by its entry', async (name) => {
    const lines = tampered((all, at) => {
      ;(all[at(300)]!['fields'] as Record<string, string[]>)[name]![0] += '!'
    })
    expect(await foundIn(lines)).toEqual(['changed 300'])
  })

  test('so is a changed salt, and a field that is passed off as erased', async () => {
    const other = tampered((all, at) => {
      ;(all[at(7)]!['fields'] as Record<string, string[]>)['code']![1] = '00'.repeat(16)
    })
    expect(await foundIn(other)).toEqual(['changed 7'])
    const hidden = tampered((all, at) => {
      ;(all[at(7)]!['fields'] as Record<string, string[]>)['code'] = ['00'.repeat(32)]
    })
    expect(await foundIn(hidden)).toEqual(['changed 7'])
  })

  test('removed entries are named, also when all behind them are numbered anew', async () => {
    expect(await foundIn(tampered((all, at) => void all.splice(at(256), 2)))).toEqual(['missing 256', 'missing 257'])
    const renumbered = tampered((all, at) => {
      all.splice(at(10), 1)
      for (const line of all)
        if (line['fields'] && Number(line['index']) > 10) line['index'] = Number(line['index']) - 1
    })
    expect(await foundIn(renumbered)).toEqual(['misnumbered 11', 'missing 10'])
  })

  test('reordered entries are named, whether they keep their numbers or not', async () => {
    const swap = (numbers: boolean) =>
      tampered((all, at) => {
        const [one, two] = [at(20), at(21)]
        ;[all[one], all[two]] = [all[two]!, all[one]!]
        if (numbers) [all[one]!['index'], all[two]!['index']] = [20, 21]
      })
    expect(await foundIn(swap(false))).toEqual(['reordered 20'])
    expect(await foundIn(swap(true))).toEqual(['misnumbered 21', 'reordered 20'])
  })

  test('an entry that was put in, put at the end or put twice is named', async () => {
    const fake = (index: number) => ({ index, fields: wireFields(fieldsOf(fakeTexts, newEntrySalt(), undefined)) })
    const fakeTexts = Object.fromEntries(fieldNames.map((name) => [name, 'fake'])) as Texts
    expect(await foundIn(tampered((all, at) => void all.splice(at(5), 0, fake(5))))).toEqual(['added 5'])
    expect(await foundIn([...good, fake(size)])).toEqual([`added ${size}`])
    expect(await foundIn([...good, good[1]!])).toEqual(['doubled 0'])
  })

  test('an export that was cut off is told, at whatever line', async () => {
    for (const lines of [1, 100, 257, 258, 300, good.length - 1]) {
      const found = await foundIn(good.slice(0, lines))
      expect(found.length).toBeGreaterThan(0)
      expect(found.every((each) => each.startsWith('missing') || each.startsWith('added'))).toBe(true)
    }
  })

  test('where entry and leaf hash were changed together, the 256 among which it is are named', async () => {
    const otherEntries = entries.with(300, { ...entries[300]!, ...changedEntry(300) })
    const lines = await exported(otherEntries)
    lines[0] = good[0]!
    lines.at(-2)!['hashes'] = lines.at(-2)!['hashes']
    const tile = lines.findIndex((line) => line['from'] === 256)
    lines[tile]!['root'] = good[tile]!['root']
    expect(await foundIn(lines)).toEqual(['root 256'])
  })

  test('a log that was made anew all through fails against what was put aside, and without its key', async () => {
    const anew = await exported(entries.with(300, { ...entries[300]!, ...changedEntry(300) }))
    expect(await foundIn(anew)).toEqual([])
    expect(await foundIn(anew, { pinned: [good[0]!['checkpoint']] })).toEqual(['pinned'])
    const early = (await exported(entries.slice(0, 300)))[0]!['checkpoint']
    expect(await foundIn(anew, { pinned: [early] })).toEqual([])
    expect(await foundIn(await exported(entries.slice(0, 299)), { pinned: [early] })).toEqual(['pinned'])
    const raw = stranger.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const forged = await exported(entries, noteSigner('certkeep/a', raw, stranger.privateKey))
    expect(await foundIn(forged)).toEqual([])
    expect(await foundIn(forged, { key: signer })).toEqual(['checkpoint'])
  })

  test('a checkpoint that was edited is told', async () => {
    const edited = tampered((all) => {
      all[0]!['checkpoint'] = String(all[0]!['checkpoint']).replace('time 1', 'time 2')
    })
    expect(await foundIn(edited)).toEqual(['checkpoint'])
  })

  test('what is no export is told by its line, and mutations of one end in a verdict', async () => {
    expect((await verifyExport([])).findings[0]!.text).toBe('the file is empty')
    expect((await verifyExport(['{}'])).findings[0]!.text).toMatch(/^line 1 /)
    expect((await verifyExport([JSON.stringify(good[0]), '{"index":0,"fields":{}}'])).findings[0]!.text).toMatch(
      /^line 2 /,
    )
    const small = (await exported(entries.slice(0, 3))).map((line) => JSON.stringify(line)).join('\n')
    let state = 20_261_121
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
    for (let turn = 0; turn < 10_000; turn++) {
      const bytes = Buffer.from(small)
      for (let changes = random(3) + 1; changes > 0; changes--) bytes[random(bytes.length)] = random(256)
      const text = bytes.toString('utf8')
      const { findings } = await verifyExport(text.split('\n'))
      if (text === small) continue
      if (findings.length === 0) expect(meaning(text)).toEqual(meaning(small))
    }
  })
})

/** The entries of an export; what stands around them may be written in several ways. */
const meaning = (text: string) =>
  text.split('\n').flatMap((line) => {
    const { index, fields } = JSON.parse(line) as Line
    return fields === undefined ? [] : [{ index, fields }]
  })

function changedEntry(index: number) {
  const texts = Object.fromEntries(fieldNames.map((name) => [name, `${name} other`])) as Texts
  const fields = fieldsOf(texts, newEntrySalt(), undefined)
  return { line: { index, fields: wireFields(fields) }, leaf: leafOf(fields) }
}
