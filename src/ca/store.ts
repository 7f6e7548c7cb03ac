import type { Page, PageRequest, Problem, Write } from '../kernel/index.ts'
import type { Ca } from './ca.ts'
import type { CaState } from './lifecycle.ts'

export interface CaFilter {
  /** Part of the common name, case-insensitive. */
  name?: string | undefined
  type?: Ca['type'] | undefined
  /** Stored states, and for those that issue or rest whether expired ones are meant. */
  states: readonly CaState[]
  expired?: boolean | undefined
  /** The instant by which expiry is judged. */
  now: number
  enterpriseProjectId?: string | undefined
  sortBy: 'createdAt' | 'commonName' | 'type' | 'notAfter'
  descending: boolean
}

/** What the CA modules need remembered. Reads see what was committed; a write happens when its commit returns. */
export interface CaStore {
  /** Any CA of the account, destroyed ones included. */
  find(accountId: string, id: string): Promise<Ca | undefined>
  /** For work by the clock and for publication, where the caller is the service itself. */
  findById(id: string): Promise<Ca | undefined>
  /** CAs that are listed and not destroyed. */
  list(accountId: string, filter: CaFilter, page: PageRequest): Promise<Page<Ca>>
  /** CAs that hold the same key and are not destroyed. */
  holdersOfKey(keyId: string): Promise<Ca[]>
  /** CAs and certificates for CAs elsewhere that a CA signed, whatever their state; at most `limit`, by id after one. */
  issuedBy(issuerId: string, limit: number, after?: string): Promise<Ca[]>
  /** CAs of an account that hold the key with this public key, and are not destroyed. */
  overKey(accountId: string, spkiSha256: Uint8Array): Promise<Ca[]>
  /** CAs whose deletion falls due at `now`, and those that are ending. */
  due(now: number): Promise<Ca[]>
  insert(ca: Ca): Write
  /** Holds only if the row is still as `was` (compared by version); else the commit fails with `changed`. Never retries. */
  replace(was: Ca, next: Ca, changed: Problem): Write
  /** A condition of a commit: the row still has this version and state. */
  unchanged(ca: Ca, changed: Problem): Write
}
