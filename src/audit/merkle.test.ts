import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  append,
  consistencyPath,
  continues,
  emptyRoot,
  inclusionPath,
  includes,
  leafHash,
  nodeHash,
  treeRoot,
  type ReadTile,
} from './merkle.ts'

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** RFC 9162 §2.1.1, word for word, over all leaves at once. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]!
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}

const leaves = Array.from({ length: 70_000 }, (_, index) => leafHash(Buffer.from(String(index))))

/** A tree that grew in steps of these sizes, with its tiles in memory. */
async function grown(size: number, stepOf: (at: number) => number) {
  const tiles = new Map<string, Uint8Array>()
  const read: ReadTile = (level, number) => Promise.resolve(tiles.get(`${level}/${number}`))
  for (let at = 0; at < size;) {
    const to = Math.min(size, at + stepOf(at))
    for (const tile of await append(read, at, leaves.slice(at, to)))
      tiles.set(`${tile.level}/${tile.number}`, tile.hashes)
    at = to
  }
  return { read, tiles }
}

describe('the Merkle tree of the audit log, RFC 9162 §2.1', () => {
  test('§2.1.1: leaves and nodes are hashed apart, and nothing hashes to the hash of nothing', () => {
    expect(leafHash(Buffer.from('L'))).toEqual(sha256(Buffer.of(0), Buffer.from('L')))
    expect(nodeHash(emptyRoot, emptyRoot)).toEqual(sha256(Buffer.of(1), sha256(), sha256()))
  })

  test('in whatever steps it grows, the root is that of the definition, also for every size it once had', async () => {
    for (const stepOf of [() => 1, () => 7, () => 256, () => 300, () => 1_000] as const) {
      const { read } = await grown(1_000, stepOf)
      for (const size of [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 767, 1_000])
        expect(await treeRoot(read, size)).toEqual(mth(leaves.slice(0, size)))
    }
  })

  test('with tiles of three levels too', async () => {
    const { read, tiles } = await grown(70_000, () => 512)
    expect([...tiles.keys()].filter((name) => name.startsWith('2/'))).toEqual(['2/0'])
    expect(await treeRoot(read, 70_000)).toEqual(mth(leaves))
    expect(await treeRoot(read, 65_537)).toEqual(mth(leaves.slice(0, 65_537)))
  })

  test('§2.1.3: every entry is shown to be in every size, and in no other place or log', async () => {
    const { read } = await grown(600, () => 64)
    for (const size of [1, 2, 3, 5, 8, 255, 256, 257, 511, 600]) {
      const root = mth(leaves.slice(0, size))
      for (let index = 0; index < size; index += size > 16 ? 13 : 1) {
        const path = await inclusionPath(read, index, size)
        expect(includes({ index, size, path }, leaves[index]!, root)).toBe(true)
        expect(includes({ index, size, path }, leaves[index + 1]!, root)).toBe(false)
        expect(includes({ index: index + 1, size, path }, leaves[index]!, root)).toBe(false)
        expect(includes({ index, size, path: [...path, emptyRoot] }, leaves[index]!, root)).toBe(false)
        if (path.length > 0) expect(includes({ index, size, path: path.slice(1) }, leaves[index]!, root)).toBe(false)
      }
    }
  })

  test('§2.1.4: every size is shown to continue every smaller one, and no other', async () => {
    const { read } = await grown(600, () => 64)
    const sizes = [0, 1, 2, 3, 4, 6, 7, 8, 255, 256, 257, 300, 512, 513, 600]
    for (const first of sizes)
      for (const second of sizes.filter((size) => size >= first)) {
        const path = await consistencyPath(read, first, second)
        const roots = [mth(leaves.slice(0, first)), mth(leaves.slice(0, second))] as const
        expect(continues({ first, second, path }, ...roots)).toBe(true)
        const other = mth([leafHash(Buffer.from('another')), ...leaves.slice(1, first)])
        if (first > 0) expect(continues({ first, second, path }, other, roots[1])).toBe(false)
        if (first > 0 && first < second) expect(continues({ first, second, path }, roots[0], emptyRoot)).toBe(false)
      }
  })

  test('a proof reads a few tiles, not the log', async () => {
    const { read } = await grown(70_000, () => 512)
    let reads = 0
    const counted: ReadTile = (level, number) => {
      reads++
      return read(level, number)
    }
    await inclusionPath(counted, 12_345, 70_000)
    await consistencyPath(counted, 33_333, 70_000)
    expect(reads).toBeLessThan(12)
  })

  test('a tile that is missing or too short is told, and makes no root', async () => {
    const { tiles } = await grown(600, () => 64)
    const without =
      (name: string): ReadTile =>
      (level, number) =>
        Promise.resolve(`${level}/${number}` === name ? undefined : tiles.get(`${level}/${number}`))
    await expect(treeRoot(without('0/2'), 600)).rejects.toThrow('tile 2 of level 0')
    await expect(append(without('0/2'), 600, leaves.slice(0, 1))).rejects.toThrow('tile 2 of level 0')
  })
})
