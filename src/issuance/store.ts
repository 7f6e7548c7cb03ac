import type { Problem, Write } from '../kernel/index.ts'
import type { UnderCa } from './under-ca.ts'

/** One certificate that a CA signed, kept until one regular CRL after its expiry, whatever becomes of its record. */
export interface Issuance {
  caId: string
  /** Lower-case hex. */
  serial: string
  /** `root`: the CA's own certificate, which is nobody's child. `responder`: that of its OCSP responder, which ends with it. */
  kind: 'leaf' | 'ca' | 'root' | 'responder'
  notAfter: number
  certificateSha256: Uint8Array
  spkiSha256: Uint8Array
  issuedAt: number
}

/** What is counted of an issuance besides. Nothing of it is kept for the single one. */
export interface IssuanceTraits {
  /** Where the certificate says that its CRL is; null: it names no such place; undefined: its bytes are not known here. */
  crlUrl: string | null | undefined
  /** We made the key and keep it, and it may decrypt: what was encrypted to it is lost with it. */
  decrypts?: boolean
}

/** A certificate of a CA for CAs that has not expired. */
export interface CaChild {
  serial: string
  notAfter: number
  spkiSha256: Uint8Array
  revokedAt: number | null
}

/** What is about to be signed, stored before it is signed. An open one after a crash counts as signed. */
export interface Signing {
  id: string
  caId: string
  purpose: 'caCertificate' | 'rootCertificate' | 'crl' | 'ocspResponder'
  /** The serial of the certificate, or the number of the CRL. */
  serial: string
  tbsSha256: Uint8Array
  notAfter: number
  createdAt: number
}

export interface IssuanceLedger {
  find(caId: string, serial: string): Promise<Issuance | undefined>
  /** Whether a CA certificate with this serial may have been signed, though no record of it followed. */
  signingIsOpen(caId: string, serial: string): Promise<boolean>
  /** What a CA issued, by counters: quick, however much that is. Open signings count as issued; its own certificate and its responder's do not. */
  under(caId: string, now: number): Promise<UnderCa>
  /** Unexpired certificates for CAs, those that end first before others, open signings among them; at most `limit`. */
  caChildren(caId: string, now: number, limit: number): Promise<CaChild[]>
  /** Certificates for CAs over this public key, by whoever of ours signed them, roots among them; at most `limit`. */
  ofCaKey(spkiSha256: Uint8Array, now: number, limit: number): Promise<Issuance[]>
  /** `duplicate` when the issuer has used the serial before. */
  record(issuance: Issuance, traits: IssuanceTraits, duplicate: Problem): Write[]
  /** Why a public key must not be certified: it was revoked for compromise, or it is the key of a CA of any account. */
  keyBar(spkiSha256: Uint8Array): Promise<'compromised' | 'caKey' | undefined>
  /** From now on the public key is barred. */
  barKey(spkiSha256: Uint8Array, at: number): Write
  open(signing: Signing): Write
  done(signingId: string): Write
}
