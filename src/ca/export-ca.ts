import { operation, type Clock } from '../kernel/index.ts'
import type { UseSink } from '../use-marks/index.ts'
import { hashOf, signCsr, subjectOf, type SigningNeeds } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'
import { caIdInput, theCa } from './inputs.ts'
import { chainAbove, keyOf, shownState } from './issuing.ts'
import { problem, type ShownState } from './problems.ts'
import type { CaStore } from './store.ts'

const exportable: readonly ShownState[] = ['active', 'expired']

/** The certificate of a CA and those above it, as DER; only while it is active or has expired. */
export const exportCaCertificate = operation<{ cas: CaStore; domainClock: Clock; useMarks: UseSink }>()({
  name: 'ExportCaCertificate',
  summary: 'Export a CA certificate and its chain',
  access: 'read',
  actions: ['pca:ca:export'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids'],

  async run(_input, ca, { cas, domainClock, useMarks }) {
    const state = shownState(ca, domainClock.now())
    if (!exportable.includes(state) || ca.certificate === null)
      throw problem('CaStateForbids', { act: 'export', state })
    useMarks.used('export', ca.id)
    return { answer: { certificate: ca.certificate, chain: await chainAbove(ca, cas) } }
  },
})

/** The PKCS #10 request of a CA that waits for its certificate, as DER; signed anew at each call. */
export const exportCaCsr = operation<
  Pick<SigningNeeds, 'keys'> & { cas: CaStore; keyStore: KeyStore; domainClock: Clock }
>()({
  name: 'ExportCaCsr',
  summary: 'Export the CSR of a pending CA',
  access: 'read',
  actions: ['pca:ca:getCsr'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids', 'KeyUnavailable'],

  async run(_input, ca, { keys, keyStore, domainClock }) {
    if (ca.state !== 'pendingActivation')
      throw problem('CaStateForbids', { act: 'export of the CSR', state: shownState(ca, domainClock.now()) })
    const key = await keyOf(ca, keyStore, 'export of the CSR')
    const csr = await signCsr({ keys }, key, hashOf(ca.keyAlgorithm, undefined), {
      subject: subjectOf(ca.subject).der,
      spki: (await keyStore.find(key.keyId))!.spki,
      extensions: [],
    })
    return { answer: { csr } }
  },
})
