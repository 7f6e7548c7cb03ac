import Type from 'typebox'
import { createHash } from 'node:crypto'
import { newUuid, operation, problem as kernelProblem, problemsOf, type Caller, type Write } from '../kernel/index.ts'
import {
  enterpriseProjectInput,
  hashName,
  issuanceProblems,
  uuidInput,
  type IssuanceLedger,
} from '../issuance/index.ts'
import { KeyError, type KeyProvider, type KeyStore } from '../keys/index.ts'
import { KeystoreError, readPkcs12, readProtectedKey } from '../keystores/index.ts'
import {
  checkKey,
  equalBytes,
  oids,
  parseCertificate,
  readKeyUsage,
  readSubjectKeyIdentifier,
  signatureAlgorithms,
  X509Error,
  type Certificate,
  type PrivateKey,
} from '../x509/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { Ca } from './ca.ts'
import { checkChain, checkIsCa, factsOf, maxChain, readCertificates, refuse, signedBy, told } from './chain.ts'
import { crlInput, crlSettingsOf, visibleCa } from './inputs.ts'
import { installed, type CrlSchedule } from './install.ts'
import { issuedFields, loadIssued, readIssued, type RevocationLoading } from './issued-elsewhere.ts'
import { caLifecycle } from './lifecycle.ts'
import { problem } from './problems.ts'
import { chainAbove } from './issuing.ts'
import type { CaStore } from './store.ts'

export interface ImportNeeds {
  cas: CaStore
  keyStore: KeyStore
  keys: KeyProvider
  ledger: IssuanceLedger
  revocations: RevocationLoading
  domainClock: Clock
  crlSchedule: CrlSchedule
  nudgeJobs: () => void
}

const issuanceProblem = problemsOf(issuanceProblems)
const pem = Type.String({ minLength: 1, maxLength: 65_536 })

/**
 * A CA that has lived elsewhere comes here with its key: as PEM (certificates in any order; the key PKCS #8, PKCS #1 or SEC 1,
 * encrypted or not) or as PKCS #12. The key is sealed into the keyring as one made here would be; copies outside
 * are the owner's to destroy. What it issued before goes into the ledgers, so that its CRLs go on listing what was
 * revoked, under numbers above the last.
 */
export const importCa = operation<ImportNeeds>()({
  name: 'ImportCa',
  summary: 'Import an existing CA with its key',
  access: 'write',
  actions: ['certkeep:ca:import'],
  // A private key is in the call: as with those that come back, not over plain HTTP.
  revealsSecret: true,
  input: Type.Object(
    {
      certificates: Type.Optional(pem),
      privateKey: Type.Optional(pem),
      /** Base64. */
      pkcs12: Type.Optional(
        Type.String({ minLength: 1, maxLength: 360_000, pattern: '^[A-Za-z0-9+/\\s]+={0,2}\\s*$' }),
      ),
      passphrase: Type.Optional(Type.String({ maxLength: 1_024 })),
      /** The CA of this account that signed it, if it is one. */
      issuerId: Type.Optional(uuidInput),
      ...issuedFields,
      lastCrlNumber: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER - 1 })),
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
    'CaChanged',
    'CaKeyUnreadable',
    'CertificateNotOfThisCa',
    'KeyRefused',
    'KeyUnavailable',
    'SerialTaken',
  ],

  async run(input, _resource, deps, caller) {
    const now = deps.domainClock.now()
    const issued = readIssued(input, now)
    const material = await readMaterial(input)
    const { certificate, above } = sorted(material)
    checkAcceptable(certificate, now)
    const { algorithm } = await acceptedCaKey(certificate, deps.ledger)
    const parent = await parentOf(input.issuerId, certificate, deps.cas, caller)
    if (!parent) checkChain(certificate, above)

    const isRoot = told(() => signedBy(certificate, certificate))
    if (certificate.isSelfIssued && !isRoot) refuse('it names itself as its issuer, and was not signed by its own key')
    const id = newUuid()
    const keyId = newUuid()
    const facts = factsOf(certificate, parent ? [] : above)
    const revoked = parent && (await deps.revocations.find(parent.id, facts.serial))
    const signature = certificate.signatureAlgorithm
    const ca: Ca = {
      ...facts,
      id,
      accountId: caller.accountId,
      version: 1,
      state: caLifecycle.pendingActivation.installCertificate!,
      type: isRoot ? 'root' : 'subordinate',
      genMode: 'importKey',
      listed: true,
      keyId,
      keyAlgorithm: algorithm,
      signatureHash: signature === undefined ? null : hashName(signatureAlgorithms[signature].digest),
      subject: certificate.tbs.subject.fields(),
      issuerId: parent?.id ?? null,
      issuerName: isRoot ? null : facts.issuerName,
      crl: crlSettingsOf(input.crl),
      enterpriseProjectId: input.enterpriseProjectId ?? '0',
      tags: {},
      createdAt: now,
      dueAt: null,
      deletion: null,
      revokedAt: revoked?.revokedAt ?? null,
      revocationReason: revoked?.reason ?? null,
    }
    const row = await sealedKey(deps.keys, { keyId, accountId: caller.accountId, algorithm }, material.privateKey, now)
    // A root is on its own list of `openssl ca -selfsign`; here it has an entry of another kind.
    const others = isRoot ? issued.filter(({ serial }) => serial !== ca.serial) : issued
    const taken = issuanceProblem('SerialTaken')
    const writes: Write[] = [
      deps.keyStore.unknown(row.spki, keyInUse()),
      deps.keyStore.insert(row),
      deps.cas.insert(ca),
      ...loadIssued(deps, id, others, now, taken),
      ...(await ownEntry(deps, ca, parent)),
      ...(input.lastCrlNumber
        ? [deps.revocations.takeCrlNumber(id, 0, input.lastCrlNumber, problem('CaChanged'))]
        : []),
      deps.crlSchedule.crlDue(id, now),
      deps.crlSchedule.responderDue(id, now),
      ...(parent ? [deps.cas.unchanged(parent, problem('CaChanged'))] : []),
    ]
    return {
      answer: { caId: id },
      writes,
      audit: {
        objectType: 'ca',
        objectId: id,
        facts: {
          type: ca.type,
          state: ca.state,
          commonName: ca.subject.commonName,
          keyImported: true,
          issuedElsewhere: others.length,
          revokedElsewhere: others.filter((each) => each.revoked).length,
          ...installed(ca),
        },
      },
      afterwards: deps.nudgeJobs,
    }
  },
})

