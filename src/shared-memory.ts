import { brakeMemory, nonceMemory, rateLimitMemory, rightsMemory } from './iam/index.ts'
import { DomainClock } from './kernel/index.ts'

/** What all threads of the process see at once. */
export interface SharedMemory {
  domainClock: SharedArrayBuffer
  rateLimit: SharedArrayBuffer
  nonces: SharedArrayBuffer
  rights: SharedArrayBuffer
  brake: SharedArrayBuffer
}

export const newSharedMemory = (): SharedMemory => ({
  domainClock: DomainClock.memory(),
  rateLimit: rateLimitMemory(),
  nonces: nonceMemory(),
  rights: rightsMemory(),
  brake: brakeMemory(),
})
