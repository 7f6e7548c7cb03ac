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
  private readonly cells: BigInt64Array

  constructor(wall: Clock, memory: SharedArrayBuffer = DomainClock.memory()) {
    this.wall = wall
    this.cells = new BigInt64Array(memory)
  }

  /** Two cells: 0 the offset or the frozen instant in ms, 1 whether frozen. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(16)
  }

  now(): number {
    const value = Number(Atomics.load(this.cells, 0))
    return this.frozen() ? value : this.wall.now() + value
  }

  frozen(): boolean {
    return Atomics.load(this.cells, 1) === 1n
  }

  /** The value to keep for the next start: see {@link DomainClock.restore}. */
  state(): { value: number; frozen: boolean } {
    return { value: Number(Atomics.load(this.cells, 0)), frozen: this.frozen() }
  }

  restore(state: { value: number; frozen: boolean }): void {
    Atomics.store(this.cells, 0, BigInt(Math.trunc(state.value)))
    Atomics.store(this.cells, 1, state.frozen ? 1n : 0n)
  }
}
