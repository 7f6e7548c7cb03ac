import { createHash } from 'node:crypto'
import { newUuid, problem as kernelProblem, type Committer } from '../kernel/index.ts'
import { KeyError, type KeyProvider, type KeyReference } from '../keys/index.ts'
import {
  assembleCertificate,
  assembleCsr,
  buildCsrInfo,
  buildTbsCertificate,
  keyAlgorithms,
  lintCertificate,
  lintCsrInfo,
  signatureAlgorithmFor,
  X509Error,
  type CertificateSpec,
  type CertificateProfile,
  type KeyAlgorithmName,
  type LintedTbs,
  type SignatureAlgorithmName,
  type SignatureHash,
} from '../x509/index.ts'
import type { SignatureHashName } from './inputs.ts'
import type { Issuer } from './issuer.ts'
import { problem } from './problems.ts'
import type { IssuanceLedger, Signing } from './store.ts'

export interface SigningNeeds {
  keys: KeyProvider
  ledger: IssuanceLedger
  committer: Committer
}

export type UnsignedCertificate = Omit<CertificateSpec, 'issuer' | 'signatureAlgorithm'>

/** The signature algorithm of a CA's key over this hash. */
export const algorithmOf = (key: Pick<KeyReference, 'algorithm'>, hash: SignatureHash | null): SignatureAlgorithmName =>
  signatureAlgorithmFor(keyAlgorithms[key.algorithm].type, hash)

/**
 * The hash with which a key signs: what was asked for, else its usual one; null for Ed25519, which takes none. A hash that
 * the key cannot sign with is refused and not passed over: who asks for one means it.
 * @throws Problem InputInvalid
 */
export function hashOf(algorithm: KeyAlgorithmName, asked: SignatureHashName | undefined): SignatureHash | null {
  const usual = keyAlgorithms[algorithm].hash
  const takesNone = usual === null
  if (asked === undefined) return usual
  if (takesNone === (asked === 'none')) return takesNone ? null : (asked as SignatureHash)
  throw kernelProblem('InputInvalid', {
    field: 'signatureHash',
    reason: takesNone
      ? `an ${algorithm} key takes no hash: leave it out, or say none`
      : `is needed with a key of kind ${algorithm}: none is for Ed25519`,
  })
}

/** Whether a key of this kind signs over a hash that somebody chooses. */
export const needsHash = (algorithm: KeyAlgorithmName): boolean => keyAlgorithms[algorithm].hash !== null

/** What a record says of the hash that a signature was made with. */
export const hashName = (hash: SignatureHash | null): SignatureHashName => hash ?? 'none'

/**
 * Signs an end-entity certificate. The caller commits it together with the ledger's entry, and lets the bytes leave only
 * after that commit (docs/issuance.md): a crash before it leaves nothing, since nobody has seen the signature.
 * @throws Problem LintForbids, KeyUnavailable
 */
export async function signLeaf(
  { keys }: Pick<SigningNeeds, 'keys'>,
  issuer: Issuer,
  hash: SignatureHash | null,
  certificate: UnsignedCertificate,
): Promise<Uint8Array> {
  const algorithm = algorithmOf(issuer.key, hash)
  const tbs = buildTbsCertificate({
    ...certificate,
    issuer: issuer.certificate.tbs.subjectDer,
    signatureAlgorithm: algorithm,
  })
  const linted = lint(tbs, { kind: 'leaf', signatureAlgorithm: algorithm, chain: issuer.chain })
  return assembleCertificate(tbs, algorithm, await sign(keys, issuer.key, hash, linted))
}

/**
 * Signs a CA certificate: its digest and serial are on the ledger of signings before the signature exists, so that a
 * crash cannot leave a signed CA certificate that nobody knows of.
 * @param issuer undefined for a root, which `key` signs itself
 * @returns the certificate and the signing, which the caller closes in the commit that stores the certificate
 */
