import { createHash } from 'node:crypto'
import type { GuardedAct } from '../kernel/index.ts'

/** `void`: the same person asked for something else about the same object meanwhile. */
export type ApprovalState = 'waiting' | 'approved' | 'rejected' | 'withdrawn' | 'used' | 'void'

/** What is approved: nothing else, and only while all of it is as it was. */
export interface ApprovalSubject {
  operation: string
  act: GuardedAct
  /** What is under the CA, from the ledger. */
  counts: Readonly<Record<string, number>>
}

/** One act that one person asked for and another has to approve. Times are of the domain clock. */
export interface Approval {
  id: string
  accountId: string
  operation: string
  objectId: string
  caId: string | null
  /** SHA-256 of account, requester and subject, in hex. */
  digest: string
  subject: ApprovalSubject
  state: ApprovalState
  /** The user, also where they acted through a role. */
  requestedBy: string
  requestedByName: string
  /** The role through which they acted, else the user. */
  requestedAs: string
  requestedAt: number
  /** Until then it may be approved, and from its approval on be used. */
  expiresAt: number
  decidedBy: string | null
  decidedByName: string | null
  decidedAt: number | null
  version: number
}

/** The digest of what is approved: of the same act by the same person it is the same, of anything else it is not. */
export const digestOf = (accountId: string, requestedBy: string, subject: ApprovalSubject): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted({ accountId, requestedBy, ...subject })))
    .digest('hex')

/** With members in one order at every depth, so that the same facts are the same text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
  )
}
