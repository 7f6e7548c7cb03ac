import type { Write } from '../kernel/index.ts'

/** What the end of a CA leaves to the clock. */
export interface JobSchedule {
  /** The day of a CA. A deletion that was taken back needs no word: on the day the job finds nothing to do. */
  endOfCa(caId: string, dueAt: number): Write
  /** A condemned key is to be destroyed. */
  destroyKey(keyId: string, dueAt: number): Write
}
