import { addressText, minute, parseAddress, type Clock } from '../kernel/index.ts'
import type { AuditStore } from './store.ts'
import type { Write } from '../kernel/index.ts'

/** So many refusals of nobody known, or of somebody too fast, from one network in one minute. */
export interface RefusalCount {
  /** ms since 1970, wall clock: the minute's beginning. */
  minute: number
  outcome: string
  reason: string
  /** `192.0.2.0/24`, `2001:db8:1:0:0:0:0:0/48`; `others` when there were too many to name. */
  network: string
  count: number
}

const maxInThread = 1_000
const maxInEntry = 200
const others = 'others'

/** One thread's counts: memory stays flat whoever knocks. */
export class RefusalCounts {
  private readonly clock: Clock
  private counts = new Map<string, RefusalCount>()

  constructor(wallClock: Clock) {
    this.clock = wallClock
  }

  /** @param reason a name of ours, of which there are few */
  count(outcome: string, reason: string, sourceIp: string): void {
    const at = Math.floor(this.clock.now() / minute) * minute
    const full = this.counts.size >= maxInThread
    add(this.counts, { minute: at, outcome, reason, network: networkOf(sourceIp), count: 1 }, full)
  }

  /** What was counted since the last time. */
  take(): RefusalCount[] {
    const counts = [...this.counts.values()]
    this.counts = new Map()
    return counts
  }
}

/** When a table is full, a network that is not in it yet is one of the others. */
function add(counts: Map<string, RefusalCount>, one: RefusalCount, full: boolean): void {
  const nameOf = ({ minute: at, outcome, reason, network }: RefusalCount) => `${at} ${outcome} ${reason} ${network}`
  const known = counts.get(nameOf(one))
  const counted = known || !full ? one : { ...one, network: others }
  const before = known ?? counts.get(nameOf(counted))
  if (before) before.count += one.count
  else counts.set(nameOf(counted), { ...counted })
}

/** /24 of IPv4, /48 of IPv6: what one holder of addresses usually has. */
function networkOf(sourceIp: string): string {
  const address = parseAddress(sourceIp)
  if (!address) return 'unknown'
  const { bits, value } = address
  const prefix = bits === 32 ? 24 : 48
  const shift = BigInt(bits - prefix)
  return `${addressText({ bits, value: (value >> shift) << shift, prefix })}/${prefix}`
}

/** Of all threads together, the most frequent by name: what fits one entry. */
export function merged(threads: readonly (readonly RefusalCount[])[]): RefusalCount[] {
  const all = new Map<string, RefusalCount>()
  for (const one of threads.flat()) add(all, one, false)
  const named = new Map<string, RefusalCount>()
  for (const one of [...all.values()].toSorted((a, b) => b.count - a.count)) add(named, one, named.size >= maxInEntry)
  return [...named.values()]
}

export interface RefusalEntryParts {
  audit: AuditStore
  domainClock: Clock
  /** Whose log tells of what belongs to no account: the instance's first. */
  accountId: string
}

/** The entry that holds the counts. */
export const refusalEntry = ({ audit, domainClock, accountId }: RefusalEntryParts, refusals: RefusalCount[]): Write =>
  audit.insert({
    at: domainClock.now(),
    accountId,
    userId: 'instance',
    userName: 'CountRefusals',
    accessKeyId: null,
    sourceIp: '',
    door: 'jobs',
    requestId: '',
    operation: 'CountRefusals',
    objectType: 'instance',
    objectId: '',
    outcome: 'done',
    code: '',
    facts: { refusals },
  })
