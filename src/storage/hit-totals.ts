import { setImmediate as turn } from 'node:timers/promises'
import { monotonicClock } from '../kernel/index.ts'
import type { Selection } from './certificate-classes.ts'

/** So old a total may be when certificates have changed since. */
const freshMs = 10_000
const mostKept = 1_000
/** Up to so many hits of a search are counted at each call. */
export const exactHits = 10_000
/** Certificates looked through at a time: meanwhile the thread answers nobody. */
const stride = 2 ** 14

interface Kept {
  version: number
  at: number
  total: Promise<number>
}

/**
 * Totals of searches with very many hits: counted part by part, kept, and counted anew behind the back of whoever asks
 * next, at most every ten seconds. Nobody waits but for the first.
 */
export class HitTotals {
  private readonly kept = new Map<string, Kept>()
  private readonly few = new Map<string, { version: number; n: number }>()

  /** A count that was made of the same index. */
  exact(selection: Selection, version: number): number | undefined {
    const known = this.few.get(keyOf(selection))
    return known?.version === version ? known.n : undefined
  }

  keepExact(selection: Selection, version: number, n: number): void {
    if (this.few.size >= mostKept) this.few.clear()
    this.few.set(keyOf(selection), { version, n })
  }

  /** Whether it was said lately that there are very many. */
  has(selection: Selection): boolean {
    return this.kept.has(keyOf(selection))
  }

  async of(
    selection: Selection,
    version: number,
    lastSeq: () => Promise<number>,
    countBetween: (from: number, below: number) => Promise<number>,
  ): Promise<number> {
    const key = keyOf(selection)
    const known = this.kept.get(key)
    const now = monotonicClock.now()
    if (known && (known.version === version || now - known.at < freshMs)) return known.total
    const total = count(lastSeq, countBetween)
    if (this.kept.size >= mostKept) this.kept.delete(this.kept.keys().next().value!)
    this.kept.delete(key)
    if (!known) {
      this.kept.set(key, { version, at: now, total })
      total.catch(() => this.kept.delete(key))
      return total
    }
    this.kept.set(key, { version, at: now, total: known.total })
    total.then(
      // No longer very many: from now on they are counted at each call.
      (found) => (found > exactHits ? this.kept.set(key, { version, at: now, total }) : this.kept.delete(key)),
      () => this.kept.delete(key),
    )
    return known.total
  }
}

const keyOf = (selection: Selection): string => {
  const { accountId, classes, resourceGroupId, name, keyword, notAfterAbove, notAfterUpTo } = selection
  return JSON.stringify([accountId, classes, resourceGroupId, name, keyword, notAfterAbove, notAfterUpTo])
}

async function count(
  lastSeq: () => Promise<number>,
  countBetween: (from: number, below: number) => Promise<number>,
): Promise<number> {
  const last = await lastSeq()
  let total = 0
  for (let from = 0; from <= last; from += stride) {
    total += await countBetween(from, from + stride)
    await turn()
  }
  return total
}
