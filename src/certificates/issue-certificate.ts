import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import {
  defaultLeafUsages,
  enterpriseProjectInput,
  hashOf,
  keyAlgorithmInput,
  keyUsagesInput,
  signatureHashInput,
  subjectOf,
  subjectInput,
  uuidInput,
  validityInput,
} from '../issuance/index.ts'
import { generateExportableKey, KeyGenerationBusy } from '../keys/index.ts'
import { keyAlgorithms, parseSpki, type GeneralName, type KeyAlgorithmName, type NameFields } from '../x509/index.ts'
import { first, issuedFacts, issueLeaf, theIssuer, type IssueNeeds } from './issue.ts'
import { problem } from './problems.ts'

/** Issues a certificate for a key that we make and keep, sealed, for export. */
export const issueCertificate = operation<IssueNeeds>()({
  name: 'IssueCertificate',
  summary: 'Issue a certificate with a key made here',
  access: 'write',
  actions: ['pca:ca:issueCert'],
  input: Type.Object(
    {
      issuerId: uuidInput,
      subject: subjectInput,
      validity: validityInput,
      keyAlgorithm: Type.Optional(keyAlgorithmInput),
      signatureHash: Type.Optional(signatureHashInput),
      keyUsages: Type.Optional(keyUsagesInput),
      /** Dotted OIDs. */
      extendedKeyUsages: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 })),
      names: Type.Optional(
        Type.Array(
          Type.Object(
            { type: Type.Enum(['dns', 'ip', 'email', 'uri']), value: Type.String({ minLength: 1, maxLength: 256 }) },
            { additionalProperties: false },
          ),
          { maxItems: 20 },
        ),
      ),
      custom: Type.Optional(
        Type.Object(
          { oid: Type.String({ maxLength: 64 }), value: Type.String({ minLength: 1, maxLength: 64 }) },
          { additionalProperties: false },
        ),
      ),
      enterpriseProjectId: Type.Optional(enterpriseProjectInput),
    },
    { additionalProperties: false },
  ),
  resource: theIssuer((input: { issuerId: string; subject: NameFields }) => first(input.subject.commonName)),
  problems: [
    'InputInvalid',
    'CaNotFound',
    'CaRevoked',
    'CaChanged',
    'IssuerUnusable',
    'ValidityInvalid',
    'ValidityBeyondIssuer',
    'SubjectInvalid',
    'LintForbids',
    'KeyUnavailable',
    'KeyGenerationBusy',
    'SerialTaken',
  ],

  async run(input, ca, deps, caller) {
    const algorithm = input.keyAlgorithm ?? 'rsa2048'
    const subject = subjectOf(completed(input.subject, ca.subject))
    const { spki, pkcs8 } = await generated(algorithm)
    try {
      const { certificate, spkiSha256, writes } = await issueLeaf(
        deps,
        ca,
        {
          subject,
          spki: parseSpki(spki),
          signatureHash: hashOf(ca.keyAlgorithm, input.signatureHash),
          validity: input.validity,
          request: {
            keyUsages:
              input.keyUsages && input.keyUsages.length > 0
                ? input.keyUsages
                : defaultLeafUsages[keyAlgorithms[algorithm].type],
            extendedKeyUsages: input.extendedKeyUsages ?? [],
            names: (input.names ?? []) as GeneralName[],
            custom: input.custom,
          },
          genMode: 'generate',
          privateKey: pkcs8,
          enterpriseProjectId: input.enterpriseProjectId ?? '0',
        },
        caller,
      )
      return {
        answer: { certificateId: certificate.id },
        writes,
        audit: { objectType: 'certificate', objectId: certificate.id, facts: issuedFacts(certificate, spkiSha256) },
      }
    } finally {
      pkcs8.fill(0)
    }
  },
})

/** What the subject leaves out is copied from the issuing CA, as the cloud does it. */
function completed(subject: NameFields, issuer: NameFields): NameFields {
  const { country, state, locality, organization, organizationalUnit } = issuer
  const inherited = { country, state, locality, organization, organizationalUnit }
  return { ...Object.fromEntries(Object.entries(inherited).map(([name, value]) => [name, first(value)])), ...subject }
}

async function generated(algorithm: KeyAlgorithmName) {
  try {
    return await generateExportableKey(algorithm)
  } catch (error) {
    if (error instanceof KeyGenerationBusy) throw problem('KeyGenerationBusy')
    throw error
  }
}
