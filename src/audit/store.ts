import type { Page, PageRequest, Problem, Write } from '../kernel/index.ts'
import type { Erased, FieldName, Texts } from './leaf.ts'
import type { ReadTile, Tile } from './merkle.ts'

/** One entry: who, from where, which operation, on what, and how it ended. Times in ms of the domain clock. */
export interface AuditEntry {
  at: number
  accountId: string
  userId: string
  userName: string
  accessKeyId: string | null
  sourceIp: string
  door: string
  requestId: string
  operation: string
  objectType: string
  objectId: string
  /** `dryRun`: nothing was done, nor was it to be. */
  outcome: 'done' | 'refused' | 'dryRun'
  /** The code of the refusal, or of what would have been one in a dry run; empty when done. */
  code: string
  facts: Readonly<Record<string, unknown>>
}

/** An entry as it is listed. */
export interface ListedEntry extends AuditEntry {
  /** Its place in the Merkle log; null until the sequencer has numbered it, within a second. */
  index: number | null
}

export interface AuditFilter {
  objectType?: string | undefined
  objectId?: string | undefined
}

export interface AuditStore {
  /** The entry in the commit of its act, without a number. */
  insert(entry: AuditEntry): Write
  /** Newest first. */
  list(accountId: string, filter: AuditFilter, page: PageRequest): Promise<Page<ListedEntry>>
}

/** An entry with all that its leaf is made of. */
export interface StoredEntry {
  seq: number
  index: number | null
  texts: Texts
  salt: Uint8Array | null
  erased: Erased | undefined
}

export interface AuditLogState {
  /** So many entries are numbered, from 0 on. */
  size: number
  /** The signed checkpoint of that size; empty before the first. */
  checkpoint: string
  leaseOwner: string | null
  /** By the clock that all processes share. */
  leaseUntil: number
}

/** Entries that follow each other by `seq` and get numbers that do. */
export interface Run {
  fromSeq: number
  toSeq: number
  fromIndex: number
}

/**
 * The Merkle log. Numbering is one commit: {@link AuditLogStore.advance} first, whose condition makes of several who number
 * at once one that does.
 */
export interface AuditLogStore {
  state(): Promise<AuditLogState>
  readTile: ReadTile
  /** Those that have no number, in the order in which they will get one. */
  unnumbered(limit: number): Promise<StoredEntry[]>
  /** Holds only while the log has the size `from` and nobody else's lease runs at `now`. */
  advance(step: Advance, otherwise: Problem): Write[]
  putTile(tile: Tile): Write
  /** Holds only when all of the run are there without a number. */
  number(run: Run, otherwise: Problem): Write
  /** Gives an entry of before its salt. */
  setSalt(seq: number, salt: Uint8Array, otherwise: Problem): Write

  /** Of all accounts, by number: `from` on, below `to`. */
  entries(from: number, to: number): Promise<StoredEntry[]>
  /** The last entry of an operation on a CA. */
  lastOfCa(caId: string, operation: string): Promise<StoredEntry | undefined>
  /** Of one account in the order in which they came. */
  ofAccount(accountId: string, afterSeq: number, limit: number): Promise<StoredEntry[]>
  /** Takes the fields away. Holds only while the entry is erased as far as it was read to be. */
  erase(entry: StoredEntry, gone: readonly FieldName[], left: Erased, otherwise: Problem): Write
}

export interface Advance {
  from: number
  to: number
  checkpoint: string
  owner: string
  now: number
  leaseUntil: number
}

/** Receipts stay when everything else about a CA is gone. */
export interface ReceiptStore {
  find(caId: string): Promise<{ statement: string; signature: Uint8Array } | undefined>
  insert(receipt: { caId: string; statement: string; signature: Uint8Array }, otherwise: Problem): Write
}
