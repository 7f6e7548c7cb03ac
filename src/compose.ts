import { auditTrail, type NoteSigner } from './audit/index.ts'
import { auditIdentity, auditSigner } from './audit-key.ts'
import type { Nonces, OperationDeps } from './api/index.ts'
import type { CrlSchedule } from './ca/index.ts'
import { evidenceOf, type JobSchedule } from './end-of-life/index.ts'
import { Gate } from './guards/index.ts'
import { GuessBrake, KeyUses, Principals, RightsGeneration, SharedNonces, SharedRateLimiter } from './iam/index.ts'
import type { Publication } from './issuance/index.ts'
import {
  DomainClock,
  minute,
  Runner,
  wallClock,
  type Committer,
  type Counters,
  type RateLimiter,
} from './kernel/index.ts'
import { Passwords, Sealer, SealedProvider, type KeyProvider, type Keyring, type MasterKey } from './keys/index.ts'
import {
  Freshness,
  LeasedKeys,
  LeasedRateLimiter,
  processClock,
  RightsOfAllProcesses,
  SharedShares,
  type ShareRequest,
} from './processes/index.ts'
import { RevocationMarks } from './revocation/index.ts'
import type { SharedMemory } from './shared-memory.ts'
import { UseMarks, type UseSources } from './use-marks/index.ts'
import {
  accountRows,
  alarmStore,
  auditLogStore,
  auditStore,
  caStore,
  certificateStore,
  guardStore,
  iamStore,
  issuanceLedger,
  jobStore,
  keyStore,
  metaStore,
  noticeStore,
  receiptStore,
  responderStore,
  revocationStore,
  useMarkStore,
  type Database,
  type NonceLedger,
} from './storage/index.ts'
import type { Extension } from './x509/index.ts'

export interface ThreadParts {
  db: Database
  masterKey: MasterKey
  keyring: Keyring
  memory: SharedMemory
  publicUrl: string | undefined
  rootMarker: Extension | undefined
  /** No calls are limited. */
  unlimited: boolean
  /** Wakes the jobs: work has fallen due. */
  nudgeJobs: () => void
  /** Present when other processes serve the same database. */
  others?: OtherProcesses | undefined
}

/** What takes the place of this process's own memory when there are others. */
export interface OtherProcesses {
  nonces: NonceLedger
  /** Asks the main thread for a share of a rate limit. */
  askForShare: (request: ShareRequest) => Promise<number | undefined>
}

/** The one object graph, made anew in each thread over what the threads share: memory, database files, keyring. */
export function compose(parts: ThreadParts) {
  const { db, masterKey, keyring, memory, publicUrl, rootMarker, unlimited, nudgeJobs, others } = parts
  const domainClock = new DomainClock(wallClock, memory.domainClock)
  const sealer = new Sealer({ current: masterKey })
  const committer: Committer = db
  const freshness = new Freshness(memory.freshness, processClock)
  const rights = others ? new RightsOfAllProcesses(memory.rights, freshness) : new RightsGeneration(memory.rights)
  const sealed = new SealedProvider({ keyring })
  const keys: KeyProvider = others ? new LeasedKeys(sealed, freshness) : sealed
  const nonces = new SharedNonces(memory.nonces, wallClock)
  const iam = iamStore(db)
  const jobs = jobStore(db)
  const revocationMarks = new RevocationMarks(memory.revocationMarks, processClock)
  const audit = auditStore(db)
  const meta = metaStore(db)
  let signer: Promise<NoteSigner> | undefined
  const trail = auditTrail(audit, domainClock)
  const passwords = new Passwords()
  const keyUses = new KeyUses({ store: iam, committer, wallClock })
  const principals = new Principals({
    store: iam,
    openSecret: {
      ofKey: (key) => sealer.open('access-key-secret', [key.accountId, key.id], key.sealedSecret),
      ofSession: (session) =>
        sealer.open('session-secret', [session.accountId, session.accessKeyId], session.sealedSecret),
    },
    noteUse: (accessKeyId, door) => keyUses.note(accessKeyId, door),
    generation: rights,
    wallClock,
  })
  const jobSchedule: JobSchedule & CrlSchedule = {
    crlDue: (caId, at) => jobs.schedule('publishCrl', caId, at),
    responderDue: (caId, at) => jobs.schedule('certifyResponder', caId, at),
    endOfCa: (caId, dueAt) => jobs.schedule('endCa', caId, dueAt),
    destroyKey: (keyId, dueAt) => jobs.schedule('destroyKey', keyId, dueAt),
  }
  const deps = {
    accountRows: accountRows(db),
    cas: caStore(db),
    certificates: certificateStore(db),
    ledger: issuanceLedger(db),
    revocations: revocationStore(db),
    keyStore: keyStore(db),
    keys,
    audit,
    auditLog: auditLogStore(db),
    auditIdentity: () => auditIdentity(meta),
    iam,
    passwords,
    sealer,
    rights,
    principals,
    committer,
    domainClock,
    wallClock,
    publication: publicationAt(publicUrl),
    rootMarker,
    crlSchedule: jobSchedule,
    jobSchedule,
    nudgeJobs,
    clockMarks: meta,
    guards: guardStore(db),
    alarms: alarmStore(db),
    useMarks: new UseMarks({ store: useMarkStore(db), committer, domainClock }),
    useSources: sources,
  } satisfies OperationDeps
  const gate = new Gate({ ...deps, evidence: evidenceOf(deps), persons: principals, trail })
  const brake = new GuessBrake(memory.brake, wallClock)
  const throttledCalls: Counters = { throttled: () => undefined }
  const runner = new Runner<OperationDeps>({
    deps,
    limiter: unlimited ? { take: () => 0 } : limiterOver(memory, freshness, others),
    authorizer: principals,
    gate,
    trail,
    committer,
    counters: throttledCalls,
  })
  return {
    deps,
    runner,
    principals,
    gate,
    trail,
    jobs,
    meta,
    receipts: receiptStore(db),
    auditSigner: () => (signer ??= auditSigner({ meta, sealer, committer })),
    notices: noticeStore(db),
    responders: responderStore(db),
    revocationMarks,
    nonces: others ? noncesOfAll(others.nonces, nonces, sealer) : noncesOver(nonces, sealer),
    freshness,
    rights,
    brake,
    tokens: { iam, passwords, brake, principals, trail, committer, wallClock },
  }
}

