/** What goes into a keystore: all DER, `privateKey` PKCS #8, `chain` nearest issuer first. */
export interface KeystoreParts {
  certificate: Uint8Array
  chain: readonly Uint8Array[]
  privateKey: Uint8Array
  /** Protects store and key; printable ASCII, up to 32 characters. */
  password: string
  /** Name of the entry. */
  alias: string
  /** Milliseconds since 1970. */
  createdAt: number
}

/** Writers of keystores, given to the door by whoever composes it. Each returns the bytes of the file. */
export interface Keystores {
  /** RFC 7292 */
  pkcs12(parts: KeystoreParts): Uint8Array | Promise<Uint8Array>
  jks(parts: KeystoreParts): Uint8Array | Promise<Uint8Array>
}
