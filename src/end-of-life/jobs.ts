import type { Write } from '../kernel/index.ts'

/** What the end of a CA leaves to the clock. */
export interface JobSchedule {
  /** The day of a CA: due then. */
  endOfCa(caId: string, dueAt: number): Write
  /** The deletion was taken back. */
  noEndOfCa(caId: string): Write
  /** A condemned key is to be destroyed. */
  destroyKey(keyId: string, dueAt: number): Write
}
