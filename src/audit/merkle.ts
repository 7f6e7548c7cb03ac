import { hash } from 'node:crypto'

/**
 * The Merkle tree of RFC 9162 §2.1, kept in tiles of 256 hashes: a tile of level 0 holds leaf hashes, one of level l + 1
 * the roots of whole tiles of level l. Full tiles never change, so any proof of any size reads a few of them.
 */
export const hashBytes = 32
const tileBits = 8
export const tileWidth = 1 << tileBits

/** The hashes that a tile holds so far, 32 bytes each; undefined where there is none. */
export type ReadTile = (level: number, number: number) => Promise<Uint8Array | undefined>

export interface Tile {
  level: number
  number: number
  hashes: Uint8Array
}

/** What is asked of the tree cannot be answered from its tiles: they are damaged, or the tree is not that large. */
export class TreeError extends Error {
  override readonly name = 'TreeError'
}

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

/** RFC 9162 §2.1.1: HASH(0x00 || d) */
export const leafHash = (data: Uint8Array): Buffer => sha256(Buffer.concat([Buffer.of(0), data]))

/** RFC 9162 §2.1.1: HASH(0x01 || left || right) */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  sha256(Buffer.concat([Buffer.of(1), left, right]))

export const emptyRoot: Buffer = sha256(new Uint8Array())

const hashAt = (hashes: Uint8Array, at: number): Uint8Array => hashes.subarray(at * hashBytes, (at + 1) * hashBytes)

/** The root of a power of two of neighbouring hashes. */
function rootOfWhole(hashes: Uint8Array, from: number, count: number): Uint8Array {
  if (count === 1) return hashAt(hashes, from)
  const half = count / 2
  return nodeHash(rootOfWhole(hashes, from, half), rootOfWhole(hashes, from + half, half))
}

/**
 * Adds leaves to a tree of `size`. @returns the tiles that came to be or changed, whole, and nothing else
 * @param read the tiles as they are; each level's last is read, when it is not full
 * @throws TreeError when a tile does not hold what a tree of this size has
 */
export async function append(read: ReadTile, size: number, leaves: readonly Uint8Array[]): Promise<Tile[]> {
  const tiles: Tile[] = []
  let coming: readonly Uint8Array[] = leaves
  for (let level = 0, before = size; coming.length > 0; level++) {
    const next: Uint8Array[] = []
    let number = Math.floor(before / tileWidth)
    let held = before % tileWidth
    let hashes: Uint8Array = held === 0 ? new Uint8Array() : await readHeld(read, level, number, held)
    for (let taken = 0; taken < coming.length;) {
      const some = coming.slice(taken, taken + tileWidth - held)
      taken += some.length
      held += some.length
      hashes = Buffer.concat([hashes, ...some])
      tiles.push({ level, number, hashes })
      if (held < tileWidth) break
      next.push(rootOfWhole(hashes, 0, tileWidth))
      number++
      held = 0
      hashes = new Uint8Array()
    }
    coming = next
    before = Math.floor(before / tileWidth)
  }
  return tiles
}

/** As much of a tile as belongs to a tree in which it holds `held` hashes. */
async function readHeld(read: ReadTile, level: number, number: number, held: number): Promise<Uint8Array> {
  const hashes = await read(level, number)
  if (!hashes || hashes.length < held * hashBytes)
    throw new TreeError(`tile ${number} of level ${level} of the audit log is missing or too short`)
  return hashes.subarray(0, held * hashBytes)
}

/** Reads through `read` at most once for each tile; `fresh` are tiles that are not stored yet. */
export function remembering(read: ReadTile, fresh: readonly Tile[] = []): ReadTile {
  const known = new Map<string, Promise<Uint8Array | undefined>>(
    fresh.map(({ level, number, hashes }) => [`${level}/${number}`, Promise.resolve(hashes)]),
  )
  return (level, number) => {
    const name = `${level}/${number}`
    let tile = known.get(name)
    if (!tile) known.set(name, (tile = read(level, number)))
    return tile
  }
}

