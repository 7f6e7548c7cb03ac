import type { Problem, Write } from '../kernel/index.ts'
import type { CrlEntry, RevocationReason } from '../x509/index.ts'

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

export interface CrlPart {
  part: number
  bytes: Uint8Array
}

export interface RevocationStore {
  find(caId: string, serial: string): Promise<Revocation | undefined>
  /** `already` when the serial is on the ledger. Every process notices by {@link RevocationStore.changes}. */
  record(revocation: Revocation, already: Problem): Write[]
  /** How often the revocations of each CA have changed; of CAs without any, nothing. */
  changes(): Promise<Map<string, number>>
  /** Serials after one that the CA issued, that end at `now` or later and are not revoked; in ascending order. */
  revocable(caId: string, after: string, now: number, limit: number): Promise<string[]>
  /** Revokes all of those from one serial to another, both included. */
  recordRange(range: { caId: string; from: string; upTo: string; now: number; reason: RevocationReason }): Write[]
  /** Revokes what a CA may have signed when a crash came between: see Signing. */
  recordOpenSignings(caId: string, now: number, reason: RevocationReason): Write[]
  /** Serials in ascending order after `afterSerial`, those only that expire after `expiresAfter`. */
  entries(caId: string, afterSerial: string, expiresAfter: number, limit: number): Promise<Revocation[]>
  /** The same, with no more than a CRL says of them. */
  crlEntries(caId: string, afterSerial: string, expiresAfter: number, limit: number): Promise<CrlEntry[]>

  /** The last CRL number that was taken for this CA; 0 before the first. */
  lastCrlNumber(caId: string): Promise<number>
  /** Takes a number; of two publishers at once one is told `taken`. */
  takeCrlNumber(caId: string, last: number, next: number, taken: Problem): Write
  /** Puts a part of a CRL in place before the CRL is published; nobody sees it until then. */
  stagePart(caId: string, number: number, part: CrlPart): Write
  /**
   * Publishes a CRL of these parts and those staged before. `superseded` when the latest one is not `predecessor` any more
   * (undefined: when there is any), or has this or a higher number, or is final. Records below `predecessor` are dropped.
   */
  publish(crl: CrlRecord, parts: readonly CrlPart[], superseded: Problem, predecessor: number | undefined): Write[]
  latestCrl(caId: string): Promise<CrlRecord | undefined>
  /** Parts count from 0 without a gap. */
  crlPart(caId: string, number: number, part: number): Promise<Uint8Array | undefined>
  /** Numbers below `below` but for `except` of which there are parts. */
  staleParts(caId: string, below: number, except: number): Promise<{ number: number; lastPart: number }[]>
  /** Drops the parts of a number that come before `part`. */
  dropParts(caId: string, number: number, part: number): Write
}

/** Who answers OCSP for a CA: a short-lived certificate of the CA's, and its sealed key. */
export interface OcspResponderRecord {
  caId: string
  serial: string
  notAfter: number
  /** DER. */
  certificate: Uint8Array
  /** PKCS #8, sealed with the purpose `ocsp-responder-key`. */
  sealedPrivateKey: Uint8Array
  issuedAt: number
}

export interface ResponderStore {
  find(caId: string): Promise<OcspResponderRecord | undefined>
  /** The one before is gone; what it signed stays good until it ends by itself. */
  replace(responder: OcspResponderRecord): Write
}
