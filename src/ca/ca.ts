import type { SignatureHashName } from '../issuance/index.ts'
import type { KeyAlgorithmName, NameFields, RevocationReason } from '../x509/index.ts'
import type { CaState } from './lifecycle.ts'

/** What a person asked for when ending a CA; kept with it until its day. */
export interface Deletion {
  requestedAt: number
  requestedBy: { userId: string; userName: string }
  keepDays: number
  /**
   * `runOut`: what the CA issued stays valid until it expires; `revokeAll`: all of it is on the final CRL, and the CA itself is
   * revoked at its parent.
   */
  disposition: 'runOut' | 'revokeAll'
}

/** How the CA publishes its CRL. The CRL itself is always at /crl/{id}.crl; this is what its owner asked the cloud's API for. */
export interface CrlSettings {
  enabled: boolean
  name: string | null
  bucketName: string | null
  /** Days from thisUpdate to nextUpdate. */
  validDays: number
}

/** A private CA: one key, one current certificate. Times are milliseconds since 1970 on the domain clock. */
export interface Ca {
  id: string
  accountId: string
  /** Rises with each change of state or certificate; a compare-and-swap on it decides between two callers. */
  version: number
  state: CaState
  type: 'root' | 'subordinate'
  /**
   * `generate`: key and certificate made here; `import`: key made here, certificate signed outside; `importKey`: both made
   * outside, so that copies of the key may be there; `csr`: signed here, the key is outside.
   */
  genMode: 'generate' | 'import' | 'importKey' | 'csr'
  /** False for a CA certificate that was issued for a caller's CSR: it is no CA of ours, it only has a certificate here. */
  listed: boolean
  keyId: string | null
  keyAlgorithm: KeyAlgorithmName
  /** Of the signature on its certificate; null while there is none. */
  signatureHash: SignatureHashName | null
  subject: NameFields
  issuerId: string | null
  issuerName: string | null
  /** null: no limit (a root). */
  pathLength: number | null
  keyUsages: readonly string[]
  serial: string | null
  notBefore: number | null
  notAfter: number | null
  /** DER; null until activated. */
  certificate: Uint8Array | null
  /** DER certificates above this one, joined, for a CA that was signed outside; null where the issuers are CAs of ours. */
  chain: Uint8Array | null
  crl: CrlSettings
  enterpriseProjectId: string
  tags: Readonly<Record<string, string>>
  createdAt: number
  /** When a scheduled deletion falls due; null when none is scheduled. */
  dueAt: number | null
  deletion: Deletion | null
  revokedAt: number | null
  revocationReason: RevocationReason | null
}

export const isExpired = (ca: Pick<Ca, 'notAfter'>, now: number): boolean => ca.notAfter !== null && ca.notAfter < now

/** A CA that the clouds' reads show: not destroyed. Ending still counts as there (on the wire DELETED). */
export const isVisible = (ca: Ca): boolean => ca.state !== 'destroyed'
