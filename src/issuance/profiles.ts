import {
  authorityInformationAccess,
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  customExtension,
  extendedKeyUsage,
  keyPurposes,
  keyUsage,
  ocspNoCheck,
  oids,
  subjectAltName,
  subjectKeyIdentifier,
  der,
  X509Error,
} from '../x509/index.ts'
import type { Extension, GeneralName, KeyType, KeyUsage, Spki } from '../x509/index.ts'
import type { Issuer } from './issuer.ts'
import { problem } from './problems.ts'

/** Where the certificates point: absent without CERTKEEP_PUBLIC_URL, since a wrong URL in a certificate cannot be taken back. */
export interface Publication {
  crlUrl(caId: string): string
  ocspUrl(caId: string): string
  issuerUrl(caId: string): string
}

export interface LeafRequest {
  keyUsages: readonly KeyUsage[]
  /** Dotted OIDs. */
  extendedKeyUsages: readonly string[]
  names: readonly GeneralName[]
  custom?: { oid: string; value: string } | undefined
}

/**
 * Extensions come from here and never from a request by copying (design 5).
 * @throws Problem LintForbids for names, usages and extensions of the requester's that no certificate may hold
 */
export function leafExtensions(
  request: LeafRequest,
  spki: Spki,
  issuer: Issuer,
  publication: Publication | undefined,
  subjectIsEmpty: boolean,
): (Extension | false)[] {
  return allowed(() => [
    basicConstraints({ ca: false }),
    keyUsage(request.keyUsages),
    request.extendedKeyUsages.length > 0 && extendedKeyUsage(request.extendedKeyUsages),
    request.names.length > 0 && subjectAltName(request.names, { critical: subjectIsEmpty }),
    subjectKeyIdentifier(spki.keyIdentifier()),
    authorityKeyIdentifier(issuer.keyIdentifier),
    ...pointers(issuer, publication),
    request.custom !== undefined &&
      customExtension(request.custom.oid, { critical: false }, der.utf8String(request.custom.value)),
  ])
}

export interface CaRequest {
  keyUsages: readonly KeyUsage[]
  /** undefined: no limit. */
  pathLength: number | undefined
  /** Of the names below it; see `nameConstraintsAsked`. */
  nameConstraints: Extension | false
}

/** A root carries no pointers: it is on nobody's CRL. `marker` is the emulator's. */
export function rootExtensions(request: CaRequest, spki: Spki, marker: Extension | undefined): (Extension | false)[] {
  return [
    basicConstraints({ ca: true, pathLength: request.pathLength }),
    keyUsage(request.keyUsages),
    request.nameConstraints,
    subjectKeyIdentifier(spki.keyIdentifier()),
    marker ?? false,
  ]
}

export function subordinateExtensions(
  request: CaRequest,
  spki: Spki,
  issuer: Issuer,
  publication: Publication | undefined,
): (Extension | false)[] {
  return [
    basicConstraints({ ca: true, pathLength: request.pathLength }),
    keyUsage(request.keyUsages),
    request.nameConstraints,
    subjectKeyIdentifier(spki.keyIdentifier()),
    authorityKeyIdentifier(issuer.keyIdentifier),
    ...pointers(issuer, publication),
  ]
}

/** What the ledger counts of a certificate with these pointers. @param caId undefined for a root */
export const traitsUnder = (caId: string | undefined, publication: Publication | undefined) => ({
  crlUrl: caId === undefined || publication === undefined ? null : publication.crlUrl(caId),
})

/** RFC 6960 §4.2.2.2: the CA's delegate, whom nobody asks about (it is short-lived), and so without pointers. */
export const responderExtensions = (spki: Spki, issuer: Issuer): (Extension | false)[] => [
  basicConstraints({ ca: false }),
  keyUsage(['digitalSignature']),
  extendedKeyUsage([oids.ocspSigning]),
  ocspNoCheck(),
  subjectKeyIdentifier(spki.keyIdentifier()),
  authorityKeyIdentifier(issuer.keyIdentifier),
]

/** The same in every certificate of an issuer, so they are made once for each. */
const knownPointers = new WeakMap<Issuer, { publication: Publication; extensions: Extension[] }>()

function pointers(issuer: Issuer, publication: Publication | undefined): Extension[] {
  if (publication === undefined) return []
  const known = knownPointers.get(issuer)
  if (known?.publication === publication) return known.extensions
  const { caId } = issuer
  const extensions = [
    crlDistributionPoints([publication.crlUrl(caId)]),
    authorityInformationAccess({ ocsp: [publication.ocspUrl(caId)], caIssuers: [publication.issuerUrl(caId)] }),
  ]
  knownPointers.set(issuer, { publication, extensions })
  return extensions
}

/** What cannot be put into a certificate at all is refused like what the lint forbids: the requester asked for it. */
function allowed(extensions: () => (Extension | false)[]): (Extension | false)[] {
  try {
    return extensions()
  } catch (error) {
    if (error instanceof X509Error) throw problem('LintForbids', { findings: error.message })
    throw error
  }
}

/** What keys of a kind can do besides signing: RSA keys transport keys (RFC 3279 §2.3.1), EC keys agree on them (RFC 5480 §3). */
const beyondSigning: Readonly<Record<KeyType, readonly KeyUsage[]>> = {
  rsa: ['keyEncipherment', 'dataEncipherment'],
  ec: ['keyAgreement', 'encipherOnly', 'decipherOnly'],
  ed25519: [],
}
const signing: readonly KeyUsage[] = ['digitalSignature', 'nonRepudiation']

/** Those of the usages that an end entity's key of this kind can have. keyCertSign and cRLSign are none of them. */
export const leafUsagesFor = (type: KeyType, asked: readonly KeyUsage[]): KeyUsage[] =>
  asked.filter((usage) => signing.includes(usage) || beyondSigning[type].includes(usage))

/** Others may have encrypted to the key: by its usages, or because the certificate is for e-mail (RFC 5280 §4.2.1.12). */
export const decrypts = ({
  keyUsages,
  extendedKeyUsages,
}: Pick<LeafRequest, 'keyUsages' | 'extendedKeyUsages'>): boolean =>
  extendedKeyUsages.includes(keyPurposes.emailProtection) ||
  keyUsages.some((usage) => usage === 'keyEncipherment' || usage === 'dataEncipherment')

/** The usages of an end entity that asked for none. */
export const defaultLeafUsages: Readonly<Record<KeyType, readonly KeyUsage[]>> = {
  rsa: ['digitalSignature', 'keyEncipherment'],
  ec: ['digitalSignature', 'keyAgreement'],
  ed25519: ['digitalSignature'],
}

/** RFC 5280 §4.2.1.3: what a CA certificate of ours may do when nobody asked for anything else. */
export const caKeyUsages: readonly KeyUsage[] = ['digitalSignature', 'keyCertSign', 'cRLSign']
