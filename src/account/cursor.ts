import { problem } from '../kernel/index.ts'

/** What an export is made of, in its order: what refers to something comes behind it. */
export const sections = [
  'account',
  'resourceGroups',
  'policies',
  'groups',
  'users',
  'roles',
  'cas',
  'issuances',
  'revocations',
  'certificates',
  'auditEntries',
] as const
export type Section = (typeof sections)[number]

/** Where the next page begins: behind this row of this section. What `after` and `within` are is the section's own affair. */
export interface Place {
  section: Section
  after: string
  within: string
}

export const start: Place = { section: sections[0], after: '', within: '' }

/** The section behind this one, from its beginning; undefined at the end. */
export function nextSection({ section }: Place): Place | undefined {
  const next = sections[sections.indexOf(section) + 1]
  return next && { section: next, after: '', within: '' }
}

export const writeCursor = ({ section, after, within }: Place): string => `${section}:${within}:${after}`

/** @throws Problem InputInvalid */
export function readCursor(text: string): Place {
  const parts = text.split(':')
  const [section = '', within = '', after = ''] = parts
  const known = sections.find((each) => each === section)
  if (!known || parts.length !== 3 || !/^[0-9a-z-]{0,64}$/.test(within) || !/^[0-9a-z-]{0,64}$/.test(after))
    throw problem('InputInvalid', { field: 'cursor', reason: 'is none that an export gave' })
  return { section: known, within, after }
}

/** A number in a cursor; 0 where there is none yet. @throws Problem InputInvalid */
export function numberIn(text: string): number {
  const value = text === '' ? 0 : Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw problem('InputInvalid', { field: 'cursor', reason: 'is none that an export gave' })
  return value
}
