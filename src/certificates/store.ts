import type { Page, PageRequest, Problem, Write } from '../kernel/index.ts'
import type { RevocationReason } from '../x509/index.ts'
import type { Certificate } from './certificate.ts'

export interface CertificateFilter {
  sources: readonly Certificate['source'][]
  state?: 'valid' | 'expired' | 'revoked' | undefined
  /** The instant by which `state` is judged. */
  now: number
  /** Only what expires after / not after this instant. */
  notAfterAbove?: number | undefined
  notAfterUpTo?: number | undefined
  /** Part of the common name, case-insensitive. */
  name?: string | undefined
  /** Part of a domain name, or of the object's id. */
  keyword?: string | undefined
  resourceGroupId?: string | undefined
  sortBy: 'createdAt' | 'commonName' | 'issuerName' | 'notAfter'
  descending: boolean
}

/** What the certificate modules need remembered. */
export interface CertificateStore {
  find(accountId: string, id: string): Promise<Certificate | undefined>
  /** The certificate of a CA by its serial, if its record is still there. */
  findIssued(accountId: string, issuerId: string, serial: string): Promise<Certificate | undefined>
  findByNumber(accountId: string, number: number): Promise<Certificate | undefined>
  list(accountId: string, filter: CertificateFilter, page: PageRequest): Promise<Page<Certificate>>
  nameIsTaken(accountId: string, name: string): Promise<boolean>
  /** `nameTaken` when another certificate of the account has the name. */
  insert(certificate: Certificate, nameTaken: Problem): Write
  /** Holds only if the row is still as `was`. */
  replace(was: Certificate, next: Certificate, changed: Problem): Write
  /**
   * The next `rows` records of the whole inventory after one, in the order of their making: where they end, and how many of them a CA
   * issued that end at `now` or later and are not revoked. Undefined after the last.
   */
  unrevokedOf(
    issuerId: string,
    after: number,
    now: number,
    rows: number,
  ): Promise<{ upTo: number; count: number } | undefined>
  /** Marks those in (after, upTo] revoked; for a CA that nobody else issues or revokes under. */
  markRevoked(issuerId: string, after: number, upTo: number, now: number, reason: RevocationReason): Write
  /** Removes the record and the private key with it; holds only if the row is still as read. */
  remove(certificate: Certificate, changed: Problem): Write
}
