import { hash as digest } from 'node:crypto'
import Type from 'typebox'
import { newSerial, newUuid, operation, problemsOf, type Clock } from '../kernel/index.ts'
import { caProblems, checkUnder, crlSettingsOf, installed, issuerFor, type Ca } from '../ca/index.ts'
import {
  caKeyUsages,
  defaultLeafUsages,
  enterpriseProjectInput,
  hashName,
  hashOf,
  issuanceProblems,
  leafUsagesFor,
  nameConstraintsAsked,
  nameConstraintsInput,
  signCaCertificate,
  subordinateExtensions,
  traitsUnder,
  uuidInput,
  validityInput,
  validityOf,
} from '../issuance/index.ts'
import type { Committer } from '../kernel/index.ts'
import {
  checkKey,
  keyPurposes,
  parseCsr,
  readOnePem,
  verifyCsr,
  X509Error,
  type Csr,
  type GeneralName,
  type KeyUsage,
} from '../x509/index.ts'
import { first, issuedFacts, issueLeaf, refuseBarredKey, theIssuer, type IssueNeeds } from './issue.ts'

const issuanceProblem = problemsOf(issuanceProblems)
const caProblem = problemsOf(caProblems)

const csrInput = Type.String({ minLength: 1, maxLength: 16_384 })

/** Huawei's contract: whatever a CSR is signed with, SHA-384 is the hash; a key that takes none signs without. */
const hashUnder = (issuer: Ca) => (hashOf(issuer.keyAlgorithm, undefined) === null ? null : 'sha384')

/** Issues an end-entity certificate for the key of a caller's CSR; subject and key come from the CSR alone. */
export const issueCertificateByCsr = operation<IssueNeeds>()({
  name: 'IssueCertificateByCsr',
  summary: 'Issue a certificate for a CSR',
  access: 'write',
  actions: ['pca:ca:issueCertByCsr'],
  input: Type.Object(
    {
      issuerId: uuidInput,
      csr: csrInput,
      validity: validityInput,
      enterpriseProjectId: Type.Optional(enterpriseProjectInput),
    },
    { additionalProperties: false },
  ),
  resource: theIssuer(() => undefined),
  problems: [
    'CaNotFound',
    'CaRevoked',
    'CaChanged',
    'IssuerUnusable',
    'ValidityInvalid',
    'ValidityBeyondIssuer',
    'RequestUnreadable',
    'KeyRefused',
    'LintForbids',
    'KeyUnavailable',
    'SerialTaken',
  ],

  async run(input, ca, deps, caller) {
    const csr = readCsr(input.csr)
    const { subjectAltName, keyUsage, extendedKeyUsage } = csr.requested
    const { certificate, writes } = await issueLeaf(
      deps,
      ca,
      {
        subject: { der: csr.info.subjectDer, fields: csr.info.subject.fields() },
        spki: csr.spki,
        signatureHash: hashUnder(ca),
        validity: input.validity,
        request: {
          keyUsages: leafUsages(keyUsage, csr),
          extendedKeyUsages: extendedKeyUsage.filter((oid) => grantedPurposes.has(oid)),
          names: subjectAltName.filter(({ type }) => grantedNames.has(type)),
        },
        genMode: 'csr',
        privateKey: undefined,
        enterpriseProjectId: input.enterpriseProjectId ?? '0',
      },
      caller,
    )
    return {
      answer: { certificateId: certificate.id },
      writes,
      audit: { objectType: 'certificate', objectId: certificate.id, facts: issuedFacts(certificate) },
    }
  },
})

// Design 5: from a CSR only names, key usage and extended key usage, each through a list of what may be granted.
const grantedNames = new Set<GeneralName['type']>(['dns', 'ip', 'email', 'uri'])
const grantedPurposes = new Set<string>([
  keyPurposes.serverAuth,
  keyPurposes.clientAuth,
  keyPurposes.codeSigning,
  keyPurposes.emailProtection,
  keyPurposes.timeStamping,
])

/** CSRs made from templates for RSA ask for what an EC key cannot do (RFC 8813 §3): what a key cannot do is passed over. */
function leafUsages(asked: readonly KeyUsage[], { spki }: Csr): readonly KeyUsage[] {
  const type = spki.keyType!
  const granted = leafUsagesFor(type, asked)
  return granted.length > 0 ? granted : defaultLeafUsages[type]
}

/**
 * Issues a CA certificate whose key stays with the caller. It is no CA of ours: it can be shown, exported and revoked,
 * and issues nothing here. A right of its own: who may issue certificates may not thereby make CAs.
 */
