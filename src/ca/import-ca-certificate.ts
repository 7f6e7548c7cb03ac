import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { uuidInput } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'
import { equalBytes } from '../x509/index.ts'
import type { Ca } from './ca.ts'
import { checkChain, checkIsCa, factsOf, readCertificates, refuse } from './chain.ts'
import { theCa } from './inputs.ts'
import { installed, type CrlSchedule } from './install.ts'
import { shownState } from './issuing.ts'
import { caLifecycle } from './lifecycle.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'
import type { Clock } from '../kernel/index.ts'

const maxPemCharacters = 65_536

/** A pending subordinate gets a certificate that an outside CA made from its CSR. */
export const importCaCertificate = operation<{
  cas: CaStore
  keyStore: KeyStore
  domainClock: Clock
  crlSchedule: CrlSchedule
  nudgeJobs: () => void
}>()({
  name: 'ImportCaCertificate',
  summary: 'Activate a pending CA with a certificate signed elsewhere',
  access: 'write',
  actions: ['pca:ca:import'],
  input: Type.Object(
    {
      caId: uuidInput,
      certificate: Type.String({ minLength: 1, maxLength: maxPemCharacters }),
      certificateChain: Type.Optional(Type.String({ maxLength: maxPemCharacters })),
    },
    { additionalProperties: false },
  ),
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids', 'CaChanged', 'CertificateNotOfThisCa'],

  async run({ certificate: pem, certificateChain = '' }, ca, { cas, keyStore, domainClock, crlSchedule, nudgeJobs }) {
    const now = domainClock.now()
    if (!caLifecycle[ca.state].installCertificate)
      throw problem('CaStateForbids', { act: 'import', state: shownState(ca, now) })
    const [certificate, ...rest] = readCertificates(pem)
    const chain = [...rest, ...(certificateChain.trim() === '' ? [] : readCertificates(certificateChain))]
    if (!certificate) refuse('there is no certificate in it')
    const key = await keyStore.find(ca.keyId!)
    if (!equalBytes(certificate.tbs.spkiDer, key!.spki))
      refuse('its public key is not that of the CSR exported from this CA')
    checkIsCa(certificate, now)
    checkChain(certificate, chain)

    const active: Ca = {
      ...ca,
      ...factsOf(certificate, chain),
      state: caLifecycle[ca.state].installCertificate!,
      genMode: 'import',
    }
    return {
      answer: {},
      writes: [
        cas.replace(ca, active, problem('CaChanged')),
        crlSchedule.crlDue(ca.id, now),
        crlSchedule.responderDue(ca.id, now),
      ],
      audit: { objectType: 'ca', objectId: ca.id, facts: { state: active.state, ...installed(active) } },
      afterwards: nudgeJobs,
    }
  },
})
