import Type from 'typebox'
import { newSerial, newUuid, operation, problem as kernelProblem, type Write } from '../kernel/index.ts'
import {
  caKeyUsages,
  enterpriseProjectInput,
  hashOf,
  keyAlgorithmInput,
  keyUsagesInput,
  nameConstraintsAsked,
  nameConstraintsInput,
  needsHash,
  signatureHashInput,
  subjectInput,
  uuidInput,
  validityInput,
} from '../issuance/index.ts'
import type { Ca } from './ca.ts'
import { crlInput, crlSettingsOf, visibleCa } from './inputs.ts'
import { installed, makeCaCertificate, type InstallNeeds } from './install.ts'
import { issuerFor, type IssuingNeeds } from './issuing.ts'
import { problem } from './problems.ts'

/**
 * A new CA. A root is active at once; a subordinate too, if it is told its issuer, validity and hash (none where the
 * issuer's key takes none), and otherwise has
 * a key and a subject only and waits for a certificate (ActivateCa, ImportCaCertificate). Order: docs/issuance.md.
 */
export const createCa = operation<InstallNeeds & IssuingNeeds>()({
  name: 'CreateCa',
  summary: 'Create a private CA',
  access: 'write',
  actions: ['pca:ca:create'],
  input: Type.Object(
    {
      type: Type.Enum(['root', 'subordinate']),
      subject: subjectInput,
      keyAlgorithm: keyAlgorithmInput,
      signatureHash: Type.Optional(signatureHashInput),
      validity: Type.Optional(validityInput),
      issuerId: Type.Optional(uuidInput),
      pathLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
      keyUsages: Type.Optional(keyUsagesInput),
      nameConstraints: Type.Optional(nameConstraintsInput),
      crl: Type.Optional(crlInput),
      enterpriseProjectId: Type.Optional(enterpriseProjectInput),
    },
    { additionalProperties: false },
  ),
  resource: {
    find: () => Promise.resolve(undefined),
    attributes: ({ enterpriseProjectId = '0' }) => ({ type: 'ca', enterpriseProjectId, requestTags: {} }),
    missing: undefined,
  },
  problems: [
    'InputInvalid',
    'CaNotFound',
    'CaRevoked',
    'IssuerUnusable',
    'IssuerPathExhausted',
    'ValidityBeyondIssuer',
    'ValidityInvalid',
    'CaChanged',
    'LintForbids',
    'KeyUnavailable',
  ],

  async run(input, _resource, deps, caller) {
    const { type, subject, keyAlgorithm, signatureHash, validity, issuerId } = input
    const now = deps.domainClock.now()
    const id = newUuid()
    const pending: Ca = {
      id,
      accountId: caller.accountId,
      version: 1,
      state: 'pendingActivation',
      type,
      genMode: 'generate',
      listed: true,
      keyId: newUuid(),
      keyAlgorithm,
      signatureHash: null,
      subject,
      issuerId: null,
      issuerName: null,
      pathLength: null,
      keyUsages: input.keyUsages ?? caKeyUsages,
      serial: null,
      notBefore: null,
      notAfter: null,
      certificate: null,
      chain: null,
      crl: crlSettingsOf(input.crl),
      enterpriseProjectId: input.enterpriseProjectId ?? '0',
      tags: {},
      createdAt: now,
      dueAt: null,
      deletion: null,
      revokedAt: null,
      revocationReason: null,
    }
    const missing =
      signatureHash === undefined && needsHash(keyAlgorithm)
        ? 'signatureHash'
        : validity === undefined
          ? 'validity'
          : undefined
    if (type === 'root' && missing !== undefined)
      throw kernelProblem('InputInvalid', { field: missing, reason: 'is missing; a root needs it' })

    const parent =
      type === 'subordinate' && issuerId !== undefined ? await visibleCa(deps.cas, caller, issuerId) : undefined
    if (type === 'subordinate' && issuerId !== undefined && !parent) throw problem('CaNotFound', { caId: issuerId })
    const issuer = parent && (await issuerFor(deps, parent))
    const signer = type === 'root' ? keyAlgorithm : parent?.keyAlgorithm
    const complete = signer !== undefined && (signatureHash !== undefined || !needsHash(signer))
    // What cannot be signed is told before a key is made.
    if (complete) hashOf(signer, signatureHash)
    nameConstraintsAsked(input.nameConstraints)
    const { key, row } = await newCaKey(deps, pending, now)
    const writes: Write[] = [deps.keyStore.insert(row)]
    let ca = pending
    if (complete && validity !== undefined) {
      const made = await makeCaCertificate(deps, {
        ca: pending,
        key,
        spki: row.spki,
        issuer,
        parent,
        request: {
          signatureHash,
          validity,
          pathLength: type === 'root' ? undefined : (input.pathLength ?? 0),
          nameConstraints: input.nameConstraints,
        },
        serial: newSerial(),
      })
      ca = made.ca
      writes.push(...made.writes)
      if (parent) writes.push(deps.cas.unchanged(parent, problem('CaChanged')))
    }
    writes.push(deps.cas.insert(ca))
    return {
      answer: { caId: id },
      writes,
      audit: {
        objectType: 'ca',
        objectId: id,
        facts: { type, state: ca.state, commonName: subject.commonName, ...installed(ca) },
      },
      afterwards: deps.nudgeJobs,
    }
  },
})

async function newCaKey(deps: InstallNeeds, ca: Ca, now: number) {
  const { accountId, keyAlgorithm: algorithm } = ca
  const keyId = ca.keyId!
  const { spki, sealedPrivateKey } = await deps.keys.generate({ keyId, accountId, algorithm })
  return {
    key: { keyId, accountId, algorithm, sealedPrivateKey },
    row: {
      id: keyId,
      accountId,
      algorithm,
      spki,
      sealedPrivateKey,
      state: 'live' as const,
      createdAt: now,
      destroyedAt: null,
    },
  }
}
