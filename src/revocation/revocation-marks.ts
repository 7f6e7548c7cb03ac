import type { Clock } from '../kernel/index.ts'
import type { RevocationStore } from './store.ts'

/** A revocation anywhere is in every answer within a second: what was looked up before an older look is not believed. */
const freshForMs = 900
/** Twice within that. */
export const revocationLooksEveryMs = 300

const cells = 1_024
/** CAs share the cells; a stranger's revocation costs one more look-up, never a wrong answer. */
const cellOf = (caId: string): number => Number.parseInt(caId.slice(0, 8), 16) % cells

export const revocationMarksMemory = (): SharedArrayBuffer => new SharedArrayBuffer(8 + cells * 4)

/**
 * What the threads of a process know of changes to revocations: a number for each CA that rises with them, and when the
 * main thread last looked. If the look is late, or the database is away, time runs out by itself.
 */
export class RevocationMarks {
  private readonly lookedAt: BigInt64Array
  private readonly marks: Int32Array
  private readonly clock: Clock

  /** @param clock one for all threads */
  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.lookedAt = new BigInt64Array(memory, 0, 1)
    this.marks = new Int32Array(memory, 8)
    this.clock = clock
  }

  /** Whether the marks can be believed now. */
  fresh(): boolean {
    return this.clock.now() < Number(Atomics.load(this.lookedAt, 0)) + freshForMs
  }

  /** To be read before the look-up of what is remembered under it. */
  of(caId: string): number {
    return Atomics.load(this.marks, cellOf(caId))
  }

  raise(caId: string): void {
    Atomics.add(this.marks, cellOf(caId), 1)
  }

  /** @param instant when the look began */
  seenAt(instant: number): void {
    Atomics.store(this.lookedAt, 0, BigInt(Math.floor(instant)))
  }
}

/** Notices revocations, whoever recorded them: an HTTP thread, a job, another process. In the main thread alone. */
export class RevocationWatch {
  private readonly store: Pick<RevocationStore, 'changes'>
  private readonly marks: RevocationMarks
  private readonly clock: Clock
  private seen: ReadonlyMap<string, number> = new Map()
  private looking = false

  constructor(parts: { store: Pick<RevocationStore, 'changes'>; marks: RevocationMarks; clock: Clock }) {
    this.store = parts.store
    this.marks = parts.marks
    this.clock = parts.clock
  }

  /** To be called every {@link revocationLooksEveryMs}. Never rejects: what cannot be looked at is not believed either. */
  async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const began = this.clock.now()
      const changes = await this.store.changes()
      for (const [caId, count] of changes) if (count !== this.seen.get(caId)) this.marks.raise(caId)
      this.seen = changes
      this.marks.seenAt(began)
    } catch {
      // Without this look the marks are too old in a moment, and every answer is looked up.
    } finally {
      this.looking = false
    }
  }
}
