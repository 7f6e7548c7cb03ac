import Type from 'typebox'
import { operation, type Clock, type GuardedAct } from '../kernel/index.ts'
import { stateOf, type Certificate } from './certificate.ts'
import { certificateIdInput, thePrivateCertificate, theRepositoryCertificate } from './inputs.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

interface Needs {
  certificates: CertificateStore
  domainClock: Clock
}

/** The record goes, and the private key with it; ledgers and audit keep what they must. Deleting never revokes (design 3). */
const removal = (certificate: Certificate, certificates: CertificateStore, now: number) =>
  Promise.resolve({
    answer: {},
    writes: [certificates.remove(certificate, problem('CertificateChanged'))],
    audit: {
      objectType: 'certificate',
      objectId: certificate.id,
      facts: {
        number: certificate.number,
        source: certificate.source,
        state: stateOf(certificate, now),
        issuerId: certificate.issuerId,
        serial: certificate.serial,
        commonName: certificate.commonName,
        notAfter: certificate.notAfter,
        certificateSha256: Buffer.from(certificate.sha256).toString('hex'),
        privateKeyHeld: certificate.sealedPrivateKey !== null,
      },
    },
  })

/** Guards of the account bind it: a CA's are about the CA. */
const removing = (_input: unknown, { id, version }: Certificate): GuardedAct => ({
  kind: 'deleteCertificate',
  caId: undefined,
  objectId: id,
  version,
  terms: {},
})

/**
 * Removes a certificate from the repository: an uploaded one at any time, an issued one once it has expired or was
 * revoked. The number is read as a bigint, so that none is rounded onto another certificate.
 */
export const deleteRepositoryCertificate = operation<Needs>()({
  name: 'DeleteRepositoryCertificate',
  summary: 'Delete an uploaded, expired or revoked certificate',
  access: 'write',
  actions: ['yundun-cert:DeleteUserCertificate', 'scm:cert:delete'],
  perSecond: 100,
  input: Type.Object({ number: Type.BigInt() }, { additionalProperties: false }),
  resource: theRepositoryCertificate(),
  guarded: removing,
  problems: ['CertificateNotFound', 'StillValid', 'CertificateChanged'],

  run({ number }, certificate, { certificates, domainClock }) {
    const now = domainClock.now()
    if (certificate.source === 'issued' && stateOf(certificate, now) === 'valid')
      throw problem('StillValid', { certificateId: String(number), notAfter: certificate.notAfter })
    return removal(certificate, certificates, now)
  },
})

/** Removes the record of a private certificate in any state. The certificate itself stays valid until it expires or is revoked. */
export const deletePrivateCertificate = operation<Needs>()({
  name: 'DeletePrivateCertificate',
  summary: 'Delete the record of a private certificate',
  access: 'write',
  actions: ['pca:cert:delete'],
  input: certificateIdInput,
  resource: thePrivateCertificate(),
  guarded: removing,
  problems: ['CertificateNotFound', 'CertificateChanged'],
  run: (_input, certificate, { certificates, domainClock }) => removal(certificate, certificates, domainClock.now()),
})
