/** What the TLS listener shows and proves itself with. */
export interface TlsIdentity {
  /** PEM: the certificate, then those above it. */
  certificate: string
  /** PEM, unencrypted. */
  privateKey: string
  /** Milliseconds since 1970. */
  notAfter: number
  /** DER of the authority that clients are to trust; undefined for a certificate of somebody else's. */
  authority: Uint8Array | undefined
}

/** Where the listener's identity comes from. */
export interface TlsSource {
  /** The identity to use from now on. @throws TlsError at the start, and later when what is there cannot be used */
  current(): Promise<TlsIdentity>
}

/** There is nothing to listen with; the message is one sentence for the operator. */
export class TlsError extends Error {
  override readonly name = 'TlsError'
}
