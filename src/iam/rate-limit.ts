import { createHash } from 'node:crypto'
import type { Clock, RateLimiter } from '../kernel/index.ts'

/**
 * Calls a second for one user and operation, exact over all threads of the process: in no second do more calls pass than
 * the limit says. Each pair has a slot in shared memory with the instants of its last calls; a call passes when the one
 * `perSecond` calls ago is a second old. Nothing here touches a database.
 *
 * A slot is: [tag, lock, next position, newest instant, then `maxPerSecond` instants], instants in ms of the wall clock.
 * A slot whose newest instant is over a second old is free for another pair.
 */
const maxPerSecond = 100
const header = 4
const slotCells = header + maxPerSecond
const maxProbes = 64
const windowMs = 1_000

const tagCell = 0
const lockCell = 1
const nextCell = 2
const newestCell = 3

/** 4,096 pairs that call within the same second; 3.4 MB, of which only used pages are ever touched. */
export const rateLimitMemory = (slots = 4_096): SharedArrayBuffer => new SharedArrayBuffer(slots * slotCells * 8)

export class SharedRateLimiter implements RateLimiter {
  private readonly cells: BigInt64Array
  private readonly slots: number
  private readonly clock: Clock
  private readonly tags = new Map<string, bigint>()

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.cells = new BigInt64Array(memory)
    this.slots = this.cells.length / slotCells
    this.clock = clock
  }

  take(userId: string, operationName: string, perSecond: number): number {
    if (perSecond > maxPerSecond) throw new Error(`limits above ${maxPerSecond} a second need longer slots`)
    const tag = this.tagOf(`${userId} ${operationName}`)
    const now = this.clock.now()
    let at = Number(BigInt.asUintN(32, tag) % BigInt(this.slots))
    for (let probe = 0; probe < maxProbes; probe++, at = (at + 1) % this.slots) {
      const slot = at * slotCells
      this.lock(slot)
      try {
        const holder = this.cells[slot + tagCell]
        if (holder !== tag) {
          // Another pair's slot is passed over while that pair is still within its second.
          if (holder !== 0n && now - Number(this.cells[slot + newestCell]) < windowMs) continue
          this.cells.fill(0n, slot + nextCell, slot + slotCells)
          this.cells[slot + tagCell] = tag
        }
        return this.takeFrom(slot, perSecond, now)
      } finally {
        this.unlock(slot)
      }
    }
    return windowMs // more pairs at once than there is room for: slower is safer than unlimited
  }

  private takeFrom(slot: number, perSecond: number, now: number): number {
    const next = Number(this.cells[slot + nextCell])
    const oldest = slot + header + (next % perSecond)
    const age = now - Number(this.cells[oldest])
    // A clock that was set back makes ages negative; such a call waits for one window at most.
    if (age < windowMs) return Math.min(windowMs, windowMs - age)
    this.cells[oldest] = BigInt(now)
    this.cells[slot + newestCell] = BigInt(now)
    this.cells[slot + nextCell] = BigInt(next + 1)
    return 0
  }

  private lock(slot: number): void {
    while (Atomics.compareExchange(this.cells, slot + lockCell, 0n, 1n) !== 0n);
  }

  private unlock(slot: number): void {
    Atomics.store(this.cells, slot + lockCell, 0n)
  }

  private tagOf(pair: string): bigint {
    let tag = this.tags.get(pair)
    if (tag === undefined) {
      tag = createHash('sha256').update(pair).digest().readBigInt64BE() | 1n // never 0: that is an empty slot
      if (this.tags.size >= 10_000) this.tags.clear()
      this.tags.set(pair, tag)
    }
    return tag
  }
}
