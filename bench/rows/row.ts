import type { Measured } from '../load.ts'

/** What was measured, against what, in the same run. */
export interface Figure {
  name: string
  value: number
  unit: string
  yardstick: string
  yardstickValue: number
  ratio: number
  /** What the ratio has to reach. */
  reach: string
  reached: boolean
  p50Ms: number
  p99Ms: number
}

/** One line of bench/results.json. */
export interface Row extends Figure {
  /** Measures it anew. */
  command: string
}

export const rounds = 3

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Three rounds, the sides in turn, so that a machine that drifts drifts for both. */
export async function interleaved<Side extends string>(
  sides: Readonly<Record<Side, () => Promise<Measured>>>,
): Promise<Record<Side, Measured>> {
  const seen = Object.fromEntries(Object.keys(sides).map((side) => [side, [] as Measured[]])) as Record<
    Side,
    Measured[]
  >
  for (let round = 0; round < rounds; round++)
    for (const side of Object.keys(sides) as Side[]) {
      const measured = await sides[side]()
      if (measured.failures > 0) throw new Error(`${side}: ${measured.failures} of ${measured.requests} calls failed`)
      seen[side].push(measured)
    }
  return Object.fromEntries(
    Object.entries<Measured[]>(seen).map(([side, all]) => [
      side,
      {
        requestsPerSecond: median(all.map((each) => each.requestsPerSecond)),
        p50Ms: median(all.map((each) => each.p50Ms)),
        p99Ms: median(all.map((each) => each.p99Ms)),
        requests: all.reduce((sum, each) => sum + each.requests, 0),
        failures: 0,
      },
    ]),
  ) as Record<Side, Measured>
}
