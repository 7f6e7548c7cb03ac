import type { NameFields, RevocationReason } from '../x509/index.ts'

/** One entry of the inventory: what our CAs issued and what was uploaded. Times in ms since 1970. */
export interface Certificate {
  /** A UUID; {@link Certificate.number} is made of its bits. */
  id: string
  number: number
  accountId: string
  version: number
  source: 'issued' | 'uploaded'
  /** `generate`: we made the key and hold it; `csr`: the key is the caller's; `upload`: key and certificate came from outside. */
  genMode: 'generate' | 'csr' | 'upload'
  /** Only uploads have one; unique within the account. */
  name: string | null
  issuerId: string | null
  issuerName: string
  commonName: string
  subject: NameFields
  /** DNS names and addresses as text. */
  sans: readonly string[]
  /** Lower-case hex. */
  serial: string
  /** Ours where we have a name for it (`p256`, `rsa2048`), else what the certificate says. */
  keyAlgorithm: string
  signatureHash: string
  notBefore: number
  notAfter: number
  certificate: Uint8Array
  /** DER certificates that came with an upload, leaf excluded, joined. */
  chain: Uint8Array | null
  sealedPrivateKey: Uint8Array | null
  sha256: Uint8Array
  enterpriseProjectId: string
  resourceGroupId: string
  tags: Readonly<Record<string, string>>
  createdAt: number
  revokedAt: number | null
  revocationReason: RevocationReason | null
}

export type CertificateState = 'valid' | 'expired' | 'revoked'

/** Revoked stays revoked after expiry: the more telling of the two. */
export const stateOf = (certificate: Pick<Certificate, 'revokedAt' | 'notAfter'>, now: number): CertificateState =>
  certificate.revokedAt !== null ? 'revoked' : certificate.notAfter < now ? 'expired' : 'valid'
