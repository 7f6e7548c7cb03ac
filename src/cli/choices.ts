import { InvalidArgumentError, Option } from 'commander'
import { readValidity } from './times.ts'
import type { AnswerOf, InputOf } from './session.ts'

/** Words that the service knows. As records, so that neither a missing nor a surplus word compiles. */
const words = <T extends string>(record: Record<T, true>): T[] => Object.keys(record) as T[]

export type KeyAlgorithm = InputOf<'CreateCa'>['keyAlgorithm']
export type SignatureHash = NonNullable<InputOf<'ActivateCa'>['signatureHash']>
export type KeyUsage = NonNullable<InputOf<'CreateCa'>['keyUsages']>[number]
export type RevocationReason = InputOf<'RevokeCertificate'>['reason']
export type CaState = AnswerOf<'ShowCa'>['state']
export type CertificateState = AnswerOf<'ShowPrivateCertificate'>['state']
export type CaFilterState = NonNullable<InputOf<'ListCas'>['state']>

export const keyAlgorithms = words<KeyAlgorithm>({
  p256: true,
  p384: true,
  p521: true,
  ed25519: true,
  rsa2048: true,
  rsa3072: true,
  rsa4096: true,
})
export const signatureHashes = words<SignatureHash>({ sha256: true, sha384: true, sha512: true, none: true })
export const keyUsages = words<KeyUsage>({
  digitalSignature: true,
  nonRepudiation: true,
  keyEncipherment: true,
  dataEncipherment: true,
  keyAgreement: true,
  keyCertSign: true,
  cRLSign: true,
  encipherOnly: true,
  decipherOnly: true,
})
export const revocationReasons = words<Exclude<RevocationReason, 'removeFromCRL'>>({
  unspecified: true,
  keyCompromise: true,
  cACompromise: true,
  affiliationChanged: true,
  superseded: true,
  cessationOfOperation: true,
  certificateHold: true,
  privilegeWithdrawn: true,
  aACompromise: true,
})
export const caFilterStates = words<CaFilterState>({
  pending: true,
  active: true,
  disabled: true,
  deleted: true,
  expired: true,
})
export const certificateStates = words<CertificateState>({ valid: true, expired: true, revoked: true })

/** RFC 5280 §4.2.1.12: names for the purposes that people ask for; any other as a dotted OID. */
const purposes: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
}

const purposeOid = (text: string, before: readonly string[] | undefined): string[] => {
  const oid = Object.hasOwn(purposes, text) ? purposes[text]! : text
  if (!/^\d+(?:\.\d+)+$/.test(oid))
    throw new InvalidArgumentError(`Write ${Object.keys(purposes).join(', ')} or a dotted OID.`)
  return [...(before ?? []), oid]
}

export const keyOption = (): Option => new Option('--key <algorithm>', 'kind of key').choices(keyAlgorithms)
export const hashOption = (): Option =>
  new Option(
    '--hash <hash>',
    'hash of the signature (else sha256, or none where the key that signs is Ed25519)',
  ).choices(signatureHashes)
export const validityOption = (): Option =>
  new Option('--validity <time>', 'such as 10y, 6mo (of 31 days), 90d, 12h').argParser(readValidity)
const dispositions = ['runOut', 'revokeAll'] as const satisfies readonly Disposition[]
export type Disposition = NonNullable<InputOf<'DeleteCa'>['disposition']>
export const dispositionOption = (): Option =>
  new Option(
    '--disposition <disposition>',
    'what becomes of what it issued: it ends as it ends, or is revoked on the day',
  )
    .choices(dispositions)
    .default('runOut')

export const reasonOption = (): Option =>
  new Option('--reason <reason>', 'reason on the CRL (RFC 5280 §5.3.1)')
    .choices(revocationReasons)
    .default('unspecified')
export const keyUsageOption = (): Option => new Option('--key-usage <usage...>', 'key usages').choices(keyUsages)
export const purposeOption = (): Option =>
  new Option(
    '--purpose <purpose>',
    `extended key usage: ${Object.keys(purposes).join(', ')} or an OID; repeatable`,
  ).argParser(purposeOid)
