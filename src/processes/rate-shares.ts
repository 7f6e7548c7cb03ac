import { createHash } from 'node:crypto'
import type { Clock, RateLimiter } from '../kernel/index.ts'
import type { SharedRateLimiter } from '../iam/index.ts'
import type { Freshness } from './freshness.ts'

/**
 * The shares of this process, seen by all its threads: a few calls a second for each user and operation that has called
 * lately. Written by the main thread (rate-leases.ts); threads count the calls in it.
 *
 * An entry is [tag, share, calls, newest call]. A tag of 0 is nobody's.
 */
const entryCells = 4
const tagCell = 0
const shareCell = 1
const callsCell = 2
const newestCell = 3

export const windowMs = 1_000

/** 4,096 pairs that call within the same seconds. */
export const shareMemory = (entries = 4_096): SharedArrayBuffer => new SharedArrayBuffer(entries * entryCells * 8)

export class SharedShares {
  private readonly cells: BigInt64Array
  readonly entries: number

  constructor(memory: SharedArrayBuffer) {
    this.cells = new BigInt64Array(memory)
    this.entries = this.cells.length / entryCells
  }

  tag(entry: number): bigint {
    return Atomics.load(this.cells, entry * entryCells + tagCell)
  }

  setTag(entry: number, tag: bigint): void {
    Atomics.store(this.cells, entry * entryCells + tagCell, tag)
  }

  share(entry: number): number {
    return Number(Atomics.load(this.cells, entry * entryCells + shareCell))
  }

  setShare(entry: number, share: number): void {
    Atomics.store(this.cells, entry * entryCells + shareCell, BigInt(share))
  }

  /** How many calls there were, passed or refused, since ever. */
  calls(entry: number): number {
    return Number(Atomics.load(this.cells, entry * entryCells + callsCell))
  }

  newest(entry: number): number {
    return Number(Atomics.load(this.cells, entry * entryCells + newestCell))
  }

  count(entry: number, now: number): void {
    Atomics.add(this.cells, entry * entryCells + callsCell, 1n)
    this.touch(entry, now)
  }

  touch(entry: number, now: number): void {
    Atomics.store(this.cells, entry * entryCells + newestCell, BigInt(now))
  }
}

/** What a thread asks of the main thread when a user comes with an operation for the first time in a while. */
export interface ShareRequest {
  userId: string
  operationName: string
  perSecond: number
}

/** A name of the pair that all processes make alike. */
export const pairKey = (userId: string, operationName: string): Buffer =>
  createHash('sha256').update(`${userId} ${operationName}`).digest().subarray(0, 16)

export const tagOf = (pair: Buffer): bigint => pair.readBigInt64BE() | 1n // never 0: that is nobody's

const maxRemembered = 10_000

/**
 * Keeps the limit of a user and operation over all processes: each holds a share of it, and lets no more pass in any second.
 * The first call of a pair waits for a share; after that nothing here touches a database.
 */
export class LeasedRateLimiter implements RateLimiter {
  private readonly shares: SharedShares
  private readonly exact: SharedRateLimiter
  private readonly freshness: Freshness
  private readonly clock: Clock
  private readonly ask: (request: ShareRequest) => Promise<number | undefined>
  private readonly known = new Map<string, { entry: number; tag: bigint }>()

  /** @param parts.ask the main thread's {@link import('./rate-leases.ts').RateLeases.lease} */
  constructor(parts: {
    shares: SharedShares
    exact: SharedRateLimiter
    freshness: Freshness
    clock: Clock
    ask: (request: ShareRequest) => Promise<number | undefined>
  }) {
    this.shares = parts.shares
    this.exact = parts.exact
    this.freshness = parts.freshness
    this.clock = parts.clock
    this.ask = parts.ask
  }

  take(userId: string, operationName: string, perSecond: number): number | Promise<number> {
    const request = { userId, operationName, perSecond }
    return this.takeKnown(request) ?? this.takeAsked(request)
  }

  private async takeAsked(request: ShareRequest): Promise<number> {
    const entry = await this.ask(request)
    if (entry === undefined) return windowMs // more pairs at once than there is room for
    const tag = tagOf(pairKey(request.userId, request.operationName))
    if (this.known.size >= maxRemembered) this.known.clear()
    this.known.set(`${request.userId} ${request.operationName}`, { entry, tag })
    return this.takeKnown(request) ?? windowMs
  }

  /** Undefined when this process has no entry for the pair. */
  private takeKnown({ userId, operationName }: ShareRequest): number | undefined {
    const known = this.known.get(`${userId} ${operationName}`)
    if (known === undefined || this.shares.tag(known.entry) !== known.tag) return undefined
    // Counted first and looked at again: the main thread takes an entry away, and then looks whether it was in use.
    this.shares.count(known.entry, this.clock.now())
    if (this.shares.tag(known.entry) !== known.tag) return undefined
    const share = this.freshness.leaseHolds() ? this.shares.share(known.entry) : 0
    return share > 0 ? this.exact.take(userId, operationName, share) : windowMs
  }
}
