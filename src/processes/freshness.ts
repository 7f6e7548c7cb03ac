import type { Clock } from '../kernel/index.ts'
import { RightsGeneration } from '../iam/index.ts'

/** Rights that were changed in another process are noticed within this; older knowledge is not used. */
const rightsFreshMs = 900

const leaseCell = 0
const rightsCell = 1

export const freshnessMemory = (): SharedArrayBuffer => new SharedArrayBuffer(16)

/**
 * What the threads of a process know of its standing among the others: whether it still holds its lease, and when it last
 * looked for changes. Written by the main thread alone. If that is late, or the database is away, time runs out by itself.
 */
export class Freshness {
  private readonly cells: BigInt64Array
  private readonly clock: Clock

  /** @param clock one for all threads */
  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.cells = new BigInt64Array(memory)
    this.clock = clock
  }

  /** Others may take over what this process held when this is false. */
  leaseHolds(): boolean {
    return this.clock.now() < Number(Atomics.load(this.cells, leaseCell))
  }

  rightsAreFresh(): boolean {
    return this.clock.now() < Number(Atomics.load(this.cells, rightsCell)) + rightsFreshMs
  }

  leaseUntil(instant: number): void {
    Atomics.store(this.cells, leaseCell, BigInt(Math.floor(instant)))
  }

  /** @param instant when the look began that saw these rights */
  rightsSeenAt(instant: number): void {
    Atomics.store(this.cells, rightsCell, BigInt(Math.floor(instant)))
  }
}

/** The generation of rights over all processes: nothing is remembered on the word of a look that is too long ago. */
export class RightsOfAllProcesses extends RightsGeneration {
  private readonly freshness: Freshness

  constructor(memory: SharedArrayBuffer, freshness: Freshness) {
    super(memory)
    this.freshness = freshness
  }

  override current(): number {
    if (!this.freshness.rightsAreFresh()) this.raise()
    return super.current()
  }
}
