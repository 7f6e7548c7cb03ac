import type { Write } from '../kernel/index.ts'
import type { RevocationReason } from '../x509/index.ts'

/** A row of the audit log as the database has it, all columns by their names: what a mirror keeps and a restore puts back. */
export type AuditRow = Readonly<Record<string, string | number | null | Uint8Array>>

/** What a restored instance is told of what came after its backup. Every write may be repeated; none needs the row to be there. */
export interface RestoreStore {
  /** So many entries of the audit log have their place in the Merkle log. */
  auditSize(): Promise<number>
  /** Those that have none yet, in the order in which they will get one. */
  unnumbered(): Promise<(AuditRow & { seq: number })[]>
  /** Adds an entry behind all that are there; it gets its place in its turn. */
  auditRow(row: AuditRow): Write
  /** Takes an entry without a place away again. */
  dropAuditRow(seq: number): Write

  /** How a CA stands, or undefined where it is not known here: it came after the backup. */
  caState(caId: string): Promise<string | undefined>
  issuance(issuance: {
    caId: string
    serial: string
    kind: 'leaf' | 'ca' | 'root'
    notAfter: number
    certificateSha256: Uint8Array
    spkiSha256: Uint8Array
    issuedAt: number
  }): Promise<Write[]>
  /** Nothing when it is on the ledger already; so above. */
  revocation(revocation: {
    caId: string
    serial: string
    revokedAt: number
    reason: RevocationReason
    notAfter: number
  }): Promise<Write[]>
  /** All unexpired and unrevoked serials between these. */
  revocationRange(range: { caId: string; from: string; upTo: string; now: number; reason: RevocationReason }): Write[]
  certificateRevoked(certificateId: string, at: number, reason: string): Write
  certificateDeleted(certificateId: string): Write
  barKey(spkiSha256: Uint8Array, at: number): Write
  setCaState(caId: string, state: string): Write
  /** The state with a scheduled deletion, or with none any more. A CA that is ending or destroyed stays so. */
  scheduleCa(caId: string, state: string, scheduled: { dueAt: number; deletion: object } | null): Write
  /** Gives a CA that was pending activation its certificate. */
  installCa(
    caId: string,
    installed: {
      serial: string
      notBefore: number
      notAfter: number
      issuerId: string | null
      issuerName: string | null
      pathLength: number | null
      keyUsages: readonly string[]
      signatureHash: string | null
      certificate: Uint8Array
    },
  ): Write
  caRevoked(caId: string, at: number, reason: string): Write
  /** Raises the last number, and drops CRLs below it: others have seen a later one. */
  crlNumber(caId: string, number: number): Write[]
  keyDestroyed(keyId: string, at: number): Write
  destroyedKeys(): Promise<string[]>
  liveKeys(): Promise<string[]>
  /** A numbered copy of the keyring with every key that was not destroyed. */
  keyringCopy(copy: { number: number; madeAt: number; place: string }): Write[]
  keyringCopyAttested(number: number, at: number, by: string): Write
  disableAccessKey(accessKeyId: string): Write
  disableUser(userId: string): Write
  removePassword(userId: string): Write
  /** Everybody's rights are read anew. */
  raiseRights(): Write
  /** No approval of before is good for anything: it may have been used, or taken back. */
  voidApprovals(at: number): Write

  /** What was stated of each CA that came to its end, to the letter. */
  receiptStatements(): Promise<{ caId: string; statement: string }[]>
  /** CAs that wait for their deletion, and when. */
  pendingDeletions(): Promise<{ caId: string; dueAt: number }[]>
  /** Moves a scheduled deletion, which must be as it was read. */
  rearm(caId: string, was: number, dueAt: number): Write[]
  /** Each CA whose day had begun goes on at once. */
  endingDue(now: number): Write
  /** Every CA that may publish makes a new CRL at once. */
  crlsDue(now: number): Write
}

/** Single values under fixed keys. */
export interface InstanceValues {
  read(key: string): Promise<string | undefined>
  write(key: string, value: string): Write
}
