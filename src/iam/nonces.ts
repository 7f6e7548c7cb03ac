import type { Clock } from '../kernel/index.ts'
import { minute } from '../kernel/index.ts'

export type NonceAnswer = 'fresh' | 'used' | 'full'

/**
 * Nonces that were seen, over all threads of the process. The time of a request is signed with its nonce, so a replay
 * carries the same time: an entry is worth remembering until that time leaves the window, and no longer.
 *
 * One table of 64-bit cells, open addressing. A cell holds 48 bits of a keyed hash and the minute (16 bits) at which the
 * request's time leaves the window; a cell whose minute has passed is free, but what was placed behind it may not have
 * passed, so the look-up goes on to a cell that was never used. Two different nonces are taken for one with a chance of
 * about probes / 2^48. Writes store their nonce in the database as well, so that a crash forgets nothing that would
 * matter.
 */
const maxProbes = 256
const keyCounters = 65_536
const lockCount = 1_024
const windowMs = 15 * minute
const countedMinutes = 30

/** 4 million cells (32 MB, touched only as they are used), a counter for each of 65,536 groups of access keys, and locks. */
export const nonceMemory = (cells = 1 << 22): SharedArrayBuffer =>
  new SharedArrayBuffer(cells * 8 + keyCounters * 8 + lockCount * 4)

export class SharedNonces {
  private readonly cells: BigInt64Array
  /** The number of a half-hour in the upper 32 bits, how many nonces came in it in the lower. */
  private readonly counts: BigInt64Array
  private readonly locks: Int32Array
  private readonly clock: Clock
  private readonly perKey: number

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    const tableBytes = memory.byteLength - keyCounters * 8 - lockCount * 4
    this.cells = new BigInt64Array(memory, 0, tableBytes / 8)
    this.counts = new BigInt64Array(memory, tableBytes, keyCounters)
    this.locks = new Int32Array(memory, tableBytes + keyCounters * 8, lockCount)
    this.clock = clock
    // One key may fill a quarter of the table in half an hour, so that it cannot shut out the others.
    this.perKey = Math.floor(this.cells.length / 4)
  }

  /**
   * Call only after the signature held, so that nobody can burn the nonces of others.
   * @param hash at least 16 bytes, keyed, over access key id and nonce
   * @param keyHash any 16 bits that go with the access key
   * @param timestampMs the signed time of the request
   */
  remember(hash: Uint8Array, keyHash: number, timestampMs: number): NonceAnswer {
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
    const nowMinute = Math.floor(this.clock.now() / minute)
    const lastMinute = Math.floor((timestampMs + windowMs) / minute) + 1
    const halfHour = Math.floor(nowMinute / countedMinutes)
    const key = keyHash & (keyCounters - 1)
    if (countedIn(halfHour, Atomics.load(this.counts, key)) >= this.perKey) return 'full'

    const mark = BigInt(lastMinute & 0xffff)
    const entry = BigInt.asIntN(64, (view.getBigUint64(0) & ~0xffffn) | mark)
    const home = view.getUint32(8) % this.cells.length
    // Of two calls with the same nonce at once, the second looks when the first has its place.
    const lock = home % lockCount
    while (Atomics.compareExchange(this.locks, lock, 0, 1) !== 0);
    let answer: NonceAnswer
    try {
      answer = this.place(entry, home, nowMinute)
    } finally {
      Atomics.store(this.locks, lock, 0)
    }
    if (answer === 'fresh') this.countIn(key, halfHour)
    return answer
  }

  private place(entry: bigint, home: number, nowMinute: number): NonceAnswer {
    for (;;) {
      let free: number | undefined
      let held = 0n
      for (let probe = 0; probe < Math.min(maxProbes, this.cells.length); probe++) {
        const at = (home + probe) % this.cells.length
        const seen = Atomics.load(this.cells, at)
        if (seen === entry) return 'used'
        if (free === undefined && (seen === 0n || hasPassed(Number(BigInt.asUintN(16, seen)), nowMinute))) {
          free = at
          held = seen
        }
        if (seen === 0n) break
      }
      if (free === undefined) return 'full'
      if (Atomics.compareExchange(this.cells, free, held, entry) === held) return 'fresh'
    }
  }

  private countIn(key: number, halfHour: number): void {
    for (;;) {
      const was = Atomics.load(this.counts, key)
      const next = (BigInt(halfHour) << 32n) | BigInt(countedIn(halfHour, was) + 1)
      if (Atomics.compareExchange(this.counts, key, was, next) === was) return
    }
  }
}

/** What a counter says of this half-hour; of another one it says nothing. */
const countedIn = (halfHour: number, counter: bigint): number =>
  Number(counter >> 32n) === halfHour ? Number(counter & 0xffff_ffffn) : 0

/** Minutes are compared modulo 2^16 (45 days): an entry lies at most 31 minutes ahead. */
const hasPassed = (mark: number, nowMinute: number): boolean => {
  const ahead = (mark - nowMinute) & 0xffff
  return ahead === 0 || ahead > 64
}
