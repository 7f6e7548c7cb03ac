import { createHash } from 'node:crypto'
import {
  day,
  newSerial,
  newUuid,
  problem,
  type Clock,
  type Committer,
  type Problem,
  type Write,
} from '../kernel/index.ts'
import {
  issuerFrom,
  leafExtensions,
  rootExtensions,
  signCaCertificate,
  signLeaf,
  subjectOf,
  type Issuer,
  type IssuanceLedger,
} from '../issuance/index.ts'
import {
  generateExportableKey,
  type KeyProvider,
  type KeyReference,
  type KeyStore,
  SealError,
  type Sealer,
} from '../keys/index.ts'
import { generalNameProblem, oids, parseSpki, writePem, type GeneralName } from '../x509/index.ts'
import type { TlsIdentity, TlsSource } from './source.ts'

export interface InstanceNeeds {
  keys: KeyProvider
  keyStore: KeyStore
  ledger: IssuanceLedger
  committer: Committer
  sealer: Sealer
  /** TLS lives by the wall clock. */
  wallClock: Clock
  /** Single values under fixed keys. */
  values: {
    read(key: string): Promise<string | undefined>
    write(key: string, value: string): Write
    /** Fails with `taken` when there is one. */
    create(key: string, value: string, taken: Problem): Write
  }
  /** Whose keys these are: no tenant's. */
  accountId: string
}

const authorityKey = 'tls.authority'
const certificateKey = 'tls.certificate'

const year = 365 * day
const authorityYears = 10
const leafDays = 90
/** With so much left a new certificate is made. */
const renewBefore = { authority: year, leaf: 30 * day }
/** Clients' clocks are a little late at times. */
const backdate = day

/**
 * The service's own identity: a P-256 authority of this instance, whose key is sealed like that of any CA and which
 * signs nothing but the listener's certificate (no CA may follow it), and that certificate, renewed when a third of its
 * time is left or the names change. Clients trust the authority, whose key stays when its certificate is renewed.
 * @param names host names and addresses; those that no certificate can hold are left out
 */
export function instanceCertificate(needs: InstanceNeeds, names: readonly string[]): TlsSource {
  const wanted = [...new Set(names)].map(generalNameOf).filter((name) => generalNameProblem(name) === undefined)
  return {
    async current() {
      const now = needs.wallClock.now()
      const authority = await authorityAt(needs, now)
      const stored = await needs.values.read(certificateKey)
      const known = stored === undefined ? undefined : (JSON.parse(stored) as StoredCertificate)
      const good =
        known?.caId === authority.caId &&
        sameNames(known.names, wanted) &&
        now < known.notAfter - renewBefore.leaf &&
        opened(needs, known, authority)
      if (good) return good
      const made = opened(needs, await newCertificate(needs, authority, wanted, now), authority)
      if (!made) throw new Error('what was sealed just now does not open')
      return made
    },
  }
}

interface StoredAuthority {
  caId: string
  keyId: string
  /** DER in base64. */
  certificate: string
  notAfter: number
}

interface StoredCertificate {
  caId: string
  certificate: string
  /** PKCS #8, sealed; base64. */
  sealedKey: string
  names: readonly GeneralName[]
  notAfter: number
}

async function authorityAt(needs: InstanceNeeds, now: number): Promise<Issuer> {
  const stored = await needs.values.read(authorityKey)
  const known = stored === undefined ? undefined : (JSON.parse(stored) as StoredAuthority)
  const caId = known?.caId ?? newUuid()
  const { key, spki, writes } = known ? await authorityKeyOf(needs, known.keyId) : await newAuthorityKey(needs, now)
  if (known && now < known.notAfter - renewBefore.authority)
    return issuerFrom(caId, key, Buffer.from(known.certificate, 'base64'), [])

  const serial = newSerial()
  const notAfter = now + authorityYears * year
  const parsed = parseSpki(spki)
  const { certificate, signing } = await signCaCertificate(needs, {
    caId,
    key,
    issuer: undefined,
    hash: 'sha256',
    serial,
    now,
    certificate: {
      serial,
      notBefore: now - backdate,
      notAfter,
      subject: subjectOf({ commonName: `Certkeep instance ${caId.slice(0, 8)}` }).der,
      spki,
      extensions: rootExtensions(
        { keyUsages: ['keyCertSign', 'cRLSign'], pathLength: 0, nameConstraints: false },
        parsed,
        undefined,
      ),
    },
  })
  const next: StoredAuthority = {
    caId,
    keyId: key.keyId,
    certificate: Buffer.from(certificate).toString('base64'),
    notAfter,
  }
  const value = JSON.stringify(next)
  try {
    await needs.committer.commit([
      known ? needs.values.write(authorityKey, value) : needs.values.create(authorityKey, value, madeElsewhere),
      ...writes,
      ...needs.ledger.record(
        { ...entry(certificate, spki), caId, serial, kind: 'root', notAfter, issuedAt: now },
        unpointed,
        twice,
      ),
      needs.ledger.done(signing.id),
    ])
  } catch (error) {
    if (error !== madeElsewhere) throw error
    await needs.keys.destroy(key.keyId) // nobody knows of it
    return authorityAt(needs, now)
  }
  return issuerFrom(caId, key, certificate, [])
}

