import { day, minute, type Clock, type Committer } from '../kernel/index.ts'
import { useKinds, type UseKind, type UseMark, type UseMarkStore } from './store.ts'

/** Told of each use, by whoever answers it. Costs a moment's arithmetic and never waits. */
export interface UseSink {
  /**
   * @param subject a CA; or the id of a certificate that no CA of ours issued
   * @param serial lower-case hex, where the use is of one certificate of the CA
   */
  used(kind: UseKind, subject: string, serial?: string): void
}

/**
 * How far the silence of a source tells anything. `cached`: whoever asked before us may be asked instead of us; `off`: nobody
 * can ask here.
 */
export type Watching = 'watched' | 'cached' | 'off'
export type UseSources = Readonly<Record<UseKind, Watching>>

/** So long a use is evidence. */
export const markLastsMs = 30 * day

const flushEveryMs = minute
/** Of single certificates, between two flushes; the CA as a whole is counted whatever their number. */
const maxSerials = 10_000
const writesAtOnce = 200

interface Seen {
  firstAt: number
  lastAt: number
  count: number
}

/**
 * Who used what lately, for previews and guards: gathered in the memory of a thread, and added to the table about once a minute,
 * so that an answer waits for no commit. What was gathered since is lost in a crash.
 */
export class UseMarks implements UseSink {
  private readonly parts: { store: UseMarkStore; committer: Committer; domainClock: Clock }
  private seen = new Map<UseKind, Map<string, Map<string, Seen>>>()
  private serials = 0
  private timer: NodeJS.Timeout | undefined

  constructor(parts: { store: UseMarkStore; committer: Committer; domainClock: Clock }) {
    this.parts = parts
  }

  used(kind: UseKind, subject: string, serial?: string): void {
    const now = this.parts.domainClock.now()
    let subjects = this.seen.get(kind)
    if (!subjects) this.seen.set(kind, (subjects = new Map()))
    let ofSubject = subjects.get(subject)
    if (!ofSubject) subjects.set(subject, (ofSubject = new Map()))
    this.note(ofSubject, '', now)
    if (serial !== undefined) this.note(ofSubject, serial, now)
  }

  private note(ofSubject: Map<string, Seen>, serial: string, now: number): void {
    const known = ofSubject.get(serial)
    if (known) {
      known.lastAt = now
      known.count++
    } else if (serial === '' || this.serials < maxSerials) {
      if (serial !== '') this.serials++
      ofSubject.set(serial, { firstAt: now, lastAt: now, count: 1 })
    }
  }

  /** What is known of a CA (serial empty) or of one of its certificates, as far as it still counts. */
  async of(subject: string, serial: string): Promise<UseMark[]> {
    const { store, domainClock } = this.parts
    const kept = await store.of(subject, serial)
    const marks = useKinds.flatMap((kind) => {
      const before = kept.find((mark) => mark.kind === kind)
      const since = this.seen.get(kind)?.get(subject)?.get(serial)
      if (!before || !since) return before ?? (since ? [{ kind, subject, serial, ...since }] : [])
      return [{ ...before, lastAt: Math.max(before.lastAt, since.lastAt), count: before.count + since.count }]
    })
    return marks.filter(({ lastAt }) => lastAt >= domainClock.now() - markLastsMs)
  }

  /** Adds what was gathered to the table. What cannot be written now is gone: these are marks, not records. */
  async flush(): Promise<void> {
    const { store, committer } = this.parts
    const gathered = this.seen
    this.seen = new Map()
    this.serials = 0
    const writes = [...gathered].flatMap(([kind, subjects]) =>
      [...subjects].flatMap(([subject, serials]) =>
        [...serials].map(([serial, seen]) => store.add({ kind, subject, serial, ...seen })),
      ),
    )
    for (let at = 0; at < writes.length; at += writesAtOnce) await committer.commit(writes.slice(at, at + writesAtOnce))
  }

  /** Once a minute from now on. */
  start(failed: (error: unknown) => void): void {
    this.timer = setInterval(() => void this.flush().catch(failed), flushEveryMs)
    this.timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.flush()
  }

  /** Forgets marks that count no more. */
  async forgetOld(): Promise<void> {
    const { store, committer, domainClock } = this.parts
    for (;;) {
      const old = await store.olderThan(domainClock.now() - markLastsMs, writesAtOnce)
      if (old.length === 0) return
      await committer.commit(old.map((mark) => store.forget(mark)))
    }
  }
}