interface Material {
  privateKey: PrivateKey
  certificates: Certificate[]
}

/** @throws Problem InputInvalid, CaKeyUnreadable, CertificateNotOfThisCa */
async function readMaterial(input: {
  certificates?: string
  privateKey?: string
  pkcs12?: string
  passphrase?: string
}): Promise<Material> {
  const { certificates, privateKey, pkcs12, passphrase } = input
  const missing = (field: string, reason: string) => kernelProblem('InputInvalid', { field, reason })
  try {
    if (pkcs12 !== undefined) {
      if (certificates !== undefined || privateKey !== undefined)
        throw missing('pkcs12', 'comes alone: key and certificates are in it')
      if (passphrase === undefined) throw missing('passphrase', 'is missing; a PKCS #12 file needs it')
      const contents = await readPkcs12(Buffer.from(pkcs12, 'base64'), passphrase)
      if (contents.certificates.length > maxChain) refuse('the chain is too long')
      const parsed = told(() => contents.certificates.map((der) => parseCertificate(der)))
      return { privateKey: contents.privateKey, certificates: parsed }
    }
    if (certificates === undefined) throw missing('certificates', 'is missing, and so is pkcs12')
    if (privateKey === undefined) throw missing('privateKey', 'is missing')
    return {
      certificates: readCertificates(certificates),
      privateKey: await readProtectedKey(privateKey, passphrase),
    }
  } catch (error) {
    if (error instanceof KeystoreError) throw problem('CaKeyUnreadable', { reason: error.message })
    throw error
  }
}

/** The certificate of the key, and those above it in order, as far as they came. @throws Problem CertificateNotOfThisCa */
function sorted({ privateKey, certificates }: Material): { certificate: Certificate; above: Certificate[] } {
  const own = certificates.filter(({ tbs }) => equalBytes(tbs.spkiDer, privateKey.spki.der))
  const [certificate, second] = own
  if (!certificate) refuse('the private key belongs to none of the certificates')
  if (second) refuse('two certificates belong to the private key; a CA has one')
  const above: Certificate[] = []
  const rest = certificates.filter((each) => each !== certificate)
  for (let below: Certificate = certificate; !below.isSelfIssued;) {
    const at = rest.findIndex((each) => equalBytes(each.tbs.subjectDer, below.tbs.issuerDer))
    const [next] = at < 0 ? [] : rest.splice(at, 1)
    if (!next) break
    above.push(next)
    below = next
  }
  if (rest.length > 0) refuse('the chain does not fit: a certificate in it is not above this one')
  return { certificate, above }
}

