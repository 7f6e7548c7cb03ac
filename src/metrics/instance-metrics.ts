import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client'
import { boundedLabel, type Snapshot } from './call-metrics.ts'

/** What a scrape is told, as it stands at that moment. */
export interface InstanceReadings {
  commits: { batches: readonly { sets: string; count: number }[]; sets: number; seconds: number }
  /** Jobs that are due, by kind: how many, how many of them have failed, and how long the oldest has waited. */
  jobs: readonly { kind: string; due: number; failing: number; oldestAgeSeconds: number }[]
  /** Unrevoked certificates that expire within so many days. */
  expiring: readonly { days: number; count: number }[]
  /** Alarms that stand, by kind. */
  alarms: readonly { kind: string; count: number }[]
  /** Irreversible work is on hold. */
  onHold: boolean
  /** Seconds since 1970 at which the certificate of the TLS listener ends; undefined without one. */
  tlsNotAfter: number | undefined
}

/** What the process as a whole counts, beside the {@link CallMetrics} of its threads. */
export class InstanceMetrics {
  private readonly registry = new Registry()
  private readonly alarms: Counter<string>
  private readonly alarmName = boundedLabel(64)
  private readonly commits: Counter<string>
  private readonly commitSets: Counter<string>
  private readonly commitSeconds: Counter<string>
  private readonly jobsDue: Gauge<string>
  private readonly jobsFailing: Gauge<string>
  private readonly jobAge: Gauge<string>
  private readonly expiring: Gauge<string>
  private readonly standing: Gauge<string>
  private readonly hold: Gauge<string>
  private readonly tlsNotAfter: Gauge<string>

  constructor({ version, node }: { version: string; node: string }) {
    collectDefaultMetrics({ register: this.registry })
    this.gauge('certkeep_info', 'What runs.', ['version', 'node']).set({ version, node }, 1)
    this.alarms = this.counter(
      'certkeep_alarms_total',
      'What the operator should look at, by kind; each is a line of the log.',
      ['kind'],
    )
    this.commits = this.counter(
      'certkeep_commits_total',
      'Commits to the database, by how many sets of writes shared one.',
      ['sets'],
    )
    this.commitSets = this.counter('certkeep_commit_sets_total', 'Sets of writes that the writer was given.')
    this.commitSeconds = this.counter('certkeep_commit_seconds_total', 'Time that the writer spent in commits.')
    this.jobsDue = this.gauge('certkeep_jobs_due', 'Jobs that are due, by kind; the 50 oldest are counted.', ['kind'])
    this.jobsFailing = this.gauge('certkeep_jobs_failing', 'Jobs that failed and wait to be tried again, by kind.', [
      'kind',
    ])
    this.jobAge = this.gauge(
      'certkeep_job_oldest_age_seconds',
      'How long the oldest job that is due has waited, by kind.',
      ['kind'],
    )
    this.expiring = this.gauge(
      'certkeep_certificates_expiring',
      'Unrevoked certificates that expire within so many days; counted up to 100000, once a minute.',
      ['days'],
    )
    this.standing = this.gauge('certkeep_alarms', 'Alarms that stand, by kind: see ListAlarms.', ['kind'])
    this.hold = this.gauge(
      'certkeep_time_hold',
      '1 while everything irreversible is on hold because the clock is not trusted.',
    )
    this.tlsNotAfter = this.gauge(
      'certkeep_tls_certificate_not_after_seconds',
      'When the certificate of the TLS listener ends, in seconds since 1970.',
    )
  }

  alarm(kind: string): void {
    this.alarms.inc({ kind: this.alarmName(kind) })
  }

  /** The answer to a scrape: what the process knows, and what its threads have counted, added up. */
  async text(readings: InstanceReadings, threads: Snapshot[]): Promise<{ contentType: string; text: string }> {
    this.read(readings)
    const own = await this.registry.metrics()
    return { contentType: this.registry.contentType, text: own + (await Registry.aggregate(threads).metrics()) }
  }

  private read({ commits, jobs, expiring, alarms, onHold, tlsNotAfter }: InstanceReadings): void {
    for (const each of [this.commits, this.commitSets, this.commitSeconds]) each.reset()
    for (const { sets, count } of commits.batches) this.commits.inc({ sets }, count)
    this.commitSets.inc(commits.sets)
    this.commitSeconds.inc(commits.seconds)
    this.standing.reset()
    for (const { kind, count } of alarms) this.standing.set({ kind }, count)
    for (const each of [this.jobsDue, this.jobsFailing, this.jobAge]) each.reset()
    for (const { kind, due, failing, oldestAgeSeconds } of jobs) {
      this.jobsDue.set({ kind }, due)
      this.jobsFailing.set({ kind }, failing)
      this.jobAge.set({ kind }, oldestAgeSeconds)
    }
    for (const { days, count } of expiring) this.expiring.set({ days: String(days) }, count)
    this.hold.set(onHold ? 1 : 0)
    if (tlsNotAfter !== undefined) this.tlsNotAfter.set(tlsNotAfter)
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter<string> {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  private gauge(name: string, help: string, labelNames: string[] = []): Gauge<string> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }
}
