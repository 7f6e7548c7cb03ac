import type { Page, PageRequest, Write } from '../kernel/index.ts'

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

export interface AuditFilter {
  objectType?: string | undefined
  objectId?: string | undefined
}

export interface AuditStore {
  insert(entry: AuditEntry): Write
  /** Newest first. */
  list(accountId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>
}
