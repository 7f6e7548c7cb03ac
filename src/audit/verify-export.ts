import { CheckpointError, openCheckpoint, readVerifierKey, type Checkpoint, type NoteSigner } from './checkpoint.ts'
import { leafOf, readWireFields } from './leaf.ts'
import { append, hashBytes, tileWidth, treeRoot, type ReadTile } from './merkle.ts'

/** The first line of an export; see docs/audit.md for the others. */
export const exportForm = 'certkeep-audit-export-1'

/** What was found wrong; `index` is the number of the entry where one can be named. */
export interface Finding {
  kind:
    | 'unreadable'
    | 'checkpoint'
    | 'changed'
    | 'missing'
    | 'reordered'
    | 'added'
    | 'doubled'
    | 'misnumbered'
    | 'root'
    | 'pinned'
  index: number | undefined
  text: string
}

export interface Verdict {
  findings: Finding[]
  /** What the export's checkpoint says, when it could be read. */
  checkpoint: Checkpoint | undefined
  /** So many entries were seen with their fields, and so many are other accounts'. */
  entries: number
  others: number
}

export interface Against {
  /** Whose signature is believed; undefined: the key in the export itself. */
  key?: Pick<NoteSigner, 'origin' | 'publicKey'> | undefined
  /** Checkpoints that were put aside earlier. */
  pinned?: readonly string[]
}

interface Line {
  index: number
  leaf: Buffer
}

/** What an export says, line by line, before anything of it is believed. */
interface Read {
  size: number
  checkpoint: string
  key: string
  lines: Line[]
  others: Set<number>
  hashes: Buffer[]
  /** The root of a full tile by the number of the tile. */
  roots: Map<number, string>
}

const maxLineLength = 16 * 1024 * 1024
const maxSize = 1e9
const maxNamed = 100

/**
 * Recomputes everything in an export: the leaf of each entry, the tree over all leaves, and whether that is what the
 * checkpoint signs. What is wrong is named by the number of its entry. Never throws on what it reads.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  { key, pinned = [] }: Against = {},
): Promise<Verdict> {
  const read = await readLines(lines)
  if (typeof read === 'string')
    return {
      findings: [{ kind: 'unreadable', index: undefined, text: read }],
      checkpoint: undefined,
      entries: 0,
      others: 0,
    }
  const findings: Finding[] = []
  const believed = key ?? ownKeyOf(read, findings)
  const checkpoint = believed && openedBy(read, believed, findings)
  const size = checkpoint?.size ?? read.size
  const expected = Buffer.concat(read.hashes)
  const listed = expected.length / hashBytes
  if (listed > size) {
    const text = `${listed - size} entries stand behind the ${size} of the checkpoint`
    findings.push({ kind: 'added', index: size, text })
  }
  findings.push(...compare(read, expected, Math.min(size, listed), size))
  if (listed < size) {
    const text = `the export ends before entry ${listed}, and its checkpoint is of ${size} entries`
    findings.push({ kind: 'missing', index: listed, text })
  }
  findings.push(...(await rootFindings(read, expected, listed, checkpoint)))
  findings.push(...(await pinnedFindings(expected, listed, believed, pinned)))
  return { findings, checkpoint, entries: read.lines.length, others: read.others.size }
}

async function readLines(lines: AsyncIterable<string> | Iterable<string>): Promise<Read | string> {
  let read: Read | undefined
  let number = 0
  for await (const line of lines) {
    number++
    if (line === '') continue
    try {
      if (line.length > maxLineLength) return `line ${number} is too long`
      const value = JSON.parse(line) as Record<string, unknown>
      if (read) readLine(read, value)
      else read = readHeader(value)
    } catch {
      return `line ${number} is not what an export of the audit log has there`
    }
  }
  return read ?? 'the file is empty'
}

/** Caught where lines are read: the text is never shown. */
const demand = (holds: boolean): void => {
  if (!holds) throw new Error('not of this form')
}

function readHeader({ form, size, checkpoint, key }: Record<string, unknown>): Read {
  demand(form === exportForm && isNumber(size) && typeof checkpoint === 'string' && typeof key === 'string')
  return {
    size: size as number,
    checkpoint: checkpoint as string,
    key: key as string,
    lines: [],
    others: new Set(),
    hashes: [],
    roots: new Map(),
  }
}

function readLine(read: Read, value: Record<string, unknown>): void {
  const { index, fields, from, hashes, root, others } = value
  if (fields !== undefined) {
    demand(isNumber(index))
    read.lines.push({ index: index as number, leaf: leafOf(readWireFields(fields)) })
    return
  }
  demand(isNumber(from) && typeof hashes === 'string' && Array.isArray(others))
  const bytes = Buffer.from(hashes as string, 'base64')
  demand(
    bytes.length % hashBytes === 0 && bytes.length <= tileWidth * hashBytes && from === read.hashes.length * tileWidth,
  )
  read.hashes.push(bytes)
  if (typeof root === 'string') read.roots.set(read.hashes.length - 1, root)
  for (const other of others as unknown[]) {
    demand(isNumber(other))
    read.others.add(other as number)
  }
}

const isNumber = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < maxSize

function ownKeyOf({ key }: Read, findings: Finding[]) {
  return told(findings, () => readVerifierKey(key))
}

