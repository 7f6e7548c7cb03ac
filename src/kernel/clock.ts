/**
 * Two clocks (design 2). The wall clock serves signatures, nonces, TLS and rate limits; the domain clock serves life
 * cycles. Both are read through this interface and nowhere else, so that an emulator can move one without the other.
 */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
}

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** The host's clock. */
export const wallClock: Clock = { now: () => Date.now() }

/** Milliseconds that only ever grow, from an unknown start; for durations and for noticing jumps of the wall clock. */
export const monotonicClock: Clock = { now: () => performance.now() }

/**
 * The domain clock: the wall clock moved by an offset that all threads share. Without an emulator the offset stays zero.
 * A frozen clock stands still: its cell then holds the frozen instant instead of an offset.
 */
export class DomainClock implements Clock {
  private readonly wall: Clock
  private readonly cell: BigInt64Array

  constructor(wall: Clock, memory: SharedArrayBuffer = DomainClock.memory()) {
    this.wall = wall
    this.cell = new BigInt64Array(memory)
  }

  /** One cell, so that no thread ever sees half a change: the offset or the frozen instant in ms, shifted left by one, and whether frozen in the lowest bit. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8)
  }

  now(): number {
    const { value, frozen } = this.state()
    return frozen ? value : this.wall.now() + value
  }

  frozen(): boolean {
    return this.state().frozen
  }

  /** The value to keep for the next start: see {@link DomainClock.restore}. */
  state(): { value: number; frozen: boolean } {
    const packed = Atomics.load(this.cell, 0)
    return { value: Number(packed >> 1n), frozen: (packed & 1n) === 1n }
  }

  restore({ value, frozen }: { value: number; frozen: boolean }): void {
    Atomics.store(this.cell, 0, (BigInt(Math.trunc(value)) << 1n) | (frozen ? 1n : 0n))
  }
}
