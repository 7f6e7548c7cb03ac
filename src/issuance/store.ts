import type { Problem, Write } from '../kernel/index.ts'

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
  /** Unexpired issuances under a CA, by kind and whether revoked; open signings count as issued. Its own certificate and its responder's do not. */
  unexpired(
    caId: string,
    now: number,
  ): Promise<{ leaves: number; cas: number; revoked: number; lastNotAfter: number | null }>
  /** `duplicate` when the issuer has used the serial before. */
  record(issuance: Issuance, duplicate: Problem): Write
  /** Why a public key must not be certified: it was revoked for compromise, or it is the key of a CA of any account. */
  keyBar(spkiSha256: Uint8Array): Promise<'compromised' | 'caKey' | undefined>
  /** From now on the public key is barred. */
  barKey(spkiSha256: Uint8Array, at: number): Write
  open(signing: Signing): Write
  done(signingId: string): Write
}
