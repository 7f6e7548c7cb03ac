import type { Write } from '../kernel/index.ts'

/** That something expires soon. One for each object, end and nearness, so its id says what it is about and never changes. */
export interface Notice {
  id: string
  kind: 'certificate' | 'ca'
  accountId: string
  objectId: string
  commonName: string
  issuerName: string | null
  /** Lower-case hex. */
  serial: string | null
  /** Milliseconds since 1970. */
  notAfter: number
  withinDays: number
}

/** A window of ends, and how near it is. */
export interface ExpiryWindow {
  /** Ends after this instant … */
  after: number
  /** … and not after this one. */
  upTo: number
  withinDays: number
}

/** What expiry notices need remembered. They go over all accounts: the operator is told. */
export interface NoticeStore {
  /** Unrevoked certificates and living CAs with an end in the window, of which no notice so near or nearer was made. */
  unannounced(window: ExpiryWindow, limit: number): Promise<Notice[]>
  /** Does nothing when it is there. */
  insert(notice: Notice, at: number): Write
  /** Oldest first. */
  unsent(limit: number): Promise<Notice[]>
  sent(id: string, at: number): Write
  forget(expiredBefore: number): Write
  /** Unrevoked certificates with an end in the window, counted up to `limit`. */
  countExpiring(window: Pick<ExpiryWindow, 'after' | 'upTo'>, limit: number): Promise<number>
}
