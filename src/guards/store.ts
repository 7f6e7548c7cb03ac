import type { Page, PageRequest, Problem, Write } from '../kernel/index.ts'
import type { Approval, ApprovalState } from './approval.ts'
import type { AccountGuards } from './guards.ts'

/** Who changed, and when last, what a user, group, role or policy is good for. */
export interface RightsGiven {
  principalId: string
  givenBy: string
}

/** What is counted by the day; `subject` is a user, or empty for the account. */
export interface Counted {
  accountId: string
  /** Whole days since 1970 of the domain clock. */
  day: number
  kind: string
  subject: string
}

/** What guards need remembered. Reads see what was committed; a write happens when its commit returns. */
export interface GuardStore {
  guards(accountId: string): Promise<AccountGuards>
  /** Holds only if they are still as `was` (compared by version). */
  replaceGuards(was: AccountGuards, next: AccountGuards, changed: Problem): Write
  /** A condition of a commit: nobody has changed a guard of the account since. */
  guardsUnchanged(guards: AccountGuards, changed: Problem): Write

  approval(accountId: string, id: string): Promise<Approval | undefined>
  /** Newest first. */
  approvals(accountId: string, state: ApprovalState | undefined, page: PageRequest): Promise<Page<Approval>>
  /** Those of this digest that wait or are approved, newest first. */
  openApprovals(accountId: string, digest: string): Promise<Approval[]>
  insertApproval(approval: Approval): Write
  /** Holds only if it is still as `was`: of two who decide or use it, one wins. */
  replaceApproval(was: Approval, next: Approval, changed: Problem): Write
  /** What this person asked for before, about the same object by the same operation, is void unless it is decided against or used. */
  voidApprovals(of: Pick<Approval, 'accountId' | 'operation' | 'objectId' | 'requestedBy' | 'digest'>): Write

  count(of: Counted): Promise<number>
  /** One more; `reached` when it would be more than the cap (1 or more). */
  countOne(of: Counted, cap: number, reached: Problem): Write
  forgetCounts(accountId: string, before: number): Write

  rightsGivenSince(accountId: string, since: number): Promise<RightsGiven[]>
  noteRights(accountId: string, principalId: string, givenBy: string, at: number): Write
}

/** What shows that something is used; further sources come with their own reasons. */
export interface Evidence {
  ofCa(caId: string): Promise<Use>
  ofCertificate(accountId: string, certificateId: string): Promise<Use>
}

export interface Use {
  inUse: boolean
  reasons: readonly string[]
  /** What is under it, from the ledger: part of what a second person approves. */
  counts: Readonly<Record<string, number>>
}
