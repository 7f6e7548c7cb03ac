import { createHash } from 'node:crypto'
import type { Clock, RateLimiter } from '../kernel/index.ts'

/**
 * Calls a second for one user and operation, exact over all threads of the process: in no second do more calls pass than
 * the limit says. Each pair has a slot in shared memory with the instants of its last calls; a call passes when the one
 * `perSecond` calls ago is a second old. Nothing here touches a database.
 *
 * A slot is: [tag, lock, gate, next position, newest instant, then `maxPerSecond` instants], instants in ms of the wall
 * clock. A slot whose newest instant is a second old is free for another pair; its tag stays, so that whoever was placed
 * behind it is still found. The gate of a pair's first slot lets one call of the pair at a time look for its place:
 * two would find two.
 */
const maxPerSecond = 100
const header = 5
const slotCells = header + maxPerSecond
const maxProbes = 64
const windowMs = 1_000

const tagCell = 0
const lockCell = 1
const gateCell = 2
const nextCell = 3
const newestCell = 4

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
    const home = Number(BigInt.asUintN(32, tag) % BigInt(this.slots))
    const gate = home * slotCells + gateCell
    this.lock(gate)
    try {
      const slot = this.lockedSlotOf(tag, home)
      if (slot === undefined) return windowMs // more pairs at once than there is room for: slower is safer than unlimited
      try {
        return this.takeFrom(slot, perSecond)
      } finally {
        this.unlock(slot + lockCell)
      }
    } finally {
      this.unlock(gate)
    }
  }

  /** The pair's slot, or the first free one made its own, locked. It may lie behind slots that are free by now. */
  private lockedSlotOf(tag: bigint, home: number): number | undefined {
    for (;;) {
      let free: number | undefined
      for (let probe = 0; probe < Math.min(maxProbes, this.slots); probe++) {
        const slot = ((home + probe) % this.slots) * slotCells
        const holder = Atomics.load(this.cells, slot + tagCell)
        if (holder === tag) {
          this.lock(slot + lockCell)
          if (this.cells[slot + tagCell] === tag) return slot
          this.unlock(slot + lockCell) // it had rested for a second, and another pair has just taken it over
        } else if (free === undefined && this.isFree(slot)) free = slot
        if (holder === 0n) break // never used: nobody was placed behind it
      }
      if (free === undefined) return undefined
      this.lock(free + lockCell)
      if (this.isFree(free)) {
        this.cells.fill(0n, free + nextCell, free + slotCells)
        Atomics.store(this.cells, free + tagCell, tag)
        return free
      }
      this.unlock(free + lockCell)
    }
  }

  private isFree(slot: number): boolean {
    if (Atomics.load(this.cells, slot + tagCell) === 0n) return true
    return this.clock.now() - Number(Atomics.load(this.cells, slot + newestCell)) >= windowMs
  }

  /** The time is read under the lock, so that a slot's instants stand in the order in which its calls passed. */
  private takeFrom(slot: number, perSecond: number): number {
    const now = this.clock.now()
    if (Number(this.cells[slot + newestCell]) > now) this.setBackTo(now, slot)
    const next = Number(this.cells[slot + nextCell])
    // The ring holds the last calls whatever the limit is, so that it may change from one call to the next.
    const before = slot + header + ((next - perSecond + maxPerSecond) % maxPerSecond)
    const age = next < perSecond ? windowMs : now - Number(this.cells[before])
    if (age < windowMs) return windowMs - age
    this.cells[slot + header + (next % maxPerSecond)] = BigInt(now)
    Atomics.store(this.cells, slot + newestCell, BigInt(now))
    this.cells[slot + nextCell] = BigInt(next + 1)
    return 0
  }

  /** The clock was set back: what has passed counts as having passed now, so that nobody waits longer than one window. */
  private setBackTo(now: number, slot: number): void {
    for (let cell = slot + newestCell; cell < slot + slotCells; cell++)
      if (Number(this.cells[cell]) > now) Atomics.store(this.cells, cell, BigInt(now))
  }

  private lock(cell: number): void {
    while (Atomics.compareExchange(this.cells, cell, 0n, 1n) !== 0n);
  }

  private unlock(cell: number): void {
    Atomics.store(this.cells, cell, 0n)
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
