import { createHash } from 'node:crypto'
import {
  day,
  hour,
  newUuid,
  type AuditTrail,
  type Caller,
  type Clock,
  type Committer,
  type Write,
} from '../kernel/index.ts'
import { caAbilities, keyOf, type Ca, type CaStore } from '../ca/index.ts'
import { algorithmOf, hashOf, needsHash, type IssuanceLedger } from '../issuance/index.ts'
import type { KeyProvider, KeyStore } from '../keys/index.ts'
import {
  assembleCrl,
  authorityKeyIdentifier,
  buildTbsCertList,
  collectCrlEntries,
  crlNumber,
  lintCrl,
  oids,
  parseCertificate,
  readSubjectKeyIdentifier,
  type CrlEntry,
  type SignatureHash,
} from '../x509/index.ts'
import { problem } from './problems.ts'
import type { CrlRecord, RevocationStore } from './store.ts'

export interface CrlNeeds {
  cas: CaStore
  keyStore: KeyStore
  keys: KeyProvider
  ledger: IssuanceLedger
  revocations: RevocationStore
  trail: AuditTrail
  committer: Committer
  domainClock: Clock
  /** Called after each durable step with its name: where a crash can be tried (docs/issuance.md). */
  step: (name: string) => void
}

/** A CRL is made anew at least this often, however long it is valid. */
export const crlEvery = day
const entriesAtOnce = 5_000
const partBytes = 256 * 1024

/**
 * Makes and publishes the next CRL of a CA, in this order (docs/issuance.md): take a number; read the ledger; note the
 * signing; sign; publish. A crash leaves a number that was taken and never published; the next one is higher.
 * @param final the last CRL, made by the procedure of the day; its nextUpdate is the caller's
 * @returns undefined when the CA may publish none now
 */
export async function publishCrl(
  deps: CrlNeeds,
  caId: string,
  final?: { nextUpdate: number },
): Promise<CrlRecord | undefined> {
  const ca = await deps.cas.findById(caId)
  if (!ca || ca.certificate === null || ca.keyId === null) return undefined
  if (!final && !caAbilities[ca.state].publishCrl) return undefined
  const number = await takeNumber(deps, ca)
  const kind = final ? 'final-crl' : 'crl'
  deps.step(`${kind}.number-taken`)
  const now = deps.domainClock.now()
  const predecessor = await deps.revocations.latestCrl(ca.id)
  let count = 0
  const entries = await collectCrlEntries(
    counted(snapshot(deps.revocations, ca.id, predecessor?.thisUpdate ?? now), () => count++),
  )

  const nextUpdate = final?.nextUpdate ?? Math.min(now + ca.crl.validDays * day, Math.max(ca.notAfter!, now + hour))
  const key = await keyOf(ca, deps.keyStore, 'publishing a CRL')
  const hash = crlHash(ca)
  const algorithm = algorithmOf(key, hash)
  const certificate = parseCertificate(ca.certificate)
  const keyIdentifier =
    certificate.tbs.read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier) ?? certificate.tbs.spki.keyIdentifier()
  const tbs = buildTbsCertList(
    {
      signatureAlgorithm: algorithm,
      issuer: certificate.tbs.subjectDer,
      thisUpdate: now,
      nextUpdate,
      extensions: [authorityKeyIdentifier(keyIdentifier), crlNumber(BigInt(number))],
    },
    entries,
  )
  const signingId = newUuid()
  const digest = createHash('sha256')
  for (const chunk of tbs) digest.update(chunk)
  await deps.committer.commit([
    deps.ledger.open({
      id: signingId,
      caId: ca.id,
      purpose: 'crl',
      serial: String(number),
      tbsSha256: digest.digest(),
      notAfter: nextUpdate,
      createdAt: now,
    }),
  ])
  deps.step(`${kind}.signing-noted`)
  const signature = await deps.keys.sign(
    key,
    hash,
    lintCrl(tbs, { signatureAlgorithm: algorithm, issuer: certificate }),
  )

  const crlDigest = createHash('sha256')
  const parts: Uint8Array[] = []
  let size = 0
  for (const part of inParts(assembleCrl(tbs, signature))) {
    crlDigest.update(part)
    parts.push(part)
    size += part.length
  }
  const crl: CrlRecord = {
    caId: ca.id,
    number,
    thisUpdate: now,
    nextUpdate,
    entries: count,
    size,
    sha256: crlDigest.digest(),
    final: final !== undefined,
  }
  const writes: Write[] = [
    ...deps.revocations.publish(crl, parts, problem('CrlSuperseded'), predecessor?.number),
    deps.ledger.done(signingId),
    // A restored instance learns from it which numbers are used up.
    deps.trail.done(clockCaller(ca.accountId, 'PublishCrl'), 'PublishCrl', {
      objectType: 'ca',
      objectId: ca.id,
      facts: { number, entries: count, nextUpdate, sha256: Buffer.from(crl.sha256).toString('hex'), final: crl.final },
    }),
  ]
  await deps.committer.commit(writes)
  deps.step(`${kind}.published`)
  return crl
}

/** That of the CA's own certificate where its key can sign with it: the certificate may be by a key of another kind. */
const crlHash = ({ keyAlgorithm, signatureHash }: Ca): SignatureHash | null =>
  needsHash(keyAlgorithm) && signatureHash !== null && signatureHash !== 'none'
    ? signatureHash
    : hashOf(keyAlgorithm, undefined)

/** The clock as a caller: not a person, no door. */
const clockCaller = (accountId: string, name: string): Caller => ({
  accountId,
  userId: 'clock',
  userName: name,
  accessKeyId: undefined,
  sourceIp: '',
  secureTransport: true,
  door: 'jobs',
  requestId: '',
  stillEntitled: undefined,
  once: undefined,
})

/** Higher than every number before, also after a restore: design 5 counts in seconds since 1970. */
async function takeNumber({ revocations, committer, domainClock }: CrlNeeds, ca: Ca): Promise<number> {
  const last = await revocations.lastCrlNumber(ca.id)
  const next = Math.max(last + 1, Math.floor(domainClock.now() / 1_000))
  await committer.commit([revocations.takeCrlNumber(ca.id, last, next, problem('CrlSuperseded'))])
  return next
}

/**
 * Read after the number was taken: whatever was revoked before is in it. RFC 5280 §3.3: an entry stays until it has been
 * on one regular CRL after the certificate's expiry, hence the predecessor's time and not now.
 */
async function* snapshot(revocations: RevocationStore, caId: string, expiresAfter: number): AsyncGenerator<CrlEntry> {
  for (let after = ''; ;) {
    const page = await revocations.entries(caId, after, expiresAfter, entriesAtOnce)
    for (const { serial, revokedAt, reason } of page) yield { serialHex: serial, revokedAt, reason }
    const last = page.at(-1)
    if (!last || page.length < entriesAtOnce) return
    after = last.serial
  }
}

async function* counted<T>(source: AsyncIterable<T>, count: () => void): AsyncGenerator<T> {
  for await (const each of source) {
    count()
    yield each
  }
}

function* inParts(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let buffer = new Uint8Array(partBytes)
  let used = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(chunk.length - at, partBytes - used)
      buffer.set(chunk.subarray(at, at + taken), used)
      used += taken
      at += taken
      if (used === partBytes) {
        yield buffer
        buffer = new Uint8Array(partBytes)
        used = 0
      }
    }
  }
  if (used > 0) yield buffer.subarray(0, used)
}
