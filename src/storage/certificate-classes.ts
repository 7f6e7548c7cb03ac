import type { Certificate, CertificateFilter } from '../certificates/index.ts'
import { day } from '../kernel/index.ts'

/**
 * A class is what a list can be narrowed to without looking at a row: the source, and the state as of a time. Valid is
 * two states, apart by the 30 days within which Alibaba's wire says "will expire".
 */
const states = { lasting: 0, soon: 1, expired: 2, revoked: 3 } as const
const ofSource = { issued: 0, uploaded: 4 } as const satisfies Record<Certificate['source'], number>

/** How long before its end a valid certificate is in the second state. */
export const soonMs = 30 * day

/** What a class is made of. */
export interface Classed {
  source: Certificate['source']
  revokedAt: number | null
  notAfter: number
}

/** As the indexer's SQL has it (certificate-indexer.ts). */
export function classOf({ source, revokedAt, notAfter }: Classed, now: number): number {
  if (revokedAt !== null) return ofSource[source] + states.revoked
  if (notAfter < now) return ofSource[source] + states.expired
  return ofSource[source] + (notAfter <= now + soonMs ? states.soon : states.lasting)
}

export interface Narrowed {
  classes: readonly number[]
  /** What is left of the filter's range of ends: the classes say nothing of it. */
  notAfterAbove: number | undefined
  notAfterUpTo: number | undefined
}

const statesOf = {
  valid: [states.lasting, states.soon],
  expired: [states.expired],
  revoked: [states.revoked],
} as const

/** The classes that a filter is about. */
export function narrowedTo({ sources, state, now, notAfterAbove, notAfterUpTo }: CertificateFilter): Narrowed {
  const border = now + soonMs
  const isSoon = state === 'valid' && notAfterUpTo === border
  const isLasting = state === 'valid' && notAfterAbove === border
  const wanted = state === undefined ? Object.values(states) : statesOf[state]
  const kept = wanted.filter((each) => !(isSoon && each === states.lasting) && !(isLasting && each === states.soon))
  return {
    classes: [...new Set(sources)].flatMap((source) => kept.map((each) => ofSource[source] + each)),
    notAfterAbove: isLasting ? undefined : notAfterAbove,
    notAfterUpTo: isSoon ? undefined : notAfterUpTo,
  }
}

/** What a list asks of the index. Texts are in lower case. */
export interface Selection {
  accountId: string
  classes: readonly number[]
  resourceGroupId: string | undefined
  notAfterAbove: number | undefined
  notAfterUpTo: number | undefined
  name: string | undefined
  keyword: string | undefined
  sortBy: CertificateFilter['sortBy']
  descending: boolean
}