function openedBy({ checkpoint: note, size }: Read, key: NonNullable<Against['key']>, findings: Finding[]) {
  return told(findings, () => {
    const checkpoint = openCheckpoint(note, key)
    if (checkpoint.size === size) return checkpoint
    throw new CheckpointError(`the export says that it has ${size} entries, and its checkpoint has ${checkpoint.size}.`)
  })
}

function told<T>(findings: Finding[], open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    findings.push({ kind: 'checkpoint', index: undefined, text: error.message.replace(/[.]$/, '') })
    return undefined
  }
}

/** Places each entry by its leaf, whatever number it carries; what has no place was changed or added. */
function compare({ lines, others }: Read, expected: Buffer, known: number, size: number): Finding[] {
  const findings: Finding[] = []
  const at = (index: number) => expected.subarray(index * hashBytes, (index + 1) * hashBytes)
  let places: Map<string, number> | undefined
  const placeOf = ({ index, leaf }: Line): number | undefined => {
    if (index < known && at(index).equals(leaf)) return index
    places ??= new Map(Array.from({ length: known }, (_, place) => [at(place).toString('latin1'), place]))
    return places.get(leaf.toString('latin1'))
  }
  const placed = lines.map(placeOf)
  const seen = new Set<number>()
  let before = -1
  let misnumbered = 0
  for (const [line, place] of placed.entries()) {
    const { index } = lines[line]!
    if (place === undefined) continue
    if (seen.has(place)) findings.push({ kind: 'doubled', index: place, text: `entry ${place} is there twice` })
    else if (place < before)
      findings.push({ kind: 'reordered', index: place, text: `entry ${place} stands behind entry ${before}` })
    else if (place !== index && misnumbered++ === 0)
      findings.push({ kind: 'misnumbered', index: place, text: `entry ${place} carries the number ${index}` })
    seen.add(place)
    before = Math.max(before, place)
  }
  const changed = new Set<number>()
  for (const [line, place] of placed.entries()) {
    const { index } = lines[line]!
    // Whose hash was cut off cannot be judged; that it was cut off is told.
    if (place !== undefined || (index >= known && index < size)) continue
    if (index < size && !seen.has(index) && !others.has(index) && !changed.has(index)) {
      changed.add(index)
      findings.push({ kind: 'changed', index, text: `entry ${index} was changed` })
    } else findings.push({ kind: 'added', index, text: `what stands as entry ${index} was added` })
  }
  for (let index = 0; index < known; index++)
    if (!seen.has(index) && !others.has(index) && !changed.has(index))
      findings.push({ kind: 'missing', index, text: `entry ${index} was removed` })
  return findings.slice(0, maxNamed)
}

async function rootFindings(
  { roots }: Read,
  expected: Buffer,
  listed: number,
  checkpoint: Checkpoint | undefined,
): Promise<Finding[]> {
  if (!checkpoint || listed < checkpoint.size) return []
  const tree = await treeOf(expected, checkpoint.size)
  if (Buffer.compare(await treeRoot(tree, checkpoint.size), checkpoint.root) === 0) return []
  const findings: Finding[] = []
  for (const [tile, root] of roots) {
    const [from, to] = [tile * tileWidth, (tile + 1) * tileWidth]
    const above = await tree(1, Math.floor(tile / tileWidth))
    const at = (tile % tileWidth) * hashBytes
    const computed = above && Buffer.from(above.subarray(at, at + hashBytes)).toString('base64')
    if (to <= checkpoint.size && computed !== root)
      findings.push({ kind: 'root', index: from, text: `something among entries ${from} to ${to - 1} was changed` })
  }
  const text = 'the entries do not make the root that the checkpoint signs'
  return findings.length > 0 ? findings.slice(0, maxNamed) : [{ kind: 'root', index: undefined, text }]
}

/** What somebody put aside must be where the log came from. */
async function pinnedFindings(
  expected: Buffer,
  listed: number,
  key: Pick<NoteSigner, 'origin' | 'publicKey'> | undefined,
  pinned: readonly string[],
): Promise<Finding[]> {
  const findings: Finding[] = []
  const found = (text: string) => findings.push({ kind: 'pinned', index: undefined, text })
  for (const note of pinned) {
    try {
      if (!key) throw new CheckpointError('there is no key to verify the checkpoint that was put aside.')
      const { size, root } = openCheckpoint(note, key)
      if (size > listed) found(`the log had ${size} entries when a checkpoint was put aside, and ${listed} are here`)
      else if (Buffer.compare(await treeRoot(await treeOf(expected, size), size), root) !== 0)
        found(`something among the first ${size} entries is not what it was when a checkpoint was put aside`)
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      found(error.message.replace(/[.]$/, ''))
    }
  }
  return findings
}

async function treeOf(leaves: Buffer, size: number): Promise<ReadTile> {
  const tiles = new Map<string, Uint8Array>()
  const all = Array.from({ length: size }, (_, index) => leaves.subarray(index * hashBytes, (index + 1) * hashBytes))
  for (const { level, number, hashes } of await append(() => Promise.resolve(undefined), 0, all))
    tiles.set(`${level}/${number}`, hashes)
  return (level, number) => Promise.resolve(tiles.get(`${level}/${number}`))
}
