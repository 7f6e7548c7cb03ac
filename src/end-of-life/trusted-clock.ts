import { day, hour, type Clock, type Committer, type Write } from '../kernel/index.ts'
import type { AlarmStore } from './alarms.ts'
import type { TrustedTime } from './the-day.ts'

/** Where the marks are kept: single values under fixed keys. */
export interface ClockMarks {
  read(key: string): Promise<string | undefined>
  write(key: string, value: string): Write
}

const markKey = 'clock.mark'
const holdKey = 'clock.hold'

/** Design 3: so much may be unexplained while running, and over a stop. */
const toleratedRunning = hour
const toleratedStopped = day
/** What fell due while we were down can still be restored for so long after the start. */
const graceAfterStart = day

interface TrustedClockParts {
  marks: ClockMarks
  alarms: AlarmStore
  committer: Committer
  domainClock: Clock
  monotonicClock: Clock
}

/**
 * Time cannot destroy by mistake. A durable mark of the domain clock is made every minute; a jump that nothing explains
 * holds everything irreversible, durably, until a person confirms the time.
 */
export class TrustedClock implements TrustedTime {
  private readonly parts: TrustedClockParts
  private startedAt = 0
  private lastDomain = 0
  private lastMonotonic = 0
  private hold: string | undefined

  constructor(parts: TrustedClockParts) {
    this.parts = parts
  }

  /** Once, before any job runs. @returns the reason when irreversible work is on hold */
  async start(): Promise<string | undefined> {
    const { marks, domainClock } = this.parts
    this.startedAt = domainClock.now()
    this.hold = await holdReason(marks)
    const mark = await marks.read(markKey)
    const gap = mark === undefined ? 0 : this.startedAt - Number(mark)
    if (Math.abs(gap) > toleratedStopped)
      await this.holdBecause(`between the last stop and this start the clock moved by ${inHours(gap)}`)
    this.explain()
    await this.mark()
    return this.hold
  }

  /** Every minute, and before irreversible work. @returns the reason when irreversible work is on hold */
  async check(): Promise<string | undefined> {
    const { marks, domainClock, monotonicClock } = this.parts
    const gap = domainClock.now() - this.lastDomain - (monotonicClock.now() - this.lastMonotonic)
    if (Math.abs(gap) > toleratedRunning) await this.holdBecause(`while running the clock jumped by ${inHours(gap)}`)
    this.explain()
    await this.mark()
    this.hold = await holdReason(marks) // a person may have confirmed the time meanwhile
    return this.hold
  }

  /** What the clock shows now is right. */
  explain(): void {
    this.lastDomain = this.parts.domainClock.now()
    this.lastMonotonic = this.parts.monotonicClock.now()
  }

  /** As {@link explain}, by whoever sets the clock: before the time that it now shows nothing was started. */
  wasSet(): void {
    this.startedAt = Math.min(this.startedAt, this.parts.domainClock.now())
    this.explain()
  }

  wait(dueAt: number): { until: number; reason: string } | undefined {
    if (this.hold !== undefined) return { until: this.parts.domainClock.now(), reason: this.hold }
    const until = this.startedAt + graceAfterStart
    if (dueAt <= this.startedAt && this.parts.domainClock.now() < until)
      return { until, reason: 'it fell due while the service was down' }
    return undefined
  }

  held(): string | undefined {
    return this.hold
  }

  private async holdBecause(reason: string): Promise<void> {
    const { committer, marks, alarms, domainClock } = this.parts
    this.hold = reason
    const alarm = { kind: 'time-hold', subject: '', accountId: '', reason } as const
    await committer.commit([marks.write(holdKey, reason), alarms.raise(alarm, domainClock.now())])
  }

  private async mark(): Promise<void> {
    await this.parts.committer.commit([this.parts.marks.write(markKey, String(this.lastDomain))])
  }
}

/** The writes that lift a hold, and its alarm. */
export const liftHold = (marks: ClockMarks, alarms: AlarmStore): Write[] => [
  marks.write(holdKey, ''),
  alarms.clear('time-hold', ''),
]

/** Why irreversible work is on hold, if it is. */
export const holdReason = async (marks: ClockMarks): Promise<string | undefined> =>
  (await marks.read(holdKey)) || undefined

const inHours = (ms: number): string => `${Math.round((ms / hour) * 10) / 10} h`
