import { quarantineMemory } from './backup/index.ts'
import { brakeMemory, nonceMemory, rateLimitMemory, rightsMemory } from './iam/index.ts'
import { DomainClock } from './kernel/index.ts'
import { freshnessMemory, shareMemory } from './processes/index.ts'

/** What all threads of the process see at once. */
export interface SharedMemory {
  domainClock: SharedArrayBuffer
  rateLimit: SharedArrayBuffer
  nonces: SharedArrayBuffer
  rights: SharedArrayBuffer
  /** With several processes on one database: how this one stands among them. */
  freshness: SharedArrayBuffer
  rateShares: SharedArrayBuffer
  brake: SharedArrayBuffer
  quarantine: SharedArrayBuffer
}

export const newSharedMemory = (): SharedMemory => ({
  domainClock: DomainClock.memory(),
  rateLimit: rateLimitMemory(),
  nonces: nonceMemory(),
  rights: rightsMemory(),
  freshness: freshnessMemory(),
  rateShares: shareMemory(),
  brake: brakeMemory(),
  quarantine: quarantineMemory(),
})
