import type { AuditEntry } from '../audit/index.ts'
import type { Ca } from '../ca/index.ts'
import type { Certificate } from '../certificates/index.ts'
import type { Issuance } from '../issuance/index.ts'

/** Reads of what an account has many of, by keyset: each page begins behind a row, so that size costs nothing. */
export interface AccountRows {
  /** In the order of ids; CAs of every state, and those whose key is elsewhere. */
  cas(accountId: string, afterId: string, limit: number): Promise<Ca[]>
  /** Of one CA, in the order of serials. That the CA is the account's is the caller's to have seen. */
  issuances(caId: string, afterSerial: string, limit: number): Promise<Issuance[]>
  /** In the order in which they came. */
  certificates(accountId: string, afterSeq: number, limit: number): Promise<{ seq: number; certificate: Certificate }[]>
  /** In the order in which they came, up to and with `upToSeq`. */
  auditEntries(
    accountId: string,
    afterSeq: number,
    upToSeq: number,
    limit: number,
  ): Promise<{ seq: number; entry: AuditEntry }[]>
  /** 0 where there is none. */
  lastAuditSeq(accountId: string): Promise<number>
}
