import type { Problem, Write } from '../kernel/index.ts'
import type { RevocationReason } from '../x509/index.ts'

/** One revoked serial of a CA; outlives the certificate's record. */
export interface Revocation {
  caId: string
  serial: string
  revokedAt: number
  reason: RevocationReason
  notAfter: number
}

export interface CrlRecord {
  caId: string
  number: number
  thisUpdate: number
  nextUpdate: number
  entries: number
  size: number
  sha256: Uint8Array
  /** The last CRL of a CA whose key is about to be destroyed, or is. */
  final: boolean
}

export interface RevocationStore {
  find(caId: string, serial: string): Promise<Revocation | undefined>
  /** `already` when the serial is on the ledger. */
  record(revocation: Revocation, already: Problem): Write[]
  /** Serials after one that the CA issued, that end at `now` or later and are not revoked; in ascending order. */
  revocable(caId: string, after: string, now: number, limit: number): Promise<string[]>
  /** Revokes all of those from one serial to another, both included. */
  recordRange(range: { caId: string; from: string; upTo: string; now: number; reason: RevocationReason }): Write[]
  /** Revokes what a CA may have signed when a crash came between: see Signing. */
  recordOpenSignings(caId: string, now: number, reason: RevocationReason): Write
  /** Serials in ascending order after `afterSerial`, those only that expire after `expiresAfter`. */
  entries(caId: string, afterSerial: string, expiresAfter: number, limit: number): Promise<Revocation[]>

  /** The last CRL number that was taken for this CA; 0 before the first. */
  lastCrlNumber(caId: string): Promise<number>
  /** Takes a number; of two publishers at once one is told `taken`. */
  takeCrlNumber(caId: string, last: number, next: number, taken: Problem): Write
  /**
   * Publishes; `superseded` when a CRL with this or a higher number, or a final one, is published. CRLs below
   * `predecessor` are dropped; that one stays for whoever is just downloading it.
   */
  publish(crl: CrlRecord, parts: readonly Uint8Array[], superseded: Problem, predecessor: number | undefined): Write[]
  latestCrl(caId: string): Promise<CrlRecord | undefined>
  crlBytes(caId: string, number: number): Promise<Uint8Array[]>
}