/** A CRL may be kept by caches and verifiers until its nextUpdate. Nobody answers OCSP here. */
const sources: UseSources = { crl: 'cached', ocsp: 'cached', export: 'watched', download: 'cached' }

export type Thread = ReturnType<typeof compose>

const publicationAt = (publicUrl: string | undefined): Publication | undefined =>
  publicUrl === undefined
    ? undefined
    : {
        crlUrl: (caId) => `${publicUrl}/crl/${caId}.crl`,
        ocspUrl: (caId) => `${publicUrl}/ocsp/${caId}`,
        issuerUrl: (caId) => `${publicUrl}/ca/${caId}.cer`,
      }

function limiterOver(memory: SharedMemory, freshness: Freshness, others: OtherProcesses | undefined): RateLimiter {
  const exact = new SharedRateLimiter(memory.rateLimit, wallClock)
  if (!others) return exact
  const shares = new SharedShares(memory.rateShares)
  return new LeasedRateLimiter({ shares, exact, freshness, clock: processClock, ask: others.askForShare })
}

const maxKeyHashes = 10_000

/** Nonces are remembered as keyed hashes, so that neither memory nor database tells what clients sent. */
function noncesOver(nonces: SharedNonces, sealer: Sealer) {
  const keyHashes = new Map<string, number>()
  const keyHashOf = (accessKeyId: string): number => {
    let keyHash = keyHashes.get(accessKeyId)
    if (keyHash === undefined) {
      keyHash = sealer.keyedHash('nonce', Buffer.from(accessKeyId)).readUInt16BE()
      if (keyHashes.size >= maxKeyHashes) keyHashes.clear()
      keyHashes.set(accessKeyId, keyHash)
    }
    return keyHash
  }
  return {
    remember(accessKeyId, nonce, timestampMs) {
      const hash = sealer.keyedHash('nonce', Buffer.from(`${accessKeyId}\n${nonce}`))
      return { verdict: nonces.remember(hash, keyHashOf(accessKeyId), timestampMs), hash: hash.subarray(0, 16) }
    },
  } satisfies Nonces
}

/** This process's own memory first: it is quick, and it knows who has used up their room. */
function noncesOfAll(all: NonceLedger, nonces: SharedNonces, sealer: Sealer): Nonces {
  const own = noncesOver(nonces, sealer)
  return {
    async remember(accessKeyId, nonce, timestampMs) {
      const { verdict, hash } = own.remember(accessKeyId, nonce, timestampMs)
      if (verdict !== 'fresh') return { verdict, hash: undefined }
      const fresh = await all.remember(hash, timestampMs + 16 * minute)
      return { verdict: fresh ? 'fresh' : 'used', hash: undefined }
    },
  }
}
