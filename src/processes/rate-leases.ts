import type { Clock } from '../kernel/index.ts'
import { pairKey, tagOf, windowMs, type ShareRequest, type SharedShares } from './rate-shares.ts'
import type { RateShareStore } from './store.ts'

/** A pair that nobody has called for so long is given up. */
const idleMs = 3 * windowMs
/** Beyond what was called in the last second: so that a rising rate meets a share that is there already. */
const headroom = 1.25

interface Held {
  pair: Buffer
  entry: number
  limit: number
  /** In the database: nobody else has it. */
  share: number
  /** In the database: what others see that we would like. */
  wanted: number
  /** What the threads keep to; never above `share`. */
  keptTo: number
  loweredAt: number
  /** Calls counted at the last looks, oldest first. */
  calls: { at: number; count: number }[]
}

/**
 * The shares of this process, in the main thread. They are taken ahead of need and given back off the path of any call: each
 * look compares what was called with what is held. To give something back, the threads first keep to less, and a window
 * later it is told to the others; so in no second do all of them together let more pass than the limit.
 */
export class RateLeases {
  private readonly store: RateShareStore
  private readonly id: string
  private readonly shares: SharedShares
  private readonly clock: Clock
  private readonly held = new Map<string, Held>()
  private readonly asked = new Map<string, Promise<number | undefined>>()
  private readonly free: number[]
  private processes = 1
  private givingUp: Promise<void> = Promise.resolve()

  constructor(parts: { store: RateShareStore; id: string; shares: SharedShares; clock: Clock }) {
    this.store = parts.store
    this.id = parts.id
    this.shares = parts.shares
    this.clock = parts.clock
    this.free = Array.from({ length: this.shares.entries }, (_, entry) => entry)
  }

  /** The entry of a pair, with a share if there is one to be had; undefined when there is no room. */
  lease(request: ShareRequest): Promise<number | undefined> {
    const pair = pairKey(request.userId, request.operationName)
    const name = pair.toString('hex')
    const held = this.held.get(name)
    if (held) return Promise.resolve(held.entry)
    let asked = this.asked.get(name)
    if (!asked) {
      asked = this.take(pair, name, request.perSecond).finally(() => this.asked.delete(name))
      this.asked.set(name, asked)
    }
    return asked
  }

  /** To be called a few times a second. @param processes how many share the limits */
  async look(processes: number): Promise<void> {
    this.processes = processes
    await this.giveUpIdle()
    if (this.held.size === 0) return
    const now = this.clock.now()
    for (const held of this.held.values()) {
      held.calls.push({ at: now, count: this.shares.calls(held.entry) })
      while (held.calls.length > 1 && held.calls[0]!.at < now - windowMs) held.calls.shift()
    }
    // With nobody else there is nothing to divide.
    const others = new Map<string, { held: number; wanted: number }>()
    if (processes > 1)
      for (const { pair, ...rest } of await this.store.others(
        this.id,
        [...this.held.values()].map(({ pair }) => pair),
      ))
        others.set(Buffer.from(pair).toString('hex'), rest)
    for (const [name, held] of this.held) await this.adjust(held, others.get(name) ?? { held: 0, wanted: 0 })
  }

  /** The lease of the process had ended: whatever it held may be somebody else's by now. */
  async reset(): Promise<void> {
    for (const { entry } of this.held.values()) this.vacate(entry)
    this.held.clear()
    await this.store.giveUpAll(this.id)
  }

  private async take(pair: Buffer, name: string, limit: number): Promise<number | undefined> {
    const entry = this.free.pop()
    if (entry === undefined) return undefined
    try {
      await this.givingUp // or it would take away what is claimed here
      const wanted = this.processes > 1 ? this.fairPart(limit) : limit
      const share = await this.store.claim(pair, this.id, wanted, limit)
      this.held.set(name, { pair, entry, limit, share, wanted, keptTo: share, loweredAt: 0, calls: [] })
      this.shares.setShare(entry, share)
      this.shares.touch(entry, this.clock.now())
      this.shares.setTag(entry, tagOf(pair))
      return entry
    } catch (error) {
      this.free.push(entry)
      throw error
    }
  }

  private fairPart(limit: number): number {
    return Math.max(1, Math.floor(limit / this.processes))
  }

  private async adjust(held: Held, others: { held: number; wanted: number }): Promise<void> {
    const { limit } = held
    let wanted = limit
    if (this.processes > 1) {
      const called = held.calls.at(-1)!.count - held.calls[0]!.count
      wanted = Math.min(limit, Math.max(this.fairPart(limit), Math.ceil(called * headroom) + 1))
      const starving = others.wanted > others.held && held.share + others.held >= limit
      if (starving) wanted = Math.min(wanted, Math.max(this.fairPart(limit), limit - others.wanted))
    }
    if (wanted > held.share) {
      // Asked for again only when there is something to be had, or the others should hear of it.
      if (held.share + others.held < limit || held.wanted !== wanted) await this.claim(held, wanted)
      this.keepTo(held, held.share)
      return
    }
    this.keepTo(held, wanted)
    if (held.share > wanted && this.clock.now() - held.loweredAt > windowMs) await this.claim(held, wanted)
  }

  private async claim(held: Held, wanted: number): Promise<void> {
    held.share = await this.store.claim(held.pair, this.id, wanted, held.limit)
    held.wanted = wanted
  }

  private keepTo(held: Held, share: number): void {
    if (share === held.keptTo) return
    this.shares.setShare(held.entry, share)
    // A tick more than now: a thread may have read the old share in this very millisecond.
    if (share < held.keptTo) held.loweredAt = this.clock.now() + 1
    held.keptTo = share
  }

  /** Calls that come from here on ask for a new share. One that was counted just before keeps the entry alive. */
  private async giveUpIdle(): Promise<void> {
    const idle: Held[] = []
    for (const [name, held] of this.held) {
      if (this.isUsed(held.entry)) continue
      this.shares.setTag(held.entry, 0n)
      if (this.isUsed(held.entry)) this.shares.setTag(held.entry, tagOf(held.pair))
      else {
        this.held.delete(name)
        idle.push(held)
      }
    }
    if (idle.length === 0) return
    for (const { entry } of idle) this.vacate(entry)
    const given = this.store.giveUp(
      this.id,
      idle.map(({ pair }) => pair),
    )
    this.givingUp = given.catch(() => undefined)
    await given
  }

  private isUsed(entry: number): boolean {
    return this.clock.now() - this.shares.newest(entry) < idleMs
  }

  private vacate(entry: number): void {
    this.shares.setTag(entry, 0n)
    this.shares.setShare(entry, 0)
    this.free.unshift(entry) // used again last
  }
}
