import { auditTrail } from './audit/index.ts'
import type { Nonces, OperationDeps } from './api/index.ts'
import type { JobSchedule } from './end-of-life/index.ts'
import { Principals, RightsGeneration, SharedNonces, SharedRateLimiter } from './iam/index.ts'
import type { Publication } from './issuance/index.ts'
import { DomainClock, Runner, wallClock, type Committer, type Counters } from './kernel/index.ts'
import { Passwords, Sealer, SealedProvider, type Keyring, type MasterKey } from './keys/index.ts'
import type { SharedMemory } from './shared-memory.ts'
import {
  accountRows,
  auditStore,
  caStore,
  certificateStore,
  iamStore,
  issuanceLedger,
  jobStore,
  keyStore,
  metaStore,
  revocationStore,
  type Database,
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
}

/** The one object graph, made anew in each thread over what the threads share: memory, database files, keyring. */
export function compose({ db, masterKey, keyring, memory, publicUrl, rootMarker, unlimited, nudgeJobs }: ThreadParts) {
  const domainClock = new DomainClock(wallClock, memory.domainClock)
  const sealer = new Sealer({ current: masterKey })
  const committer: Committer = db
  const rights = new RightsGeneration(memory.rights)
  const iam = iamStore(db)
  const jobs = jobStore(db)
  const audit = auditStore(db)
  const trail = auditTrail(audit, domainClock)
  const passwords = new Passwords()
  const principals = new Principals({
    store: iam,
    openSecret: (key) => sealer.open('access-key-secret', [key.accountId, key.id], key.sealedSecret),
    generation: rights,
    wallClock,
  })
  const jobSchedule: JobSchedule & { crlDue: (caId: string, at: number) => ReturnType<typeof jobs.schedule> } = {
    crlDue: (caId, at) => jobs.schedule('publishCrl', caId, at),
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
    keys: new SealedProvider({ keyring }),
    audit,
    iam,
    passwords,
    sealer,
    rights,
    committer,
    domainClock,
    publication: publicationAt(publicUrl),
    rootMarker,
    crlSchedule: jobSchedule,
    jobSchedule,
    nudgeJobs,
    clockMarks: metaStore(db),
  } satisfies OperationDeps
  const throttledCalls: Counters = { throttled: () => undefined }
  const runner = new Runner<OperationDeps>({
    deps,
    limiter: unlimited ? { take: () => 0 } : new SharedRateLimiter(memory.rateLimit, wallClock),
    authorizer: principals,
    trail,
    committer,
    counters: throttledCalls,
  })
  return {
    deps,
    runner,
    principals,
    trail,
    jobs,
    meta: metaStore(db),
    nonces: noncesOver(new SharedNonces(memory.nonces, wallClock), sealer),
    tokens: { iam, passwords, principals, trail, committer, wallClock },
  }
}

export type Thread = ReturnType<typeof compose>

const publicationAt = (publicUrl: string | undefined): Publication | undefined =>
  publicUrl === undefined
    ? undefined
    : {
        crlUrl: (caId) => `${publicUrl}/crl/${caId}.crl`,
        issuerUrl: (caId) => `${publicUrl}/ca/${caId}.cer`,
      }

/** Nonces are remembered as keyed hashes, so that neither memory nor database tells what clients sent. */
const noncesOver = (nonces: SharedNonces, sealer: Sealer): Nonces => ({
  remember(accessKeyId, nonce, timestampMs) {
    const hash = sealer.keyedHash('nonce', Buffer.from(`${accessKeyId}\n${nonce}`))
    const keyHash = sealer.keyedHash('nonce', Buffer.from(accessKeyId)).readUInt16BE()
    return { verdict: nonces.remember(hash, keyHash, timestampMs), hash: hash.subarray(0, 16) }
  },
})
