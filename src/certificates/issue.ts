import { hash } from 'node:crypto'
import { newNumberedUuid, newSerial, numberOfUuid, type Caller, type Clock, type Write } from '../kernel/index.ts'
import { caAttributes, issuerFor, visibleCa, type Ca, type CaStore, type IssuingNeeds } from '../ca/index.ts'
import { caProblems } from '../ca/index.ts'
import {
  decrypts,
  hashName,
  leafExtensions,
  signLeaf,
  traitsUnder,
  validityOf,
  type IssuanceLedger,
  type LeafRequest,
  type Publication,
  type ValidityRequest,
} from '../issuance/index.ts'
import type { KeyProvider, Sealer } from '../keys/index.ts'
import { problemsOf, type ResourceRule } from '../kernel/index.ts'
import { generalNameText, isEmptyName, type NameFields, type SignatureHash, type Spki } from '../x509/index.ts'
import type { Certificate } from './certificate.ts'
import { issuanceProblems } from '../issuance/index.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

export interface IssueNeeds extends IssuingNeeds {
  certificates: CertificateStore
  ledger: IssuanceLedger
  keys: KeyProvider
  sealer: Sealer
  domainClock: Clock
  publication: Publication | undefined
}

const caProblem = problemsOf(caProblems)
const issuanceProblem = problemsOf(issuanceProblems)

/** Issuing is judged on the CA that issues. */
export const theIssuer = <Input extends { issuerId: string }>(
  commonName: (input: Input) => string | undefined,
): ResourceRule<Input, Ca, { cas: CaStore }> => ({
  find: ({ issuerId }, { cas }, caller) => visibleCa(cas, caller, issuerId),
  attributes: (input, ca) => ({
    ...caAttributes(input.issuerId, ca),
    commonName: commonName(input),
    requestTags: {},
  }),
  missing: ({ issuerId }) => caProblem('CaNotFound', { caId: issuerId }),
})

export interface LeafOrder {
  subject: { der: Uint8Array; fields: NameFields }
  /** Of a kind that we issue for, and strong: {@link checkKey} has passed it. */
  spki: Spki
  /** null under an issuer whose key takes none. */
  signatureHash: SignatureHash | null
  validity: ValidityRequest
  request: LeafRequest
  genMode: 'generate' | 'csr'
  /** PKCS #8 of a key that we made, to be sealed and kept. */
  privateKey: Uint8Array | undefined
  enterpriseProjectId: string
}

const maxYears = 20

/**
 * Signs a leaf and gives the record with the writes that must share its commit: the record, the ledger, and the
 * condition that the CA is still active as it was read (design 5).
 * @throws Problem IssuerUnusable, CaRevoked, ValidityInvalid, ValidityBeyondIssuer, KeyRefused, LintForbids
 */
export async function issueLeaf(
  deps: IssueNeeds,
  ca: Ca,
  order: LeafOrder,
  caller: Caller,
): Promise<{ certificate: Certificate; writes: Write[] }> {
  const now = deps.domainClock.now()
  const issuer = await issuerFor(deps, ca)
  const { notBefore, notAfter } = validityOf(order.validity, now, maxYears)
  const end = issuer.certificate.tbs.notAfter
  if (notAfter > end) throw caProblem('ValidityBeyondIssuer', { notAfter: end })

  const { spki } = order
  const spkiSha256 = hash('sha256', spki.der, 'buffer')
  await refuseBarredKey(spkiSha256, 'leaf', deps.ledger)
  const serial = newSerial()
  const der = await signLeaf(deps, issuer, order.signatureHash, {
    serial,
    notBefore,
    notAfter,
    subject: order.subject.der,
    spki: spki.der,
    extensions: leafExtensions(order.request, spki, issuer, deps.publication, isEmptyName(order.subject.der)),
  })
  const id = newNumberedUuid()
  const sha256 = hash('sha256', der, 'buffer')
  const certificate: Certificate = {
    id,
    number: numberOfUuid(id),
    accountId: caller.accountId,
    version: 1,
    source: 'issued',
    genMode: order.genMode,
    name: null,
    issuerId: ca.id,
    issuerName: first(ca.subject.commonName) ?? '',
    commonName: first(order.subject.fields.commonName) ?? '',
    subject: order.subject.fields,
    sans: order.request.names.map(generalNameText),
    serial,
    keyAlgorithm: spki.algorithm ?? spki.kind.type,
    signatureHash: hashName(order.signatureHash),
    notBefore,
    notAfter,
    certificate: der,
    chain: null,
    sealedPrivateKey:
      order.privateKey === undefined
        ? null
        : deps.sealer.seal('certificate-key', [caller.accountId, id], order.privateKey),
    sha256,
    enterpriseProjectId: order.enterpriseProjectId,
    resourceGroupId: '',
    tags: {},
    createdAt: now,
    revokedAt: null,
    revocationReason: null,
  }
  return {
    certificate,
    writes: [
      deps.cas.unchanged(ca, caProblem('CaChanged')),
      deps.certificates.insert(certificate, problem('NameTaken', { name: '' })),
      ...deps.ledger.record(
        {
          caId: ca.id,
          serial,
          kind: 'leaf',
          notAfter,
          certificateSha256: sha256,
          spkiSha256,
          issuedAt: now,
        },
        {
          ...traitsUnder(ca.id, deps.publication),
          decrypts: order.privateKey !== undefined && decrypts(order.request),
        },
        issuanceProblem('SerialTaken'),
      ),
    ],
  }
}

/**
 * A key that was revoked for compromise is never certified again; a leaf's is not a CA's either, while a CA may well have a
 * second certificate. @throws Problem KeyRefused
 */
export async function refuseBarredKey(
  spkiSha256: Uint8Array,
  kind: 'leaf' | 'ca',
  ledger: Pick<IssuanceLedger, 'keyBar'>,
): Promise<void> {
  const refuse = (reason: string) => issuanceProblem('KeyRefused', { reason })
  const bar = await ledger.keyBar(spkiSha256)
  if (bar === 'compromised') throw refuse('a certificate for it was revoked because the key was compromised')
  if (bar === 'caKey' && kind === 'leaf') throw refuse('it is the key of a CA')
}

export const first = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0]

export const issuedFacts = (certificate: Certificate): Record<string, unknown> => ({
  issuerId: certificate.issuerId,
  serial: certificate.serial,
  commonName: certificate.commonName,
  notAfter: certificate.notAfter,
  certificateSha256: Buffer.from(certificate.sha256).toString('hex'),
})