async function authorityKeyOf({ keyStore }: InstanceNeeds, keyId: string) {
  const found = await keyStore.find(keyId)
  if (!found?.sealedPrivateKey) throw new Error("the key of the instance's authority is gone")
  const { id, accountId, algorithm, spki, sealedPrivateKey } = found
  const key: KeyReference = { keyId: id, accountId, algorithm, sealedPrivateKey }
  return { key, spki, writes: [] }
}

async function newAuthorityKey({ keys, keyStore, accountId }: InstanceNeeds, createdAt: number) {
  const keyId = newUuid()
  const algorithm = 'p256'
  const { spki, sealedPrivateKey } = await keys.generate({ keyId, accountId, algorithm })
  const key: KeyReference = { keyId, accountId, algorithm, sealedPrivateKey }
  const row = { id: keyId, accountId, algorithm, spki, sealedPrivateKey, createdAt, destroyedAt: null } as const
  return { key, spki, writes: [keyStore.insert({ ...row, state: 'live' })] }
}

async function newCertificate(
  needs: InstanceNeeds,
  authority: Issuer,
  names: readonly GeneralName[],
  now: number,
): Promise<StoredCertificate> {
  const { spki, pkcs8 } = await generateExportableKey('p256')
  try {
    const serial = newSerial()
    const notAfter = now + leafDays * day
    const commonName = commonNameAmong(names)
    const certificate = await signLeaf(needs, authority, 'sha256', {
      serial,
      notBefore: now - backdate,
      notAfter,
      subject: subjectOf(commonName === undefined ? {} : { commonName }).der,
      spki,
      extensions: leafExtensions(
        { keyUsages: ['digitalSignature'], extendedKeyUsages: [oids.serverAuth], names },
        parseSpki(spki),
        authority,
        undefined,
        commonName === undefined,
      ),
    })
    const sealedKey = needs.sealer.seal('certificate-key', sealedFor(needs), pkcs8).toString('base64')
    const { caId } = authority
    const next = { caId, certificate: Buffer.from(certificate).toString('base64'), sealedKey, names, notAfter }
    await needs.committer.commit([
      ...needs.ledger.record(
        { ...entry(certificate, spki), caId, serial, kind: 'leaf', notAfter, issuedAt: now },
        unpointed,
        twice,
      ),
      needs.values.write(certificateKey, JSON.stringify(next)),
    ])
    return next
  } finally {
    pkcs8.fill(0)
  }
}

/** Certificates of the instance's own authority name no CRL. */
const unpointed = { crlUrl: null }

/** Undefined when the key does not open any more, under another master key for one: a new certificate costs nothing. */
function opened(needs: InstanceNeeds, stored: StoredCertificate, authority: Issuer): TlsIdentity | undefined {
  let pkcs8: Buffer | undefined
  try {
    pkcs8 = needs.sealer.open('certificate-key', sealedFor(needs), Buffer.from(stored.sealedKey, 'base64'))
    return {
      certificate: writePem('CERTIFICATE', Buffer.from(stored.certificate, 'base64')),
      privateKey: writePem('PRIVATE KEY', pkcs8),
      notAfter: stored.notAfter,
      authority: authority.certificate.der,
    }
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  } finally {
    pkcs8?.fill(0)
  }
}

const sealedFor = ({ accountId }: InstanceNeeds): string[] => [accountId, 'tls']

/** RFC 5280 Appendix A.1: a common name has 64 characters at most. */
const commonNameAmong = (names: readonly GeneralName[]): string | undefined =>
  names.flatMap((name) => (name.type === 'dns' && name.value.length <= 64 ? name.value : []))[0]

const generalNameOf = (name: string): GeneralName =>
  /^[\d.]+$|:/.test(name) ? { type: 'ip', value: name } : { type: 'dns', value: name.toLowerCase() }

const sameNames = (a: readonly GeneralName[], b: readonly GeneralName[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

const entry = (certificate: Uint8Array, spki: Uint8Array) => ({
  certificateSha256: createHash('sha256').update(certificate).digest(),
  spkiSha256: createHash('sha256').update(spki).digest(),
})

const twice = problem('ChangedMeanwhile')
/** Another process of the instance started at the same moment. */
const madeElsewhere = problem('ChangedMeanwhile')
