import Type from 'typebox'
import { operation, problemsOf, type Clock, type ResourceRule } from '../kernel/index.ts'
import { shownState, type CaStore } from '../ca/index.ts'
import { certificateProblems, stateOf, type Certificate, type CertificateStore } from '../certificates/index.ts'
import { decrypts, uuidInput } from '../issuance/index.ts'
import {
  oids,
  parseCertificate,
  readAuthorityInformationAccess,
  readCrlDistributionPoints,
  readExtendedKeyUsage,
  readKeyUsage,
  X509Error,
} from '../x509/index.ts'
import { evidenceOf, sourcesOf, verdictOf, type WatchNeeds } from './verdict.ts'

interface Needs extends WatchNeeds {
  cas: CaStore
  certificates: CertificateStore
  domainClock: Clock
}

const problem = problemsOf(certificateProblems)

const theCertificate: ResourceRule<{ certificateId: string }, Certificate, Needs> = {
  find: ({ certificateId }, { certificates }, caller) => certificates.find(caller.accountId, certificateId),
  attributes: ({ certificateId }, certificate) => ({
    type: 'cert',
    id: certificateId,
    tags: certificate?.tags,
    enterpriseProjectId: certificate?.enterpriseProjectId,
    resourceGroupId: certificate?.resourceGroupId,
  }),
  missing: ({ certificateId }) => problem('CertificateNotFound', { certificateId }),
}

/**
 * What would be lost with the record of a certificate, issued or uploaded. Deleting a record never revokes: who holds
 * certificate and key goes on using them. Changes nothing.
 */
export const previewCertificateDeletion = operation<Needs>()({
  name: 'PreviewCertificateDeletion',
  summary: 'Show what the deletion of a certificate would mean',
  access: 'read',
  actions: ['pca:cert:get', 'yundun-cert:GetUserCertificateDetail'],
  input: Type.Object({ certificateId: uuidInput }, { additionalProperties: false }),
  resource: theCertificate,
  problems: ['CertificateNotFound'],

  async run(_input, certificate, deps) {
    const now = deps.domainClock.now()
    const state = stateOf(certificate, now)
    const facts = factsOf(certificate)
    const issuer = certificate.issuerId === null ? undefined : await deps.cas.findById(certificate.issuerId)
    const subject = markedAs(certificate)
    const evidence = evidenceOf(await deps.useMarks.of(subject.id, subject.serial), now)
    // A CRL is fetched for all certificates of a CA at once, and tells of none of them.
    const sources = sourcesOf(deps.useSources, ['crl', 'download'])
    const losesData = certificate.sealedPrivateKey !== null && facts.decrypts
    const over = state === 'valid' ? undefined : `it is ${state}`
    const { verdict, reasons } = verdictOf(losesData ? undefined : over, evidence, sources)
    return {
      answer: {
        certificateId: certificate.id,
        state,
        verdict,
        reasons: [
          ...(losesData && over !== undefined ? [over] : []),
          ...reasons,
          ...(losesData
            ? ['its private key goes with it, and what others encrypted to it cannot be read any more']
            : []),
          ...(state === 'valid' ? ['deleting it does not revoke it'] : []),
          ...(issuer?.state === 'destroyed' ? ['the key of its issuer is destroyed: it cannot be issued again'] : []),
        ],
        obstacles:
          certificate.source === 'issued' && state === 'valid'
            ? ['the repository deletes an issued certificate only once it has expired or is revoked']
            : [],
        issuer: issuer
          ? { caId: issuer.id, state: issuer.state === 'destroyed' ? 'destroyed' : shownState(issuer, now) }
          : null,
        notAfter: certificate.notAfter,
        privateKeyHeld: certificate.sealedPrivateKey !== null,
        losesData,
        statusPointers: facts.pointers,
        evidence,
        sources,
      },
    }
  },
})

/** Under which names its uses are marked: see UseSink. */
const markedAs = ({ id, issuerId, serial }: Certificate) =>
  issuerId === null ? { id, serial: '' } : { id: issuerId, serial }

function factsOf({ certificate }: Certificate): { decrypts: boolean; pointers: string[] } {
  try {
    const { tbs } = parseCertificate(certificate)
    return {
      decrypts: decrypts({
        keyUsages: tbs.read(oids.keyUsage, readKeyUsage) ?? [],
        extendedKeyUsages: tbs.read(oids.extendedKeyUsage, readExtendedKeyUsage) ?? [],
      }),
      pointers: [
        ...(tbs.read(oids.crlDistributionPoints, readCrlDistributionPoints) ?? []),
        ...(tbs.read(oids.authorityInformationAccess, readAuthorityInformationAccess)?.ocsp ?? []),
      ],
    }
  } catch (error) {
    if (error instanceof X509Error) return { decrypts: true, pointers: [] } // an upload, whose extensions say who knows what
    throw error
  }
}
