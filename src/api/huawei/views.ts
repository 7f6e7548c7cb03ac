import type { Ca, ShownCa, ShownState } from '../../ca/index.ts'
import type { Certificate, CertificateState, ShownCertificate } from '../../certificates/index.ts'
import { caStateNames, type CaState, type CaView } from './shapes/ca.ts'
import {
  certificateStateNames,
  type CertificateState as WireCertificateState,
  type CertificateView,
} from './shapes/certificate.ts'
import type { Subject } from './shapes/common.ts'

/** What the core's states are on this wire. A CA on its last day, and one that is gone, show as the one that waits for that day. */
const caStates: Readonly<Record<ShownState, CaState>> = {
  pendingActivation: 'pending',
  active: 'active',
  expired: 'expired',
  disabled: 'disabled',
  pendingDeletion: 'deleted',
  ending: 'deleted',
  destroyed: 'deleted',
}
const certificateStates: Readonly<Record<CertificateState, WireCertificateState>> = {
  valid: 'issued',
  expired: 'expired',
  revoked: 'revoked',
}

/** `ACTIVED`, `DELETED` …: the word of the contract. */
export const wireCaState = (state: ShownState): string => caStateNames[caStates[state]]

export const wireCertificateState = (state: CertificateState): string => certificateStateNames[certificateStates[state]]

const origins = { generate: 'generated', import: 'imported', importKey: 'imported', csr: 'csr' } as const

/** @param crlUrl where the CRLs of a CA are found; absent while the service has no public URL */
export function caView(
  { ca, state }: ShownCa,
  { domainId, crlUrl }: { domainId: string; crlUrl: ((caId: string) => string) | undefined },
): CaView {
  return {
    id: ca.id,
    type: ca.type,
    state: caStates[state],
    keyAlgorithm: ca.keyAlgorithm,
    origin: origins[ca.genMode],
    createdAt: ca.createdAt,
    subject: subjectView(ca.subject),
    enterpriseProjectId: ca.enterpriseProjectId,
    domainId,
    ...given({
      pathLength: ca.pathLength,
      issuerId: ca.issuerId,
      issuerName: ca.issuerName,
      signatureHash: ca.signatureHash,
      serialNumber: ca.serial === null ? null : BigInt(`0x${ca.serial}`),
      deletesAt: ca.dueAt,
      notBefore: ca.notBefore,
      notAfter: ca.notAfter,
      crl: crlView(ca, crlUrl),
    }),
  }
}

/** What the owner asked the cloud's API for. Without a name of its own a CRL goes by the CA's id, as the cloud's does. */
function crlView(ca: Ca, crlUrl: ((caId: string) => string) | undefined): CaView['crl'] | null {
  const { enabled, name, bucketName, validDays } = ca.crl
  if (!enabled) return null
  return { name: name ?? ca.id, bucketName: bucketName ?? '', validDays, ...given({ url: crlUrl?.(ca.id) ?? null }) }
}

export function certificateView({ certificate, state }: ShownCertificate): CertificateView {
  return {
    id: certificate.id,
    state: certificateStates[state],
    issuerId: certificate.issuerId ?? '',
    issuerName: certificate.issuerName,
    keyAlgorithm: certificate.keyAlgorithm,
    signatureHash: certificate.signatureHash,
    origin: certificate.genMode === 'generate' ? 'generated' : 'csr',
    serialNumber: BigInt(`0x${certificate.serial}`),
    createdAt: certificate.createdAt,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    subject: subjectView(certificate.subject),
    enterpriseProjectId: certificate.enterpriseProjectId,
  }
}

/** A name may hold an attribute several times; this wire has room for the first. */
function subjectView(fields: Certificate['subject']): Partial<Subject> {
  const { commonName, country, state, locality, organization, organizationalUnit } = fields
  const firsts = Object.entries({ commonName, country, state, locality, organization, organizationalUnit }).map(
    ([name, value]) => [name, typeof value === 'string' ? value : (value?.[0] ?? null)] as const,
  )
  return given(Object.fromEntries(firsts))
}

/** Without what is null: the views leave out what does not apply. */
const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as never
