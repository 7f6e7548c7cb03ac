import { createHash } from 'node:crypto'
import type { Clock, Write } from '../kernel/index.ts'
import {
  hashName,
  hashOf,
  nameConstraintsAsked,
  rootExtensions,
  signCaCertificate,
  subjectOf,
  subordinateExtensions,
  traitsUnder,
  validityOf,
  type Issuer,
  type NameConstraintsInput,
  type Publication,
  type SignatureHashName,
  type SigningNeeds,
  type ValidityRequest,
} from '../issuance/index.ts'
import type { KeyReference, KeyStore } from '../keys/index.ts'
import { parseSpki, type Extension, type KeyUsage } from '../x509/index.ts'
import type { Ca } from './ca.ts'
import { caLifecycle } from './lifecycle.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

/** What a CA has to have done by jobs before its end. */
export interface CrlSchedule {
  /** A write that makes the CA's next CRL due at this instant or earlier. */
  crlDue(caId: string, at: number): Write
  /** A write that makes a certificate for the CA's OCSP responder due. */
  responderDue(caId: string, at: number): Write
}

export interface InstallNeeds extends SigningNeeds {
  cas: CaStore
  keyStore: KeyStore
  domainClock: Clock
  publication: Publication | undefined
  crlSchedule: CrlSchedule
  /** Marks roots as an emulator's; undefined in earnest. */
  rootMarker: Extension | undefined
  nudgeJobs: () => void
}

export interface CaCertificateRequest {
  signatureHash: SignatureHashName | undefined
  validity: ValidityRequest
  pathLength: number | undefined
  keyUsages?: readonly KeyUsage[] | undefined
  nameConstraints?: NameConstraintsInput | undefined
}

const maxYears = { root: 30, subordinate: 20 } as const

/**
 * Signs a certificate for a CA of ours and gives the CA as it will be, with the writes that go with it (not the CA's
 * own row). @param issuer undefined for a root
 * @throws Problem InputInvalid, ValidityInvalid, ValidityBeyondIssuer, IssuerPathExhausted, LintForbids, KeyUnavailable
 */
export async function makeCaCertificate(
  deps: InstallNeeds,
  parts: {
    ca: Ca
    key: KeyReference
    spki: Uint8Array
    issuer: Issuer | undefined
    parent: Ca | undefined
    request: CaCertificateRequest
    serial: string
  },
): Promise<{ ca: Ca; writes: Write[] }> {
  const { ca, key, issuer, parent, request, serial } = parts
  const now = deps.domainClock.now()
  const { notBefore, notAfter } = validityOf(request.validity, now, maxYears[ca.type])
  if (issuer) checkUnder(issuer, notAfter, request.pathLength ?? 0)

  const hash = hashOf((issuer?.key ?? key).algorithm, request.signatureHash)
  const spki = parseSpki(parts.spki)
  const usages = (request.keyUsages ?? ca.keyUsages) as readonly KeyUsage[]
  const profile = {
    keyUsages: usages,
    pathLength: request.pathLength,
    nameConstraints: nameConstraintsAsked(request.nameConstraints),
  }
  const { certificate, signing } = await signCaCertificate(deps, {
    caId: ca.id,
    key,
    issuer,
    hash,
    serial,
    now,
    certificate: {
      serial,
      notBefore,
      notAfter,
      subject: subjectOf(ca.subject).der,
      spki: parts.spki,
      extensions: issuer
        ? subordinateExtensions(profile, spki, issuer, deps.publication)
        : rootExtensions(profile, spki, deps.rootMarker),
    },
  })
  const next: Ca = {
    ...ca,
    state: caLifecycle[ca.state].installCertificate!,
    signatureHash: hashName(hash),
    pathLength: request.pathLength ?? null,
    keyUsages: usages,
    issuerId: parent?.id ?? null,
    issuerName: parent?.subject.commonName ? String(parent.subject.commonName) : null,
    serial,
    notBefore,
    notAfter,
    certificate,
  }
  return {
    ca: next,
    writes: [
      ...deps.ledger.record(
        {
          caId: issuer?.caId ?? ca.id,
          serial,
          kind: issuer ? 'ca' : 'root',
          notAfter,
          certificateSha256: createHash('sha256').update(certificate).digest(),
          spkiSha256: createHash('sha256').update(parts.spki).digest(),
          issuedAt: now,
        },
        traitsUnder(issuer?.caId, deps.publication),
        problem('CaChanged'),
      ),
      deps.ledger.done(signing.id),
      deps.crlSchedule.crlDue(ca.id, now),
      deps.crlSchedule.responderDue(ca.id, now),
    ],
  }
}

/** RFC 5280 §4.2.1.9 and §6.1.4: the levels below shrink by one at each CA; no certificate outlives its issuer. */
export function checkUnder(issuer: Issuer, notAfter: number, pathLength: number): void {
  if (issuer.pathLength !== undefined && pathLength > issuer.pathLength - 1) throw problem('IssuerPathExhausted')
  const end = issuer.certificate.tbs.notAfter
  if (notAfter > end) throw problem('ValidityBeyondIssuer', { notAfter: end })
}

/** What the audit log keeps of a certificate that a CA got. */
export const installed = (ca: Ca): Record<string, unknown> =>
  ca.certificate === null
    ? {}
    : {
        issuerId: ca.issuerId,
        serial: ca.serial,
        notAfter: ca.notAfter,
        certificateSha256: createHash('sha256').update(ca.certificate).digest('hex'),
      }