export async function signCaCertificate(
  { keys, ledger, committer }: SigningNeeds,
  parts: {
    caId: string
    key: KeyReference
    issuer: Issuer | undefined
    hash: SignatureHash | null
    certificate: UnsignedCertificate
    serial: string
    now: number
  },
): Promise<{ certificate: Uint8Array; signing: Signing }> {
  const { issuer, key, hash, certificate, serial, now } = parts
  const signer = issuer?.key ?? key
  const algorithm = algorithmOf(signer, hash)
  const tbs = buildTbsCertificate({
    ...certificate,
    issuer: issuer?.certificate.tbs.subjectDer ?? certificate.subject,
    signatureAlgorithm: algorithm,
  })
  const linted = lint(tbs, {
    kind: issuer ? 'subordinateCa' : 'root',
    signatureAlgorithm: algorithm,
    chain: issuer?.chain ?? [],
  })
  const purpose = issuer ? 'caCertificate' : 'rootCertificate'
  const signing = signingOf(tbs, purpose, issuer?.caId ?? parts.caId, serial, certificate.notAfter, now)
  await committer.commit([ledger.open(signing)])
  return { certificate: assembleCertificate(tbs, algorithm, await sign(keys, signer, hash, linted)), signing }
}

/**
 * Signs the certificate of a CA's OCSP responder, with a note on the ledger of signings before, as for a CA certificate:
 * whoever held such a certificate could vouch for everything that the CA has issued.
 */
export async function signResponder(
  { keys, ledger, committer }: SigningNeeds,
  parts: {
    issuer: Issuer
    hash: SignatureHash | null
    certificate: UnsignedCertificate
    serial: string
    now: number
  },
): Promise<{ certificate: Uint8Array; signing: Signing }> {
  const { issuer, hash, certificate, serial, now } = parts
  const algorithm = algorithmOf(issuer.key, hash)
  const tbs = buildTbsCertificate({
    ...certificate,
    issuer: issuer.certificate.tbs.subjectDer,
    signatureAlgorithm: algorithm,
  })
  const linted = lint(tbs, { kind: 'ocspResponder', signatureAlgorithm: algorithm, chain: issuer.chain })
  const signing = signingOf(tbs, 'ocspResponder', issuer.caId, serial, certificate.notAfter, now)
  await committer.commit([ledger.open(signing)])
  return { certificate: assembleCertificate(tbs, algorithm, await sign(keys, issuer.key, hash, linted)), signing }
}

function signingOf(
  tbs: Uint8Array,
  purpose: Signing['purpose'],
  caId: string,
  serial: string,
  notAfter: number,
  createdAt: number,
): Signing {
  const tbsSha256 = createHash('sha256').update(tbs).digest()
  return { id: newUuid(), caId, purpose, serial, tbsSha256, notAfter, createdAt }
}

/** A PKCS #10 request for a CA of ours that somebody else is to sign. */
export async function signCsr(
  { keys }: Pick<SigningNeeds, 'keys'>,
  key: KeyReference,
  hash: SignatureHash | null,
  request: Parameters<typeof buildCsrInfo>[0],
): Promise<Uint8Array> {
  const info = buildCsrInfo(request)
  const algorithm = algorithmOf(key, hash)
  return assembleCsr(info, algorithm, await sign(keys, key, hash, lintCsrInfo(info, { signatureAlgorithm: algorithm })))
}

function lint(tbs: Uint8Array, profile: CertificateProfile): LintedTbs {
  try {
    return lintCertificate(tbs, profile)
  } catch (error) {
    if (error instanceof X509Error) throw problem('LintForbids', { findings: error.message })
    throw error
  }
}

async function sign(
  keys: KeyProvider,
  key: KeyReference,
  hash: SignatureHash | null,
  linted: Parameters<KeyProvider['sign']>[2],
): Promise<Uint8Array> {
  try {
    return await keys.sign(key, hash, linted)
  } catch (error) {
    if (error instanceof KeyError) throw problem('KeyUnavailable', { reason: error.message })
    throw error
  }
}
