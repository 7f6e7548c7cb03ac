/** What the answers about certificates have in common (contract alibaba-cas: ListUserCertificateOrder, GetUserCertificateDetail). */
import { createHash } from 'node:crypto'
import type { Certificate } from '../../certificates/index.ts'
import type { NameFields } from '../../x509/index.ts'

/** How instance ids begin; the certificate's own id follows. */
export const instanceIdPrefixes = { uploaded: 'cas-upload-', issued: 'cas-pca-' } as const

export const instanceIdOf = ({ source, id }: Pick<Certificate, 'source' | 'id'>): string =>
  instanceIdPrefixes[source] + id

/** An absent member and an empty one mean the same to clients; it is left out then. */
export function certificateMembers(certificate: Certificate, now: number) {
  const { subject } = certificate
  return {
    // Only uploads have a name of their own.
    Name: certificate.name ?? `cert-${certificate.number}`,
    InstanceId: instanceIdOf(certificate),
    Issuer: shown(certificate.issuerName),
    OrgName: first(subject.organization),
    Country: first(subject.country),
    Province: first(subject.state),
    City: first(subject.locality),
    Sans: shown(certificate.sans.length > 0 ? certificate.sans.join(',') : certificate.commonName),
    SerialNo: certificate.serial,
    Fingerprint: fingerprint('sha1', certificate.certificate),
    Sha2: Buffer.from(certificate.sha256).toString('hex').toUpperCase(),
    StartDate: dateOf(certificate.notBefore),
    EndDate: dateOf(certificate.notAfter),
    Expired: certificate.notAfter < now,
    ResourceGroupId: shown(certificate.resourceGroupId),
  }
}

export const shown = (value: string): string | undefined => (value === '' ? undefined : value)

/** Of a name with several values of one kind the clouds show one. */
export const first = (value: NameFields[keyof NameFields]): string | undefined =>
  typeof value === 'string' ? value : value?.[0]

const fingerprint = (hash: 'sha1', der: Uint8Array): string => createHash(hash).update(der).digest('hex').toUpperCase()

/** `YYYY-MM-DD`, UTC. */
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
