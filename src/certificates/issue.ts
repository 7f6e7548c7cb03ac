import { createHash } from 'node:crypto'
import { newNumberedUuid, newSerial, numberOfUuid, type Caller, type Clock, type Write } from '../kernel/index.ts'
import { caAttributes, issuerFor, visibleCa, type Ca, type CaStore, type IssuingNeeds } from '../ca/index.ts'
import { caProblems } from '../ca/index.ts'
import {
  hashName,
  leafExtensions,
  signLeaf,
  validityOf,
  type IssuanceLedger,
  type LeafRequest,
  type Publication,
  type ValidityRequest,
} from '../issuance/index.ts'
import type { KeyProvider, Sealer } from '../keys/index.ts'
import { problemsOf, type ResourceRule } from '../kernel/index.ts'
import {
  checkKey,
  generalNameText,
  isEmptyName,
  parseSpki,
  X509Error,
  type NameFields,
  type SignatureHash,
  type Spki,
} from '../x509/index.ts'
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
  spki: Uint8Array
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
): Promise<{ certificate: Certificate; spkiSha256: Uint8Array; writes: Write[] }> {
  const now = deps.domainClock.now()
  const issuer = await issuerFor(deps, ca)
  const { notBefore, notAfter } = validityOf(order.validity, now, maxYears)
  const end = issuer.certificate.tbs.notAfter
  if (notAfter > end) throw caProblem('ValidityBeyondIssuer', { notAfter: end })

  const spki = await acceptedKey(order.spki, 'leaf', deps.ledger)
  const serial = newSerial()
  const der = await signLeaf(deps, issuer, order.signatureHash, {
    serial,
    notBefore,
    notAfter,
    subject: order.subject.der,
    spki: order.spki,
    extensions: leafExtensions(order.request, spki, issuer, deps.publication, isEmptyName(order.subject.der)),
  })
  const id = newNumberedUuid()
  const sha256 = createHash('sha256').update(der).digest()
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
  const spkiSha256 = createHash('sha256').update(order.spki).digest()
  return {
    certificate,
    spkiSha256,
    writes: [
      deps.cas.unchanged(ca, caProblem('CaChanged')),
      deps.certificates.insert(certificate, problem('NameTaken', { name: '' })),
      deps.ledger.record(
        {
          caId: ca.id,
          serial,
          kind: 'leaf',
          notAfter,
          certificateSha256: sha256,
          spkiSha256,
          issuedAt: now,
        },
        issuanceProblem('SerialTaken'),
      ),
    ],
  }
}

/**
 * A key of a kind that we issue for, strong enough, not revoked for compromise; a leaf's is not a CA's either, while a CA
 * may well have a second certificate. @throws Problem KeyRefused
 */
export async function acceptedKey(
  der: Uint8Array,
  kind: 'leaf' | 'ca',
  ledger: Pick<IssuanceLedger, 'keyBar'>,
): Promise<Spki> {
  const refuse = (reason: string) => issuanceProblem('KeyRefused', { reason })
  let spki: Spki
  try {
    spki = parseSpki(der)
    checkKey(spki, 'issue')
  } catch (error) {
    if (error instanceof X509Error) throw refuse(error.message)
    throw error
  }
  const bar = await ledger.keyBar(createHash('sha256').update(der).digest())
  if (bar === 'compromised') throw refuse('a certificate for it was revoked because the key was compromised')
  if (bar === 'caKey' && kind === 'leaf') throw refuse('it is the key of a CA')
  return spki
}

export const first = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0]

/** Enough for the ledger of a restored instance (docs/backup.md). @param spkiSha256 of the certificate's public key */
export const issuedFacts = (certificate: Certificate, spkiSha256: Uint8Array): Record<string, unknown> => ({
  issuerId: certificate.issuerId,
  serial: certificate.serial,
  commonName: certificate.commonName,
  notAfter: certificate.notAfter,
  certificateSha256: Buffer.from(certificate.sha256).toString('hex'),
  spkiSha256: Buffer.from(spkiSha256).toString('hex'),
})
