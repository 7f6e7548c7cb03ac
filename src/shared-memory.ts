import { brakeMemory, nonceMemory, rateLimitMemory, rightsMemory } from './iam/index.ts'
import { DomainClock } from './kernel/index.ts'
import { freshnessMemory, shareMemory } from './processes/index.ts'
import { revocationMarksMemory } from './revocation/index.ts'

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
  /** Of the emulator: one cell, whether doors are strict. */
  strict: SharedArrayBuffer
  /** Which CAs have revoked something, and since when that is known. */
  revocationMarks: SharedArrayBuffer
}

/** The emulator's strict mode, as all threads see it; without an emulator it stays off. */
export function strictnessIn({ strict }: Pick<SharedMemory, 'strict'>) {
  const cell = new Int32Array(strict)
  return {
    get: (): boolean => Atomics.load(cell, 0) === 1,
    set: (on: boolean): void => void Atomics.store(cell, 0, on ? 1 : 0),
  }
}

export const newSharedMemory = (): SharedMemory => ({
  domainClock: DomainClock.memory(),
  rateLimit: rateLimitMemory(),
  nonces: nonceMemory(),
  rights: rightsMemory(),
  freshness: freshnessMemory(),
  rateShares: shareMemory(),
  brake: brakeMemory(),
  strict: new SharedArrayBuffer(4),
  revocationMarks: revocationMarksMemory(),
})