/** Beyond what every CA must be: what is needed to issue and to publish CRLs under it. @throws Problem CertificateNotOfThisCa */
function checkAcceptable(certificate: Certificate, now: number): void {
  checkIsCa(certificate, now)
  const { tbs } = certificate
  told(() => {
    if (tbs.notBefore > now) refuse('it is not valid yet')
    if (tbs.read(oids.keyUsage, readKeyUsage)?.includes('cRLSign') === false)
      refuse('it may not sign CRLs, so nothing it issues could be revoked')
    if (tbs.read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier) === undefined)
      refuse('it has no subject key identifier (RFC 5280 §4.2.1.2), which all it issues would have to name')
    if (tbs.subject.isEmpty) refuse('its subject is empty (RFC 5280 §4.1.2.6)')
    if (tbs.serial.startsWith('-') || tbs.serial.length > 40) refuse('its serial number breaks RFC 5280 §4.1.2.2')
  })
}

/** Strong, of a kind that signs here, not compromised, and of no CA here, past or present. @throws Problem KeyRefused */
async function acceptedCaKey({ tbs }: Certificate, ledger: IssuanceLedger) {
  try {
    checkKey(tbs.spki, 'issue')
  } catch (error) {
    if (error instanceof X509Error) throw issuanceProblem('KeyRefused', { reason: error.message })
    throw error
  }
  const bar = await ledger.keyBar(createHash('sha256').update(tbs.spkiDer).digest())
  if (bar === 'caKey') throw keyInUse()
  if (bar !== undefined)
    throw issuanceProblem('KeyRefused', {
      reason: 'a certificate for it was revoked because the key was compromised',
    })
  return { algorithm: tbs.spki.algorithm! }
}

/** Also of a CA whose key was destroyed: its receipt says that the key is gone. */
const keyInUse = () => issuanceProblem('KeyRefused', { reason: 'it is the key of a CA here, or was' })

/** The CA of the account that is said to have signed it. @throws Problem CaNotFound, CertificateNotOfThisCa */
async function parentOf(
  issuerId: string | undefined,
  certificate: Certificate,
  cas: CaStore,
  caller: Caller,
): Promise<Ca | undefined> {
  if (issuerId === undefined) return undefined
  const parent = await visibleCa(cas, caller, issuerId)
  if (!parent) throw problem('CaNotFound', { caId: issuerId })
  if (parent.certificate === null) return refuse('the CA that is to have signed it has no certificate itself')
  const above = [parent.certificate, ...(await chainAbove(parent, cas))].map((der) => parseCertificate(der))
  checkChain(certificate, above)
  return parent
}

/** @throws Problem KeyUnavailable */
async function sealedKey(
  keys: KeyProvider,
  named: { keyId: string; accountId: string; algorithm: Ca['keyAlgorithm'] },
  { key }: PrivateKey,
  now: number,
) {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
  try {
    const { spki, sealedPrivateKey } = await keys.importKey(named, pkcs8)
    const { keyId: id, accountId, algorithm } = named
    return {
      id,
      accountId,
      algorithm,
      spki,
      sealedPrivateKey,
      state: 'live' as const,
      createdAt: now,
      destroyedAt: null,
    }
  } catch (error) {
    if (error instanceof KeyError) throw issuanceProblem('KeyUnavailable', { reason: error.message })
    throw error
  } finally {
    pkcs8.fill(0)
  }
}

/** The ledger's entry of the CA's own certificate: of a root among its own, else at the parent, if that is one of ours. */
async function ownEntry({ ledger }: ImportNeeds, ca: Ca, parent: Ca | undefined): Promise<Write[]> {
  const caId = ca.type === 'root' ? ca.id : parent?.id
  const serial = ca.serial!
  if (caId === undefined || (parent && (await ledger.find(parent.id, serial)))) return []
  const certificate = parseCertificate(ca.certificate!)
  const entry = {
    caId,
    serial,
    kind: parent ? ('ca' as const) : ('root' as const),
    notAfter: ca.notAfter!,
    certificateSha256: Buffer.from(certificate.sha256(), 'hex'),
    spkiSha256: Buffer.from(certificate.tbs.spki.sha256(), 'hex'),
    issuedAt: ca.createdAt,
  }
  return ledger.record(entry, { crlUrl: undefined }, problem('CaChanged'))
}
