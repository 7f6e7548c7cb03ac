import { Counter, Histogram, Registry } from '@prometheus-io/client'

/** One answered call, in words of ours. */
export interface CallMeasured {
  door: string
  operation: string | undefined
  outcome: string
  /** Why nobody was known, or who was too fast; only for those two outcomes. */
  reason: string | undefined
  ms: number
}

/** What travels from a thread to the one that answers a scrape: plain values. */
export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

const maxNames = 256

/** What one HTTP thread counts. No ids, no names of tenants: labels are names from our own code, and bounded besides. */
export class CallMetrics {
  private readonly registry = new Registry()
  private readonly calls: Counter<string>
  private readonly durations: Histogram<string>
  private readonly refusals: Counter<string>
  private readonly operationName = boundedLabel(maxNames)
  private readonly reasonName = boundedLabel(maxNames)

  constructor() {
    const registers = [this.registry]
    this.calls = new Counter({
      name: 'certkeep_http_requests_total',
      help: 'Requests answered, by door, operation and outcome.',
      labelNames: ['door', 'operation', 'outcome'],
      registers,
    })
    this.durations = new Histogram({
      name: 'certkeep_http_request_duration_seconds',
      help: 'Time from the request line to the end of the answer, by door and operation.',
      labelNames: ['door', 'operation'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    })
    this.refusals = new Counter({
      name: 'certkeep_refusals_total',
      help: 'Requests of nobody known and requests that came too fast, by reason; they are not in the audit log.',
      labelNames: ['outcome', 'reason'],
      registers,
    })
  }

  observe({ door, operation, outcome, reason, ms }: CallMeasured): void {
    const labels = { door, operation: this.operationName(operation ?? 'none') }
    this.calls.inc({ ...labels, outcome })
    this.durations.observe(labels, ms / 1_000)
    if (reason !== undefined) this.refusals.inc({ outcome, reason: this.reasonName(reason) })
  }

  snapshot(): Promise<Snapshot> {
    return this.registry.getMetricsAsJSON()
  }
}

/** The first so many values stand for themselves, the others for `other`: whatever is counted, memory stays flat. */
export function boundedLabel(max: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= max) return 'other'
    known.add(value)
    return value
  }
}
