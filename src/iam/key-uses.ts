import { minute, type Clock, type Committer } from '../kernel/index.ts'
import type { IamStore } from './store.ts'

const maxRemembered = 10_000

/**
 * When access keys are used: written at most once a minute for each key, and never while somebody waits for it. A use that could
 * not be written is lost, and the next one is tried.
 */
export class KeyUses {
  private readonly store: Pick<IamStore, 'noteKeyUse'>
  private readonly committer: Committer
  private readonly clock: Clock
  private readonly written = new Map<string, number>()

  constructor(parts: { store: Pick<IamStore, 'noteKeyUse'>; committer: Committer; wallClock: Clock }) {
    this.store = parts.store
    this.committer = parts.committer
    this.clock = parts.wallClock
  }

  note(accessKeyId: string, door: string): void {
    const now = this.clock.now()
    const last = this.written.get(accessKeyId)
    if (last !== undefined && Math.abs(now - last) < minute) return
    if (this.written.size >= maxRemembered) this.written.clear()
    this.written.set(accessKeyId, now)
    this.write(accessKeyId, door, now).catch(() => this.written.delete(accessKeyId))
  }

  private async write(accessKeyId: string, door: string, at: number): Promise<void> {
    await this.committer.commit([this.store.noteKeyUse(accessKeyId, door, at)])
  }
}
