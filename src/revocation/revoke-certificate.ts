import { createHash } from 'node:crypto'
import Type from 'typebox'
import { operation, problemsOf, type Clock, type ResourceRule } from '../kernel/index.ts'
import {
  caAbilities,
  caAttributes,
  caProblems,
  shownState,
  type Ca,
  type CaStore,
  type CrlSchedule,
} from '../ca/index.ts'
import { certificateProblems, stateOf, type Certificate, type CertificateStore } from '../certificates/index.ts'
import { uuidInput, type IssuanceLedger } from '../issuance/index.ts'
import { parseCertificate, reasonCodes, type RevocationReason } from '../x509/index.ts'
import { problem } from './problems.ts'
import type { RevocationStore } from './store.ts'

export interface RevokeNeeds {
  cas: CaStore
  certificates: CertificateStore
  revocations: RevocationStore
  ledger: IssuanceLedger
  domainClock: Clock
  crlSchedule: CrlSchedule
  nudgeJobs: () => void
}

const caProblem = problemsOf(caProblems)
const certificateProblem = problemsOf(certificateProblems)

export const reasonInput = Type.Enum(
  Object.keys(reasonCodes).filter((reason) => reason !== 'removeFromCRL') as RevocationReason[],
)

interface Found {
  certificate: Certificate
  ca: Ca | undefined
}

const theRevocable: ResourceRule<{ certificateId: string }, Found, RevokeNeeds> = {
  async find({ certificateId }, { cas, certificates }, caller) {
    const certificate = await certificates.find(caller.accountId, certificateId)
    if (!certificate || certificate.source !== 'issued' || certificate.issuerId === null) return undefined
    return { certificate, ca: await cas.find(caller.accountId, certificate.issuerId) }
  },
  // Judged on the CA that issued it (Huawei's table: pca:ca:revokeCert on a ca).
  attributes: ({ certificateId }, found) =>
    found?.certificate.issuerId
      ? caAttributes(found.certificate.issuerId, found.ca)
      : { type: 'ca', id: certificateId },
  missing: ({ certificateId }) => certificateProblem('CertificateNotFound', { certificateId }),
}

/** The CA still puts serials on its CRL. @throws Problem IssuerKeyDestroyed, CaStateForbids */
export function mustRevoke(ca: Ca, now: number): void {
  if (caAbilities[ca.state].revoke) return
  if (ca.state === 'destroyed') throw problem('IssuerKeyDestroyed', { caId: ca.id })
  throw caProblem('CaStateForbids', { act: 'revoking its certificates', state: shownState(ca, now) })
}

const spkiSha256 = ({ certificate }: Certificate): Uint8Array =>
  createHash('sha256').update(parseCertificate(certificate).tbs.spkiDer).digest()

/** Revokes a certificate that one of our CAs issued: it is on the ledger at once, and on the CRL within seconds. Cannot be undone. */
export const revokeCertificate = operation<RevokeNeeds>()({
  name: 'RevokeCertificate',
  summary: 'Revoke a private certificate',
  access: 'write',
  actions: ['pca:ca:revokeCert'],
  input: Type.Object({ certificateId: uuidInput, reason: reasonInput }, { additionalProperties: false }),
  resource: theRevocable as ResourceRule<{ certificateId: string; reason: RevocationReason }, Found, RevokeNeeds>,
  guarded: ({ reason }, { certificate }) => ({
    kind: 'revokeCertificate',
    caId: certificate.issuerId ?? undefined,
    objectId: certificate.id,
    version: certificate.version,
    terms: { reason },
  }),
  problems: [
    'CertificateNotFound',
    'CertificateStateForbids',
    'CertificateChanged',
    'AlreadyRevoked',
    'CaStateForbids',
    'CaChanged',
    'IssuerKeyDestroyed',
  ],

  run(
    { reason },
    { certificate, ca },
    { cas, certificates, revocations, ledger, domainClock, crlSchedule, nudgeJobs },
  ) {
    const now = domainClock.now()
    if (!ca) throw certificateProblem('CertificateNotFound', { certificateId: certificate.id })
    mustRevoke(ca, now)
    const state = stateOf(certificate, now)
    if (state === 'revoked') throw problem('AlreadyRevoked')
    if (state === 'expired') throw certificateProblem('CertificateStateForbids', { act: 'revoking', state })
    const revoked: Certificate = { ...certificate, revokedAt: now, revocationReason: reason }
    return Promise.resolve({
      answer: {},
      writes: [
        // On the day the CRL closes: a revocation must not slip in behind the final one.
        cas.unchanged(ca, caProblem('CaChanged')),
        certificates.replace(certificate, revoked, certificateProblem('CertificateChanged')),
        ...revocations.record(
          { caId: ca.id, serial: certificate.serial, revokedAt: now, reason, notAfter: certificate.notAfter },
          problem('AlreadyRevoked'),
        ),
        crlSchedule.crlDue(ca.id, now),
        ...(reason === 'keyCompromise' ? [ledger.barKey(spkiSha256(certificate), now)] : []),
      ],
      audit: {
        objectType: 'certificate',
        objectId: certificate.id,
        facts: { issuerId: ca.id, serial: certificate.serial, commonName: certificate.commonName, reason },
      },
      afterwards: nudgeJobs,
    })
  },
})
