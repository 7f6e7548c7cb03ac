import type { Clock } from '../kernel/index.ts'
import type { Sequencer } from './sequencer.ts'
import type { AuditLogStore } from './store.ts'

export interface KeeperNeeds {
  sequencer: Pick<Sequencer, 'run'>
  log: Pick<AuditLogStore, 'state'>
  monotonicClock: Clock
  /** Hands a checkpoint to places outside of this instance. */
  publish: (checkpoint: string) => Promise<void>
  /** Told once for each time that it begins to fail. */
  alarm: (error: unknown) => void
}

const everyMs = 200
/** Another checkpoint is published after so long, or so many entries. */
const publishEveryMs = 3_600_000
const publishEveryEntries = 100_000

/** Lets the sequencer look a few times a second, and publishes checkpoints: the first, now and then, and the last. */
export class AuditLogKeeper {
  private readonly needs: KeeperNeeds
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> | undefined
  private stopped = false
  private failing = false
  private publishedSize = -1
  private publishedAt = 0

  constructor(needs: KeeperNeeds) {
    this.needs = needs
  }

  start(): void {
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.looking = this.look(false).then(() => this.start())
    }, everyMs)
  }

  /** Numbers what is left, and publishes where the log ends. Nobody writes to it any more. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.looking
    await this.look(true)
  }

  private async look(last: boolean): Promise<void> {
    try {
      const numbered = await this.needs.sequencer.run()
      if (numbered > 0 || last) await this.publishWhenDue(last)
      this.failing = false
    } catch (error) {
      if (!this.failing) this.needs.alarm(error)
      this.failing = true
    }
  }

  private async publishWhenDue(last: boolean): Promise<void> {
    const { log, monotonicClock, publish } = this.needs
    const { size, checkpoint } = await log.state()
    const now = monotonicClock.now()
    const due =
      this.publishedSize < 0 ||
      now - this.publishedAt >= publishEveryMs ||
      size - this.publishedSize >= publishEveryEntries
    if (size === 0 || size === this.publishedSize || !(due || last)) return
    await publish(checkpoint)
    this.publishedSize = size
    this.publishedAt = now
  }
}
