import type { Clock } from '../kernel/index.ts'

/** Milliseconds that only ever grow, the same in all threads of the process: for leases and for what must be fresh. */
export const processClock: Clock = { now: () => Number(process.hrtime.bigint() / 1_000_000n) }
