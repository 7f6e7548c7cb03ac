import type { Ca } from '../ca/index.ts'
import { hashOf, needsHash } from '../issuance/index.ts'
import type { SignatureHash } from '../x509/index.ts'

/**
 * With which a CA signs what it publishes by itself. That of its own certificate where its key can sign with it: the
 * certificate may be by a key of another kind.
 */
export const crlHash = ({ keyAlgorithm, signatureHash }: Ca): SignatureHash | null =>
  needsHash(keyAlgorithm) && signatureHash !== null && signatureHash !== 'none'
    ? signatureHash
    : hashOf(keyAlgorithm, undefined)
