import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { day, hour, newUuid, type AuditTrail, type Caller, type Clock, type Committer } from '../kernel/index.ts'
import { caAbilities, keyOf, type Ca, type CaStore } from '../ca/index.ts'
import { algorithmOf, type IssuanceLedger } from '../issuance/index.ts'
import type { KeyProvider, KeyStore } from '../keys/index.ts'
import {
  authorityKeyIdentifier,
  crlFrame,
  crlNumber,
  encodeCrlEntries,
  lintStreamedCrl,
  lostSerials,
  oids,
  parseCertificate,
  readSubjectKeyIdentifier,
  tbsCertListFrame,
  type CrlEntry,
  type StreamedTbsCertList,
} from '../x509/index.ts'
import { crlHash } from './crl-hash.ts'
import { CrlSpool, passing } from './crl-spool.ts'
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
/** Few, so that what is read of them dies young: the heap would grow for long with more. */
const entriesAtOnce = 500
const partsDroppedAtOnce = 8

/**
 * Makes and publishes the next CRL of a CA, in this order (docs/issuance.md): take a number; read the ledger; compare
 * with the CRL before; note the signing; sign; publish. A crash leaves a number that was taken and never published; the
 * next one is higher. Memory stays flat however many entries there are.
 * @param final the last CRL, made by the procedure of the day; its nextUpdate is the caller's
 * @returns undefined when the CA may publish none now
 * @throws Problem CrlSuperseded, CrlLacksEntry
 */
export async function publishCrl(
  deps: CrlNeeds,
  caId: string,
  final?: { nextUpdate: number },
): Promise<CrlRecord | undefined> {
  const { revocations, committer, ledger } = deps
  const ca = await deps.cas.findById(caId)
  if (!ca || ca.certificate === null || ca.keyId === null) return undefined
  if (!final && !caAbilities[ca.state].publishCrl) return undefined
  const superseded = problem('CrlSuperseded')
  const number = await takeNumber(deps, ca)
  const kind = final ? 'final-crl' : 'crl'
  deps.step(`${kind}.number-taken`)
  const now = deps.domainClock.now()
  const predecessor = await revocations.latestCrl(ca.id)
  const expiresAfter = predecessor?.thisUpdate ?? now
  let count = 0
  const spool = new CrlSpool({ store: revocations, committer, caId: ca.id, number, gone: superseded })
  const pages = counted(snapshot(revocations, ca.id, expiresAfter), (more) => (count += more))
  for await (const chunk of encodeCrlEntries(pages)) await spool.add(chunk)
  if (predecessor) await mustLackNone(deps, predecessor, spool, expiresAfter)
  deps.step(`${kind}.ledger-read`)

  const nextUpdate = final?.nextUpdate ?? Math.min(now + ca.crl.validDays * day, Math.max(ca.notAfter!, now + hour))
  const key = await keyOf(ca, deps.keyStore, 'publishing a CRL')
  const hash = crlHash(ca)
  const signatureAlgorithm = algorithmOf(key, hash)
  const certificate = parseCertificate(ca.certificate)
  const keyIdentifier =
    certificate.tbs.read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier) ?? certificate.tbs.spki.keyIdentifier()
  const frame = tbsCertListFrame(
    {
      signatureAlgorithm,
      issuer: certificate.tbs.subjectDer,
      thisUpdate: now,
      nextUpdate,
      extensions: [authorityKeyIdentifier(keyIdentifier), crlNumber(BigInt(number))],
    },
    spool.byteLength,
  )
  const tbs: StreamedTbsCertList = {
    byteLength: frame.byteLength,
    signatureAlgorithm,
    async *[Symbol.asyncIterator]() {
      yield frame.start
      yield* spool.chunks()
      yield frame.trailer
    },
  }
  const { linted, sha256: tbsSha256 } = await lintStreamedCrl(tbs, { signatureAlgorithm, issuer: certificate })
  const signingId = newUuid()
  await committer.commit([
    ledger.open({
      id: signingId,
      caId: ca.id,
      purpose: 'crl',
      serial: String(number),
      tbsSha256,
      notAfter: nextUpdate,
      createdAt: now,
    }),
  ])
  deps.step(`${kind}.signing-noted`)
  const outer = crlFrame(tbs, await deps.keys.sign(key, hash, linted))

  const first = Buffer.concat([outer.start, frame.start])
  const last = Buffer.concat([frame.trailer, outer.trailer])
  const crl: CrlRecord = {
    caId: ca.id,
    number,
    thisUpdate: now,
    nextUpdate,
    entries: count,
    size: outer.byteLength,
    sha256: await digestOf(inTurn(first, spool.chunks(), last)),
    final: final !== undefined,
  }
  await committer.commit([
    ...revocations.publish(crl, spool.rest(first, last), superseded, predecessor?.number),
    ledger.done(signingId),
    // A restored instance learns from it which numbers are used up.
    deps.trail.done(clockCaller(ca.accountId, 'PublishCrl'), 'PublishCrl', {
      objectType: 'crl',
      objectId: ca.id,
      facts: { number, entries: count, nextUpdate, sha256: Buffer.from(crl.sha256).toString('hex'), final: crl.final },
    }),
  ])
  deps.step(`${kind}.published`)
  await sweep(deps, crl, predecessor?.number)
  return crl
}

