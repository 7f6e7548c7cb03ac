import type { Clock } from '../kernel/index.ts'
import { mirrorLine } from './mirror-lines.ts'
import { entryDigest, type MirrorOwner, type MirrorPlace } from './mirror-place.ts'
import { BackupError } from './sealed-file.ts'
import type { AuditRow } from './store.ts'

/** The audit log, as a mirror reads it. */
export interface MirrorEntries {
  /** Entries behind a number in the order of the log: those that have their place in it. */
  after(seq: number, limit: number): Promise<(AuditRow & { seq: number })[]>
  /** A mark behind every entry that there is at this moment, with a place or without. */
  mark(): Promise<number>
  /** Whether every entry before a mark has its place by now. */
  placed(mark: number): Promise<boolean>
}

export interface AuditMirrorParts {
  place: MirrorPlace
  entries: MirrorEntries
  instanceId: string
  lineage: string
  /** Of this start. */
  run: string
  wallClock: Clock
  sleep: (ms: number) => Promise<void>
  /** The mirror cannot be written, and will be tried again. */
  alarm: (reason: string) => void
  /** Another living copy writes to the same mirror: this one has to end. */
  fatal: (reason: string) => void
  /** Another process of the same instance has taken the mirror over; absent where there is none. */
  handedOver?: (() => void) | undefined
}

const entriesAtOnce = 2_000
const everyMs = 1_000
const ownerEveryMs = 5_000
/** A mark that is older is of a writer that is gone; one that is younger is watched whether it moves. */
const alivePeriodMs = 30_000
const watchedForMs = 12_000

/**
 * Whether somebody writes to a mirror at this moment.
 * @returns its mark as it is now; undefined where nobody is
 */
export async function livingOwner(
  place: MirrorPlace,
  { wallClock, sleep }: { wallClock: Clock; sleep: (ms: number) => Promise<void> },
): Promise<MirrorOwner | undefined> {
  const before = await place.readOwner()
  if (!before || before.stopped || Math.abs(wallClock.now() - before.at) > alivePeriodMs) return undefined
  await sleep(watchedForMs)
  const after = await place.readOwner()
  return after && !after.stopped && (after.at !== before.at || after.run !== before.run) ? after : undefined
}

/**
 * Keeps a copy of the audit log elsewhere, a second behind, so that a restore knows what came after its backup. Also where
 * two living copies of one instance meet: the mark of the owner in the mirror is one start's, and a second is refused.
 */
export class AuditMirror {
  private readonly parts: AuditMirrorParts
  private seq = 0
  private digest = ''
  private until = 0
  private ownerAt = 0
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private stopped = false
  private failing = false
  private owning = false
  private mark: { at: number; mark: number } | undefined

  constructor(parts: AuditMirrorParts) {
    this.parts = parts
  }

  /**
   * Takes the mirror over.
   * @throws BackupError when a living copy writes to it, or it is another instance's, or knows more than is known here
   */
  async start(): Promise<void> {
    const { place, lineage, instanceId } = this.parts
    const owner = await place.readOwner()
    if (owner && owner.lineage !== lineage)
      throw new BackupError(`The audit mirror ${place.name} is another instance’s.`)
    const living = await livingOwner(place, this.parts)
    if (living)
      throw new BackupError(
        living.instanceId === instanceId
          ? `Another copy of this instance is alive and writes to the audit mirror ${place.name}: two copies must not serve at once.`
          : `The instance that this one was restored from, or another that was, is alive and writes to the audit mirror ${place.name}: stop it first.`,
      )
    if (owner && owner.seq > 0) {
      const [mine] = await this.parts.entries.after(owner.seq - 1, 1)
      if (mine?.seq !== owner.seq || entryDigest(mine) !== owner.digest)
        throw new BackupError(
          `The audit mirror ${place.name} knows of acts that this instance does not: restore with --mirror, or name another place.`,
        )
      this.seq = owner.seq
      this.digest = owner.digest
    }
    await this.claim()
    this.owning = true
    this.again(0)
  }

  /** Writes what is left, and says that nobody writes any more. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.running
    // What cannot be written now is not said to be there.
    if (this.owning)
      await this.copy()
        .then(() => this.claim({ stopped: true }))
        .catch((error: unknown) => this.failed(error))
    await this.parts.place.close()
  }

  private again(ms: number): void {
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.running = this.copy()
        .then(() => this.renew())
        .then(() => void (this.failing = false))
        .catch((error: unknown) => this.failed(error))
        .then(() => this.again(everyMs))
    }, ms)
  }

  private failed(error: unknown): void {
    if (!this.failing) this.parts.alarm(error instanceof Error ? error.message : String(error))
    this.failing = true
  }

  private async copy(): Promise<void> {
    const { place, entries, wallClock } = this.parts
    this.mark ??= { at: wallClock.now(), mark: await entries.mark() }
    // Asked before the reading: then what was there at the mark's time is among what is read.
    const { at, mark } = this.mark
    const placed = await entries.placed(mark)
    for (;;) {
      const rows = await entries.after(this.seq, entriesAtOnce)
      const last = rows.at(-1)
      if (last) {
        await place.append(rows[0]!.seq, rows.map(mirrorLine).join(''))
        this.seq = last.seq
        this.digest = entryDigest(last)
      }
      if (rows.length < entriesAtOnce) break
    }
    if (!placed) return
    this.until = at
    this.mark = undefined
  }

  private async renew(): Promise<void> {
    const { place, wallClock, run, instanceId, fatal, handedOver } = this.parts
    if (wallClock.now() - this.ownerAt < ownerEveryMs) return
    const owner = await place.readOwner()
    if (owner && owner.run !== run) {
      this.stopped = true
      this.owning = false
      if (handedOver && owner.instanceId === instanceId) return handedOver()
      fatal(
        `another copy of this instance has taken over the audit mirror ${place.name}: two copies must not serve at once`,
      )
      return
    }
    await this.claim()
  }

  private async claim({ stopped = false } = {}): Promise<void> {
    const { place, instanceId, lineage, run, wallClock } = this.parts
    const { seq, digest, until } = this
    this.ownerAt = wallClock.now()
    await place.writeOwner({ instanceId, lineage, run, at: this.ownerAt, seq, digest, until, stopped })
  }
}
