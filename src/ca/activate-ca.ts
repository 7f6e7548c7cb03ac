import Type from 'typebox'
import { newSerial, operation, problem as kernelProblem } from '../kernel/index.ts'
import {
  keyUsagesInput,
  nameConstraintsInput,
  needsHash,
  signatureHashInput,
  uuidInput,
  validityInput,
} from '../issuance/index.ts'
import { crlInput, crlSettingsOf, theCa, visibleCa } from './inputs.ts'
import { installed, makeCaCertificate, type InstallNeeds } from './install.ts'
import { issuerFor, keyOf, shownState, type IssuingNeeds } from './issuing.ts'
import { caLifecycle } from './lifecycle.ts'
import { problem } from './problems.ts'

/** A pending subordinate gets its certificate from another CA of the account. */
export const activateCa = operation<InstallNeeds & IssuingNeeds>()({
  name: 'ActivateCa',
  summary: 'Activate a pending CA with a certificate of another CA',
  access: 'write',
  actions: ['pca:ca:activate', 'pca:ca:active'],
  input: Type.Object(
    {
      caId: uuidInput,
      issuerId: uuidInput,
      /** May be left out under an issuer whose key takes none. */
      signatureHash: Type.Optional(signatureHashInput),
      validity: validityInput,
      pathLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
      keyUsages: Type.Optional(keyUsagesInput),
      nameConstraints: Type.Optional(nameConstraintsInput),
      crl: Type.Optional(crlInput),
    },
    { additionalProperties: false },
  ),
  resource: theCa(),
  problems: [
    'InputInvalid',
    'CaNotFound',
    'CaStateForbids',
    'CaChanged',
    'CaRevoked',
    'IssuerUnusable',
    'IssuerPathExhausted',
    'ValidityBeyondIssuer',
    'ValidityInvalid',
    'LintForbids',
    'KeyUnavailable',
  ],

  async run(input, ca, deps, caller) {
    if (!caLifecycle[ca.state].installCertificate)
      throw problem('CaStateForbids', { act: 'activation', state: shownState(ca, deps.domainClock.now()) })
    const parent = await visibleCa(deps.cas, caller, input.issuerId)
    if (!parent) throw problem('CaNotFound', { caId: input.issuerId })
    const issuer = await issuerFor(deps, parent)
    if (needsHash(parent.keyAlgorithm) && input.signatureHash === undefined)
      throw kernelProblem('InputInvalid', { field: 'signatureHash', reason: 'is missing' })
    const made = await makeCaCertificate(deps, {
      ca,
      key: await keyOf(ca, deps.keyStore, 'activation'),
      spki: (await deps.keyStore.find(ca.keyId!))!.spki,
      issuer,
      parent,
      request: { ...input, signatureHash: input.signatureHash, pathLength: input.pathLength ?? 0 },
      serial: newSerial(),
    })
    const active = { ...made.ca, ...(input.crl ? { crl: crlSettingsOf(input.crl) } : {}) }
    return {
      answer: {},
      writes: [
        ...made.writes,
        deps.cas.unchanged(parent, problem('CaChanged')),
        deps.cas.replace(ca, active, problem('CaChanged')),
      ],
      audit: { objectType: 'ca', objectId: ca.id, facts: { state: active.state, ...installed(active) } },
      afterwards: deps.nudgeJobs,
    }
  },
})
