import type { Clock } from '../kernel/index.ts'
import type { RightsGeneration } from '../iam/index.ts'
import type { Freshness } from './freshness.ts'
import type { RateLeases } from './rate-leases.ts'
import type { ProcessStore, Stage } from './store.ts'

const lookEveryMs = 200
const holdEveryMs = 2_000
/** A process believes in its lease for less time than the others do, by more than a window of the rate limits. */
export const leaseMs = 12_000
const believedMs = 10_000
const confirmEveryMs = 50
const confirmWithinMs = 30_000

export interface KeeperParts {
  id: string
  store: ProcessStore
  freshness: Freshness
  rights: RightsGeneration
  rates: RateLeases
  /** One for all threads, see {@link import('./process-clock.ts').processClock}. */
  clock: Clock
  /** Resolve when no thread of this process holds the key, or any key, any more. */
  forgetHere: (keyId: string) => Promise<void>
  forgetAllHere: () => Promise<void>
  /** Whether the keyring, as this process sees it, holds nothing of the key. */
  absentHere: (keyId: string) => Promise<boolean>
  /** What this process has begun with, and what to do when another has set it. */
  emulatorClock: string | undefined
  emulatorClockChanged: (value: string) => void
  sleep: (ms: number) => Promise<void>
  /** Something is wrong between this process and the others, and will be tried again. */
  alarm: (message: string, facts: Readonly<Record<string, unknown>>) => void
}

/**
 * One process among several on a database: holds a lease, looks a few times a second what the others have done, and does
 * its part when a key is to be destroyed. All in the main thread.
 */
export class ProcessKeeper {
  private readonly parts: KeeperParts
  private holdAt = 0
  private seenRights: string | undefined
  private seenClock: string | undefined
  private clockChanges = 0
  private databaseAheadMs = 0
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> | undefined
  private confirming: Promise<void> | undefined
  private stopped = false
  private failing = false

  constructor(parts: KeeperParts) {
    this.parts = parts
    this.seenClock = parts.emulatorClock
  }

  /** The database's clock as this process knows it: the same for all, whatever their own clocks show. */
  readonly databaseClock: Clock = { now: () => Math.floor(this.parts.clock.now() + this.databaseAheadMs) }

  /** The first lease and the first look, before anything else of this process reads or signs. */
  async start(): Promise<void> {
    await this.look()
    this.again()
  }

  /** Ends the lease; the others need not wait for it to run out. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.looking
    await this.confirming
    await this.parts.store.leave(this.parts.id)
  }

  /** This process has changed the emulator's clock, and does not need to be told of it. */
  clockWasSet(): void {
    this.clockChanges++
  }

  /** Resolves when every process has confirmed that it holds the key no more, or its lease has ended. */
  async forgetEverywhere(keyId: string): Promise<void> {
    await this.parts.forgetHere(keyId)
    await this.confirmedByAll(keyId, 'forgotten')
  }

  /**
   * After the destruction: resolves when every process has once more let go of the key and finds nothing of it in its
   * keyring. One that looks into a copy of the keyring still finds it: then this fails, as it must.
   */
  async absentEverywhere(keyId: string): Promise<void> {
    await this.parts.forgetHere(keyId)
    if (!(await this.parts.absentHere(keyId))) throw new Error(`key ${keyId} is still in the keyring`)
    await this.confirmedByAll(keyId, 'absent')
  }

  private async confirmedByAll(keyId: string, stage: Stage): Promise<void> {
    const { store, id, clock, sleep } = this.parts
    await store.confirm(keyId, id, stage)
    const until = clock.now() + confirmWithinMs
    for (;;) {
      const missing = await store.unconfirmed(keyId, stage)
      if (missing.length === 0) return
      if (clock.now() > until)
        throw new Error(`not every process has confirmed that key ${keyId} is ${stage}: ${missing.join(', ')}`)
      await sleep(confirmEveryMs)
    }
  }

  private again(): void {
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.looking = this.look()
        .then(() => (this.failing = false))
        .catch((error: unknown) => this.lookFailed(error))
        .then(() => this.again())
    }, lookEveryMs)
  }

  private lookFailed(error: unknown): void {
    // Rights go stale and the lease runs out by themselves; the operator hears of it once.
    if (!this.failing)
      this.parts.alarm('the other processes cannot be seen', {
        error: error instanceof Error ? error.message : String(error),
      })
    this.failing = true
  }

  private async look(): Promise<void> {
    const { store, freshness, rights, rates, clock } = this.parts
    if (clock.now() >= this.holdAt || !freshness.leaseHolds()) await this.hold()
    const began = clock.now()
    const clockChanges = this.clockChanges
    const glance = await store.glance()
    if (glance.rights !== this.seenRights) rights.raise()
    this.seenRights = glance.rights
    freshness.rightsSeenAt(began)
    if (glance.emulatorClock !== undefined && clockChanges === this.clockChanges) this.clockSeen(glance.emulatorClock)
    if (glance.condemnedKeys > 0)
      this.confirming ??= this.confirmCondemned()
        .catch((error: unknown) =>
          this.parts.alarm('a key could not be confirmed as forgotten', { error: String(error) }),
        )
        .finally(() => (this.confirming = undefined))
    await rates.look(glance.processes)
  }

  private clockSeen(value: string): void {
    if (this.seenClock === value) return
    this.seenClock = value
    this.parts.emulatorClockChanged(value)
  }

  private async hold(): Promise<void> {
    const { store, freshness, clock, id, forgetAllHere, rates } = this.parts
    // The others may count on it that a process without a lease holds nothing.
    if (!freshness.leaseHolds()) {
      await forgetAllHere()
      await rates.reset()
    }
    const began = clock.now()
    const databaseNow = await store.hold(id, leaseMs)
    this.databaseAheadMs = databaseNow - (began + clock.now()) / 2
    freshness.leaseUntil(began + believedMs)
    this.holdAt = began + holdEveryMs
  }

  private async confirmCondemned(): Promise<void> {
    const { store, id, forgetHere, absentHere, alarm } = this.parts
    for (const { keyId, confirmed, asked } of await store.condemned(id)) {
      if (!confirmed.includes('forgotten')) {
        await forgetHere(keyId)
        await store.confirm(keyId, id, 'forgotten')
      }
      if (asked.includes('absent') && !confirmed.includes('absent')) {
        await forgetHere(keyId)
        if (await absentHere(keyId)) await store.confirm(keyId, id, 'absent')
        else alarm('a destroyed key is still in this keyring: it is a copy, and not the one of the others', { keyId })
      }
    }
  }
}
