import type { CertificateFilter } from '../certificates/index.ts'
import type { Page, PageRequest } from '../kernel/index.ts'
import { narrowedTo, type Selection } from './certificate-classes.ts'
import { indexStateOf } from './certificate-index.ts'
import { overlayOf, type Image, type Overlay } from './certificate-overlay.ts'
import { indexedCertificates, isNoName, type Entry } from './certificate-selection.ts'
import type { Database } from './database.ts'

/** A page as seqs, in order. */
export type SeqPage = Page<number>

/** Steps of the indexer that fall between the reads of one list: then they are read again, so often. */
const attempts = 3

/**
 * Lists over the index: what it says at a position, put right by what it does not know yet (the overlay). The page is
 * read around the position where it would be if the index knew everything, by as much as the overlay can shift it.
 */
export function certificateLists(db: Database) {
  const state = indexStateOf(db)
  const overlay = overlayOf(db, state)
  const indexed = indexedCertificates(db)

  /** @returns undefined when the index is too far behind to be of use */
  return async (accountId: string, filter: CertificateFilter, page: PageRequest): Promise<SeqPage | undefined> => {
    const selection: Selection = {
      ...narrowedTo(filter),
      accountId,
      resourceGroupId: filter.resourceGroupId,
      name: lower(filter.name),
      keyword: lower(filter.keyword),
      sortBy: filter.sortBy,
      descending: filter.descending,
    }
    if (selection.classes.length === 0) return { rows: [], total: 0 }
    for (let attempt = 1; ; attempt++) {
      const seen = await overlay(accountId, filter.now)
      if (!seen) return undefined
      const answer = await pageOver(indexed(selection, seen.version), selection, seen, page)
      // The parts fit each other only if no step of the indexer fell between them.
      if (attempt === attempts || (await state()).version === seen.version) return answer
    }
  }
}

async function pageOver(
  index: ReturnType<ReturnType<typeof indexedCertificates>>,
  selection: Selection,
  { touched }: Overlay,
  { offset, limit }: PageRequest,
): Promise<SeqPage> {
  const compare = comparison(selection)
  const matching = (images: readonly (Image | undefined)[]): Entry[] =>
    images
      .filter((image) => image !== undefined)
      .filter((image) => matches(image, selection))
      .map((image) => ({ seq: image.seq, key: keyOf(image, selection) }))
      .toSorted(compare)
  const removed = matching(touched.map(({ indexed }) => indexed))
  const added = matching(touched.map(({ live }) => live))
  const inIndex = await index.total()
  const total = inIndex - removed.length + added.length
  if (limit === 0 || offset >= total) return { rows: [], total }

  // Each certificate that the index lacks moves a row one place down, each that it has too many one place up.
  const from = Math.max(0, Math.min(offset - added.length, inIndex - 1))
  const found = inIndex === 0 ? [] : await index.entries(from, limit + added.length + removed.length)
  // At the beginning nothing comes before what was read; else it begins before the page, at a place that can be told.
  const first = from === 0 ? undefined : found[0]
  const before = (entries: readonly Entry[]) =>
    first ? entries.filter((entry) => compare(entry, first) < 0).length : 0
  const place = from - before(removed) + before(added)
  const gone = new Set(removed.map(({ seq }) => seq))
  const rows = [...found.filter(({ seq }) => !gone.has(seq)), ...added.slice(before(added))].toSorted(compare)
  return { rows: rows.slice(offset - place, offset - place + limit).map(({ seq }) => seq), total }
}

/** ASCII only, as both engines' lower() on our text. */
const lower = <Text extends string | undefined>(text: Text): Text =>
  text?.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) as Text

function matches(image: Image, selection: Selection): boolean {
  const { classes, resourceGroupId, notAfterAbove, notAfterUpTo, name, keyword } = selection
  if (!classes.includes(image.class)) return false
  if (resourceGroupId !== undefined && image.resourceGroupId !== resourceGroupId) return false
  if (notAfterAbove !== undefined && image.notAfter <= notAfterAbove) return false
  if (notAfterUpTo !== undefined && image.notAfter > notAfterUpTo) return false
  if (name !== undefined && !lower(image.commonName).includes(name)) return false
  if (keyword === undefined) return true
  const texts = [image.commonName, image.id, ...(isNoName(keyword) ? [] : [image.sans])]
  return texts.some((text) => lower(text).includes(keyword))
}

const keyOf = (image: Image, { sortBy }: Selection): Entry['key'] =>
  sortBy === 'createdAt' ? image.seq : image[sortBy]

function comparison({ descending }: Selection): (a: Entry, b: Entry) => number {
  const ascending = (a: Entry, b: Entry): number => compareKeys(a.key, b.key) || a.seq - b.seq
  return descending ? (a, b) => ascending(b, a) : ascending
}

/** Text by its bytes, as both engines have it. */
const compareKeys = (a: string | number, b: string | number): number =>
  a === b
    ? 0
    : typeof a === 'number' || typeof b === 'number'
      ? Number(a) - Number(b)
      : Buffer.compare(Buffer.from(a), Buffer.from(b))