/** MTH of leaves [from, to), where `from` is a multiple of the greatest power of two in to − from, or more. */
async function rootOf(read: ReadTile, from: number, to: number): Promise<Uint8Array> {
  const count = to - from
  if (count === 0) return emptyRoot
  const left = leftOf(count)
  if (left < count) return nodeHash(await rootOf(read, from, from + left), await rootOf(read, from + left, to))
  const level = Math.floor(Math.log2(count) / tileBits)
  const each = tileWidth ** level
  const [at, width] = [from / each, count / each]
  const number = Math.floor(at / tileWidth)
  const within = at % tileWidth
  return rootOfWhole(await readHeld(read, level, number, within + width), within, width)
}

/** The leaves in the left subtree: the greatest power of two below `count`; all of them when `count` is one itself. */
function leftOf(count: number): number {
  let left = 1
  while (left * 2 <= count) left *= 2
  return left
}

/** As {@link leftOf}, but always less than `count` (k of RFC 9162 §2.1.1). */
const splitOf = (count: number): number => (leftOf(count) === count ? count / 2 : leftOf(count))

/** The root of the first `size` leaves. @throws TreeError */
export const treeRoot = (read: ReadTile, size: number): Promise<Uint8Array> => rootOf(remembering(read), 0, size)

/** PATH(index, D_size) of RFC 9162 §2.1.3.1, lowest first. @throws TreeError */
export async function inclusionPath(read: ReadTile, index: number, size: number): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new TreeError(`there is no entry ${index} in a log of ${size}`)
  const tiles = remembering(read)
  const path = async (at: number, from: number, to: number): Promise<Uint8Array[]> => {
    if (to - from === 1) return []
    const middle = from + splitOf(to - from)
    return at < middle
      ? [...(await path(at, from, middle)), await rootOf(tiles, middle, to)]
      : [...(await path(at, middle, to)), await rootOf(tiles, from, middle)]
  }
  return path(index, 0, size)
}

/** PROOF(first, D_second) of RFC 9162 §2.1.4.1, lowest first; empty for 0 and for itself. @throws TreeError */
export async function consistencyPath(read: ReadTile, first: number, second: number): Promise<Uint8Array[]> {
  if (!(first >= 0 && first <= second)) throw new TreeError(`a log of ${second} does not continue one of ${first}`)
  if (first === 0 || first === second) return []
  const tiles = remembering(read)
  const path = async (upTo: number, from: number, to: number, known: boolean): Promise<Uint8Array[]> => {
    if (upTo === to) return known ? [] : [await rootOf(tiles, from, to)]
    const middle = from + splitOf(to - from)
    return upTo <= middle
      ? [...(await path(upTo, from, middle, known)), await rootOf(tiles, middle, to)]
      : [...(await path(upTo, middle, to, false)), await rootOf(tiles, from, middle)]
  }
  return path(first, 0, second, true)
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** RFC 9162 §2.1.3.2. */
export function includes(
  { index, size, path }: { index: number; size: number; path: readonly Uint8Array[] },
  leaf: Uint8Array,
  root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) return false
  let [fn, sn, r] = [index, size - 1, leaf]
  for (const p of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)]
    } else {
      r = nodeHash(r, p)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && same(r, root)
}

/** RFC 9162 §2.1.4.2: whether the tree of `second` leaves begins with that of `first`. */
export function continues(
  { first, second, path }: { first: number; second: number; path: readonly Uint8Array[] },
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
): boolean {
  if (first > second) return false
  if (first === second) return path.length === 0 && same(firstRoot, secondRoot)
  if (first === 0) return path.length === 0 && same(firstRoot, emptyRoot)
  const whole = leftOf(first) === first ? [firstRoot, ...path] : path
  const [begin, ...rest] = whole
  if (!begin) return false
  let [fn, sn] = [first - 1, second - 1]
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  let [fr, sr] = [begin, begin]
  for (const c of rest) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr)
      sr = nodeHash(c, sr)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)]
    } else {
      sr = nodeHash(sr, c)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && same(fr, firstRoot) && same(sr, secondRoot)
}
