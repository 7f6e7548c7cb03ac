import type { Clock } from '../kernel/index.ts'
import { minute } from '../kernel/index.ts'

export type NonceAnswer = 'fresh' | 'used' | 'full'

/**
 * Nonces that were seen, over all threads of the process. The time of a request is signed with its nonce, so a replay
 * carries the same time: an entry is worth remembering until that time leaves the window, and no longer.
 *
 * One table of 64-bit cells, open addressing. A cell holds 48 bits of a keyed hash and the minute (16 bits) at which the
 * request's time leaves the window; a cell whose minute has passed is free. Two different nonces are taken for one with
 * a chance of about probes / 2^48. Writes store their nonce in the database as well, so that a crash forgets nothing
 * that would matter.
 */
const maxProbes = 256
const keyCounters = 65_536
const windowMs = 15 * minute

/** 4 million cells (32 MB, touched only as they are used), and a counter for each of 65,536 groups of access keys and two windows. */
export const nonceMemory = (cells = 1 << 22): SharedArrayBuffer =>
  new SharedArrayBuffer(cells * 8 + keyCounters * 2 * 4)

export class SharedNonces {
  private readonly cells: BigInt64Array
  private readonly counts: Int32Array
  private readonly clock: Clock
  private readonly perKey: number

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    const tableBytes = memory.byteLength - keyCounters * 2 * 4
    this.cells = new BigInt64Array(memory, 0, tableBytes / 8)
    this.counts = new Int32Array(memory, tableBytes)
    this.clock = clock
    // One key may fill a quarter of the table, so that it cannot shut out the others.
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
    const counter = (Math.floor(nowMinute / 30) % 2) * keyCounters + (keyHash & (keyCounters - 1))
    if (Atomics.load(this.counts, counter) >= this.perKey) return 'full'

    const mark = BigInt(lastMinute & 0xffff)
    const entry = BigInt.asIntN(64, (view.getBigUint64(0) & ~0xffffn) | mark)
    let at = view.getUint32(8) % this.cells.length
    for (let probe = 0; probe < maxProbes; probe++, at = (at + 1) % this.cells.length) {
      for (;;) {
        const seen = Atomics.load(this.cells, at)
        if (seen === entry) return 'used'
        if (seen !== 0n && !hasPassed(Number(BigInt.asUintN(16, seen)), nowMinute)) break
        if (Atomics.compareExchange(this.cells, at, seen, entry) === seen) {
          this.countIn(counter, nowMinute)
          return 'fresh'
        }
      }
    }
    return 'full'
  }

  /** The counters of the window before are cleared when the first nonce of a new one comes in. */
  private countIn(counter: number, nowMinute: number): void {
    if (Atomics.add(this.counts, counter, 1) > 0) return
    const other = ((Math.floor(nowMinute / 30) + 1) % 2) * keyCounters + (counter % keyCounters)
    Atomics.store(this.counts, other, 0)
  }
}

/** Minutes are compared modulo 2^16 (45 days): an entry lies at most 31 minutes ahead. */
const hasPassed = (mark: number, nowMinute: number): boolean => {
  const ahead = (mark - nowMinute) & 0xffff
  return ahead === 0 || ahead > 64
}
