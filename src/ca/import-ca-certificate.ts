import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { uuidInput } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'
import {
  equalBytes,
  oids,
  parseCertificate,
  readBasicConstraints,
  readKeyUsage,
  X509Error,
  type Certificate,
} from '../x509/index.ts'
import type { Ca } from './ca.ts'
import { theCa } from './inputs.ts'
import { installed, type CrlSchedule } from './install.ts'
import { readCertificateBlocks, shownState } from './issuing.ts'
import { caLifecycle } from './lifecycle.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'
import type { Clock } from '../kernel/index.ts'

const maxPemCharacters = 65_536
const maxChain = 10

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
    if (!certificate) throw problem('CertificateNotOfThisCa', { reason: 'there is no certificate in it' })
    const key = await keyStore.find(ca.keyId!)
    checkFits(certificate, key!.spki, chain, now)

    const { tbs } = certificate
    const issuer = tbs.issuer.fields().commonName
    const active: Ca = {
      ...ca,
      state: caLifecycle[ca.state].installCertificate!,
      genMode: 'import',
      issuerName: typeof issuer === 'string' ? issuer.slice(0, 64) : tbs.issuer.toString().slice(0, 64),
      pathLength: tbs.read(oids.basicConstraints, readBasicConstraints)?.pathLength ?? null,
      keyUsages: tbs.read(oids.keyUsage, readKeyUsage) ?? [],
      serial: tbs.serial,
      notBefore: tbs.notBefore,
      notAfter: tbs.notAfter,
      certificate: certificate.der,
      chain: chain.length === 0 ? null : Buffer.concat(chain.map(({ der }) => der)),
    }
    return {
      answer: {},
      writes: [cas.replace(ca, active, problem('CaChanged')), crlSchedule.crlDue(ca.id, now)],
      audit: { objectType: 'ca', objectId: ca.id, facts: { state: active.state, ...installed(active) } },
      afterwards: nudgeJobs,
    }
  },
})

function readCertificates(pem: string): Certificate[] {
  try {
    const blocks = readCertificateBlocks(pem)
    if (blocks.length > maxChain) throw problem('CertificateNotOfThisCa', { reason: 'the chain is too long' })
    return blocks.map((der) => parseCertificate(der))
  } catch (error) {
    if (error instanceof X509Error) throw problem('CertificateNotOfThisCa', { reason: error.message })
    throw error
  }
}

/** The certificate is for our key, is a CA's, is in force, and hangs on the chain it came with. */
function checkFits(certificate: Certificate, spki: Uint8Array, chain: readonly Certificate[], now: number): void {
  const refuse = (reason: string): never => {
    throw problem('CertificateNotOfThisCa', { reason })
  }
  try {
    const { tbs } = certificate
    if (!equalBytes(tbs.spkiDer, spki)) refuse('its public key is not that of the CSR exported from this CA')
    if (tbs.read(oids.basicConstraints, readBasicConstraints)?.ca !== true) refuse('it is not the certificate of a CA')
    if (tbs.read(oids.keyUsage, readKeyUsage)?.includes('keyCertSign') === false) refuse('it may not sign certificates')
    if (tbs.notAfter < now) refuse('it has expired')
    let below = certificate
    for (const [index, above] of chain.entries()) {
      if (!equalBytes(below.tbs.issuerDer, above.tbs.subjectDer) || !below.verify(above.tbs.spki))
        refuse('the chain does not fit: a certificate in it did not sign the one before')
      const constraints = above.tbs.read(oids.basicConstraints, readBasicConstraints)
      if (constraints?.ca !== true) refuse('the chain does not fit: a certificate in it is not that of a CA')
      // RFC 5280 §4.2.1.9: this CA and those in between are what the path length counts.
      if ((constraints?.pathLength ?? Infinity) <= index)
        refuse('the chain does not fit: the path length of a CA in it is exceeded')
      below = above
    }
  } catch (error) {
    if (error instanceof X509Error) refuse(error.message)
    throw error
  }
}