/**
 * Design 5: a CRL never lacks what its predecessor had, unless that has expired. The ledger that was read before another
 * CRL was published, or one that lost something, makes no CRL.
 */
async function mustLackNone(
  { revocations }: CrlNeeds,
  predecessor: CrlRecord,
  spool: CrlSpool,
  expiresAfter: number,
): Promise<void> {
  const older = { size: predecessor.size, chunks: passing(crlChunks(revocations, predecessor)) }
  for await (const serial of lostSerials(older, spool.chunks())) {
    const known = await revocations.find(predecessor.caId, serial)
    if (!known || known.notAfter > expiresAfter) throw problem('CrlLacksEntry', { serial, number: predecessor.number })
  }
}

/** A published CRL part by part. Fails rather than end early, when it was swept away meanwhile. */
export async function* crlChunks(
  revocations: Pick<RevocationStore, 'crlPart'>,
  { caId, number, size }: Pick<CrlRecord, 'caId' | 'number' | 'size'>,
): AsyncGenerator<Uint8Array> {
  let sent = 0
  for (let part = 0; sent < size; part++) {
    const bytes = await revocations.crlPart(caId, number, part)
    if (!bytes) throw new Error(`CRL ${number} of CA ${caId} was replaced while it was read`)
    sent += bytes.length
    yield bytes
  }
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const digest = createHash('sha256')
  for await (const chunk of chunks) digest.update(chunk)
  return digest.digest()
}

async function* inTurn(first: Uint8Array, chunks: AsyncIterable<Uint8Array>, last: Uint8Array) {
  yield first
  yield* chunks
  yield last
}

/**
 * Drops the bytes of CRLs before the predecessor, and of those that never came to be, a few parts at a time. The
 * predecessor stays for whoever is just downloading it. A crash leaves the rest to the next CRL.
 */
async function sweep({ revocations, committer }: CrlNeeds, crl: CrlRecord, predecessor = crl.number): Promise<void> {
  for (const { number, lastPart } of await revocations.staleParts(crl.caId, crl.number, predecessor))
    for (let part = 0; part <= lastPart; part += partsDroppedAtOnce)
      await committer.commit([revocations.dropParts(crl.caId, number, part + partsDroppedAtOnce)])
}

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
async function* snapshot(revocations: RevocationStore, caId: string, expiresAfter: number): AsyncGenerator<CrlEntry[]> {
  for (let after = ''; ;) {
    const page = await revocations.crlEntries(caId, after, expiresAfter, entriesAtOnce)
    yield page
    const last = page.at(-1)
    if (!last || page.length < entriesAtOnce) return
    after = last.serialHex
    await setImmediate()
  }
}

async function* counted<T>(pages: AsyncIterable<T[]>, count: (more: number) => void): AsyncGenerator<T[]> {
  for await (const page of pages) {
    count(page.length)
    yield page
  }
}