export const issueCaByCsr = operation<IssueNeeds & { committer: Committer; domainClock: Clock }>()({
  name: 'IssueCaByCsr',
  summary: 'Issue a CA certificate for a CSR',
  access: 'write',
  actions: ['pca:ca:issueCaByCsr'],
  input: Type.Object(
    {
      issuerId: uuidInput,
      csr: csrInput,
      validity: validityInput,
      pathLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
      nameConstraints: Type.Optional(nameConstraintsInput),
      enterpriseProjectId: Type.Optional(enterpriseProjectInput),
    },
    { additionalProperties: false },
  ),
  resource: theIssuer(() => undefined),
  problems: [
    'InputInvalid',
    'CaNotFound',
    'CaRevoked',
    'CaChanged',
    'IssuerUnusable',
    'IssuerPathExhausted',
    'ValidityInvalid',
    'ValidityBeyondIssuer',
    'RequestUnreadable',
    'KeyRefused',
    'LintForbids',
    'KeyUnavailable',
  ],

  async run(input, parent, deps, caller) {
    const now = deps.domainClock.now()
    const csr = readCsr(input.csr)
    const issuer = await issuerFor(deps, parent)
    const hash = hashUnder(parent)
    const pathLength = input.pathLength ?? 0
    const { notBefore, notAfter } = validityOf(input.validity, now, 20)
    checkUnder(issuer, notAfter, pathLength)
    const id = newUuid()
    const serial = newSerial()
    const spkiSha256 = digest('sha256', csr.spki.der, 'buffer')
    await refuseBarredKey(spkiSha256, 'ca', deps.ledger)
    const keyAlgorithm = csr.spki.algorithm
    if (keyAlgorithm === undefined) throw issuanceProblem('KeyRefused', { reason: 'its kind is not issued for' })
    const { certificate, signing } = await signCaCertificate(deps, {
      caId: id,
      key: issuer.key,
      issuer,
      hash,
      serial,
      now,
      certificate: {
        serial,
        notBefore,
        notAfter,
        subject: csr.info.subjectDer,
        spki: csr.spki.der,
        extensions: subordinateExtensions(
          { keyUsages: caKeyUsages, pathLength, nameConstraints: nameConstraintsAsked(input.nameConstraints) },
          csr.spki,
          issuer,
          deps.publication,
        ),
      },
    })
    const ca: Ca = {
      id,
      accountId: caller.accountId,
      version: 1,
      state: 'active',
      type: 'subordinate',
      genMode: 'csr',
      listed: false,
      keyId: null,
      keyAlgorithm,
      signatureHash: hashName(hash),
      subject: csr.info.subject.fields(),
      issuerId: parent.id,
      issuerName: first(parent.subject.commonName) ?? null,
      pathLength,
      keyUsages: caKeyUsages,
      serial,
      notBefore,
      notAfter,
      certificate,
      chain: null,
      crl: crlSettingsOf(undefined),
      enterpriseProjectId: input.enterpriseProjectId ?? '0',
      tags: {},
      createdAt: now,
      dueAt: null,
      deletion: null,
      revokedAt: null,
      revocationReason: null,
    }
    return {
      answer: { certificateId: id },
      writes: [
        deps.cas.unchanged(parent, caProblem('CaChanged')),
        deps.cas.insert(ca),
        ...deps.ledger.record(
          {
            caId: parent.id,
            serial,
            kind: 'ca',
            notAfter,
            certificateSha256: digest('sha256', certificate, 'buffer'),
            spkiSha256,
            issuedAt: now,
          },
          traitsUnder(parent.id, deps.publication),
          issuanceProblem('SerialTaken'),
        ),
        deps.ledger.done(signing.id),
      ],
      audit: { objectType: 'ca', objectId: id, facts: installed(ca) },
    }
  },
})

/** Strict DER, an acceptable key, and proof that the caller holds it, over the original octets. */
function readCsr(pem: string): Csr {
  let csr: Csr
  try {
    csr = parseCsr(readOnePem(pem, ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']).der)
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
    if (error.code === 'BadKey') throw issuanceProblem('KeyRefused', { reason: error.message })
    throw issuanceProblem('RequestUnreadable', { what: 'the CSR', reason: error.message })
  }
  try {
    checkKey(csr.spki, 'issue')
    if (verifyCsr(csr)) return csr
  } catch (error) {
    if (error instanceof X509Error) throw issuanceProblem('KeyRefused', { reason: error.message })
    throw error
  }
  throw issuanceProblem('RequestUnreadable', { what: 'the CSR', reason: 'its signature was not made with its key' })
}
