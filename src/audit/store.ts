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
  outcome: 'done' | 'refused'
  /** The code of the refusal; empty when done. */
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
